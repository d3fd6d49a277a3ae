"""Checks of whole numbers: levels, indices, sizes; part of `_checks`."""

import math
import operator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from qbjax._kinds import bounds_of, several, show
from qbjax._memory import room
from qbjax._numbers import known, plain

MOST = 2**63 - 1
"""The largest whole number that an array can hold."""


def integer(name: str, value: Any, *, low: int, high: int | None = None) -> int:
    """Checks a whole number, known before compilation, within closed bounds; returns it."""
    known(name, value)
    try:
        # np.asarray for the dtype alone: operator.index would take a bool for a number.
        counts = not isinstance(value, np.ma.MaskedArray) and np.asarray(value).dtype.kind != "b"
        number = operator.index(value) if counts else None
    except Exception:  # __index__ and __array__ are whatever the thing makes of them
        number = None
    if number is None:
        raise TypeError(f"Argument `{name}` must be an integer, but is {show(value)}.")
    if number < low or number > (MOST if high is None else high):
        bounds = bounds_of(low, MOST if high is None and number > MOST else high, False, False)
        raise ValueError(f"Argument `{name}` must be {bounds}, but is {show(number)}.")
    return number


def indices(name: str, value: Any, count: int) -> list[int]:
    """Checks one index below a count, or several; returns their list."""
    wanted = several(name, value)
    return [integer(name, k, low=0, high=count - 1) for k in wanted]


def doubled(name: str, value: Any, *, low: float | int) -> int:
    """Returns twice a half-integer 0, 1/2, 1, 3/2, …, known before compilation."""
    number = plain(name, value, low=low)
    if (2 * number) % 1:
        raise ValueError(
            f"Argument `{name}` must be a half-integer 0, 1/2, 1, 3/2, …, but is {number:g}."
        )
    return int(2 * number)


def key(name: str, value: Any) -> None:
    """Checks a JAX random key, of the new kind or the old."""
    dtype, shape = getattr(value, "dtype", None), getattr(value, "shape", None)
    new = isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key)
    if not (new and shape == ()) and not (dtype == np.uint32 and shape == (2,)):
        raise TypeError(
            f"Argument `{name}` must be a key such as jax.random.key(0), but is {show(value)}."
        )


def levels(name: str, value: Any, *, low: int = 1) -> int:
    """Checks a number of levels, of which a matrix fits into the memory; returns it."""
    number = integer(name, value, low=low)
    room(name, number, number**2, "one matrix of so many levels")
    return number


def dimensions(name: str, value: Any) -> tuple[int, ...]:
    """Checks the levels of every factor of a product, of which a ket fits into the memory."""
    given = several(name, value)
    if not given:
        raise ValueError(f"Argument `{name}` must hold at least one factor, but is empty.")
    sizes = tuple(integer(f"{name}[{i}]", n, low=1) for i, n in enumerate(given))
    room(name, sizes, 2 * math.prod(sizes), "one ket of so many levels")
    return sizes
