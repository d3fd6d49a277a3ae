"""Truncated Wigner trajectories: against the exact pair, closed forms, and one DOPO."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries import ising
from tests.helpers import GRADIENT, central_difference

PUMP = qb.protocols.Constant
PAIR = np.array([[0.0, -1.0], [-1.0, 0.0]])
KEY = jax.random.key(3)


def run(couplings=PAIR, amplitude=1.0, until=4.0, count=400, step=None, **numbers):
    machine = qb.batteries.IsingMachine(couplings, **numbers)
    protocol = amplitude if isinstance(amplitude, qb.protocols.Pump) else PUMP(amplitude)
    return ising.phase_space(machine, protocol, [0.0, until], count=count, key=KEY, step=step)


def is_within(estimate, exact, share=0.0):
    """Whether an estimate is right to four standard errors and a share of the exact value."""
    off = np.abs(np.asarray(estimate.mean) - exact)
    return np.all(off <= 4 * np.asarray(estimate.error) + share * np.abs(exact))


@pytest.mark.slow
def test_against_the_exact_pair():
    numbers = {"coupling": 1.0, "injection": 0.8}
    exact = qb.batteries.IsingMachine(PAIR, 12, **numbers)
    full = qb.charge(exact, PUMP(1.0), [0.0, 3.0])
    assert int(full.status) == 0
    found = run(until=3.0, count=3000, step=0.03, **numbers)
    assert int(found.status) == 0
    assert float(found.smallness) == 1 / 16
    assert is_within(found.energy, full.energy, 0.01)
    assert is_within(found.correlations, exact.correlations(full), 0.01)
    assert is_within(found.success, full.success, 0.01)
    assert is_within(found.ising_energy, full.ising_energy, 0.01)
    assert 0.0 < float(found.energy.error[-1]) < 0.05
    assert float(found.gaussian_ergotropy.mean[-1]) < float(full.ergotropy[-1])
    assert float(found.gaussian_ergotropy.mean[-1]) > 0.8 * float(full.ergotropy[-1])


def test_below_threshold_moments_are_known():
    r"""Without pair loss the modes of K are squeezed: $\langle x^2\rangle = \frac{h}{2(r-S)}$."""
    heat, S, injection = 0.2, 0.3, 0.8
    coupling = 1e-4
    found = run(
        amplitude=2 * S / coupling, until=15.0, count=1000, step=0.1, coupling=coupling,
        injection=injection, signal_thermal=heat,
    )  # fmt: skip
    rates = np.array([0.5, 0.5 + injection])  # of a₁ − a₂ and a₁ + a₂
    noises = np.array([0.5 * (2 * heat + 1), 0.5 * (2 * heat + 1) + injection])
    x, p = (noises / (2 * (rates + sign * S)) for sign in (-1, 1))
    assert is_within(found.energy, np.array([found.energy.mean[0], np.sum(x + p - 1) / 2]))
    correlation = (x[1] - x[0]) / (x[1] + x[0])
    mean, error = (part[-1, 0, 1] for part in found.correlations)
    assert abs(float(mean) - correlation) < 4 * float(error)
    extracted = np.sum((x + p) / 2 - np.sqrt(x * p))
    mean, error = (part[-1] for part in found.gaussian_ergotropy)
    assert abs(float(mean) - extracted) < 4 * float(error)


@pytest.mark.slow
@pytest.mark.parametrize("pump", ["eliminated", "explicit"])
def test_four_hundred_photons(pump):
    found = run(amplitude=15.0, until=30.0, count=60, coupling=0.1, pump=pump)
    machine = qb.batteries.IsingMachine(PAIR, coupling=0.1)
    assert float(machine.mean_photons(15.0)) == pytest.approx(400.0)
    assert is_within(found.photons, np.array([found.photons.mean[0], [400.0] * 2]), 0.01)
    assert float(found.success.mean[-1]) == 1.0
    assert float(found.correlations.mean[-1, 0, 1]) < -0.99


@pytest.mark.slow
def test_explicit_pumps_against_one_dopo():
    battery = qb.batteries.DOPO(16, 4)
    exact = qb.charge(battery, PUMP(1.7), [0.0, 4.0])
    found = run(0 * PAIR, 1.7, count=8000, injection=0, pump="explicit")
    assert is_within(found.photons, np.asarray(exact.energy)[:, None], 0.01)


def test_a_frustrated_machine_of_many_cells():
    """Twenty-one spins: who looks at no pattern must be told the lowest energy."""
    ring = np.roll(np.eye(21), 1, axis=0)
    machine = qb.batteries.IsingMachine(-(ring + ring.T), coupling=0.2)
    asked = {"count": 8, "key": KEY}
    found = ising.phase_space(machine, PUMP(12.0), [0.0, 4.0], **asked)
    assert np.all(np.isnan(found.success.mean))
    told = ising.phase_space(machine, PUMP(12.0), [0.0, 4.0], **asked, ground_energy=-19)
    energies = ising.energy(machine.couplings, found.signs)[:, -1]
    assert float(told.success.mean[-1]) == np.mean(np.asarray(energies) <= -19)
    assert np.all(np.asarray(energies) >= -19)


def test_a_trajectory_is_the_same_in_any_company():
    few, many = (run(count=count, coupling=1.0) for count in (3, 300))
    np.testing.assert_allclose(few.amplitudes, many.amplitudes[:3], rtol=1e-12)


def test_steps_end_where_the_pump_is_switched_off():
    pump = qb.protocols.SwitchOff(1.0, 1.01)
    machine = qb.batteries.IsingMachine(PAIR, coupling=1.0)
    one, two = (
        ising.phase_space(machine, pump, times, count=4, key=KEY, step=0.1)
        for times in ([0.0, 2.0], [0.0, float(pump.edges()[0]), 2.0])
    )
    np.testing.assert_allclose(one.amplitudes[:, -1], two.amplitudes[:, -1], rtol=1e-12)


def test_derivatives_for_a_fixed_key():
    def energy(x):
        found = run(amplitude=x[0], until=1.0, count=5, step=0.02, coupling=x[1], injection=x[2])
        return found.energy.mean[-1]

    x = jnp.array([0.9, 1.1, 0.7])
    slope, value = jax.jit(jax.grad(energy))(x), jax.jit(energy)
    for k, direction in enumerate(np.eye(3)):
        assert float(slope[k]) == pytest.approx(
            float(central_difference(value, x, direction)), rel=GRADIENT
        )


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"coupling": 3.0}, ValueError, "`coupling` of the machine must be at most 2.828 in phase"),
        ({"count": 1}, ValueError, "`count` must be at least 2"),
        ({"step": 0.0}, ValueError, "`step` must be"),
        ({"amplitude": qb.protocols.Constant(1j)}, TypeError, "`protocol` must be real"),
    ],
)
def test_what_is_refused(given, error, message):
    with pytest.raises(error, match=message):
        run(**given)


@pytest.mark.slow
def test_traced_numbers_need_a_step():
    with pytest.raises(TypeError, match="`step` must be given where numbers of machine or proto"):
        jax.grad(lambda k: run(coupling=k).energy.mean[-1])(1.0)
