"""Sweeps with a store: killed, shared, damaged and continued, always the same in the end."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

import qbjax as qb
from qbjax.studies import archive, grids
from qbjax.studies.archive_copies import DamageWarning

GRID = grids.random(200, seed=1, x=(0.1, 0.9), y=(0.0, 1.0))


def slow(x, y):
    """Some milliseconds per point."""
    matrix = jnp.eye(30) * x + y * 1e-3
    return {"m": jax.lax.fori_loop(0, 60, lambda _, m: jnp.tanh(m @ m.T), matrix)[0]}


CHILD = """
import jax, sys
jax.config.update("jax_enable_x64", True)
import qbjax as qb
from tests.studies.test_sweep_store import GRID, slow
qb.sweep(slow, GRID, sys.argv[1], chunk=5, progress=lambda seen: print(seen.done, flush=True))
print("done", flush=True)
"""


def begun(store):
    """A process that sweeps, from the moment it has begun."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(store)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    child.stdout.readline()
    return child


@pytest.fixture(scope="module")
def whole():
    return qb.sweep(slow, GRID).drop_attrs()


def killed_and_resumed(store, times):
    dice = random.Random(times)
    for _ in range(times):
        child = begun(store)
        time.sleep(dice.uniform(0.0, 0.5))
        child.kill()
        child.communicate()
    return qb.sweep(slow, GRID, store, chunk=5).drop_attrs()


@pytest.mark.parametrize("times", [1, pytest.param(20, marks=pytest.mark.slow)])
def test_killed_at_random_and_resumed(tmp_path, whole, times):
    xr.testing.assert_identical(killed_and_resumed(tmp_path / "a.zarr", times), whole)


def test_a_second_process_is_refused(tmp_path, whole):
    child = begun(tmp_path / "a.zarr")
    try:
        with pytest.raises(BlockingIOError, match="`store` must be free"):
            qb.sweep(slow, GRID, tmp_path / "a.zarr")
    finally:
        output, _ = child.communicate()
    assert output.endswith("done\n")
    xr.testing.assert_identical(archive.read(tmp_path / "a.zarr").drop_attrs(), whole)


def test_array_tasks_share_a_store(tmp_path, whole):
    store, told = tmp_path / "a.zarr", []
    first = qb.sweep(slow, GRID, store, chunk=16, task=(0, 2), progress=told.append)
    assert told[-1].done == told[-1].total == 7 * 16 - 8
    assert first.attrs["missing"] == GRID.count - told[-1].done
    assert set(np.unique(first["status"])) == {-1, 0}
    both = qb.sweep(slow, GRID, store, chunk=16, task=(1, 2))
    assert both.attrs["missing"] == 0
    xr.testing.assert_identical(both.drop_attrs(), whole)


def test_a_damaged_chunk_is_computed_again(tmp_path, whole):
    store, told = tmp_path / "a.zarr", []
    qb.sweep(slow, GRID, store, chunk=50)
    os.truncate(store / "m" / "c.2.0", 7)
    with pytest.warns(DamageWarning, match=r"damaged \(m/c\.2\.0\): the chunks .* computed again"):
        again = qb.sweep(slow, GRID, store, progress=told.append)
    assert [(p.done, p.total) for p in told] == [(200, 200)], "one chunk of four was missing"
    xr.testing.assert_identical(again.drop_attrs(), whole)


def test_a_complete_sweep_computes_and_compiles_nothing(tmp_path, caplog):
    store, nothing = tmp_path / "a.zarr", []
    first = qb.sweep(slow, GRID, store)
    with jax.log_compiles():
        again = qb.sweep(slow, GRID, store, progress=nothing.append)
    assert nothing == []
    assert not any("jit(part)" in record.getMessage() for record in caplog.records)
    xr.testing.assert_identical(again.drop_attrs(), first.drop_attrs())


def test_another_sweep_is_refused_and_told_why(tmp_path):
    store = tmp_path / "a.zarr"
    grid = {"x": [1.0, 2.0]}
    qb.sweep(lambda x: x, grid, store, configuration={"a": 1})
    with pytest.raises(ValueError, match="made with another configuration"):
        qb.sweep(lambda x: x, grid, store, configuration={"a": 2})
    with pytest.raises(ValueError, match=r"made with another .*grid\.x"):
        qb.sweep(lambda x: x, {"x": [1.0, 3.0]}, store, configuration={"a": 1})
    (tmp_path / "file").write_text("no store")
    with pytest.raises(ValueError, match="`store` must be a new path or a store"):
        qb.sweep(lambda x: x, grid, tmp_path / "file")


def resident():
    """Megabytes of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc")
def test_memory_stays_flat(tmp_path):
    """100 000 points of a hundred numbers each are 80 MB."""
    seen = []

    def tell(_):
        seen.append(resident())

    def wide(x):
        return x * jnp.ones(100)

    qb.sweep(wide, {"x": np.arange(1e5)}, tmp_path / "a.zarr", chunk=1000, progress=tell)
    assert len(seen) == 100
    # Reading them in the end takes as much; the way there does not.
    assert max(seen) - seen[9] < 30


def test_a_path_that_cannot_be_written_is_refused_before_anything_is_traced(tmp_path):
    (tmp_path / "file").write_text("no folder")
    traced = []
    with pytest.raises(OSError, match="`store` must be a path that can be written"):
        qb.sweep(lambda x: traced.append(x) or x, {"x": [1.0]}, tmp_path / "file" / "a.zarr")
    assert traced == []
