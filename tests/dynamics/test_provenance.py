"""Data that can be used: tables with rows, and files that say where they are from."""

import dataclasses
import datetime
import json
import re

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import qbjax as qb
from qbjax.dynamics.record import provenance
from qbjax.dynamics.record.provenance import Provenance, described

TIMES = np.array([0.0, 0.5, 1.0])
CELL = np.array([0.0, 1.0])
SPIN = np.array([[0, 1], [1, 0.0]])
B, P = qb.batteries, qb.protocols


def flat(w):
    return 0.1


def lindblad():
    return B.Lindblad(SPIN, [(0.1, SPIN)], dims=(2,), cell=0, cell_hamiltonian=CELL)


RUNS = {
    "DOPO": lambda: (B.DOPO(8, 3), P.Constant(0.5), TIMES),
    "BlochCharger": lambda: (B.BlochCharger(), P.BlochPreparation(1.0), TIMES),
    "Collisional": lambda: (
        B.Collisional(qb.algebra.ladders.oscillator(4), loss=0.1), P.Collisions([0.2, 0.3]), None,
    ),
    "Waveguide": lambda: (B.Waveguide(1.2, 0.1, 0.5), None, TIMES),
    "Reservoir": lambda: (B.Reservoir(flat, [1.0], [1.0], band=(1, 2)), None, TIMES),
    "Lindblad": lambda: (lindblad(), None, TIMES),
    "TavisCummings": lambda: (B.TavisCummings(1, 1), P.Constant(0.1), TIMES),
    "Oscillators": lambda: (B.Oscillators((3, 3)), P.Constant(0.001), TIMES),
    "SpinChain": lambda: (B.SpinChain(2), P.Constant(0.1), TIMES),
}  # fmt: skip


SLOW = {"Waveguide", "TavisCummings", "Oscillators", "SpinChain"}
NAMES = [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in RUNS]


@pytest.fixture(scope="module", params=NAMES)
def run(request):
    battery, protocol, times = RUNS[request.param]()
    made = qb.charge(battery, protocol, times)
    return request.param, battery, protocol, made


def test_every_battery_makes_a_table_and_files(run, tmp_path):
    name, battery, protocol, made = run
    data, table = made.to_xarray(), made.to_dataframe()
    assert len(table) == len(made.times)
    assert table.index.name == "time"
    assert np.array_equal(table["energy"], made.energy)
    assert ("truncation" in data) == bool(made.modes)
    if not made.modes:
        # What xarray itself makes of it has rows, too: no dimension is empty.
        assert len(data.to_dataframe()) % len(made.times) == 0 < len(data.to_dataframe())
    _check_attributes(data.attrs, name, battery, protocol)
    data.to_netcdf(tmp_path / "run.nc", engine="h5netcdf")
    assert xr.load_dataset(tmp_path / "run.nc", engine="h5netcdf").identical(data)
    made.to_csv(tmp_path / "run.csv")
    read = pd.read_csv(tmp_path / "run.csv", comment="#", index_col="time")
    pd.testing.assert_frame_equal(read, table, check_exact=True)
    head = [x for x in (tmp_path / "run.csv").read_text().splitlines() if x.startswith("# ")]
    assert f"# battery: {data.attrs['battery']}" in head
    assert f"# qbjax_version: {data.attrs['qbjax_version']}" in head


def _check_attributes(attributes, name, battery, protocol):
    assert {*provenance.environment(), "created", "verb", "solver", "adjoint"} <= set(attributes)
    assert (attributes["verb"], attributes["verdict"]) == ("charge", "ok")
    told = json.loads(attributes["battery"])
    assert told["class"].endswith(f".{name}")
    assert told == described(battery)
    assert protocol is None or json.loads(attributes["protocol"]) == described(protocol)
    made = datetime.datetime.fromisoformat(attributes["created"])
    assert abs(datetime.datetime.now(datetime.UTC) - made) < datetime.timedelta(hours=1)


def test_a_zarr_store_says_it_too(tmp_path):
    battery, protocol, times = RUNS["BlochCharger"]()
    data = qb.charge(battery, protocol, times).to_xarray()
    data.to_zarr(tmp_path / "run.zarr", consolidated=False)
    assert xr.open_zarr(tmp_path / "run.zarr", consolidated=False).load().identical(data)


def test_numbers_come_back_to_the_bit():
    battery = B.BlochCharger(1 / 3, decay=0.1 + 0.2)
    run = qb.charge(battery, P.BlochPreparation(np.pi / 7), TIMES)
    fields = json.loads(run.to_xarray().attrs["battery"])["fields"]
    given = {name: number for name, number in fields.items() if number}
    assert given == {"coupling": 1 / 3, "decay": 0.1 + 0.2, "frequency": 1.0}
    assert json.loads(run.to_xarray().attrs["protocol"])["fields"]["theta"] == np.pi / 7


def test_every_verb_says_its_name():
    battery, protocol, times = RUNS["BlochCharger"]()
    run = qb.charge(battery, protocol, times)
    kept = qb.store(battery, run.final_state, times).to_xarray().attrs
    load = qb.loads.TwoLevel(1.0, decay=0.25)
    out = qb.discharge(battery, run.final_state, load, times).to_xarray().attrs
    assert (kept["verb"], out["verb"]) == ("store", "discharge")
    assert json.loads(out["load"])["fields"]["decay"] == 0.25
    assert json.loads(kept["initial"])["fields"]["made"] == 1.0


def test_a_run_through_a_trace_claims_no_origin_and_compiles_nothing_anew():
    """Two runs, one program: the second must not come out as the first."""
    traced = []

    @jax.jit
    def through(run):
        traced.append(1)
        return run

    battery = B.BlochCharger()
    runs = [qb.charge(battery, P.BlochPreparation(theta), TIMES) for theta in (1.0, 2.0)]
    for one in runs:
        out = through(one)
        assert out.provenance.asked == {}
        assert "protocol" not in out.to_xarray().attrs
    assert len(traced) == 1
    assert jax.tree.structure(runs[0]) == jax.tree.structure(runs[1])
    assert runs[0].provenance.asked["protocol"].theta == 1.0


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, None),
        (True, True),
        (np.float64(0.1), 0.1),
        (np.inf, {"float": "inf"}),
        (complex(1, np.nan), {"complex": [1.0, {"float": "nan"}]}),
        (jnp.asarray(2), 2),
        (
            np.array([1, np.inf]),
            {"array": [1.0, {"float": "inf"}], "dtype": "float64", "shape": [2]},
        ),
        (np.array([[1 + 2j]]), {"array": [1.0, 2.0], "dtype": "complex128", "shape": [1, 1]}),
        ((1, {"a": "b"}), [1, {"a": "b"}]),
        (flat, {"function": f"{__name__}.flat"}),
    ],
    ids=lambda x: getattr(x, "__name__", str(x)),
)  # fmt: skip
def test_what_values_are_in_json(value, told):
    assert described(value) == told
    json.loads(json.dumps(described(value), allow_nan=False))


def test_a_large_array_has_a_digest():
    many = np.arange(provenance.MOST + 1.0)
    one, two = described(many), described(many + 1e-9)
    assert one["shape"] == [many.size]
    assert one["sha256"] != two["sha256"]


def test_an_empty_provenance_still_says_the_versions():
    assert Provenance().attributes() == provenance.environment()


@pytest.mark.parametrize(
    ("top", "status", "words"),
    [
        (1e-9, 0, "ok"),
        (1e-3, 4, "truncated; the top levels hold 1.0e-03 .signal"),
        (1e-3, 2, "not f.*; the top levels hold"),
    ],
)
def test_a_verdict(top, status, words):
    run = qb.charge(*RUNS["DOPO"]())
    tops = jnp.array([[0.0, 0.0], [top, 0.0], [jnp.nan, jnp.nan]])
    doubtful = dataclasses.replace(run, truncation=tops, status=jnp.asarray(status))
    assert re.match(words, doubtful.to_xarray().attrs["verdict"])
