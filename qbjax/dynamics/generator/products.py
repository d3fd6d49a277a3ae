r"""A generator at work by matrix products, for operators without a band structure.

With $G = G_r + iG_i$ the packed form of $G\rho + \rho G^\dagger$ is
$G_rR + RG_r^T + G_iR^T - R^TG_i^T$; that of a jump is in `_sandwich`.
"""

import functools
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from qbjax import _checks
from qbjax.dynamics.generator.pattern import there
from qbjax.dynamics.generator.shifts import Stack, bounds
from qbjax.dynamics.generator.structure import Structure

Parts = tuple[Float[Array, "..."] | None, Float[Array, "..."] | None]
"""Real and imaginary part of matrices; None where all of it vanishes."""


class Part(NamedTuple):
    """A jump from one sector into another, and its rate."""

    target: int
    source: int
    rate: int


class Products(eqx.Module):
    """The matrices of a generator: its drift is `weights @ drift`.

    Attributes:
        drift: of the operators, (W, S, n, n).
        jumps: of every one of `parts`, from sector to sector.
        there: which places of the stack's diagonals are levels; the rest is padding.
        parts: where the jumps lead.
        spans: first place and end of every sector in its plane.
    """

    drift: Parts
    jumps: tuple[Parts, ...]
    there: Bool[Array, "S n"]
    parts: tuple[Part, ...] = eqx.field(static=True)
    spans: tuple[tuple[int, int], ...] = eqx.field(static=True)


@functools.lru_cache(maxsize=64)
def products_of(structure: Structure) -> Products:
    """The matrices of a structure, which is compared by identity: keep it."""
    count, n = structure.room
    spans = [(s.start, s.stop) for s in structure.spans]
    drift = np.zeros((len(structure.drift_operators()), count, n, n), complex)
    for j, operator in enumerate(structure.drift_operators()):
        for s, (span, sector) in enumerate(zip(structure.spans, structure.sectors, strict=True)):
            drift[j, s, span, span] = operator.toarray()[np.ix_(sector.states, sector.states)]
    jumps, parts = [], []
    for rate, L in enumerate(structure.jumps):
        dense = L.toarray()
        for target, into in enumerate(structure.sectors):
            for source, out in enumerate(structure.sectors):
                matrix = dense[np.ix_(into.states, out.states)]
                if matrix.any():
                    jumps.append(_apart(matrix))
                    parts.append(Part(target, source, rate))
    empty = _checks.settled(there(structure, structure.room))
    return Products(_apart(drift), tuple(jumps), empty, tuple(parts), tuple(spans))


@jax.jit
def multiplied(products: Products, state: Stack, weights, rates) -> Stack:
    """Applies the generator to a stacked state; arguments as of `shifts.shifted`."""
    n = state.shape[1]
    drift = combined(products, weights)
    blocks = [state[s, a:b, a:b] for s, (a, b) in enumerate(products.spans)]
    moved = []
    for s, (a, b) in enumerate(products.spans):
        real, imaginary = (None if x is None else x[s, a:b, a:b] for x in drift)
        G = real, imaginary
        moved.append(_sandwich(G, None, blocks[s]) + _sandwich(None, G, blocks[s]))
    for (target, source, rate), L in zip(products.parts, products.jumps, strict=True):
        moved[target] += rates[rate] * _sandwich(L, L, blocks[source])
    places = zip(moved, products.spans, strict=True)
    return jnp.stack([jnp.pad(x, (a, n - b)) for x, (a, b) in places])


def combined(products: Products, weights) -> Parts:
    """The drift's matrices (S, n, n)."""
    real, imaginary = (None if x is None else jnp.tensordot(weights, x, 1) for x in products.drift)
    return real, imaginary


def spectral_bounds(products: Products, weights, ket: bool):
    """Bounds on the spectrum as `Generator.spectral_bounds` has them."""
    nothing = jnp.zeros((*products.there.shape, products.there.shape[1]))
    real, imaginary = (nothing if x is None else x for x in combined(products, weights))
    decays, energies = (-jnp.diagonal(x, axis1=1, axis2=2) for x in (real, imaginary))
    size = jnp.sum(jnp.abs(real) + jnp.abs(imaginary), axis=2)
    radii = size - jnp.abs(decays) - jnp.abs(energies)
    return bounds(decays, energies, radii, products.there, ket)


def _apart(matrices) -> Parts:
    real, imaginary = (
        _checks.settled(np.ascontiguousarray(x)) if x.any() else None
        for x in (matrices.real, matrices.imag)
    )
    return real, imaginary


def _sandwich(a: Parts | None, b: Parts | None, packed):
    r"""The packed form of $a \rho b^\dagger$; None is the identity.

    With $a = a_r + ia_i$ it is $a_r R b_r^T + a_i R b_i^T + a_i R^T b_r^T - a_r R^T b_i^T$.
    """
    total = jnp.zeros_like(packed)
    for x, left in _factors(a):
        for y, right in _factors(b):
            middle = packed if x == y else packed.T
            product = middle if right is None else middle @ right.T
            product = product if left is None else left @ product
            total = total - product if (x, y) == (0, 1) else total + product
    return total


def _factors(parts: Parts | None) -> list[tuple[int, Array | None]]:
    """Nonzero parts of a matrix, 0 the real one and 1 the imaginary; None for the identity."""
    if parts is None:
        return [(0, None)]
    return [(k, part) for k, part in enumerate(parts) if part is not None]
