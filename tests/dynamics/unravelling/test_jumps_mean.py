"""The mean of trajectories is the master equation's, whatever the battery, and whatever is seen."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.algebra import jumps as noise
from qbjax.dynamics.unravelling import jumps
from tests.helpers import EXACT

COUNT, TIMES = 400, jnp.linspace(0.0, 2.0, 5)
ANTI = np.array([[0.0, -1.0], [-1.0, 0.0]])
CASES = {
    "tavis_cummings": (
        lambda: qb.batteries.TavisCummings(2, 3, cavity_decay=0.4, spin_decay=0.2),
        qb.protocols.Constant(0.7),
    ),
    "dicke": (
        lambda: qb.batteries.TavisCummings(
            3, 3, counter_rotating=True, levels=24, cavity_decay=0.3
        ),
        qb.protocols.Function(lambda t: 0.3 * jnp.sin(2 * t) ** 2, 2.0),
    ),
    "spin_chain": (
        lambda: qb.batteries.SpinChain(
            3, anisotropy=0.5, jumps=noise.dephasing(0.3, (2,) * 3, (0, 1, 2))
        ),
        qb.protocols.PiecewiseConstant([1.0, 2.0], 1.0),
    ),
    "oscillators": (
        lambda: qb.batteries.Oscillators(9, decay=0.5, thermal=0.1),
        qb.protocols.SwitchOff(0.5, 1.0),
    ),
    "ising_machine": (
        lambda: qb.batteries.IsingMachine(ANTI, 8, coupling=2.0),
        qb.protocols.Constant(0.4),
    ),
}


def rows(battery, protocol, efficiency=None):
    @eqx.filter_jit
    def all_of(watched, efficiency, keys):
        one = jumps.trajectory(watched, TIMES, efficiency=efficiency)
        return jax.lax.map(one, keys)

    keys = jax.vmap(lambda i: jax.random.fold_in(jax.random.key(1), i))(jnp.arange(COUNT))
    found = all_of(battery.monitored(protocol, None, TIMES), efficiency, keys)
    return jax.tree.map(np.asarray, found)


def agree(found, run, names):
    """Whether means lie within four standard errors."""
    for name in names:
        error = found[name].std(axis=0, ddof=1) / np.sqrt(COUNT)
        missed = np.abs(found[name].mean(axis=0) - np.asarray(run.observables[name]))
        assert np.all(missed <= 4 * error + 1e-7), name


@pytest.mark.slow  # the qubit of test_jumps.py is their fast sibling
@pytest.mark.parametrize("name", CASES)
def test_the_mean_is_that_of_the_master_equation(name):
    make, protocol = CASES[name]
    battery = make()
    found, run = rows(battery, protocol), qb.charge(battery, protocol, TIMES)
    agree(found, run, ["energy", *battery.lindblad.model.observables])
    watched = battery.monitored(protocol, None, TIMES)
    seen = {k: jnp.asarray(found[k].mean(axis=0)) for k in watched.observe(watched.kets[0])
            if k in found}  # fmt: skip
    plain = np.asarray(jax.lax.map(watched.merits, seen)["ergotropy"])
    assert np.all(found["ergotropy"].mean(axis=0) >= plain - EXACT)
    assert found["jump_counts"][:, -1].sum() > COUNT / 10
    assert not np.isin(found["status"], (1, 2, 3, 5)).any()


@pytest.mark.slow  # what is seen fully, and not at all, is in test_jumps.py
def test_the_mean_does_not_depend_on_how_much_is_seen():
    make, protocol = CASES["tavis_cummings"]
    found = rows(make(), protocol, jnp.array([0.6, 0.3]))
    agree(found, qb.charge(make(), protocol, TIMES), ["energy", "photons"])
    everything = rows(make(), protocol)["ergotropy"].mean(axis=0)
    assert np.all(found["ergotropy"].mean(axis=0) <= everything + 0.05)
