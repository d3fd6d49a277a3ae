"""The span of a run in a waveguide, which sets the nodes of its quadrature."""

from typing import Any

import numpy as np

from qbjax import _checks

LONGEST = 1e9
"""Longest span of a run: a phase Et loses as many digits as the span has."""


def ends(times: Any) -> tuple[float, float]:
    """The first and the last of some times, as they were given.

    Raises:
        TypeError: if they are traced.
    """
    if not _checks.is_concrete(times):
        raise TypeError(
            "Argument `times` must be known before compilation for a waveguide, whose nodes "
            "depend on their span, but is traced."
        )
    host = np.asarray(times, float)
    return float(host[0]), float(host[-1])


def check(span: float, longest: float) -> None:
    """Checks that a run is not longer than its battery computes.

    Raises:
        ValueError: if it is.
    """
    if span > longest:
        raise ValueError(
            f"Argument `times` must span at most {longest:g}/ω₁₁ (the battery's `longest`), but "
            f"spans {span:g}: give the battery a larger one. What a Waveguide keeps for ever is "
            "its steady_energy_range()."
        )


def check_longest(longest: Any) -> float:
    """Checks the longest span of a battery; returns it."""
    if not _checks.is_concrete(longest):
        raise TypeError(
            "Argument `longest` must be known before compilation, but is traced: it says how "
            "far the nodes of every run may have to reach."
        )
    _checks.scalar("longest", longest, low=0, high=LONGEST, open_low=True)
    return float(longest)
