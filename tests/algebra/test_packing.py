"""One real matrix holds a Hermitian one, and moves as it does."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qbjax.algebra.packing import pack, unpack
from tests.helpers import EXACT, random_hermitian, tree_allclose


@pytest.mark.parametrize("real", [True, False])
@pytest.mark.parametrize("d", [1, 2, 5])
def test_a_hermitian_matrix_comes_back(d, real):
    rho = jnp.asarray(random_hermitian(d, d, real=real))
    packed = pack(rho)
    assert packed.dtype == jnp.float64
    assert packed.shape == (d, d)
    assert tree_allclose(unpack(packed, real=real), rho, rtol=EXACT)
    assert unpack(packed, real=real).dtype == rho.dtype


def test_a_real_state_is_its_own_packed_form():
    rho = jnp.asarray(random_hermitian(0, 4, real=True))
    assert pack(rho) is rho


def test_every_real_matrix_stands_for_a_hermitian_one():
    packed = jnp.asarray(np.random.default_rng(1).normal(size=(4, 4)))
    rho = unpack(packed, real=False)
    assert tree_allclose(rho, rho.conj().T, rtol=0, atol=0)
    assert tree_allclose(pack(rho), packed, rtol=EXACT)


def test_a_state_known_to_be_real_loses_its_rounding():
    packed = jnp.eye(3) + 1e-17 * jnp.asarray(np.random.default_rng(2).normal(size=(3, 3)))
    rho = unpack(packed, real=True)
    assert rho.dtype == jnp.float64
    assert tree_allclose(rho, rho.T, rtol=0, atol=0)


def test_packing_is_linear_and_keeps_the_norm():
    a, b = (jnp.asarray(random_hermitian(seed, 3)) for seed in (3, 4))
    assert tree_allclose(pack(2 * a - b), 2 * pack(a) - pack(b), rtol=EXACT)
    # The purity of a state is the sum of its packed squares: the cross terms cancel.
    assert tree_allclose(jnp.sum(pack(a) ** 2), jnp.real(jnp.trace(a @ a)), rtol=EXACT)
    assert tree_allclose(jnp.trace(pack(a)), jnp.real(jnp.trace(a)), rtol=EXACT)


def test_gradients_pass_through():
    weights = jnp.asarray(np.random.default_rng(5).normal(size=(3, 3)))
    slope = jax.jit(jax.grad(lambda R: jnp.sum(weights * pack(unpack(R, real=False)))))(weights)
    assert tree_allclose(slope, weights, rtol=EXACT)
