"""Work from the parts: against definitions, a search over unitaries, differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm
from scipy.optimize import minimize

from qbjax import merit
from qbjax.algebra.operators import partial_trace
from qbjax.merit.locality import PAULI
from tests.helpers import (
    EXACT,
    GRADIENT,
    central_difference,
    random_hermitian,
    random_state,
    tree_allclose,
)

QUBIT = np.array([0.0, 1.0])

SEARCH = 1e-9
"""What SciPy's BFGS leaves of a maximum."""


def total(A, B):
    """Of two factors that do not interact."""
    A, B = (np.diag(H) if H.ndim == 1 else H for H in (A, B))
    return np.kron(A, np.eye(len(B))) + np.kron(np.eye(len(A)), B)


@pytest.mark.parametrize("pair", [(2, 3), (3, 2)])
def test_definitions(pair):
    rho = random_state(0, 6)
    A, B = random_hermitian(1, pair[0]), np.array([0.4, 0.0, 1.0])[: pair[1]]
    apart = [merit.ergotropy(partial_trace(rho, pair, k), H) for k, H in enumerate((A, B))]
    for k in (0, 1):
        assert tree_allclose(merit.local_ergotropy(rho, [A, B], k), apart[k], rtol=EXACT)
    assert tree_allclose(merit.local_ergotropy(rho, [A, B]), apart[0] + apart[1], rtol=EXACT)
    gap = merit.ergotropy(rho, total(A, B)) - apart[0] - apart[1]
    assert tree_allclose(merit.ergotropic_gap(rho, [A, B]), gap, rtol=EXACT)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), rank=st.integers(1, 4))
def test_local_is_at_most_global(seed, rank):
    rho = random_state(seed, 4, rank=rank)
    A, B = random_hermitian(seed, 2), np.array([0.0, 1.3])
    H = total(A, B)
    local, everything = merit.local_ergotropy(rho, [A, B]), merit.ergotropy(rho, H)
    assert -EXACT < float(local) < float(everything) + EXACT
    assert tree_allclose(everything - local, merit.ergotropic_gap(rho, [A, B]), rtol=EXACT)
    one = merit.qubit_ergotropy(rho, H + np.diag([0.0, 0.5, 0.5, 0.0]), (2, 2), 0)
    assert float(one) < float(merit.ergotropy(rho, H + np.diag([0.0, 0.5, 0.5, 0.0]))) + EXACT


@pytest.mark.parametrize("overlap", [0.0, 0.3, 1.0])
def test_pure_states_of_two_qubits(overlap):
    """√a|00⟩ + √(1−a)|11⟩: the global ergotropy is 2(1−a), the gap 2 min(a, 1−a)."""
    psi = np.array([np.sqrt(overlap), 0.0, 0.0, np.sqrt(1 - overlap)])
    rho = np.outer(psi, psi)
    expected = 2 * min(overlap, 1 - overlap)
    assert tree_allclose(merit.ergotropic_gap(rho, [QUBIT, QUBIT]), expected, rtol=0, atol=EXACT)
    local = 2 * max(0.0, 1 - 2 * overlap)
    assert tree_allclose(merit.local_ergotropy(rho, [QUBIT, QUBIT]), local, rtol=0, atol=EXACT)


@pytest.mark.parametrize(("dims", "factor"), [((2, 3), 0), ((3, 2), 1), ((2, 2, 2), 1)])
@pytest.mark.parametrize("seed", range(2))
def test_a_qubit_that_interacts_against_a_search(dims, factor, seed):
    size = int(np.prod(dims))
    rho, H = random_state(seed, size), random_hermitian(seed + 9, size)
    before = int(np.prod(dims[:factor]))

    def kept(x):
        U = expm(1j * np.einsum("i,iab->ab", x, PAULI))
        U = np.kron(np.kron(np.eye(before), U), np.eye(size // before // 2))
        return np.trace(U @ rho @ U.conj().T @ H).real

    starts = np.random.default_rng(seed).normal(size=(4, 3)) * 2
    best = kept(np.zeros(3)) - min(minimize(kept, x, tol=1e-9).fun for x in starts)
    assert best > 0.1
    found = merit.qubit_ergotropy(rho, H, dims, factor)
    assert tree_allclose(found, best, rtol=SEARCH)


def test_a_qubit_without_interaction():
    rho, A, B = random_state(3, 6), random_hermitian(1, 2), random_hermitian(2, 3)
    found = merit.qubit_ergotropy(rho, total(A, B), (2, 3), 0)
    assert tree_allclose(found, merit.local_ergotropy(rho, [A, B], 0), rtol=EXACT)
    levels = np.add.outer(QUBIT, np.array([0.0, 2.0, 0.3])).ravel()
    found = merit.qubit_ergotropy(rho, levels, (2, 3), 0)
    assert tree_allclose(found, merit.local_ergotropy(rho, [QUBIT, np.zeros(3)], 0), rtol=EXACT)


@pytest.mark.parametrize("interacting", [True, False])
def test_gradients(interacting):
    rho, turn = 0.5 * random_state(3, 6) + 0.5 * np.eye(6) / 6, random_hermitian(5, 6)
    turn -= np.trace(turn) * np.eye(6) / 6
    A, B = random_hermitian(1, 2), random_hermitian(2, 3)
    H = total(A, B) + (random_hermitian(4, 6) if interacting else 0)

    def along(h):
        return merit.qubit_ergotropy(jnp.asarray(rho) + h * turn, H, (2, 3), 0)

    expected = central_difference(jax.jit(along), 0.0, step=1e-4)
    assert abs(expected) > 0.1
    assert tree_allclose(jax.jit(jax.grad(along))(0.0), expected, rtol=GRADIENT)

    def gap(h):
        return merit.ergotropic_gap(jnp.asarray(rho) + h * turn, [A, B])

    # Eigenvalues of ρ are 5e-3 apart, so that its fifth derivative is large.
    expected = central_difference(jax.jit(gap), 0.0, step=1e-5)
    assert tree_allclose(jax.jit(jax.grad(gap))(0.0), expected, rtol=GRADIENT)


@jax.jit
@jax.grad
def slope_of_everything(rho):
    return (
        merit.qubit_ergotropy(rho, np.diag([0.0, 1.0, 1.0, 2.0]), (2, 2), 1)
        + merit.ergotropic_gap(rho, [QUBIT, QUBIT])
        + merit.local_ergotropy(rho, [QUBIT, QUBIT])
    )


@pytest.mark.parametrize("rho", [np.eye(4) / 4, np.diag([1.0, 0, 0, 0]), np.full((4, 4), 0.25)])
def test_gradients_are_finite(rho):
    assert np.all(np.isfinite(slope_of_everything(rho)))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: merit.local_ergotropy(np.eye(4) / 4, [QUBIT]), r"`rho` must have shape \(2, 2\)"),
        (lambda: merit.local_ergotropy(np.eye(4) / 4, []), "one per factor, but is empty"),
        (lambda: merit.local_ergotropy(np.eye(4) / 4, [QUBIT, QUBIT], 2), "`factor` must be"),
        (lambda: merit.ergotropic_gap(np.eye(4), [QUBIT, QUBIT]), "`rho` must have trace 1"),
        (
            lambda: merit.qubit_ergotropy(np.eye(6) / 6, np.eye(6), (2, 3), 1),
            "`factor` must be a qubit, but has 3 levels",
        ),
        (
            lambda: merit.qubit_ergotropy(np.eye(4) / 4, np.eye(6), (2, 2), 1),
            r"`H` must have shape \(4, 4\)",
        ),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_what_is_no_list():
    with pytest.raises(TypeError, match="must be a list, but is"):
        merit.local_ergotropy(np.eye(4) / 4, 3)
