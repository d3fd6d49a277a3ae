"""Sizes: of an observable, by which it is judged; and of arrays, that share a program."""

import numpy as np
from jaxtyping import Inexact, Int

OFFSET = 1e-6
"""Share of the energy common to all levels that counts as size: rounding leaves a hundred times
10⁻¹⁶ of that energy, which is then 10⁻⁸ of the size."""


def size_of_observable(
    diagonal: Inexact[np.ndarray, " d"], others: Inexact[np.ndarray, "..."]
) -> float:
    """The largest element of an observable, counted from the mean of the diagonal.

    Example:
        >>> round(size_of_observable(np.array([0.0, 2e-34]), np.zeros(0)) / 1e-34, 5)
        1.0
    """
    middle = np.mean(diagonal) if diagonal.size else 0.0
    size = max(np.max(np.abs(x), initial=0.0) for x in (diagonal - middle, others))
    return float(size + OFFSET * abs(middle))


def padded(array: Inexact[np.ndarray, "..."] | Int[np.ndarray, "..."], shape: tuple[int, ...]):
    """An array of some shape that begins with another one, and is zero elsewhere.

    Example:
        >>> padded(np.ones((1, 2)), (2, 3)).tolist()
        [[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    """
    found = np.zeros(shape, array.dtype)
    found[tuple(map(slice, array.shape))] = array
    return found


def rounded(size: int) -> int:
    """The next power of two, or one and a half of one.

    Example:
        >>> [rounded(n) for n in (0, 1, 2, 5, 7, 9, 13, 19)]
        [0, 1, 2, 6, 8, 12, 16, 24]
    """
    power = 1 << max(size - 1, 0).bit_length()
    return min(n for n in (3 * power // 4, power) if n >= size) if size else 0
