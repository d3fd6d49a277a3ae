r"""A banded generator at work: shifts of padded blocks, and the same read backwards.

One application pads each block once and adds static slices of it, times row and column
vectors. JAX would transpose each slice into a padded sum of its own, six to ten times the
work; but the dual of a shift is a shift, so `shifted_with_dual` says so, and a reverse pass
costs about as much as the run.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from qbjax.dynamics.structure import Structure

Blocks = tuple[Float[Array, "_ _"], ...]


@partial(jax.jit, static_argnums=0)  # traced once, however many stages call it
def shifted(structure: Structure, blocks: Blocks, weights, rates) -> Blocks:
    """The generator applied to packed blocks.

    Args:
        structure: the shifts.
        blocks: one packed matrix per sector.
        weights: of the drift operators, in the order of `Structure.drift_operators`.
        rates: of the jumps.
    """
    return _apply(structure.sectors, structure, blocks, weights, rates)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def shifted_with_dual(structure: Structure, blocks: Blocks, weights, rates) -> Blocks:
    """`shifted`, to be differentiated in reverse mode only."""
    return shifted(structure, blocks, weights, rates)


def _forward(structure, blocks, weights, rates):
    return shifted(structure, blocks, weights, rates), (blocks, weights, rates)


@partial(jax.jit, static_argnums=0)
def _backward(structure, kept, cotangent):
    blocks, weights, rates = kept
    back = _apply(structure.dual, structure, cotangent, weights, rates)
    return back, *_slopes(structure, blocks, cotangent, weights, rates)


shifted_with_dual.defvjp(_forward, _backward)


def _apply(sectors, structure, blocks, weights, rates) -> Blocks:
    read = _reader(structure, blocks)
    out = []
    for target, (sector, block) in enumerate(zip(sectors, blocks, strict=True)):
        total = jnp.zeros_like(block)
        for drift in sector.drifts:
            values = weights[drift.weights] @ drift.table
            left = read(target, drift.imaginary, drift.offset, 0, block.shape)
            right = read(target, drift.imaginary, 0, drift.offset, block.shape)
            sign = -1.0 if drift.imaginary else 1.0
            total = total + values[:, None] * left + sign * values[None, :] * right
        for jump in sector.jumps:
            rows, (k, m) = rates[jump.rate] * jump.rows, jump.offsets
            moved = read(jump.source, jump.imaginary, k, m, block.shape)
            total = total + rows[:, None] * jump.columns[None, :] * moved
        out.append(total)
    return tuple(out)


def _slopes(structure, blocks, cotangent, weights, rates):
    """Cotangents of weights and rates, each a sum of its own so that unused ones vanish."""
    read = _reader(structure, blocks)
    by_weight, by_rate = [jnp.zeros(())] * weights.size, [jnp.zeros(())] * rates.size
    for target, (sector, G) in enumerate(zip(structure.sectors, cotangent, strict=True)):
        moved = [jnp.zeros_like(G)] * weights.size
        for drift in sector.drifts:
            left = read(target, drift.imaginary, drift.offset, 0, G.shape)
            right = read(target, drift.imaginary, 0, drift.offset, G.shape)
            sign = -1.0 if drift.imaginary else 1.0
            for j, row in zip(drift.weights, drift.table, strict=True):
                moved[j] = moved[j] + row[:, None] * left + sign * row[None, :] * right
        by_weight = [total + inner(G, m) for total, m in zip(by_weight, moved, strict=True)]
        for jump in sector.jumps:
            moved_in = read(jump.source, jump.imaginary, *jump.offsets, G.shape)
            term = jump.rows[:, None] * jump.columns[None, :] * moved_in
            by_rate[jump.rate] = by_rate[jump.rate] + inner(G, term)
    return jnp.stack(by_weight), jnp.stack(by_rate)


def inner(a, b):
    """$\\sum_{ij} a_{ij}b_{ij}$."""
    # A matrix-vector product is vectorised, a plain sum over everything is not: 2.5 times.
    return jnp.sum(jnp.ones(a.shape[0]) @ (a * b))


def _reader(structure, blocks):
    """Access to the shifted blocks: `read(source, turned, k, m, shape)`."""
    reach = structure.reach
    padded = [jnp.pad(b, reach) for b in blocks]
    turned = [jnp.pad(b.T, reach) for b in blocks] if structure.imaginary else padded

    def read(source, imaginary, k, m, shape):
        start = (reach + k, reach + m)
        stop = (start[0] + shape[0], start[1] + shape[1])
        return lax.slice((turned if imaginary else padded)[source], start, stop)

    return read
