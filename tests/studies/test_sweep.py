"""Sweeps in memory: against a loop, once compiled, one bad point among good ones."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

import qbjax as qb
from qbjax.studies import grids
from qbjax.studies.program import Program, local_devices
from qbjax.studies.sharing import Sharing

OSCILLATOR = qb.algebra.ladders.oscillator(8)


def dopo(F, kappa):
    battery = qb.batteries.DOPO(signal_levels=8, pump_levels=3, coupling=kappa)
    run = qb.charge(battery, qb.protocols.Constant(F), jnp.array([0.0, 0.7]))
    return {"W": run.ergotropy[-1], **run.summary()}


def collisional(theta, loss):
    battery = qb.batteries.Collisional(OSCILLATOR, loss)
    stream = qb.protocols.Collisions(jnp.full(5, theta), 0.3, 1.0)
    run = qb.charge(battery, stream)
    return {"W": run.ergotropy[-1], **run.summary()}


DOPOS = {"F": [0.5, 1.0], "kappa": [0.4, 0.5, 0.6]}
STREAMS = {"theta": [0.2, 0.3, 0.4], "loss": [0.01, 0.02]}


@pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning")
@pytest.mark.parametrize(
    ("function", "grid", "lanes"),
    [
        (dopo, DOPOS, None),
        pytest.param(dopo, DOPOS, 3, marks=pytest.mark.slow),
        (collisional, STREAMS, None),
        (collisional, STREAMS, 3),
    ],
)
def test_a_sweep_is_a_loop(function, grid, lanes):
    data = qb.sweep(function, grid, chunk=4, lanes=lanes)
    names = list(grid)
    assert data["W"].dims == tuple(names)
    for first in grid[names[0]]:
        for second in grid[names[1]]:
            alone = function(**dict(zip(names, (first, second), strict=True)))
            there = data.sel({names[0]: first, names[1]: second})
            for name, value in alone.items():
                assert float(there[name]) == pytest.approx(float(value), rel=1e-10, abs=1e-13)


def test_dataset_has_units_versions_and_every_shape():
    def function(x, y):
        return {"sum": x + y, "both": {"pair": jnp.stack([x, y])}, "whole": jnp.asarray(3)}

    grid = {"x": ([1.0, 2.0], "m"), "y": [0.0, 1.0, 2.0]}
    data = qb.sweep(function, grid, configuration={"why": "test"})
    assert data["x"].attrs == {"units": "m"}
    assert data["sum"].values.tolist() == [[1, 2, 3], [2, 3, 4]]
    assert data["both.pair"].shape == (2, 3, 2)
    assert data["both.pair"].sel(x=2, y=1).values.tolist() == [2, 1]
    assert data["whole"].dtype.kind == "i"
    assert np.all(data["status"] == 0)
    assert np.all(np.isnan(data["truncation"]))
    assert data.attrs["configuration"] == {"why": "test"}
    for name in ("qbjax_version", "jax_version", "commit", "device", "wall_seconds"):
        assert name in data.attrs
    single = qb.sweep(lambda x: x**2, grids.zipped(x=[3.0, 2.0]))
    assert single["value"].dims == ("point",)
    assert single["value"].values.tolist() == [9, 4]
    assert single["x"].values.tolist() == [3, 2]


def test_costs_change_the_order_and_not_the_answer():
    grid = grids.random(17, x=(0.0, 1.0))
    seen = []

    def cost(x):
        seen.append(x)
        return -x

    plain, ordered = (qb.sweep(lambda x: x**2, grid, chunk=4, cost=c) for c in (None, cost))
    xr.testing.assert_equal(plain, ordered)
    assert len(seen) == 1


def test_one_trace_and_one_compilation(caplog):
    traced = []

    def function(x):
        traced.append(x)
        return x + 1.0

    with jax.log_compiles():
        qb.sweep(function, {"x": np.arange(103.0)}, chunk=10)
    assert len(traced) == 1
    programs = [r.getMessage() for r in caplog.records if "Compiling jit" in r.getMessage()]
    # What else is compiled merely stages the axis.
    assert sum("jit(part)" in message for message in programs) == 1
    assert len(programs) <= 2


def test_a_bad_point_harms_no_other():
    def function(x):
        start, end = jnp.asarray(0.0), x
        steps = jax.lax.while_loop(lambda n: n < end * 10, lambda n: n + 1, start)
        return {"root": jnp.sqrt(x), "steps": steps.astype(int)}

    good, bad = np.arange(1.0, 9.0), np.arange(1.0, 9.0)
    bad[3] = -2.0
    for lanes in (1, 4):
        alone, beside = (qb.sweep(function, {"x": x}, chunk=8, lanes=lanes) for x in (good, bad))
        assert beside["status"].sel(x=-2.0) == 2
        assert np.isnan(beside["root"].sel(x=-2.0))
        others = np.delete(good, 3)
        xr.testing.assert_identical(
            alone.drop_attrs().sel(x=others), beside.drop_attrs().sel(x=others)
        )


@pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning")
@pytest.mark.parametrize("lanes", [pytest.param(1, marks=pytest.mark.slow), 4])
def test_a_run_that_gives_up_harms_no_other(lanes):
    """Status 1: too many steps; status 4: too few levels, whose numbers stand."""

    def function(F):
        battery = qb.batteries.DOPO(signal_levels=8, pump_levels=3)
        times, solver = jnp.array([0.0, 0.7]), qb.Solver(max_steps=200)
        run = qb.charge(battery, qb.protocols.Constant(F), times, solver=solver)
        return {"W": run.ergotropy[-1], **run.summary()}

    good, bad = np.array([0.5, 1.0, 1.5, 4.0]), np.array([0.5, 80.0, 1.5, 4.0])
    alone, beside = (qb.sweep(function, {"F": F}, chunk=4, lanes=lanes) for F in (good, bad))
    assert beside["status"].values.tolist() == [0, 1, 0, 4]
    assert np.isnan(beside["W"].sel(F=80.0))
    assert float(beside["truncation"].sel(F=4.0)) > 1e-4
    others = [0.5, 1.5, 4.0]
    xr.testing.assert_identical(alone.drop_attrs().sel(F=others), beside.drop_attrs().sel(F=others))


def test_progress_is_told_after_every_chunk():
    told = []
    qb.sweep(lambda x: jnp.log(x), {"x": np.arange(10.0)}, chunk=4, progress=told.append)
    assert [p.done for p in told] == [4, 8, 10]
    assert all(p.total == 10 for p in told)
    assert told[-1].failures == 1
    assert told[-1].remaining == 0
    assert told[0].rate > 0


def test_memory_limits_the_lanes(monkeypatch):
    """A program too large for its device is compiled again for fewer points at once."""
    monkeypatch.setattr("qbjax.studies.program.memory", lambda device: 4e6)

    def heavy(x):
        return jnp.linalg.slogdet(jnp.outer(jnp.arange(200.0) + x, jnp.ones(200)))[1]

    devices = local_devices(None)
    free = Program(heavy, ["x"], 64, devices, lanes=64)
    assert free.lanes == 64
    monkeypatch.setattr(type(free), "_start", staticmethod(lambda devices, part: part))
    assert 1 <= Program(heavy, ["x"], 64, devices).lanes < 64


class Tabled(Sharing):
    """A function whose points share a table, and which counts how often that is found."""

    found = made = 0
    power = 2

    def structure(self):
        return "a table"

    def shared(self):
        self.found += 1
        return {"table": jnp.arange(8.0) ** self.power}

    def given(self, shared):
        self.made += 1
        return lambda x: shared["table"][x.astype(int)] + x


@pytest.mark.parametrize("lanes", [1, 2])
def test_what_points_share_is_found_once(lanes):
    function = Tabled()
    data = qb.sweep(function, {"x": np.arange(5.0)}, chunk=2, lanes=lanes)
    assert data["value"].values.tolist() == [0.0, 2.0, 6.0, 12.0, 20.0]
    assert function.found == function.made == 1
    other = Tabled()
    other.power = 3
    data = qb.sweep(other, {"x": np.arange(5.0)}, chunk=2, lanes=lanes)
    assert data["value"].values.tolist() == [0.0, 2.0, 10.0, 30.0, 68.0]
    assert other.made == 0  # it has the program of the first


FOUR = """
import jax, numpy as np
jax.config.update("jax_enable_x64", True)
import qbjax as qb
from tests.studies.test_sweep import Tabled, collisional
assert len(jax.devices()) == 4
grid = {"theta": np.linspace(0.1, 0.4, 5), "loss": [0.01, 0.02]}
one, four = (qb.sweep(collisional, grid, chunk=6, devices=jax.devices()[:n]) for n in (1, 4))
assert one.drop_attrs().identical(four.drop_attrs()), (one, four)
shared = qb.sweep(Tabled(), {"x": np.arange(5.0)}, chunk=3, devices=jax.devices())
assert shared["value"].values.tolist() == [0.0, 2.0, 6.0, 12.0, 20.0], shared
"""


def test_four_devices_share_a_chunk():
    environment = os.environ | {"XLA_FLAGS": "--xla_force_host_platform_device_count=4"}
    command = [sys.executable, "-W", "ignore", "-c", FOUR]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def not_traceable(x):
    return x if x > 0 else -x


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: qb.sweep(3, {"x": [1.0]}), TypeError, "`function` must be callable"),
        (lambda: qb.sweep(lambda amplitude: amplitude, {"amplitud": [1.0]}), ValueError,
         r"has `amplitud` \(did you mean `amplitude`\?\)"),
        (lambda: qb.sweep(lambda x, y: x, {"x": [1.0]}), ValueError, "but lacks y"),
        (lambda: qb.sweep(lambda x: x, {"x": []}), ValueError, "at least one number"),
        (lambda: qb.sweep(lambda x: x, {"x": [1.0, 1.0]}), ValueError, "`x` has 1 2 times"),
        (lambda: qb.sweep(not_traceable, {"x": [1.0]}), ValueError,
         r"must be traceable by JAX, but is not at .*test_sweep.py:\d+: return x if x > 0"),
        (lambda: qb.sweep(lambda x: jax.lax.complex(x, x), {"x": [1.0]}), ValueError,
         "`value` is complex"),
        (lambda: qb.sweep(lambda x: {}, {"x": [1.0]}), ValueError, "at least one array"),
        (lambda: qb.sweep(lambda x: x, {"x": [1.0]}, chunk=0), ValueError, "`chunk`"),
        (lambda: qb.sweep(lambda x: x, {"x": [1.0]}, lanes=0), ValueError, "`lanes`"),
        (lambda: qb.sweep(lambda x: x, {"x": [1.0]}, cost=3), TypeError, "`cost`"),
        (lambda: qb.sweep(lambda x: x, {"x": [1.0, 2.0]}, cost=lambda x: 1.0), ValueError,
         "`cost` must give one number per point"),
        (lambda: qb.sweep(lambda x: x, {"x": [1.0]}, devices=[]), TypeError, "`devices`"),
        (lambda: qb.sweep(lambda x: x, {"x": [1.0]}, task=(0, 2)), ValueError, "`task`"),
        (lambda: qb.sweep(lambda x: x, {"x": [1.0]}, client=3), TypeError, "`client`"),
    ],
)  # fmt: skip
def test_bad_arguments(call, error, words):
    with pytest.raises(error, match=words):
        call()
