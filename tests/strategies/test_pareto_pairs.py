"""Fronts of the pairs that batteries are judged by: closed forms, random rivals, another search."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries.waveguide import front as waveguide_front

# optax's L-BFGS adds int32 to int64.
pytestmark = pytest.mark.standard_promotion

TURN = np.array([[0.0, 1.0], [1.0, 0.0]])
QUBIT = qb.batteries.Lindblad(
    np.zeros((2, 2)), [], dims=(2,), cell=0, cell_hamiltonian=np.array([0.0, 1.0]), controls=[TURN]
)
LOSSY = qb.batteries.Lindblad(
    np.zeros((2, 2)),
    [np.sqrt(0.3) * np.array([[0.0, 1.0], [0.0, 0.0]])],
    dims=(2,),
    cell=0,
    cell_hamiltonian=np.array([0.0, 1.0]),
    controls=[TURN],
)


def charged(time, battery):
    times = jnp.stack([jnp.zeros(()), time])
    return qb.charge(battery, qb.protocols.BlochPreparation(np.pi), times)


def power(time, battery):
    return charged(time, battery).ergotropy[-1] / time


def ergotropy(time, battery):
    return charged(time, battery).ergotropy[-1]


@pytest.mark.slow  # test_pareto.py has a fast sibling
def test_power_and_ergotropy():
    """From the north pole W = 2sin²(Jt) − 1, so that P = W/t at Jt = arcsin√((1 + W)/2)."""
    time = qb.free(1.2, 0.9, 1.57)
    front = qb.pareto([power, ergotropy], time, points=4, battery=qb.batteries.BlochCharger())
    powers, work = front.values.T
    assert len(work) == 4
    np.testing.assert_allclose(powers, work / np.arcsin(np.sqrt((1 + work) / 2)), rtol=1e-9)
    np.testing.assert_allclose(np.diff(work), (work[-1] - work[0]) / 3, rtol=1e-6)
    t = np.arcsin(np.sqrt((1 + work) / 2))[1:-1]
    by_time = (2 * np.sin(2 * t) * t - work[1:-1]) / t**2
    np.testing.assert_allclose(front.slopes[1:-1], by_time / (2 * np.sin(2 * t)), rtol=1e-4)
    assert work[-1] == pytest.approx(1.0, abs=1e-5)


def pulse(amplitudes):
    return qb.protocols.PiecewiseConstant(qb.free(jnp.array(amplitudes), 0.0, 1.5), 1.0)


def final(pulse, battery):
    return qb.charge(battery, pulse, [0.0, 1.0])


def work(pulse, battery):
    return final(pulse, battery).ergotropy[-1]


def energy(pulse, battery):
    return final(pulse, battery).energy[-1]


def purity(pulse, battery):
    return final(pulse, battery).purity[-1]


def unspent(pulse, battery):
    return -pulse.energy


@pytest.mark.slow
def test_ergotropy_and_pump_energy():
    """H = uσ_x for a unit of time: the most of W = sin²∫u is sin²√∫u²."""
    front = qb.pareto([work, unspent], pulse([0.3, 0.5]), points=5, battery=QUBIT)
    reached, spent = front.values[:, 0], -front.values[:, 1]
    np.testing.assert_allclose(reached, np.sin(np.sqrt(spent)) ** 2, atol=1e-6)
    root = np.sqrt(spent[1:-1])
    np.testing.assert_allclose(front.slopes[1:-1], -np.sin(2 * root) / (2 * root), rtol=1e-3)
    assert np.all(np.diff(spent) < 0)
    assert np.all(np.diff(reached) < 0)


@pytest.mark.slow
def test_energy_and_purity():
    """No pulse of many random ones beats a point of the front in both."""
    front = qb.pareto([energy, purity], pulse([0.9, 0.7, 0.8]), points=5, battery=LOSSY)

    @jax.jit
    @jax.vmap
    def both(amplitudes):
        run = final(qb.protocols.PiecewiseConstant(amplitudes, 1.0), LOSSY)
        return jnp.stack([run.energy[-1], run.purity[-1]])

    rivals = np.asarray(both(np.random.default_rng(0).uniform(0, 1.5, (2000, 3))))
    for point in front.values:
        assert not np.any(np.all(rivals > point + 1e-6, axis=1))
    assert np.all(np.diff(front.values[:, 0]) < 0)
    assert np.all(np.diff(front.values[:, 1]) > 0)


def haste(design):
    return -design.time


@pytest.mark.slow
def test_lasting_ergotropy_and_time():
    """The same as by the front of its own, which fixes the time."""
    design = waveguide_front.Timed(
        qb.free(0.2, 1e-3, 1.0), jnp.array(0.1), qb.free(60.0, 30.0, 90.0)
    )
    aims = [waveguide_front.timed_margin, haste]
    front = qb.pareto(aims, design, points=3, mode="forward")
    assert len(front.best) == 3
    for lasting, minus in front.values:
        alone = waveguide_front.best_in_time(-minus, 0.1)
        assert lasting == pytest.approx(float(alone.value), abs=2e-5)
