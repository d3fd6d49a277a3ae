"""What `qb.sweep` cannot do is refused before anything is computed, and what it can do it does
alike in memory and in a store."""

import datetime
import os
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

import qbjax as qb
from qbjax.studies import archive, grids
from qbjax.studies.program import Program
from tests.studies.refusals import assert_refused

GRID = {"x": [1.0, 2.0]}


@pytest.fixture
def uncompiled(monkeypatch):
    """No chunk is computed."""
    monkeypatch.setattr(Program, "__call__", lambda *_: pytest.fail("something was computed"))


NAMES = [
    "../../x", ".qbjax", "axes", "", "a/b", "a\\b", "n\0l", "__x", "x.", "x ", " x", "CON", "aux.y",
    "a:b", "a?b", "zarr.json", "\ud800", "a\nb", "é" * 150, "point", "order",
]  # fmt: skip


@pytest.mark.usefixtures("uncompiled")
@pytest.mark.parametrize("store", [None, "a.zarr"])
@pytest.mark.parametrize("name", NAMES)
def test_names_that_no_store_holds_are_refused_everywhere(tmp_path, name, store):
    path = store and tmp_path / store
    words = "files can have|names that nothing else|must have another name"
    assert_refused(lambda: qb.sweep(lambda x: {name: x}, GRID, path), words, tmp_path)
    assert_refused(lambda: qb.sweep(lambda **k: 1.0, {name: [1.0]}, path), words, tmp_path)
    for make in (grids.random, grids.sobol):
        assert_refused(lambda make=make: make(3, **{name: (0, 1)}), words, tmp_path)
    assert_refused(lambda: grids.zipped(**{name: [1.0]}), words, tmp_path)


class Units:
    def __init__(self, units):
        self.units = units

    def __call__(self, x):
        return x


def key(x):
    return {"k": jax.random.key(0)}


ANSWERS = [
    (lambda x: {"x": x}, "nothing else in the dataset has, but gives `x`"),
    (lambda x: {"w": x * jnp.ones(2), "w_0": x}, "gives `w` with an axis `w_0`"),
    (lambda x: {"a": {"b": x}, "a.b": 2 * x}, "gives `a.b` twice"),
    (lambda x: {"a": {1: x}, "a.1": x}, r"gives `a\.1` twice"),
    (lambda x: {"\u00e9": x, "e\u0301": x}, "the same letters"),
    (lambda x: {1: x, "a": x}, "must be traceable"),
    (lambda x: {"y": x, "status": x}, "`status` that is one integer .* float64"),
    (lambda x: {"y": x, "status": x > 0}, "`status` that is one integer .* bool"),
    (lambda x: {"y": x, "status": jnp.zeros(2, int)}, "`status` that is one integer .*shape .2,"),
    (lambda x: {"y": x, "steps": x}, "`steps` that is one integer"),
    (lambda x: {"y": x, "truncation": 0}, "`truncation` that is one float .* int64"),
    (lambda x: {"y": x, "truncation": jnp.ones(2)}, "`truncation` that is one float"),
    *(
        ((lambda x, kind=kind: x.astype(kind)), f"4 or 8 bytes, .* is {kind}")
        for kind in ("float16", "bfloat16", "int4", "uint4", "float8_e4m3fn")
    ),
    (lambda x: jax.lax.complex(x, x), "`value` is complex"),
    (key, "`k` is a key of jax.random"),
    (lambda x: {"y": x, "z": None}, "`z` is None"),
    (lambda x: [x, None], "`1` is None"),
    (lambda x: None, "gives none"),
    (lambda x: {"y": "text"}, "`y` is 'text'"),
    (lambda x: {"y": object()}, "`y` is <object"),
    (lambda x: 1 / 0, r"not at .*_requests.py:\d+: .*ZeroDivisionError"),
    (lambda x: {}["missing"], r"not at .*_requests.py:\d+: .*KeyError: 'missing'"),
    (lambda x: jnp.ones(2) + jnp.ones(3), r"not at .*_requests.py:\d+: .*incompatible shapes"),
    (lambda x: x * jnp.ones(10**12), "fits into the memory .* its values at 2 points"),
    (Units(3), "units that map names to texts, but has 3"),
    (Units({"value": 3}), "units that map names to texts"),
]


@pytest.mark.usefixtures("uncompiled")
@pytest.mark.parametrize("store", [None, "a.zarr"])
@pytest.mark.parametrize(("function", "words"), ANSWERS)
def test_answers_that_no_dataset_holds_are_refused(tmp_path, function, words, store):
    path = store and tmp_path / store
    assert_refused(lambda: qb.sweep(function, GRID, path), words, tmp_path)


def test_an_axis_of_an_answer_may_not_be_a_coordinate(tmp_path):
    def function(w_0):
        return {"w": w_0 * jnp.ones(2)}

    words = "gives `w` with an axis `w_0`"
    assert_refused(lambda: qb.sweep(function, {"w_0": [1.0, 2.0]}), words, tmp_path)


OPTIONS = [
    *(({"progress": p}, "`progress` must be callable") for p in (3, "bar", [print])),
    *(({"configuration": c}, "`configuration` must map") for c in ([1], 3, "text")),
    *(
        ({"configuration": {"a": a}}, "`configuration` must be what JSON can hold")
        for a in (object(), np.nan, np.int64(3), {1: 2}, {1, 2}, datetime.date.min, "\ud800")
    ),
    ({"cost": 3}, "`cost` must be callable"),
    ({"cost": lambda x: np.full(2, np.nan)}, "`cost` must not be NaN, but is at point 0"),
    ({"cost": lambda x: ["a", "b"]}, "`cost` must give real numbers, but gives <U1"),
    ({"cost": lambda x: 1j * x}, "`cost` must give real numbers, but gives complex"),
    ({"cost": lambda x: x > 1}, "`cost` must give real numbers, but gives bool"),
    ({"cost": lambda x: None}, "`cost` must give one number per point"),
    ({"cost": lambda x: x[:1]}, "`cost` must give one number per point"),
    ({"cost": lambda x: 1 / 0}, "`cost` must give .* raises ZeroDivisionError"),
    ({"cost": lambda: 1}, "`cost` must give .* raises TypeError"),
    *(({name: v}, f"`{name}` must be") for name in ("lanes", "chunk") for v in (0, 1.5, True, "a")),
    *(({"devices": d}, "`devices` must be") for d in (3, "cpu", [], [None], {}, jax.devices()[0])),
    ({"devices": jax.devices()[:1] * 2}, "`devices` must be of one platform, each once"),
    *(
        ({"task": t}, "`(task|i|n)` must be")
        for t in (1, "0/2", (0,), [0, 2], (2, 2), (-1, 2), (0.0, 2), (True, 2), (0, 0), (None, 2))
    ),
    ({"client": 3}, "`client` must be"),
    *(({"store": s}, "`store` must be a path, but is") for s in (3, b"a", ["a"])),
    *(({"store": s}, "`store` must be a path that can be, but") for s in ("", " ", "a\0b", "~n/a")),
    *(
        ({"store": s}, "`store` must be a path of this machine, but .* is an address")
        for s in ("s3://bucket/a", Path("s3://bucket/a"), "file:///tmp/a", "zip::s3://b/a"[5:])
    ),
]  # fmt: skip


@pytest.mark.usefixtures("uncompiled")
@pytest.mark.parametrize(("options", "words"), OPTIONS)
def test_options_are_checked(tmp_path, options, words, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = {"store": tmp_path / "sub" / "a.zarr", **options}
    assert_refused(lambda: qb.sweep(lambda x: x, GRID, **given), words, tmp_path)


@pytest.mark.parametrize(
    "call",
    [
        lambda a: qb.sweep(lambda x: a * x, GRID),
        lambda a: qb.sweep(lambda x: x, {"x": [a, 2.0]}),
        lambda a: qb.sweep(lambda x: x, {"x": a * jnp.arange(3.0)}),
        lambda a: grids.random(3, x=(0.0, a)),
    ],
)
def test_numbers_that_are_traced_are_refused(tmp_path, call):
    def inside(a):
        call(a)
        return a

    words = "known before compilation|that are known|outside of jit"
    assert_refused(lambda: jax.grad(inside)(1.0), words, tmp_path)
    assert_refused(lambda: jax.jit(inside)(1.0), words, tmp_path)
    assert_refused(lambda: jax.vmap(inside)(jnp.ones(2)), words, tmp_path)


def everything(x):
    return {
        "T": x,
        "t": -x,
        "f4": x.astype("f4"),
        "i1": x.astype("i1"),
        "u8": x.astype("u8"),
        "good": x > 1,
        "none": jnp.zeros((0, 2)),
        "status": jnp.where(x > 1, -1, 7),
        "steps": jnp.asarray(3, "u1"),
    }


def test_what_is_accepted_is_the_same_in_memory_and_in_a_store(tmp_path):
    grid = {"self": xr.DataArray([1.0, 2.0], attrs={"units": "m", "range": np.arange(2)})}

    def function(**point):
        return everything(point["self"])

    here = qb.sweep(function, grid)
    for name in ("a.zarr", "a::b.zarr", "trailing.zarr/"):
        there = qb.sweep(function, grid, f"{tmp_path}/sub/{name}")
        xr.testing.assert_identical(here.drop_attrs(), there.drop_attrs())
    # A negative status would mean that the point was not computed.
    assert here["status"].values.tolist() == [7, 101]


def test_letters_that_a_file_system_takes_for_others(tmp_path, monkeypatch):
    mkdir = Path.mkdir
    monkeypatch.setattr(Path, "mkdir", lambda p, *a, **k: mkdir(Path(str(p).lower()), *a, **k))
    store = tmp_path / "a.zarr"
    with pytest.raises(ValueError, match=r"may have the names .* takes 't' for another"):
        qb.sweep(lambda x: {"T": x, "t": x}, GRID, store)
    assert not list(tmp_path.iterdir())


def test_a_clock_that_is_set_back_costs_nothing(tmp_path, monkeypatch):
    """Whichever clock is asked."""
    past = iter(range(10**6, 0, -7))
    for name in ("monotonic", "perf_counter", "time"):
        monkeypatch.setattr(time, name, lambda: float(next(past)))
    seen = []
    data = qb.sweep(lambda x: x, {"x": [1.0, 2.0, 3.0]}, tmp_path / "a", chunk=1,
                    progress=seen.append)  # fmt: skip
    monkeypatch.undo()
    assert data.attrs["wall_seconds"] == 0.0
    assert all(0 <= s.rate < 1e9 and s.remaining >= 0 for s in seen)


def test_a_sweep_that_is_interrupted_goes_on(tmp_path):
    def stop(seen):
        if seen.done == 2:
            raise KeyboardInterrupt

    def twice(x):
        return 2 * x

    grid, seen = {"x": np.arange(4.0)}, []
    with pytest.raises(KeyboardInterrupt):
        qb.sweep(twice, grid, tmp_path / "a", chunk=1, progress=stop)
    data = qb.sweep(twice, grid, tmp_path / "a", progress=seen.append)
    assert seen[0].done > 2
    np.testing.assert_array_equal(data["value"], 2 * np.arange(4.0))


def test_no_point_is_made_for_a_store_that_cannot_be(tmp_path):
    (tmp_path / "file").touch()
    for store in (tmp_path / "file", tmp_path / "file" / "a.zarr"):
        with pytest.raises((ValueError, OSError), match="`store` must be a"):
            qb.sweep(lambda x: pytest.fail("traced"), GRID, store)
    if os.geteuid() == 0:
        return  # who may write everywhere
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(OSError, match="`store` must be a path that can be written"):
        qb.sweep(lambda x: pytest.fail("traced"), GRID, tmp_path / "locked" / "a.zarr")


def test_a_store_without_format_is_no_store(tmp_path):
    qb.sweep(lambda x: x, GRID, tmp_path / "a")
    for plan in (tmp_path / "a" / ".qbjax").rglob("plan.json"):
        plan.write_text('{"points": 2}')
    for call in (
        lambda: qb.sweep(lambda x: x, GRID, tmp_path / "a"),
        lambda: archive.read(tmp_path / "a"),
    ):
        with pytest.raises(ValueError, match=r"`store` must be whole, .* remove the store"):
            call()
