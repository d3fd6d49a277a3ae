"""Concurrence against QuTiP, known states, invariances and differences, at every rank."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip as qt

from qbjax import merit
from qbjax.merit.correlations import concurrence_of_matrix
from tests.helpers import (
    EXACT,
    GRADIENT,
    central_difference,
    random_hermitian,
    random_state,
    random_unitary,
    tree_allclose,
)

CONCURRENCE = jax.jit(concurrence_of_matrix)
GRADIENT_OF_MATRIX = jax.jit(jax.grad(concurrence_of_matrix))
SINGLET = np.array([0.0, 1.0, -1.0, 0.0]) / np.sqrt(2)


def projector(psi):
    psi = np.asarray(psi)
    return np.outer(psi, psi.conj())


def werner(p):
    return p * projector(SINGLET) + (1 - p) * np.eye(4) / 4


def mixed_with_singlet(seed, rank, weight, psi=SINGLET):
    """A state of a given rank that is entangled: a random one beside the singlet."""
    other = random_state(seed, 4, rank=rank - 1) if rank > 1 else 0
    return (1 - weight) * other + (weight if rank > 1 else 1) * projector(psi)


@pytest.mark.parametrize("rank", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", range(4))
def test_qutip(seed, rank):
    """QuTiP takes roots of the eigenvalues of ρρ̃: good to √ε where one of them vanishes."""
    rho = 0.4 * random_state(seed, 4, rank=rank) + 0.6 * mixed_with_singlet(seed, rank, 0.9)
    theirs = qt.concurrence(qt.Qobj(rho, dims=[[2, 2], [2, 2]]))
    assert theirs > 0.1
    assert tree_allclose(merit.concurrence(rho), theirs, rtol=0, atol=1e-7 if rank < 3 else 1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_pure_states(seed):
    """C = 2|c₀₀c₁₁ − c₀₁c₁₀|, to rounding: Wootters, Eq. (13)."""
    psi = random_unitary(seed, 4)[0]
    expected = 2 * abs(psi[0] * psi[3] - psi[1] * psi[2])
    assert tree_allclose(merit.concurrence(projector(psi)), expected, rtol=0, atol=EXACT)


@pytest.mark.parametrize("p", [0.0, 0.2, 1 / 3, 0.34, 0.6, 1.0])
def test_werner_states(p):
    """max(0, (3p − 1)/2)."""
    expected = max(0.0, (3 * p - 1) / 2)
    assert tree_allclose(merit.concurrence(werner(p)), expected, rtol=0, atol=EXACT)


def test_products_and_diagonal_states():
    product = np.kron(random_state(0, 2), random_state(1, 2))
    pure = np.kron(random_state(0, 2, rank=1), random_state(1, 2, rank=1))
    for rho in (product, pure, np.diag([0.1, 0.2, 0.3, 0.4]), np.eye(4) / 4):
        assert float(merit.concurrence(rho)) < EXACT


@pytest.mark.parametrize("rank", [1, 2, 4])
def test_invariances(rank):
    """Local unitaries and the exchange of the qubits change nothing."""
    rho = mixed_with_singlet(3, rank, 0.7)
    local = np.kron(random_unitary(1, 2), random_unitary(2, 2))
    swap = np.eye(4)[[0, 2, 1, 3]]
    for U in (local, swap):
        turned = U @ rho @ U.conj().T
        assert tree_allclose(merit.concurrence(turned), merit.concurrence(rho), rtol=0, atol=EXACT)


@pytest.mark.parametrize("small", [0.0, 1e-15, 1e-10, 1e-5])
def test_digits_beside_a_pure_state(small):
    """|ψ⟩ and a little |00⟩: C = 2|ρ₀₁,₁₀| without a loss of digits."""
    psi = np.array([0.5, 0.6, np.sqrt(0.39) * 1j, 0.0])
    rho = (1 - small) * projector(psi) + small * projector([1.0, 0, 0, 0])
    expected = 2 * (1 - small) * 0.6 * np.sqrt(0.39)
    assert tree_allclose(merit.concurrence(rho), expected, rtol=0, atol=EXACT)


@pytest.mark.parametrize("weight", [0.75, 0.95])
def test_gradient_at_full_rank(weight):
    """In every direction, forwards and backwards."""
    rho = mixed_with_singlet(5, 4, weight) * 0.9 + 0.1 * np.eye(4) / 4
    direction = random_hermitian(1, 4)
    direction -= np.trace(direction) * np.eye(4) / 4
    expected = central_difference(lambda h: CONCURRENCE(rho + h * direction), 0.0, step=1e-4)
    _, forward = jax.jvp(CONCURRENCE, (jnp.asarray(rho),), (jnp.asarray(direction),))
    gradient = GRADIENT_OF_MATRIX(rho)
    backward = np.sum(np.conj(np.conj(gradient)) * direction).real
    assert tree_allclose(forward, expected, rtol=GRADIENT)
    assert tree_allclose(backward, forward, rtol=EXACT)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_gradient_along_states_of_low_rank(rank):
    """A turn of the state and a change of its weights: its rank stays."""
    rho = mixed_with_singlet(2, rank, 0.8, np.array([0.0, 0.8, -0.6, 0.0]))
    turn = random_hermitian(7, 4)
    values, vectors = np.linalg.eigh(rho.astype(complex))
    weights = np.where(values > 1e-12, np.arange(4.0), 0.0)

    def along(h):
        U = jax.scipy.linalg.expm(1j * h * turn)
        new = jnp.asarray(np.where(values > 1e-12, values, 0.0)) * jnp.exp(h * weights)
        moved = (
            U
            @ (vectors * (new / jnp.sum(new)).astype(complex)[None, :])
            @ vectors.conj().T
            @ U.conj().T
        )
        return concurrence_of_matrix(moved)

    expected = central_difference(jax.jit(along), 0.0)
    assert abs(expected) > 0.01
    assert tree_allclose(jax.jit(jax.grad(along))(0.0), expected, rtol=GRADIENT)
    assert tree_allclose(jax.jit(jax.jacfwd(along))(0.0), expected, rtol=GRADIENT)


@pytest.mark.parametrize(
    "rho",
    [
        projector([1.0, 0, 0, 0]),
        projector(SINGLET),
        np.eye(4) / 4,
        werner(1 / 3),
        np.diag([0.5, 0.5, 0.0, 0.0]),
        0.5 * projector(SINGLET) + 0.5 * projector([1.0, 0, 0, 0]),
    ],
)
def test_gradients_are_finite(rho):
    """On pure, mixed, degenerate and diagonal states, also of complex type."""
    for given in (jnp.asarray(rho), jnp.asarray(rho, complex)):
        assert np.all(np.isfinite(GRADIENT_OF_MATRIX(given)))


def test_gradient_of_a_bell_state():
    """dC/dp of the Werner state is 3/2 at p = 1 from below; its λ are thrice degenerate at 0.9."""
    slope = jax.jit(
        jax.grad(
            lambda p: concurrence_of_matrix(
                p * jnp.asarray(projector(SINGLET)) + (1 - p) * jnp.eye(4) / 4
            )
        )
    )
    assert tree_allclose(slope(0.9), 1.5, rtol=EXACT)
    assert float(slope(0.2)) == 0


def test_batches():
    stack = jnp.stack([jnp.asarray(werner(p)) for p in (0.2, 0.6, 0.9)])
    assert tree_allclose(
        jax.jit(jax.vmap(merit.concurrence))(stack), jnp.array([0, 0.4, 0.85]), rtol=0, atol=EXACT
    )


@pytest.mark.parametrize(
    ("rho", "error", "words"),
    [
        (np.eye(2) / 2, ValueError, r"`rho` must have shape \(4, 4\)"),
        (np.eye(4), ValueError, "trace 1"),
        (np.diag([1.5, -0.5, 0, 0]), ValueError, "positive"),
        ("bell", TypeError, "`rho`"),
    ],
)
def test_bad_input(rho, error, words):
    with pytest.raises(error, match=words):
        merit.concurrence(rho)
