r"""A few neighbouring sites as spins: their density matrix and their Hamiltonian.

With eigenvectors $i\Gamma w_k = \nu_kw_k$ and $\eta_k = \sum_jw_{jk}^*x_j/\sqrt2$, x all a and b,

$$\rho = \prod_k\tfrac12\big[1 + \nu_k(2\eta_k^\dagger\eta_k - 1)\big] .$$

The first site is the first factor, level 1 the flipped spin. Every Majorana operator permutes
levels, up to phases: $a_k$ flips spin k, with the sign of the flipped spins before it.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Complex, Float

from qbjax.algebra import spectral
from qbjax.batteries.fermions._chain import Drive
from qbjax.batteries.fermions._modes import Blocks


def density_matrix(at: Blocks) -> Complex[Array, "d d"]:
    """The density matrix of the spins whose fermions have a covariance."""
    G, count = at.whole(), len(at.ab)
    values, vectors = spectral.eigensystem(lax.complex(jnp.zeros_like(G), G))
    permuted, phases = _majoranas(count)

    def applied(weights, rho):
        """The sum of Majorana operators with some weights, times a matrix."""
        moved = jnp.asarray(phases)[:, :, None] * rho[permuted]
        return jnp.einsum("j,jrc->rc", weights / 2**0.5, moved)

    def factor(rho, mode):
        value, w = mode
        filled = applied(w, applied(w.conj(), rho))
        return rho + value.astype(complex) * (2 * filled - rho), None

    start = jnp.eye(2**count, dtype=complex) / 2**count
    rho, _ = lax.scan(factor, start, (values[count:], vectors[:, count:].T))
    return (rho + rho.conj().T) / 2


def hamiltonian(own: Drive, first: int, count: int, ring: bool) -> Float[Array, "d d"]:
    """The Hamiltonian of some sites, as spins.

    Args:
        own: numbers of the whole chain, shape (N,) each.
        first, count: of the sites.
        ring: whether these are a ring.
    """
    size = 2**count
    flipped = _flipped(count)
    here = slice(first, first + count)
    levels = np.arange(size)
    H: Any = jnp.diag(flipped.T.astype(float) @ jnp.asarray(own.fields)[here])
    for k in range(count if ring else count - 1):
        j = (k + 1) % count
        alike = flipped[k] == flipped[j]
        bond = jnp.where(alike, own.pairing[first + k], own.hopping[first + k])
        H = H.at[levels, levels ^ (_bit(k, count) | _bit(j, count))].add(bond)
    return H


def _majoranas(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Levels that all a, then all b, take from, and the phases, shape (2ℓ, d) each."""
    flipped, levels = _flipped(count), np.arange(2**count)
    string = (-1.0) ** (np.cumsum(flipped, axis=0) - flipped)
    permuted = np.array([levels ^ _bit(k, count) for k in range(count)])
    # b = i(c† − c): +i into the flipped level, −i out of it.
    turned = 1j * string * np.where(flipped == 1, 1, -1)
    return np.concatenate([permuted, permuted]), np.concatenate([string + 0j, turned])


def _flipped(count: int) -> np.ndarray:
    """Whether a spin is flipped in a level, 0 or 1, shape (ℓ, d)."""
    return np.indices((2,) * count).reshape(count, -1)


def _bit(site: int, count: int) -> int:
    return 1 << (count - 1 - site)
