"""The band of a spectral density, and frequencies to look at it."""

import math

import numpy as np

from qbjax import _checks

EVERY = (0.0, math.inf)
"""The band of a density of which nothing is said."""


def checked(band) -> tuple[float, float]:
    """Checks a band: two known frequencies that ascend, perhaps infinite.

    Raises:
        ValueError, TypeError: for anything else.
    """
    _checks.known("band", band)
    host = np.asarray(_checks.array("band", band, shape=(2,), finite=False))
    if not host[0] < host[1]:
        raise ValueError(f"Argument `band` must ascend, but is from {host[0]} to {host[1]}.")
    return float(host[0]), float(host[1])


def highest(frequencies) -> float:
    """The highest of some frequencies, to measure others by; 1 if it is 0, or traced."""
    known = _checks.is_concrete(frequencies)
    return (float(np.max(np.asarray(frequencies))) if known else 0.0) or 1.0


def inside(band, unit: float) -> float:
    """A frequency of the band, at which nothing is likely to be special."""
    low, high = band
    if np.isfinite(low) and np.isfinite(high):
        return low + (high - low) / math.e
    return low + unit / math.e if np.isfinite(low) else min(high, unit) - unit / math.e


def probes(band, duration, at: float) -> np.ndarray:
    """Frequencies at which elements of J are compared."""
    steps = np.geomspace(0.1, 1e4, 500) / duration
    anchors = [a for a in band if np.isfinite(a)] or [0.0]
    omega = np.concatenate([a + sign * steps for a in anchors for sign in (1, -1)])
    found = omega[(omega > band[0]) & (omega < band[1])]
    if np.all(np.isfinite(band)):
        found = np.append(found, np.linspace(band[0], band[1], 502)[1:-1])
    return np.append(found, at)
