"""Points at once: what they take, how many fit, which go together."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

import qbjax as qb
from qbjax.studies import grids, lanes
from qbjax.studies.program import Program, bytes_of, steps_of


def collisional(theta):
    battery = qb.batteries.Collisional(qb.algebra.ladders.oscillator(24))
    stream = qb.protocols.Collisions(jnp.full(5, theta), 0.3, 1.0)
    return {"W": qb.charge(battery, stream).ergotropy[-1]}


def waiting(x, y):
    """Takes steps that grow with x and y, and is no run: it counts them itself."""
    count = 1.0 + jnp.floor(50 * x**2 * y)
    steps = jax.lax.while_loop(lambda n: n < count, lambda n: n + 1, jnp.asarray(0.0))
    return {"value": x - y, "steps": steps.astype(int)}


def test_memory_of_a_device():
    assert lanes.told({"bytes_limit": 3 * 10**10, "bytes_in_use": 10**10}, parallel=True) == 3e10
    assert lanes.told(None, parallel=True) == lanes.told({}, parallel=True) == lanes.UNTOLD
    assert lanes.memory(jax.devices("cpu")[0]) == lanes.told(None, parallel=False) > 1e8


@pytest.mark.parametrize("points", [1, 7, 1000, 4096])
@pytest.mark.parametrize("devices", [1, 4])
def test_chunks_fill_the_memory_and_are_alike(points, devices):
    free, each = 1e9, 3e6
    size = lanes.chunk(points, each, free, devices)
    assert 1 <= size <= points
    assert -(-size // devices) * each <= lanes.SHARE * free
    chunks = -(-points // size)
    assert chunks == -(-points // (devices * int(lanes.SHARE * free / each)))
    assert chunks * size - points < chunks


def test_a_thousand_points_of_a_dopo_are_one_chunk():
    """1.5 MB of carry each, some seven times that unfused, on a device of 80 GB."""

    def ergotropy(F):
        times = jnp.array([0.0, 1.0])
        run = qb.charge(qb.batteries.DOPO(44, 5), qb.protocols.Constant(F), times)
        return {"W": run.ergotropy[-1]}

    each = bytes_of(ergotropy, ["F"])
    assert 1.5e6 < each < 1.6e7
    assert lanes.chunk(1000, each, 80e9) == 1000


def test_what_a_lane_takes_is_bounded_from_above():
    each = bytes_of(collisional, ["theta"])
    program = Program(collisional, ["theta"], 16, jax.devices()[:1], lanes=16)
    assert program._memory() / 16 < each < 6 * program._memory() / 16


def test_loops_and_branches_count_with_what_is_within():
    wide = jnp.ones(1000)

    def loop(x):
        return jax.lax.fori_loop(0, 3, lambda _, y: y + jnp.sum(jnp.sin(wide * y)), x)

    def branch(x):
        return jax.lax.cond(x > 0, lambda x: jnp.sum(wide * x), lambda x: x, x)

    for function in (loop, branch):
        assert 8000 <= lanes.working(jax.make_jaxpr(function)(1.0).jaxpr) < 40_000


def test_steps_of_runs_are_counted():
    columns = {"x": np.array([0.5, 2.0]), "y": np.array([1.0, 3.0])}
    found = steps_of(waiting, columns, jax.devices()[0])
    assert found.tolist() == [13, 601]
    assert steps_of(lambda x: x, {"x": columns["x"]}, jax.devices()[0]) is None
    collisions = steps_of(collisional, {"theta": np.array([0.1, 0.2])}, jax.devices()[0])
    assert collisions.tolist() == [5, 5]


def test_predicted_costs_bring_like_points_together():
    grid = grids.product(x=np.linspace(0.0, 1.0, 40), y=np.geomspace(1.0, 100.0, 50))
    columns = grid.columns(np.arange(grid.count))
    costs = 1.0 + np.floor(50 * columns["x"] ** 2 * columns["y"])
    chosen = lanes.pilots(grid.count)
    assert len(set(chosen)) == lanes.PILOTS
    order = np.argsort(lanes.predicted(columns, chosen, costs[chosen]), kind="stable")

    def waited(order):
        return sum(np.max(costs[part]) for part in np.split(order, 20))

    best, plain = waited(np.argsort(costs)), waited(np.arange(grid.count))
    assert waited(order) - best < 0.3 * (plain - best)


@pytest.fixture
def accelerator(monkeypatch):
    """This processor, taken for one with many lanes and room for 100 of `waiting`'s points."""
    monkeypatch.setattr(lanes, "is_parallel", lambda device: True)
    room = 100 * bytes_of(waiting, ["x", "y"]) / lanes.SHARE
    monkeypatch.setattr(lanes, "memory", lambda device: room)


GRID = {"x": np.linspace(0.0, 1.0, 32), "y": np.linspace(1.0, 4.0, 32)}


def test_a_sweep_on_an_accelerator(accelerator, monkeypatch, tmp_path):
    """Chunks fill it, like points share one, and the dataset is that of any other sweep."""
    seen, told = [], []
    called = Program.__call__
    monkeypatch.setattr(Program, "__call__", lambda p, c: seen.append(c) or called(p, c))
    data = qb.sweep(waiting, GRID, tmp_path / "all", progress=told.append)
    assert [p.done for p in told] == [min(1024, 94 * (k + 1)) for k in range(11)]
    costs = [50 * c["x"] ** 2 * c["y"] for c in seen]
    spread = [np.ptp(c) for c in costs]
    assert np.mean(spread) < np.ptp(np.concatenate(costs)) / 5
    plain = qb.sweep(waiting, GRID, chunk=1024, cost=lambda x, y: x)
    xr.testing.assert_equal(data.drop_attrs(), plain.drop_attrs())


def test_a_sweep_that_was_killed_goes_on_in_its_own_order(accelerator, monkeypatch, tmp_path):
    class Killed(Exception):
        pass

    def kill(seen):
        if seen.done > 300:
            raise Killed

    whole = qb.sweep(waiting, GRID, tmp_path / "whole")
    with pytest.raises(Killed):
        qb.sweep(waiting, GRID, tmp_path / "cut", progress=kill)
    monkeypatch.setattr("qbjax.studies.partition.steps_of", None)  # nothing is counted again
    resumed = qb.sweep(waiting, GRID, tmp_path / "cut")
    xr.testing.assert_identical(whole.drop_attrs(), resumed.drop_attrs())


def test_tasks_share_the_chunks_that_the_first_of_them_made(accelerator, monkeypatch, tmp_path):
    parts = [qb.sweep(waiting, GRID, tmp_path / "store", task=(0, 3))]
    assert 300 < int((parts[0]["status"] == 0).sum()) < 400
    # As if this one had begun before the store was there, on a device with less memory.
    monkeypatch.setattr("qbjax.studies.archive.begun", lambda store, points: None)
    monkeypatch.setattr(lanes, "memory", lambda device: 1e4)
    parts += [qb.sweep(waiting, GRID, tmp_path / "store", task=(k, 3)) for k in (1, 2)]
    assert np.all(parts[-1]["status"] == 0)
    np.testing.assert_allclose(parts[-1]["value"], GRID["x"][:, None] - GRID["y"][None])
