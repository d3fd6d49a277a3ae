"""Operators in slots against the matrices that they were cut from."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse as sp

from qbjax.dynamics.generator import kets, sparse

RNG = np.random.default_rng(5)
D = 12


def scattered(density):
    parts = [sp.random_array((D, D), density=density, rng=RNG).tocsr() for _ in range(2)]
    return sp.csr_array(parts[0] + 1j * parts[1])


MATRICES = [scattered(0.3), sp.csr_array(scattered(0.1).real), sp.csr_array((D, D), dtype=complex)]
FORM, WEIGHTS = sparse.sparse_of(MATRICES), jnp.array([0.7, -1.3, 2.0])
Y, Z = jnp.asarray(RNG.normal(size=(2, 2, D)))


def as_complex(rows):
    return np.asarray(rows[..., 0, :]) + 1j * np.asarray(rows[..., 1, :])


def test_sums_and_single_operators_are_those_of_the_matrices():
    psi = as_complex(Y)
    total = sum(w * m for w, m in zip(np.asarray(WEIGHTS), MATRICES, strict=True))
    np.testing.assert_allclose(as_complex(kets.moved(FORM, Y, WEIGHTS)), total @ psi, atol=1e-14)
    each = [m @ psi for m in MATRICES]
    np.testing.assert_allclose(as_complex(sparse.each(FORM, jnp.stack([Y] * 3))), each, atol=1e-14)
    products = [np.real(np.vdot(as_complex(Z), x)) for x in each]
    np.testing.assert_allclose(sparse.met(FORM, Y, Z), products, atol=1e-13)


def test_weights_have_the_slopes_that_the_products_tell():
    slopes = jax.grad(lambda w: jnp.sum(Z * sparse.moved(FORM, Y, w)))(WEIGHTS)
    np.testing.assert_allclose(slopes, sparse.met(FORM, Y, Z), atol=1e-13)


@pytest.mark.parametrize("seed", range(3))
def test_discs_hold_the_spectrum(seed):
    rng = np.random.default_rng(seed)
    H = rng.normal(size=(D, D)) * (rng.random((D, D)) < 0.3)
    H, decay = H + H.T, rng.random(D)
    form = sparse.sparse_of([sp.csr_array(-1j * H), sp.csr_array(np.diag(-decay))])
    strongest, least, largest = kets.discs(form, jnp.array([1.5, 0.5]))
    energies = 1.5 * np.linalg.eigvalsh(H)
    assert least <= energies[0]
    assert energies[-1] <= largest
    assert strongest == pytest.approx(0.5 * decay.max())
