"""The Bloch charger by trajectories: blind, it is the master equation; seen, its mean is."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.dynamics.unravelling import jumps

TIMES, COUNT = jnp.linspace(0.0, 3.0, 4), 200
PROTOCOL = qb.protocols.BlochPreparation(2.0, phi=0.4)


def charger():
    return qb.batteries.BlochCharger(1.0, 0.6, 1.3, detuning=0.4, cell_decay=0.2, dephasing=0.1)


def test_what_is_not_seen_is_the_master_equation_and_the_mean_of_what_is():
    battery = charger()

    @eqx.filter_jit
    def rows(watched, efficiency, keys):
        return jax.lax.map(jumps.trajectory(watched, TIMES, efficiency=efficiency), keys)

    watched, run = battery.monitored(PROTOCOL, None, TIMES), qb.charge(battery, PROTOCOL, TIMES)
    assert watched.jumps == ("loss of the cell", "loss of the charger", "dephasing of the charger")
    keys = jax.vmap(lambda i: jax.random.fold_in(jax.random.key(0), i))(jnp.arange(COUNT))
    blind = rows(watched, jnp.zeros(3), keys)
    for name in ("energy", "ergotropy", "coherent_ergotropy", "concurrence", "charger_energy"):
        np.testing.assert_allclose(blind[name][3], run.observables[name], atol=1e-8)
    seen = jax.tree.map(np.asarray, rows(watched, jnp.ones(3), keys))
    error = seen["energy"].std(axis=0, ddof=1) / np.sqrt(COUNT)
    assert np.all(np.abs(seen["energy"].mean(axis=0) - run.energy) <= 4 * error + 1e-8)
    assert np.all(seen["ergotropy"].mean(axis=0) >= np.asarray(run.ergotropy) - 4 * error)
    mean = {k: jnp.asarray(seen[k].mean(axis=0)) for k in ("packed_pair", "truncation")}
    plain = jax.lax.map(watched.merits, mean)["ergotropy"]
    assert np.all(seen["ergotropy"].mean(axis=0) >= np.asarray(plain) - 1e-12)


def test_a_charger_that_loses_nothing_cannot_be_watched():
    with pytest.raises(ValueError, match="must have jumps to be watched"):
        qb.batteries.BlochCharger().monitored(PROTOCOL, None, TIMES)
