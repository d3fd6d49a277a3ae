r"""A power law through numbers of several sizes, and how far it is one.

$$\ln v = \ln c + \alpha\ln N, \qquad
  \alpha_\text{local}\big(\sqrt{NN'}\big) = \frac{\ln v' - \ln v}{\ln N' - \ln N}$$

by least squares. Numbers that are computed have no noise: what is left between them and the line is
how far the law is no power law over these sizes, and so is the interval of α, by Student's t. It is
no promise for larger sizes: for these look at the local exponents, and at their trend, the slope of
their own line over ln N.
"""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

STRAIGHT = 1e-9
"""Slope of local exponents over ln N that counts as none: the rounding of runs."""


class PowerLaw(NamedTuple):
    r"""A law $v = cN^\alpha$; NaN where numbers are too few, not positive, or not known.

    Attributes:
        exponent: α.
        low, high: ends of its interval; NaN of fewer than three sizes.
        prefactor: c.
        local: exponents between neighbouring sizes, one less than sizes.
        trend: slope of the local exponents over ln N.
        trend_low, trend_high: ends of its interval; NaN of fewer than four sizes.
    """

    exponent: float
    low: float
    high: float
    prefactor: float
    local: Float[np.ndarray, " pairs"]
    trend: float
    trend_low: float
    trend_high: float

    def bending(self) -> str:
        """Whether local exponents rise or fall, in a word; empty where that is not known."""
        if not np.isfinite(self.trend_low + self.trend_high):
            return ""
        if self.trend_low > STRAIGHT or self.trend_high < -STRAIGHT:
            return "rising" if self.trend > 0 else "falling"
        return "no clear trend"


def power_law(sizes: Any, values: Any, confidence: float = 0.95) -> PowerLaw:
    """Finds the power law of positive numbers; those that are NaN, or not positive, are left out.

    Args:
        sizes, values: shape (n,).
        confidence: of the intervals.

    Example:
        >>> law = power_law([2, 4, 8, 16], [4.0, 16.0, 64.0, 256.0])
        >>> round(law.exponent, 6), round(law.prefactor, 6), law.bending()
        (2.0, 1.0, 'no clear trend')
    """
    v = np.asarray(values, float)
    x = np.log(np.asarray(sizes, float))
    y = np.log(np.where(v > 0, v, np.nan))
    local = np.diff(y) / np.diff(x)
    alpha, low, high, start = _line(x, y, confidence)
    trend, least, most, _ = _line((x[1:] + x[:-1]) / 2, local, confidence)
    return PowerLaw(alpha, low, high, float(np.exp(start)), local, trend, least, most)


def _line(x, y, confidence: float) -> tuple[float, float, float, float]:
    """Slope, the ends of its interval, and the start of the line through points that are known."""
    from scipy import stats  # late: half a second

    known = np.isfinite(y)
    x, y = x[known], y[known]
    if x.size < 2:
        return np.nan, np.nan, np.nan, np.nan
    found = stats.linregress(x, y)
    slope, error = float(found.slope), float(np.nan_to_num(found.stderr))  # NaN of a level line
    wide = error * float(stats.t.ppf((1 + confidence) / 2, x.size - 2)) if x.size > 2 else np.nan
    return slope, slope - wide, slope + wide, float(found.intercept)
