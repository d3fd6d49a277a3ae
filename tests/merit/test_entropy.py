"""Entropy, mutual information and negativity: QuTiP, known states, slopes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip as qt

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

DIMS = (2, 3, 2)
RHO = random_state(11, 12)


def test_they_are_qutip_s():
    state = qt.Qobj(RHO, dims=[list(DIMS)] * 2)
    assert float(merit.entropy(RHO)) == pytest.approx(qt.entropy_vn(state), rel=REFERENCE)
    total = sum(qt.entropy_vn(state.ptrace(k)) for k in range(3)) - qt.entropy_vn(state)
    assert float(merit.mutual_information(RHO, DIMS)) == pytest.approx(total, rel=REFERENCE)
    entangled = random_state(12, 12, rank=1)
    pure = qt.Qobj(entangled, dims=[list(DIMS)] * 2)
    for k in range(3):
        mask = [int(j == k) for j in range(3)]
        expected = -np.minimum(qt.partial_transpose(pure, mask).eigenenergies(), 0.0).sum()
        found = float(merit.negativity(entangled, DIMS, k))
        assert found == pytest.approx(expected, rel=REFERENCE)
        assert found > 0.1


def test_products_share_nothing():
    product = np.kron(random_state(1, 2), random_state(2, 3))
    assert float(merit.mutual_information(product, (2, 3))) == pytest.approx(0.0, abs=EXACT)
    assert float(merit.negativity(product, (2, 3))) == pytest.approx(0.0, abs=EXACT)
    assert float(merit.entropy(np.diag([1.0, 0.0, 0.0]))) == 0.0


def test_slopes():
    direction = random_hermitian(5, 12)
    direction = direction - np.eye(12) * np.trace(direction).real / 12
    pure = random_state(12, 12, rank=1)
    start = jnp.asarray(0.7 * pure + 0.3 * np.eye(12) / 12)

    def both(x):
        rho = start + x * jnp.asarray(direction)
        return jnp.stack([merit.mutual_information(rho, DIMS), merit.negativity(rho, DIMS)])

    slope = jax.jit(jax.jacfwd(both))(0.0)
    difference = central_difference(jax.jit(both), 0.0, step=1e-4)
    assert tree_allclose(slope, difference, rtol=GRADIENT)
    assert np.all(np.isfinite(jax.grad(lambda x: merit.entropy(jnp.diag(x)))(jnp.array([1.0, 0]))))
