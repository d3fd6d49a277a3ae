"""Rows of a run, one for every saved time, in a program that does not know how many there are.

Where all numbers are known, saved times are padded to a bucket by repeating the last one, so that
21, 51 and 101 of them share a program, and the rows behind are cut away on the host. In the program
loops over saved times go as far as there are any: nothing is computed for the others.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int, PyTree

BUCKETS = (1, 2, 16, 128)
"""Rows that few saved times are padded to; more of them to a power of two. A start and an end have
a program of their own: most runs of an optimisation have no more, and steps pass no time."""


def bucket(count: int) -> int:
    """The number of rows that so many saved times are padded to.

    Example:
        >>> [bucket(count) for count in (2, 3, 51, 101, 129)]
        [2, 16, 128, 128, 256]
    """
    return next((size for size in BUCKETS if size >= count), 1 << (count - 1).bit_length())


def padded(times: Float[np.ndarray, " T"]) -> Float[np.ndarray, " bucket"]:
    """Saved times, and behind them the last one again and again."""
    return np.concatenate([times, np.full(bucket(times.size) - times.size, times[-1])])


def counted(times: Float[Array, " bucket"]) -> Int[Array, ""]:
    """Counts the saved times in padded ones.

    Example:
        >>> int(counted(jnp.array([0.0, 1.0, 2.0, 2.0])))
        3
    """
    return 1 + jnp.sum(jnp.diff(times) > 0)


def room(count: int, like: PyTree) -> PyTree[Array]:
    """Room for so many rows like one, filled with zeros.

    Example:
        >>> room(3, {"x": jnp.ones(2)})["x"].shape
        (3, 2)
    """
    return jax.tree.map(lambda x: jnp.zeros((count, *x.shape), x.dtype), like)


def scan(
    body: Callable, carry: PyTree, inputs: PyTree[Array], count: Int[Array, ""] | None = None
) -> tuple[PyTree, PyTree[Array]]:
    """Scans as `lax.scan` does, over the first rows only.

    Args:
        body: body(carry, row) -> (carry, told).
        carry: to begin with.
        inputs: pytree of arrays with the same leading axis.
        count: how many rows count; what is told of the others is 0. No reverse mode goes through.
            None for all.

    Returns:
        the last carry, and what was told.

    Example:
        >>> carry, told = scan(lambda c, x: (c + x, x), 0, jnp.array([1, 2, 4]), jnp.array(2))
        >>> int(carry), told.tolist()
        (3, [1, 2, 0])
    """
    if count is None:
        return lax.scan(body, carry, inputs)
    body = jax.jit(body, inline=True)  # traced once, for its shapes and for the loop
    length = jax.tree.leaves(inputs)[0].shape[0]
    none = room(length, jax.eval_shape(lambda: body(carry, _row(inputs, 0))[1]))

    def one(i, both):
        carry, told = both
        carry, new = body(carry, _row(inputs, i))
        return carry, jax.tree.map(lambda rows, x: rows.at[i].set(x), told, new)

    return lax.fori_loop(0, count, one, (carry, none))


def each(f: Callable, inputs: PyTree[Array], count: Int[Array, ""] | None = None) -> PyTree[Array]:
    """Maps a function over the first rows, as `lax.map` does over all; 0 behind them."""
    return scan(lambda _, row: (None, f(row)), None, inputs, count)[1]


def cut(rows: PyTree[Array], count: int) -> PyTree[Array]:
    """Cuts rows off concrete arrays, on the host: a slice in JAX compiles a program per shape."""
    return jax.device_put(jax.tree.map(lambda x: np.asarray(x)[:count], rows))


def _row(inputs, i):
    return jax.tree.map(lambda x: x[i], inputs)
