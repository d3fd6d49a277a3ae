"""Chunks as tasks of Dask, on two processes of this machine; one of them is killed."""

import os
import signal
import threading

import jax
import numpy as np
import optax
import pytest
import xarray as xr

import qbjax as qb
from tests.studies.refusals import assert_refused

distributed = pytest.importorskip("distributed")


def slow(x):
    """Some ten milliseconds per point."""
    import jax
    import jax.numpy as jnp

    matrix = jnp.eye(40) * x + 1e-3
    return jax.lax.fori_loop(0, 400, lambda _, m: jnp.tanh(m @ m.T), matrix)[0, 0]


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


def test_workers_give_what_one_process_gives(client):
    grid = {"x": np.linspace(0.1, 0.9, 21)}
    here = qb.sweep(slow, grid, chunk=4)
    told = []
    there = qb.sweep(slow, grid, chunk=4, client=client, progress=told.append)
    xr.testing.assert_identical(here.drop_attrs(), there.drop_attrs())
    assert sorted(p.done for p in told)[-1] == 21


def test_a_worker_killed_mid_chunk_costs_nothing(client):
    grid = {"x": np.linspace(0.1, 0.9, 60)}
    victim, killed = next(iter(client.run(os.getpid).values())), []

    def kill(progress):
        if not killed:
            os.kill(victim, signal.SIGKILL)
            killed.append(progress.done)

    data = qb.sweep(slow, grid, chunk=2, client=client, progress=kill)
    assert killed
    assert killed[0] < 60
    xr.testing.assert_identical(data.drop_attrs(), qb.sweep(slow, grid, chunk=2).drop_attrs())


def hills(x):
    """Two hills."""
    import jax.numpy as jnp

    return jnp.exp(-((x + 1) ** 2)) + 2 * jnp.exp(-4 * (x - 2) ** 2)


@pytest.mark.standard_promotion  # optax adds an integer to a float
@pytest.mark.parametrize(
    "optimizer", [pytest.param(optax.adam(0.05), marks=pytest.mark.slow), "SLSQP"]
)
def test_workers_search_as_one_process(client, optimizer, tmp_path):
    how = {"optimizer": optimizer, "starts": 6, "keep": 2, "steps_per_round": 5, "chunk": 2}
    plan = qb.free(-1.2, -4.0, 4.0)
    here = qb.studies.search(hills, plan, **how)
    there = qb.studies.search(hills, plan, tmp_path / "a", client=client, **how)
    assert here.record.ends == there.record.ends
    np.testing.assert_array_equal(here.record.values, there.record.values)
    assert float(here.protocol) == float(there.protocol)


def test_what_no_worker_can_do_is_refused(client, tmp_path):
    lock, grid = threading.Lock(), {"x": [1.0]}

    def holding(x):
        assert lock
        return x

    closed = distributed.Client(client.cluster, set_as_default=False)
    closed.close()
    for options, words in [
        (
            {"function": holding, "client": client},
            "`function` must be what a client can send to workers",
        ),
        ({"client": closed}, "`client` must be running and synchronous, but is closed"),
        ({"client": client, "devices": jax.devices()}, "`devices` must be None with a client"),
        ({"client": client, "function": lambda x: {"x": x}}, "but gives `x`"),
    ]:
        given = {"function": slow, "grid": grid, "store": tmp_path / "a.zarr", **options}
        assert_refused(lambda given=given: qb.sweep(**given), words, tmp_path)
