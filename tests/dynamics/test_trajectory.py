"""A run as a record: attributes, summaries, labelled data."""

import copy

import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb


@pytest.fixture(scope="module")
def run():
    battery = qb.batteries.DOPO(8, 3)

    def save(t, state):
        return {"cell": battery.cell(state), "t": t}

    return qb.charge(battery, qb.protocols.Constant(0.5), jnp.linspace(0.0, 1.0, 3), save=save)


def test_observables_are_attributes(run):
    assert run.ergotropy is run.observables["ergotropy"]
    assert "coherent_ergotropy" in dir(run)
    with pytest.raises(AttributeError, match=r"no `ergotropi`; its observables are: .*ergotropy"):
        run.ergotropi  # noqa: B018
    assert copy.deepcopy(run).times.tolist() == run.times.tolist()


def test_summary(run):
    summary = run.summary()
    assert set(summary) == {"status", "truncation", "trace_defect", "steps"}
    assert all(np.shape(value) == () for value in summary.values())
    assert summary["truncation"] == jnp.max(run.truncation)


def test_dataset(run):
    data = run.to_xarray()
    assert data["energy"].attrs["units"] == "omega_s"
    assert data["time"].attrs["units"] == "1/gamma_s"
    assert data["truncation"].dims == ("time", "mode")
    assert data["mode"].values.tolist() == ["signal", "pump"]
    assert data["saved_cell"].shape == (3, 8, 8)
    np.testing.assert_array_equal(data["saved_t"], run.times)
    assert data.attrs["status_name"] == "ok"
    assert data.attrs["steps"] == int(run.steps)


def test_a_bare_array_may_be_saved():
    battery = qb.batteries.DOPO(8, 3)
    run = qb.charge(battery, qb.protocols.Constant(0.5), [0.0, 1.0], save=lambda t, s: 2 * t)
    assert run.to_xarray()["saved"].values.tolist() == [0.0, 2.0]
