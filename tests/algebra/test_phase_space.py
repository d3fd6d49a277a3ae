"""The Wigner function: QuTiP's, closed forms, derivatives, refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip as qt

from qbjax import merit
from qbjax.algebra import states
from qbjax.algebra.phase_space import wigner
from tests.helpers import (
    EXACT,
    GRADIENT,
    REFERENCE,
    central_difference,
    random_state,
    tree_allclose,
)

X, P = np.linspace(-3.0, 3.5, 8), np.linspace(-2.5, 3.0, 7)


@pytest.mark.parametrize("real", [True, False])
def test_it_is_qutip_s(real):
    rho = random_state(5, 9, real=real)
    expected = qt.wigner(qt.Qobj(rho), X, P).T
    assert tree_allclose(wigner(rho, X, P), expected, rtol=REFERENCE)
    back = wigner(rho.conj(), X, -P)  # time runs back
    assert tree_allclose(back, expected, rtol=REFERENCE)


def test_a_coherent_state_of_forty_photons():
    alpha, far = 4.0 - 5.0j, np.linspace(-16.0, 16.0, 13)
    found = wigner(states.density(states.coherent(150, alpha)), far, far)
    x, p = np.sqrt(2) * alpha.real, np.sqrt(2) * alpha.imag
    exact = np.exp(-((far[:, None] - x) ** 2) - (far[None, :] - p) ** 2) / np.pi
    assert tree_allclose(found, exact, rtol=1e-10)
    assert np.max(exact) > 0.01


def test_highest_levels_and_the_integral():
    """Of level 299, whose last turn is at √599."""
    wide = np.linspace(-27.0, 27.0, 1201)
    top = wigner(np.diag(np.eye(300)[299]), [0.0], wide)[0]
    # Along a line through the origin W is −1/π at it, and its marginal is positive.
    assert tree_allclose(top[600], jnp.asarray(-1 / np.pi), rtol=1e-10)
    assert np.max(np.abs(top[:: len(wide) - 1])) < 1e-4
    rho, grid = random_state(2, 6), np.linspace(-7.0, 7.0, 57)
    area = np.sum(wigner(rho, grid, grid)) * (grid[1] - grid[0]) ** 2
    assert tree_allclose(area, 1.0, rtol=1e-10)


def test_parity_is_the_value_at_the_origin():
    rho = random_state(3, 7)
    there = np.pi * wigner(rho, [0.0], [0.0])[0, 0]
    assert tree_allclose(there, merit.parity(rho), rtol=EXACT)


@pytest.mark.parametrize("place", [0.0, 0.7])
def test_derivatives(place):
    """By place, the origin included, and by the state."""
    rho, change = random_state(1, 5), random_state(2, 5) - random_state(1, 5)

    @jax.jit
    def value(u):
        state = jnp.asarray(rho) + u[2].astype(complex) * jnp.asarray(change)
        return wigner(state, place + u[0][None], u[1][None])[0, 0]

    slopes = jax.grad(value)(jnp.zeros(3))
    for k, direction in enumerate(np.eye(3)):
        expected = central_difference(value, jnp.zeros(3), direction)
        assert tree_allclose(slopes[k], expected, rtol=GRADIENT), k


def test_too_many_levels():
    with pytest.raises(ValueError, match="`rho` must have at most 300 levels, but has 301"):
        wigner(np.diag(np.eye(301)[0]), [0.0], [0.0])
