"""Searches in rounds: in memory, in a store, cut short and continued, always the same."""

import os
import signal
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import qbjax as qb
from qbjax.studies import archive
from qbjax.studies.search_ledger import chunk_of
from tests.hills import cut, flattering

# optax's L-BFGS adds int32 to int64.
pytestmark = pytest.mark.standard_promotion


def ripples(x):
    """Many maxima, of which the highest lies at 0.1; nothing below −3.5."""
    height = jnp.cos(6 * (x - 0.1)) - 0.1 * (x - 0.1) ** 2 - 0.01 * (x - 0.1) ** 4
    return jnp.where(x > -3.5, height, jnp.nan)


def itself(x):
    return x


PLAN = qb.free(3.0, -5.0, 5.0)
ADAM = optax.adam(0.02)
MANY = {"starts": 12, "key": jax.random.key(3)}
LIMITS = [qb.at_most(itself, -1.5)]
WAYS = {
    "adam": MANY | {"optimizer": ADAM, "steps": 47, "keep": 2},
    "SLSQP": MANY | {"optimizer": "SLSQP", "keep": 2},
    "under constraints": MANY | {"optimizer": "SLSQP", "keep": 2, "constraints": LIMITS},
}


class Cut(Exception):
    """Stands for a kill."""


def assert_same(found, expected):
    """Whether two searches are one to the last bit."""
    assert found.record.ends == expected.record.ends
    for name in ("protocol", "value", "history", "start_values"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    np.testing.assert_array_equal(found.record.values, expected.record.values)


@pytest.fixture(scope="module", params=WAYS)
def way(request):
    how = WAYS[request.param]
    return how, qb.studies.search(ripples, PLAN, steps_per_round=5, **how)


def test_rounds_are_the_search_in_pieces(way):
    how, best = way
    plain = qb.maximize(ripples, PLAN, **how)
    if how["optimizer"] is ADAM:
        assert_same(best, plain)
    assert float(best.value) == float(plain.value)
    assert float(best.protocol) == float(plain.protocol)
    np.testing.assert_array_equal(best.record.pruned, plain.record.pruned)
    assert np.count_nonzero(best.record.pruned) >= 6
    assert "not finite" in qb.studies.search(ripples, PLAN, **how | {"keep": None}).record.ends


def test_cut_short_and_continued(way, tmp_path, monkeypatch):
    how, expected = way
    done, write = [], archive.Archive.write
    chunks = 7 if how["optimizer"] is ADAM else 2  # of three in a round

    def cut(self, index, arrays):
        if len(done) == chunks:
            raise Cut
        done.append(index)
        write(self, index, arrays)

    store = tmp_path / "a"
    with monkeypatch.context() as patch:
        patch.setattr(archive.Archive, "write", cut)
        with pytest.raises(Cut):
            qb.studies.search(ripples, PLAN, store, steps_per_round=5, chunk=4, **how)
    heard = []
    again = qb.studies.search(ripples, PLAN, store, steps_per_round=5, progress=heard.append, **how)
    assert_same(again, expected)
    assert heard[-1].best_value == float(expected.value)


def test_a_finished_search_compiles_nothing_and_can_be_read(tmp_path, monkeypatch):
    how = {"optimizer": ADAM, "steps": 10, "steps_per_round": 4, "starts": 2}
    first = qb.studies.search(ripples, PLAN, tmp_path / "a", **how)
    monkeypatch.setattr(sys.modules["qbjax.studies.search"], "Program", None)
    assert_same(qb.studies.search(ripples, PLAN, tmp_path / "a", **how), first)
    data = archive.read(tmp_path / "a")
    assert dict(data.sizes) | {"state_0": 0} == {
        "round": 3, "start": 2, "value_0": 4, "state_0": 0
    }  # fmt: skip
    values = data.value.values.transpose(0, 2, 1).reshape(12, 2)
    np.testing.assert_array_equal(values[:10], first.record.values)


CHANGES = {
    "objective": {"objective": lambda x: 2 * ripples(x)},
    "starts": {"protocol": qb.free(2.0, -5.0, 5.0)},
    "keep": {"keep": 1},
    "optimizer": {"optimizer": optax.adam(0.03)},
    "steps": {"steps": 9},
    "tolerance": {"tolerance": 1e-3},
    "configuration": {"configuration": {"levels": 3}},
}


def test_a_store_of_another_search_is_refused(tmp_path):
    given = {"objective": ripples, "protocol": PLAN, "store": tmp_path / "a", "optimizer": ADAM}
    given |= {"steps": 10, "starts": 2}
    qb.studies.search(**given)
    for named, change in CHANGES.items():
        with pytest.raises(ValueError, match=rf"`store` must belong to this .*\b{named}\b"):
            qb.studies.search(**given | change)


@pytest.mark.parametrize(
    ("option", "error", "words"),
    [
        ({"chunk": 3}, ValueError, "`chunk` must divide the 2 starts, but is 3"),
        ({"steps_per_round": 0}, ValueError, "`steps_per_round` must be at least 1"),
        ({"optimizer": "Adam"}, ValueError, "`optimizer` must be an optax optimiser or one of"),
        ({"optimizer": 3}, TypeError, "`optimizer` must be an optax optimiser"),
        ({"objective": lambda x: x * jnp.nan}, ValueError, "`objective` must be finite at the"),
        ({"store": 3}, TypeError, "`store` must be a path"),
        ({"client": 3}, TypeError, "`client` must be a dask"),
    ],
)
def test_bad_options_are_one_line(option, error, words):
    with pytest.raises(error, match=words):
        qb.studies.search(
            **{"objective": ripples, "protocol": PLAN, "starts": 2, "steps": 3} | option
        )


def test_chunks():
    assert [chunk_of(5, 64), chunk_of(10, 64), chunk_of(100, 6), chunk_of(1000, 6)] == [2, 4, 6, 6]


CHILD = """
import sys
import qbjax as qb
from tests.studies.test_search import ADAM, MANY, PLAN, ripples
qb.studies.search(
    ripples, PLAN, sys.argv[1], optimizer=ADAM, steps=200, keep=2, steps_per_round=5,
    progress=lambda seen: print(seen.step, flush=True), **MANY,
)
"""


@pytest.mark.slow
def test_killed_and_continued(tmp_path):
    how = MANY | {"optimizer": ADAM, "steps": 200, "keep": 2, "steps_per_round": 5}
    expected = qb.studies.search(ripples, PLAN, **how)
    for rounds in (1, 3, 9):
        command = [sys.executable, "-c", CHILD, str(tmp_path / "a")]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for _ in range(rounds):
            assert child.stdout is not None
            assert child.stdout.readline()
        os.kill(child.pid, signal.SIGKILL)
        child.communicate()
        assert child.returncode == -signal.SIGKILL
    assert archive.read(tmp_path / "a").attrs["missing"] > 0
    assert_same(qb.studies.search(ripples, PLAN, tmp_path / "a", **how), expected)


@pytest.mark.slow  # the program of each size is compiled
def test_every_size_of_a_battery_has_its_store(tmp_path):
    how = {"battery": cut(), "starts": 2, "refine": "during", "optimizer": ADAM, "steps": 400}
    plan = qb.free(1.9, -4.0, 4.0)
    best = qb.studies.search(flattering, plan, tmp_path / "search.zarr", **how)
    assert_same(best, qb.maximize(flattering, plan, **how))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names[:2] == ["search-2.zarr", "search-3.zarr"]
    assert_same(qb.studies.search(flattering, plan, tmp_path / "search.zarr", **how), best)
    assert sorted(path.name for path in tmp_path.iterdir()) == names


def test_what_has_no_value_at_the_start_is_named():
    with pytest.raises(ValueError, match=r"`constraints` must be finite .*nowhere"):
        qb.studies.search(ripples, PLAN, optimizer="SLSQP", constraints=[qb.at_most(nowhere, 1.0)])


def nowhere(x):
    return x * jnp.nan
