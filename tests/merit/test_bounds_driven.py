"""Bounds of driven systems: where they are reached, what they cost, how they move."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from qbjax import merit
from qbjax.algebra import operators
from qbjax.merit import bounds
from qbjax.merit.bounds.backward import absolute
from tests.helpers import (
    EXACT,
    GRADIENT,
    REFERENCE,
    central_difference,
    random_hermitian,
    random_state,
    tree_allclose,
)

LEVELS = np.array([0.0, 1.0])
SX = np.eye(2)[::-1]
LOWER = np.array([[0.0, 1.0], [0.0, 0.0]])
QUBIT = bounds.Driven(np.zeros((2, 2)), [SX], LEVELS)
PHOTONS = 4
DIMS = (2, PHOTONS + 2)
UP, A = operators.embed(LOWER.T, DIMS, 0), operators.embed(operators.destroy(DIMS[1]), DIMS, 1)
EXCHANGE = UP @ A + UP.T @ A.T
NUMBER = A.T @ A


@pytest.mark.parametrize("time", [0.3, 1.0, 1.5, 2.0])
def test_a_qubit_reaches_the_angle(time):
    """Driven from one level it has sin²T, up to π/2; with any drift that commutes, as well."""
    reached = np.sin(min(time, np.pi / 2)) ** 2
    reach = bounds.Reach(time, -1.0, 1.0)
    assert abs(bounds.angle_energy(QUBIT, reach) - reached) < EXACT
    tilted = bounds.Driven(np.diag([0.3, 1.7]), [SX], LEVELS)
    assert abs(bounds.angle_energy(tilted, reach) - reached) < EXACT
    naive = bounds.backward_energy(QUBIT, reach).energy
    assert abs(naive - min(1.0, time)) < EXACT


def test_a_spin_and_a_photon_number_reach_the_angle_in_their_sector():
    start = np.eye(DIMS[1] * 2)[PHOTONS]
    whole = bounds.Driven(0.3 * NUMBER, [EXCHANGE], UP @ UP.T, start=start)
    pair = whole.compressed(bounds.reachable([NUMBER, EXCHANGE], start))
    assert pair.size == 2
    time = 0.7 / np.sqrt(PHOTONS)
    reach = bounds.Reach(time, 0.0, 1.0)
    assert abs(bounds.angle_energy(pair, reach) - np.sin(0.7) ** 2) < EXACT
    assert bounds.angle_energy(whole, reach) > np.sin(0.7) ** 2 + 0.05


@pytest.mark.parametrize("start", [0.2, 0.9, 2.0])
def test_a_qubit_that_starts_anywhere_turns_to_the_top(start):
    ket = np.array([np.cos(start), np.sin(start)])
    driven = bounds.Driven(np.zeros((2, 2)), [[[0, -1j], [1j, 0]]], LEVELS, start=ket)
    found = bounds.angle_energy(driven, bounds.Reach(0.4, -1.0, 1.0))
    angle = np.arcsin(np.sin(start))
    assert abs(found - np.sin(min(angle + 0.4, np.pi / 2)) ** 2) < EXACT


def test_two_quadratures_turn_as_fast_as_their_root_of_squares():
    both = bounds.Driven(np.zeros((2, 2)), [SX, [[0, -1j], [1j, 0]]], LEVELS)
    found = bounds.angle_energy(both, bounds.Reach(0.5, [-1.0, -1.0], [1.0, 1.0]))
    assert abs(found - np.sin(0.5 * np.sqrt(2)) ** 2) < EXACT


@pytest.mark.parametrize("scale", [0.0, 1.0])
def test_noise_that_leaves_the_cell_alone_costs_nothing(scale):
    """A photon that leaks, and dephasing of the spin: what they do to the rest is not seen."""
    leaks = [0.5 * scale * A, scale * UP @ UP.T]
    pair = bounds.Driven(NUMBER, [EXCHANGE], UP @ UP.T, leaks, np.eye(DIMS[1] * 2)[1])
    pair = pair.compressed(bounds.reachable([EXCHANGE, *leaks], np.eye(DIMS[1] * 2)[1]))
    found = bounds.angle_energy(pair, bounds.Reach(0.7, -1.0, 1.0))
    assert abs(found - np.sin(0.7) ** 2) < EXACT


def test_a_cell_that_decays_turns_less():
    """The equation of the angle, by SciPy; and noise that heats leaves no bound but all."""
    decaying = bounds.Driven(np.zeros((2, 2)), [SX], LEVELS, [np.sqrt(0.8) * LOWER])
    reach = bounds.Reach([0.6, 0.5], [[-1.0], [-0.1]], [[0.9], [0.1]])

    def slope(t, x):
        return (1.0 if t < 0.6 else 0.1) - 0.4 * np.tan(x)

    exact = solve_ivp(slope, (0.0, 1.1), [0.0], rtol=1e-10, atol=1e-12, max_step=0.01).y[0, -1]
    found = bounds.angle_energy(decaying, reach)
    assert np.sin(exact) ** 2 < found < np.sin(exact) ** 2 + 2e-3
    heated = bounds.Driven(np.zeros((2, 2)), [SX], LEVELS, [LOWER, 0.1 * LOWER.T])
    assert bounds.angle_energy(heated, reach) == 1.0


def test_an_area_is_worth_more_than_a_peak():
    found = bounds.angle_energy(QUBIT, bounds.Reach(3.0, -1.0, 1.0, area=[0.4]))
    assert abs(found - np.sin(0.4) ** 2) < EXACT


def test_a_drift_that_charges_counts():
    """Nothing is controlled, and the drift alone fills a qubit."""
    driven = bounds.Driven(SX, [np.zeros((2, 2))], LEVELS)
    reach = bounds.Reach(0.6, -1.0, 1.0)
    assert abs(bounds.angle_energy(driven, reach) - np.sin(0.6) ** 2) < EXACT


@pytest.fixture(scope="module")
def lossy():
    """Three levels, two jumps and a start of full rank."""
    jumps = [random_hermitian(k, 3) / 3 + 0.2j * random_hermitian(k + 9, 3) for k in range(2)]
    H, C = random_hermitian(3, 3), random_hermitian(4, 3)
    return bounds.Driven(H, [C], np.array([0.5, 1.0, 2.5]), jumps, random_state(5, 3))


def evolved(driven, pulse):
    """The energy after a pulse of (duration, amplitude), by exponentials of QuTiP's order."""
    d, one = driven.size, np.eye(driven.size)
    L = sum(
        np.kron(J.conj(), J)
        - np.kron(one, J.conj().T @ J) / 2
        - np.kron((J.conj().T @ J).T, one) / 2
        for J in np.asarray(driven.noise)
    )
    rho = np.asarray(driven.start).ravel(order="F")
    for duration, u in pulse:
        H = np.asarray(driven.hamiltonian + u * driven.controls[0])
        rho = expm(duration * (L - 1j * (np.kron(one, H) - np.kron(H.T, one)))) @ rho
    return float(merit.energy(rho.reshape(d, d, order="F"), driven.stored))


def test_fixed_signals_leave_the_energy_itself(lossy):
    pulse = [(0.3, 0.7), (0.2, -1.1), (0.4, 0.2)]
    durations, u = np.array(pulse).T
    reach = bounds.Reach(durations, u[:, None], u[:, None])
    exact = evolved(lossy, pulse)
    found = bounds.backward_energy(lossy, reach, steps=64)
    assert exact <= found.energy <= exact + 2 * found.margin
    assert 0 < found.margin < 2e-3
    finer = bounds.backward_energy(lossy, reach, steps=128)
    assert 3 < found.margin / finer.margin < 5


def test_the_best_of_many_pulses_is_near(lossy):
    """A bound that is worth something: constant signals at the ends of their range."""
    reach = bounds.Reach(0.4, -0.3, 0.3)
    best = max(evolved(lossy, [(0.2, a), (0.2, b)]) for a in (-0.3, 0.3) for b in (-0.3, 0.3))
    found = bounds.backward_energy(lossy, reach).energy
    assert best < found < best + 0.2


def test_one_sign_of_a_signal_is_less_than_both(lossy):
    one = bounds.backward_energy(lossy, bounds.Reach(0.4, 0.0, 0.6)).energy
    both = bounds.backward_energy(lossy, bounds.Reach(0.4, -0.6, 0.6)).energy
    assert one < both - 0.01


def test_two_levels_are_as_fast_as_they_may_be():
    rho, drho = random_state(1, 2), random_hermitian(2, 2)
    drho = drho - np.eye(2) * np.trace(drho) / 2
    H = random_hermitian(3, 2)
    power = abs(merit.instantaneous_power(drho, H))
    assert abs(bounds.information_power(rho, drho, H) - power) < EXACT


def test_equal_energies_count_as_one():
    """Populations that move between them are no information about the energy."""
    levels = np.array([0.0, 1.0, 1.0])
    rho, drho = np.diag([0.5, 0.2, 0.3]), np.diag([-0.1, 0.9, -0.8])
    assert abs(bounds.information_power(rho, drho, levels) - 0.1) < EXACT
    turned = operators.number(3).astype(complex)
    turned[1:, 1:] = 1 * np.eye(2)
    assert abs(bounds.information_power(rho, drho, turned) - 0.1) < EXACT


def test_a_ground_state_that_is_pumped_has_a_bound_and_a_slope():
    drho = np.diag([-0.3, 0.2, 0.1])

    def power(x):
        rho = jnp.diag(jnp.stack([1 - x, x, 0 * x]))
        return bounds.information_power(rho, drho, np.array([0.0, 1.0, 3.0]))

    value, slope = jax.value_and_grad(power)(jnp.asarray(0.0))
    assert abs(value - 0.5) < EXACT
    assert jnp.isfinite(slope)
    assert power(0.01) >= 0.5


def scaled(driven, x):
    """The same with all operators stronger by x; by eye, a function to differentiate."""
    parts = (driven.hamiltonian, driven.controls, driven.stored, driven.noise)
    H, C, B, L = (a * (1 + k * x).astype(complex) for k, a in enumerate(parts, 1))
    return bounds.Driven(H, C, B, L, driven.start)


def test_slopes_of_the_bounds(lossy):
    closed = bounds.Driven(
        random_hermitian(6, 3), [random_hermitian(7, 3)], np.arange(3.0), start=random_state(8, 3)
    )

    def both(x):
        backward = bounds.backward_energy(
            scaled(lossy, x), bounds.Reach(0.3, -0.5, 0.4 + x), steps=8
        )
        angle = bounds.angle_energy(scaled(closed, x), bounds.Reach(0.1, -0.5, 0.4 + x))
        return jnp.stack([backward.energy, angle])

    differences = central_difference(jax.jit(both), 0.1, step=1e-3)
    assert tree_allclose(jax.jit(jax.jacfwd(both))(0.1), differences, rtol=GRADIENT)


@pytest.mark.slow  # its fast sibling is the one before
def test_a_slope_backwards(lossy):
    """Reverse mode, by one end of the signal's range."""

    def bound(high):
        return bounds.backward_energy(lossy, bounds.Reach(0.3, -0.5, high), steps=4).energy

    slope = jax.grad(bound)(0.4)
    assert abs(slope - central_difference(bound, 0.4, step=1e-3)) < GRADIENT


def test_the_slope_of_an_absolute_value_with_equal_eigenvalues():
    """X ⊗ 1 is degenerate, and moves off its eigenspaces."""
    X = np.kron(random_hermitian(1, 2), np.eye(2))
    dX = random_hermitian(2, 4)
    _, slope = jax.jvp(absolute, (jnp.asarray(X),), (jnp.asarray(dX),))
    differences = central_difference(lambda h: absolute(jnp.asarray(X + h * dX)), 0.0, step=1e-3)
    assert tree_allclose(slope, differences, rtol=REFERENCE)


def test_what_is_refused():
    with pytest.raises(ValueError, match="`reach` must have 1 signals"):
        bounds.backward_energy(QUBIT, bounds.Reach(1.0, [-1.0, 0.0], [1.0, 1.0]))
    with pytest.raises(ValueError, match="`high` must not be below"):
        bounds.Reach(1.0, 1.0, -1.0)
    with pytest.raises(TypeError, match="`operators` must be known numbers"):
        jax.jit(lambda x: bounds.reachable([x * SX], np.eye(2)[0]))(1.0)
