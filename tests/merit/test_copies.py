"""Many copies: against Kronecker products, SciPy's root, each other, and differences."""

from functools import reduce

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from qbjax import merit
from tests.helpers import (
    EXACT,
    GRADIENT,
    REFERENCE,
    central_difference,
    random_hermitian,
    random_state,
    tree_allclose,
)

PASSIVE, LEVELS = np.diag([0.5, 0.49, 0.01]), np.array([0.0, 0.9, 1.0])
BOTH = (lambda rho, H: merit.ergotropy_per_copy(rho, H, 3), merit.total_ergotropy)

# One program per shape and number of copies; without `jit` each operation is one.
total_ergotropy = jax.jit(merit.total_ergotropy)
per_copy = jax.jit(merit.ergotropy_per_copy, static_argnums=2)


def gibbs(levels, beta):
    weights = np.exp(-beta * (levels - levels.min()))
    return weights / weights.sum()


def traceless(seed, d):
    A = random_hermitian(seed, d)
    return A - np.trace(A) * np.eye(d) / d


@pytest.mark.parametrize(("d", "n"), [(2, 3), (3, 4), (4, 3), (5, 1)])
def test_kronecker_products(d, n):
    rho, H = random_state(d, d), random_hermitian(n, d)
    whole = reduce(np.kron, [rho] * n)
    terms = [[H if j == k else np.eye(d) for j in range(n)] for k in range(n)]
    expected = merit.ergotropy((whole + whole.conj().T) / 2, sum(reduce(np.kron, t) for t in terms))
    assert tree_allclose(per_copy(rho, H, n), expected / n, rtol=EXACT)


@pytest.mark.parametrize("d", [2, 3, 5])
@pytest.mark.parametrize("missing", [0, 1])
def test_total_ergotropy_against_scipy(d, missing):
    rho, H = random_state(d, d, rank=d - missing), random_hermitian(d, d)
    levels, r = np.linalg.eigvalsh(H), np.linalg.eigvalsh(rho)[missing:]

    def entropy(p):
        return -np.sum(p[p > 0] * np.log(p[p > 0]))

    if d - missing == 1:
        left = levels[0]
    else:
        root = brentq(lambda b: entropy(gibbs(levels, b)) - entropy(r), 1e-9, 1e4, xtol=1e-15)
        left = gibbs(levels, root) @ levels
    expected = np.trace(rho @ H).real - left
    assert tree_allclose(total_ergotropy(rho, H), expected, rtol=REFERENCE)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), rank=st.integers(1, 3))
def test_more_copies_are_worth_more_and_total_ergotropy_most(seed, rank):
    rho, H = random_state(seed, 3, rank=rank), random_hermitian(seed, 3)
    works = [float(merit.ergotropy(rho, H))]
    works += [float(per_copy(rho, H, n)) for n in (2, 4, 12)]
    works += [float(total_ergotropy(rho, H))]
    assert np.all(np.diff(works) > -EXACT)


def test_the_limit():
    """The missing work falls like ln n/n; a passive state alone is worth nothing."""
    total = float(total_ergotropy(PASSIVE, LEVELS))
    missing = [total - float(per_copy(PASSIVE, LEVELS, n)) for n in (1, 50, 200)]
    assert tree_allclose(missing[0], total, rtol=EXACT)
    assert 0 < missing[2] < 0.35 * missing[1] < 0.02


@pytest.mark.parametrize("n", [2, 7, 900])
def test_a_qubit_keeps_nothing_for_more_copies(n):
    rho, H = random_state(1, 2), random_hermitian(2, 2)
    alone = merit.ergotropy(rho, H)
    # What a sum of 900 stairs rounds.
    assert tree_allclose(per_copy(rho, H, n), alone, rtol=1e-11)
    assert tree_allclose(total_ergotropy(rho, H), alone, rtol=EXACT)


@pytest.mark.parametrize("beta", [0.0, 1e-8, 1e-3, 0.9, 1.1, 5.0, 30.0, np.inf])
def test_gibbs_states_are_worth_nothing(beta):
    levels = np.array([1.0, 0.3, 0.0])
    p = gibbs(levels, beta) if np.isfinite(beta) else np.array([0.0, 0.0, 1.0])
    assert abs(float(total_ergotropy(np.diag(p), levels))) < 1e-15
    assert abs(float(per_copy(np.diag(p), levels, 20))) < EXACT


def test_degenerate_levels():
    """Below the ground level's entropy everything is extracted; of equal levels nothing."""
    pair = np.array([0.0, 0.0, 1.0])
    rho = np.diag([0.2, 0.0, 0.8])
    assert tree_allclose(total_ergotropy(rho, pair), 0.8, rtol=EXACT)
    assert tree_allclose(total_ergotropy(np.diag([0.5, 0, 0.5]), pair), 0.5, rtol=EXACT)
    rho = random_state(2, 3)
    assert abs(float(total_ergotropy(rho, np.ones(3)))) < EXACT
    assert abs(float(per_copy(rho, np.ones(3), 3))) < EXACT
    for H in (pair, np.ones(3)):
        assert np.all(np.isfinite(jax.jit(jax.grad(merit.total_ergotropy))(jnp.asarray(rho), H)))


@pytest.mark.parametrize("work", BOTH, ids=["copies", "total"])
def test_gradients(work):
    """By the state and by the Hamiltonian, forwards and backwards."""
    rho, H, turn = random_state(1, 3), random_hermitian(2, 3), traceless(5, 3)
    for along in (
        lambda h: work(jnp.asarray(rho) + h * turn, H),
        lambda h: work(rho, jnp.asarray(H) + h * turn),
    ):
        expected = central_difference(jax.jit(along), 0.0, step=1e-4)
        assert abs(expected) > 0.1
        assert tree_allclose(jax.jit(jax.grad(along))(0.0), expected, rtol=GRADIENT)
        assert tree_allclose(jax.jit(jax.jacfwd(along))(0.0), expected, rtol=GRADIENT)


def test_second_derivative():
    rho, turn = random_state(1, 3), traceless(5, 3)

    def along(h):
        return total_ergotropy(jnp.asarray(rho) + h * turn, LEVELS)

    expected = central_difference(jax.jit(jax.grad(along)), 0.0, step=1e-4)
    assert tree_allclose(jax.jit(jax.hessian(along))(0.0), expected, rtol=GRADIENT)


@jax.jit
@jax.grad
def slope_of_a_qubit(q):
    """Of total ergotropy by the population of the lower level."""
    return merit.total_ergotropy(jnp.diag(jnp.stack([q, 1 - q])), np.array([0.0, 1.0]))


@pytest.mark.parametrize("q", [0.0, 1e-14, 1e-10, 0.1, 0.4])
def test_gradient_of_an_almost_pure_qubit(q):
    """Populations 1 − q and q of levels 0 and 1 are passive; turned over they lose 2 per q."""

    # 1e-10 has six digits more than rounding.
    assert tree_allclose(slope_of_a_qubit(q), -2.0, rtol=1e-6 if q < 1e-6 else 1e-11)


SLOPES = [jax.jit(jax.grad(work, argnums=(0, 1))) for work in BOTH]


@pytest.mark.parametrize("slopes", SLOPES, ids=["copies", "total"])
@pytest.mark.parametrize(
    "rho", [np.diag([0, 0, 1.0]), np.eye(3) / 3, np.diag([0.5, 0.5, 0]), np.full((3, 3), 1 / 3)]
)
def test_gradients_are_finite(rho, slopes):
    for given_ in slopes(np.asarray(rho, float), LEVELS):
        assert np.all(np.isfinite(given_))


@pytest.mark.parametrize(
    ("copies", "error", "words"),
    [
        (0, ValueError, "`copies` must be at least 1"),
        (2.5, TypeError, "`copies` must be an integer"),
        (5000, ValueError, r"at most 1666666 ways .* but is 5000: 12507501 ways"),
        (700, ValueError, "dimension 3\\*\\*700; qb.merit.total_ergotropy is the limit"),
    ],
)
def test_bad_copies(copies, error, words):
    with pytest.raises(error, match=words):
        merit.ergotropy_per_copy(PASSIVE, LEVELS, copies)


def test_bad_states():
    for work in BOTH:
        with pytest.raises(ValueError, match="`rho` must have trace 1"):
            work(np.eye(3), LEVELS)
        with pytest.raises(ValueError, match=r"`H` must have shape \(3,\)"):
            work(PASSIVE, np.ones(2))
