"""Energy, its variance and its rate."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qbjax import merit
from qbjax.algebra import operators, states
from tests.helpers import EXACT, random_hermitian, random_state, random_unitary, tree_allclose


def test_energy_is_counted_from_the_ground_state_whatever_the_order():
    rho = np.diag([0.2, 0.3, 0.5])
    assert tree_allclose(merit.energy(rho, np.array([5.0, 2.0, 3.0])), 1.1, rtol=EXACT)
    assert tree_allclose(merit.energy(rho, np.diag([5.0, 2.0, 3.0])), 1.1, rtol=EXACT)
    assert merit.energy(np.diag([0.0, 1.0, 0.0]), [5, 2, 3]) == 0.0


def test_energy_of_a_coherent_state():
    rho = states.density(states.coherent(60, 2.0 + 1.0j))
    assert tree_allclose(merit.energy(rho, jnp.arange(60.0)), 5.0, rtol=1e-10)
    assert tree_allclose(merit.energy(rho, operators.number(60)), 5.0, rtol=1e-10)
    assert tree_allclose(merit.energy_variance(rho, operators.number(60)), 5.0, rtol=1e-10)


@pytest.mark.parametrize("real_state", [True, False])
@pytest.mark.parametrize("real_H", [True, False])
def test_energetics_of_matrices_against_their_definitions(real_state, real_H):
    rho, H = random_state(0, 4, real=real_state), random_hermitian(1, 4, real=real_H)
    drho = random_hermitian(2, 4, real=real_state)
    mean = np.trace(rho @ H).real
    ground = np.linalg.eigvalsh(H)[0]
    assert tree_allclose(merit.energy(rho, H), mean - ground, rtol=EXACT)
    assert tree_allclose(
        merit.energy_variance(rho, H), np.trace(rho @ H @ H).real - mean**2, rtol=1e-11
    )
    assert tree_allclose(merit.instantaneous_power(drho, H), np.trace(drho @ H).real, rtol=EXACT)


def test_levels_and_their_matrix_agree():
    rho, drho, levels = random_state(3, 4), random_hermitian(4, 4), np.array([0.3, -1.0, 2.0, 2.0])
    for function, state in [
        (merit.energy, rho),
        (merit.energy_variance, rho),
        (merit.instantaneous_power, drho),
    ]:
        assert tree_allclose(function(state, levels), function(state, np.diag(levels)), rtol=EXACT)


def test_variance_keeps_its_digits_far_above_the_ground_state():
    rho = np.diag([0.5, 0.5])
    assert tree_allclose(merit.energy_variance(rho, [1e9, 1e9 + 1]), 0.25, rtol=1e-9)
    assert merit.energy_variance(np.diag([0.0, 1.0]), [0.0, 1.0]) == 0.0


def test_power_is_the_derivative_of_the_energy():
    U, levels = random_unitary(5, 3), np.array([0.0, 1.0, 3.0])
    rho, drho = random_state(6, 3), 1j * (U - U.conj().T)
    drho = drho - np.trace(drho) / 3 * np.eye(3)
    slope = jax.jvp(lambda r: merit.energy(r, levels), (rho,), (drho,))[1]
    assert tree_allclose(merit.instantaneous_power(drho, levels), slope, rtol=EXACT)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: merit.energy(np.eye(2), [0, 1]), "`rho` must have trace 1, but has trace 2"),
        (lambda: merit.energy(np.eye(2) / 2, [0, 1, 2]), r"`H` must have shape \(2,\)"),
        (lambda: merit.energy(np.eye(2) / 2, np.eye(3)), r"`H` must have shape \(2, 2\)"),
        (lambda: merit.energy(np.eye(2) / 2, [[0, 1], [0, 0]]), "`H` must be Hermitian"),
        (lambda: merit.energy_variance(np.eye(2) / 2, 1.0), r"`H` must have shape \(2,\) or"),
        (lambda: merit.instantaneous_power([[0, 1], [0, 0]], [0, 1]), "`drho` must be Hermitian"),
        (lambda: merit.instantaneous_power([1, 0], [0, 1]), r"`drho` must have shape \(d, d\)"),
    ],
)
def test_bad_arguments(call, words):
    with pytest.raises(ValueError, match=words):
        call()
