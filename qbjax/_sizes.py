"""The size by which an observable is judged: no tolerance knows a unit of energy."""

import numpy as np
from jaxtyping import Inexact

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
