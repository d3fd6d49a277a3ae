"""Readings of a Chebyshev run: what is read off the terms of its steps, and room for it."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PyTree

from qbjax.dynamics.chebyshev.step import GROUP, TERMS
from qbjax.dynamics.rows import room

SHARE = 4
"""Least ratio of the sizes of a state and of what is read off a step; where more is wanted, steps
end at saved times: writing down every term whole takes as long as computing it."""

FEW = 4
"""Most numbers of a reading that is put in line with others."""


def passes(read, y, times) -> bool:
    """Whether steps pass saved times instead of stopping there.

    They do if any lie within the run, and what is read is little enough to be kept for every term
    of a step.
    """
    if read is None or times.size <= 2:
        return False
    sizes = [x.size for x in jax.tree.leaves(jax.eval_shape(read, y))]
    return sum(sizes) * SHARE <= sum(x.size for x in jax.tree.leaves(y))


def in_line(read: Callable, save: Callable, y) -> tuple[Callable, Callable]:
    """Makes the same `read` and `save`, with what is read of a few numbers in one line.

    Each leaf that is read takes some ten kernels. Larger ones stay apart, so that a caller's `jit`
    can leave them out.
    """
    read = jax.jit(read)  # traced once
    shapes, tree = jax.tree_util.tree_flatten(jax.eval_shape(read, y))
    few = [x.size <= FEW for x in shapes]
    ends = np.cumsum([x.size for x, small in zip(shapes, few, strict=True) if small])

    def joined(y):
        leaves = jax.tree.leaves(read(y))
        line = [x.ravel() for x, small in zip(leaves, few, strict=True) if small]
        return jnp.concatenate(line), [x for x, s in zip(leaves, few, strict=True) if not s]

    def parted(t, both):
        parts, others = iter(jnp.split(both[0], ends[:-1])), iter(both[1])
        leaves = [next(parts if small else others) for small in few]
        shaped = [x.reshape(like.shape) for x, like in zip(leaves, shapes, strict=True)]
        return save(t, jax.tree_util.tree_unflatten(tree, shaped))

    return (joined, parted) if sum(few) > 1 else (read, save)


def blank(read: Callable, y) -> PyTree[Array]:
    """Room for what is read off the terms of a step."""
    return room(TERMS + GROUP, jax.eval_shape(read, y))


def first_reading(read: Callable, y) -> PyTree[Array]:
    """Reads a state as one of a group, with the kernels that are compiled for groups anyway."""
    group = jax.tree.map(lambda x: jnp.stack([x, *[jnp.zeros_like(x)] * (GROUP - 1)]), y)
    return jax.tree.map(lambda x: x[0], jax.vmap(read)(group))
