"""Reduced states of factors, and of blocks of neighbouring spins, summed from a ket of all."""

import math
from collections.abc import Sequence
from functools import partial
from itertools import groupby

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Complex, Inexact

from qbjax.dynamics.generator.kets import Ket


def of_ket(psi: Ket, dims: Sequence[int], keep: Sequence[int]) -> Complex[Array, "b b"]:
    """Density matrix of some factors, in ascending order, summed from a ket of all.

    Args:
        psi: of all factors.
        dims: their levels.
        keep: the indices of those to keep.
    """
    runs = [(kept, [*run]) for kept, run in groupby(range(len(dims)), lambda k: k in keep)]
    sizes = [math.prod(dims[k] for k in run) for _, run in runs]
    grid, axes = lax.complex(*psi).reshape(sizes), [*range(len(runs))]
    here = [a for a, (kept, _) in enumerate(runs) if kept]
    there = [len(runs) + a if a in here else a for a in axes]
    found = jnp.einsum(grid, axes, grid.conj(), there, [*here, *(len(runs) + a for a in here)])
    return found.reshape(2 * (math.prod(dims[k] for k in keep),))


@partial(jax.jit, static_argnums=1)
def blocks_of_ket(psi: Ket, size: int) -> Complex[Array, "B b b"]:
    """Density matrices of all blocks of so many neighbouring spins, summed from their ket."""
    spins = psi.shape[1].bit_length() - 1

    def block(ket, _):
        rows = ket.reshape(1 << size, -1)
        # One spin on: the first becomes the last.
        return ket.reshape(2, -1).T.ravel(), rows @ rows.conj().T

    return lax.scan(block, lax.complex(*psi), length=spins - size + 1)[1]


@partial(jax.jit, static_argnums=1)
def blocks_of_matrix(rho: Inexact[Array, "d d"], size: int) -> Complex[Array, "B b b"]:
    """Density matrices of all blocks of so many neighbouring spins, from that of all."""
    spins, b = rho.shape[0].bit_length() - 1, 1 << size

    def block(rho, _):
        rest = rho.shape[0] // b
        found = jnp.einsum("aici->ac", rho.reshape(b, rest, b, rest))
        half = rho.shape[0] // 2
        turned = rho.reshape(2, half, 2, half).transpose(1, 0, 3, 2).reshape(rho.shape)
        return turned, found

    return lax.scan(block, rho, length=spins - size + 1)[1]
