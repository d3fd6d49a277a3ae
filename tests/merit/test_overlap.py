"""Fidelity against QuTiP, closed forms and differences, at every rank."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip as qt

from qbjax import merit
from qbjax.merit.overlap import _of_matrices
from tests.helpers import (
    EXACT,
    GRADIENT,
    central_difference,
    random_hermitian,
    random_state,
    random_unitary,
    tree_allclose,
)


def projector(psi):
    return np.outer(psi, np.conj(psi))


@pytest.mark.parametrize("first", [1, 2, 4])
@pytest.mark.parametrize("second", [1, 3, 4])
def test_qutip(first, second):
    """QuTiP gives the root, of eigenvalues that are good to √ε where the product has zeros."""
    rho, sigma = random_state(1, 4, rank=first), random_state(2, 4, rank=second)
    theirs = qt.fidelity(qt.Qobj(rho), qt.Qobj(sigma)) ** 2
    assert theirs > 0.01
    assert tree_allclose(merit.fidelity(rho, sigma), theirs, rtol=0, atol=1e-7)
    if first == second == 4:
        assert tree_allclose(merit.fidelity(rho, sigma), theirs, rtol=EXACT)


def test_a_ket_is_its_projector():
    rho, psi, phi = random_state(0, 3), random_unitary(1, 3)[0], random_unitary(2, 3)[0]
    expected = (psi.conj() @ rho @ psi).real
    for pair in ((rho, psi), (psi, rho), (rho, projector(psi)), (projector(psi), rho)):
        assert tree_allclose(merit.fidelity(*pair), expected, rtol=EXACT)
    overlap = abs(psi.conj() @ phi) ** 2
    assert tree_allclose(merit.fidelity(psi, phi), overlap, rtol=EXACT)
    assert tree_allclose(merit.fidelity(projector(psi), projector(phi)), overlap, rtol=EXACT)


@pytest.mark.parametrize("rank", [1, 2, 4])
def test_invariances(rank):
    rho, sigma, U = random_state(1, 4, rank=rank), random_state(2, 4), random_unitary(3, 4)
    found = merit.fidelity(rho, sigma)
    assert tree_allclose(merit.fidelity(sigma, rho), found, rtol=EXACT)
    turned = (U @ A @ U.conj().T for A in (rho, sigma))
    assert tree_allclose(merit.fidelity(*turned), found, rtol=EXACT)
    assert tree_allclose(merit.fidelity(rho, rho), 1.0, rtol=EXACT)


def test_classical_states():
    """(Σ √pq)²."""
    p, q = np.array([0.1, 0.2, 0.7]), np.array([0.5, 0.0, 0.5])
    expected = np.sum(np.sqrt(p * q)) ** 2
    assert tree_allclose(merit.fidelity(np.diag(p), np.diag(q)), expected, rtol=EXACT)


@pytest.mark.parametrize("place", [0, 1])
def test_gradient_at_full_rank(place):
    pair = [0.5 * random_state(k, 3) + 0.5 * np.eye(3) / 3 for k in (1, 2)]
    direction = random_hermitian(5, 3)
    direction -= np.trace(direction) * np.eye(3) / 3

    def along(h):
        moved = [jnp.asarray(A, complex) for A in pair]
        moved[place] += h * direction
        return _of_matrices(*moved)

    expected = central_difference(jax.jit(along), 0.0)
    assert abs(expected) > 0.01
    assert tree_allclose(jax.jit(jax.grad(along))(0.0), expected, rtol=GRADIENT)
    assert tree_allclose(jax.jit(jax.jacfwd(along))(0.0), expected, rtol=GRADIENT)


def test_gradient_along_states_of_low_rank():
    """A turn of a state of two levels in three keeps its rank."""
    rho, sigma, turn = (
        random_state(1, 3, rank=2),
        random_state(2, 3, rank=2),
        random_hermitian(7, 3),
    )

    def along(h):
        U = jax.scipy.linalg.expm(1j * h * turn)
        return _of_matrices(U @ rho @ U.conj().T, jnp.asarray(sigma))

    expected = central_difference(jax.jit(along), 0.0)
    assert abs(expected) > 0.01
    assert tree_allclose(jax.jit(jax.grad(along))(0.0), expected, rtol=GRADIENT)


def test_gradient_where_an_orthogonal_pure_target_is_approached():
    """F = p: 0 at first, with the slope 1, as a matrix and as a ket."""
    for target in (np.diag([0.0, 1.0, 0.0]), np.array([0.0, 1.0, 0.0])):

        def along(p, target=target):
            return merit.fidelity(jnp.diag(jnp.stack([1 - p, p, 0 * p])), target)

        slope = jax.jit(jax.grad(along))
        assert tree_allclose(slope(0.0), 1.0, rtol=EXACT)
        assert tree_allclose(slope(0.3), 1.0, rtol=EXACT)
    assert jax.grad(lambda a: merit.fidelity(jnp.stack([1.0, a]), np.array([0.0, 1.0])))(0.0) == 0


SLOPES = jax.jit(jax.grad(merit.fidelity, argnums=(0, 1)))


@pytest.mark.parametrize("rho", [np.diag([1.0, 0, 0]), np.eye(3) / 3, np.diag([0.5, 0.5, 0])])
@pytest.mark.parametrize("sigma", [np.diag([0, 0, 1.0]), np.eye(3) / 3, np.diag([0.5, 0.5, 0])])
def test_gradients_are_finite(rho, sigma):
    for given in SLOPES(jnp.asarray(rho), jnp.asarray(sigma)):
        assert given.dtype == float
        assert np.all(np.isfinite(given))


@pytest.mark.parametrize(
    ("rho", "sigma", "error", "words"),
    [
        (np.eye(2), np.eye(2) / 2, ValueError, "`rho` must have trace 1"),
        (np.eye(2) / 2, np.eye(3) / 3, ValueError, r"`sigma` must have shape \(2, 2\)"),
        (np.eye(2) / 2, np.ones(2), ValueError, "`sigma` must have norm 1"),
        (np.eye(2) / 2, "up", TypeError, "`sigma`"),
    ],
)
def test_bad_input(rho, sigma, error, words):
    with pytest.raises(error, match=words):
        merit.fidelity(rho, sigma)
