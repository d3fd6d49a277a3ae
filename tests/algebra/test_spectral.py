"""Spectra: values, first and second derivatives, and the ties where the textbook forms give
NaN."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qbjax.algebra import spectral
from tests.helpers import (
    EXACT,
    GRADIENT,
    central_difference,
    random_hermitian,
    random_state,
    random_unitary,
    tree_allclose,
)

REAL = pytest.mark.parametrize("real", [True, False])
LEVELS = np.arange(4.0)

VACUUM = np.diag([1.0, 0.0, 0.0, 0.0])
EXCITED = VACUUM[::-1, ::-1].copy()
MIXED = np.eye(4) / 4
UNIFORM = np.full((4, 4), 0.25)


def passive_energy(rho):
    """Sum of r_n n, r descending: the simplest smooth function of a spectrum that is not
    symmetric."""
    return jnp.sum(spectral.eigenvalues(rho)[::-1] * LEVELS)


def ergotropy(rho):
    return jnp.sum(jnp.diag(rho).real * LEVELS) - passive_energy(rho)


@REAL
def test_values_are_those_of_numpy(real):
    rho = random_state(0, 5, real=real)
    assert tree_allclose(spectral.eigenvalues(rho), np.linalg.eigvalsh(rho), rtol=EXACT)
    values, V = spectral.eigensystem(rho)
    assert V.dtype == rho.dtype
    assert tree_allclose(spectral.rotated(V, jnp.asarray(rho)).real, jnp.diag(values), rtol=EXACT)


def test_the_anti_hermitian_part_is_dropped():
    rho = random_state(0, 4)
    noise = 1j * random_hermitian(1, 4)
    assert tree_allclose(spectral.eigenvalues(rho + noise), np.linalg.eigvalsh(rho), rtol=EXACT)


@REAL
@pytest.mark.parametrize("seed", range(3))
def test_first_derivatives_away_from_ties(real, seed):
    rho, step = random_state(seed, 5, real=real), random_hermitian(seed + 9, 5, real=real) / 10
    expected = central_difference(lambda t: spectral.eigenvalues(rho + t * step), 0.0)
    forward = jax.jvp(spectral.eigenvalues, (rho,), (step,))[1]
    reverse = jax.jacrev(lambda t: spectral.eigenvalues(rho + (t * step).astype(rho.dtype)))
    assert tree_allclose(forward, expected, rtol=GRADIENT)
    assert tree_allclose(reverse(jnp.asarray(0.0, rho.dtype)).real, expected, rtol=GRADIENT)


@REAL
def test_second_derivatives_away_from_ties(real):
    rho = random_state(3, 4, real=real)
    step = random_hermitian(4, 4, real=real) / 10

    def along(t):
        return passive_energy(rho + jnp.asarray(t, rho.dtype) * step)

    slope = jax.jit(jax.jacfwd(along))
    expected = float(central_difference(slope, 0.0))
    both = jax.jit(lambda t: (jax.jacfwd(slope)(t), jax.hessian(along)(t)))
    assert tree_allclose(both(0.0), (expected, expected), rtol=GRADIENT)


@pytest.mark.parametrize("rho", [VACUUM, EXCITED, MIXED, UNIFORM])
@REAL
def test_first_and_second_derivatives_are_finite_at_ties(rho, real):
    rho = rho if real else rho.astype(complex)

    def of_elements(x):
        return passive_energy(rho + x.reshape(4, 4).astype(rho.dtype))

    kinds = (jax.grad, jax.hessian, lambda f: jax.jacfwd(jax.jacfwd(f)))
    everything = jax.jit(lambda x: [kind(of_elements)(x) for kind in kinds])
    assert all(jnp.isfinite(derivative).all() for derivative in everything(jnp.zeros(16)))


@pytest.mark.parametrize(
    ("rho", "gradient", "slope"),
    [(EXCITED, -3.0, -2.25), (MIXED, 0.0, 1.5)],
    ids=["pure", "maximally mixed"],
)
def test_at_a_tie_the_gradient_is_a_subgradient_and_the_directional_derivative_is_exact(
    rho, gradient, slope
):
    step = UNIFORM - rho
    assert tree_allclose(
        jax.jit(jax.grad(lambda t: ergotropy(rho + t * step)))(0.0), gradient, rtol=EXACT
    )
    _, slopes = spectral.directional_derivative(rho, step)
    exact = jnp.sum(jnp.diag(step) * LEVELS) - jnp.sum(slopes[::-1] * LEVELS)
    assert tree_allclose(exact, slope, rtol=EXACT)
    small = 1e-7
    assert tree_allclose((ergotropy(rho + small * step) - ergotropy(rho)) / small, slope, rtol=1e-5)


@REAL
def test_directional_derivative_is_the_jvp_away_from_ties(real):
    rho, step = random_state(5, 5, real=real), random_hermitian(6, 5, real=real)
    expected = jax.jvp(spectral.eigenvalues, (rho,), (step,))
    assert tree_allclose(spectral.directional_derivative(rho, step), expected, rtol=1e-11)


@REAL
def test_directional_derivative_in_clusters_of_two_and_three(real):
    U = random_unitary(7, 6, real=real)
    rho = U @ np.diag([0.3, 0.3, 0.1, 0.1, 0.1, 0.1 + 1e-4]) @ U.conj().T
    step = random_hermitian(8, 6, real=real)
    small = 1e-8
    moved = (np.linalg.eigvalsh(rho + small * step) - np.linalg.eigvalsh(rho)) / small
    values, slopes = spectral.directional_derivative(rho, step)
    assert tree_allclose(values, np.linalg.eigvalsh(rho), rtol=EXACT)
    assert tree_allclose(slopes, moved, rtol=0, atol=1e-3)


def test_directional_derivative_mixes_real_and_complex_and_takes_no_motion():
    step = random_hermitian(1, 4)
    assert tree_allclose(
        spectral.directional_derivative(MIXED, step)[1], np.linalg.eigvalsh(step), rtol=EXACT
    )
    assert spectral.directional_derivative(VACUUM, np.zeros((4, 4)))[1].tolist() == [0.0] * 4


@pytest.mark.parametrize("name", ["generic", "vacuum"])
def test_directional_derivative_can_be_differentiated(name):
    rho = {"generic": random_state(2, 4, real=True), "vacuum": VACUUM}[name]
    step, turn = random_hermitian(3, 4, real=True), random_hermitian(4, 4, real=True) / 10

    def slope(t):
        return jnp.sum(spectral.directional_derivative(rho + t * turn, step)[1] * LEVELS)

    gradient = jax.jit(jax.grad(slope))(0.0)
    assert jnp.isfinite(gradient)
    if name == "generic":
        assert tree_allclose(gradient, float(central_difference(slope, 0.0)), rtol=GRADIENT)


def test_eigensystem_is_differentiable_at_a_degenerate_level():
    """The weight of a state in a level does not care which basis the level has."""

    def weight(t):
        U = jax.scipy.linalg.expm(t * (np.tri(3) - np.tri(3).T))
        V = spectral.eigensystem(U @ np.diag([0.0, 1.0, 1.0]) @ U.T)[1]
        return jnp.sum(V[0, 1:] ** 2)

    expected = float(central_difference(jax.jit(weight), 0.3))
    assert tree_allclose(jax.jit(jax.grad(weight))(0.3), expected, rtol=GRADIENT)


def test_jit_and_vmap_equal_the_plain_call():
    stack = np.stack([random_state(seed, 4) for seed in range(3)])
    looped = jnp.stack([spectral.eigenvalues(rho) for rho in stack])
    assert tree_allclose(jax.jit(jax.vmap(spectral.eigenvalues))(stack), looped, rtol=EXACT)
    steps = np.stack([random_hermitian(seed, 4) for seed in range(3)])
    batched = jax.jit(jax.vmap(spectral.directional_derivative))(stack, steps)[1]
    looped = jnp.stack([spectral.directional_derivative(r, s)[1] for r, s in zip(stack, steps)])
    assert tree_allclose(batched, looped, rtol=1e-11)
    gradients = jax.jit(jax.vmap(jax.grad(passive_energy)))(stack.real)
    assert tree_allclose(gradients[1], jax.jit(jax.grad(passive_energy))(stack.real[1]), rtol=1e-11)


def test_clusters_chain_neighbours():
    values = jnp.array([0.2, 0.0, 0.1, 5.0, 5.05])
    assert spectral.clusters(values, 0.11).tolist() == [0, 0, 0, 1, 1]
    assert spectral.clusters(values, 0.0).tolist() == [2, 0, 1, 3, 4]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: spectral.eigenvalues(np.ones((2, 3))), r"`rho` must have shape \(d, d\)"),
        (lambda: spectral.eigenvalues(np.eye(2, dtype=np.float32)), "double precision"),
        (lambda: spectral.eigenvalues(np.full((2, 2), np.nan)), "`rho` must be finite"),
        (lambda: spectral.directional_derivative(MIXED, np.eye(2)), r"`drho` must have shape"),
    ],
)
def test_bad_arguments(call, words):
    with pytest.raises((TypeError, ValueError), match=words):
        call()
