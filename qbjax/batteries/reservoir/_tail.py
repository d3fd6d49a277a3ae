r"""The end of a spectral density that has none: J/ω from some frequency to infinity.

Octave by octave, as Legendre polynomials. Where J still oscillates when its panels have become
too many, it is faded, smoothly in log ω, into the power law of its local mean, and so is all
beyond: smooth fading leaves no trace in time, where a sharp end would ring.
"""

from collections.abc import Callable

import numpy as np
from scipy import special

from qbjax.batteries.reservoir._panels import Piecewise, pieces

OCTAVES = 60
"""Number of octaves over which the panels double."""

MOST = 256
"""Largest number of panels per octave."""

FINE = 4
"""Panels per octave to begin with: 64 values of J."""

FADING = 2
"""Octaves over which an oscillating J fades."""

FAINT = 1e-7
"""A mean below this part of |J| is none: J changes sign. An octave that holds less than this
part of the tolerance is empty."""


class Tail:
    """Octaves of J/ω from a positive frequency to infinity.

    Attributes:
        panels: one `Piecewise` after the other.
        defect: what ∫J/ω may be wrong by; infinite if J cannot be followed at all.

    Args:
        J: real values at an array of frequencies.
        start: the first frequency, above 0.
        tolerance: of the integral of J/ω over a panel.
    """

    def __init__(self, J: Callable, start: float, tolerance: float):
        self.J, self.tolerance = J, tolerance
        self.panels: list[Piecewise] = []
        self.defect = 0.0
        low, faint, felt = start, 0, False
        for _ in range(OCTAVES):
            # Doubling the distance from 0 or from the anchor alike, for start > 0.
            high = 2 * low
            try:
                found = pieces(self._over, np.linspace(low, high, FINE + 1), tolerance, most=MOST)
            except ValueError:
                if felt and faint >= 2:  # J is over, and overflows: e.g. ω³/(e^ω − 1)
                    return
                raise
            if found.defect > tolerance:
                self._fade(low)
                return
            self.panels.append(found)
            held = float(np.abs(found.coefficients).max()) * (high - low)
            faint = faint + 1 if held < FAINT * tolerance else 0
            felt = felt or held > tolerance
            low = high
        self.defect = held

    def _over(self, omega):
        return self.J(omega)[None] / omega

    def _fade(self, end):
        """Replaces the last octaves, and all beyond, by a power law for the local mean."""
        if len(self.panels) < 3 * FADING:
            self.defect = np.inf
            return
        start = end / 2.0**FADING
        power, factor = self._mean_law(end)

        def faded(omega):
            out = special.erfc(6 * (2 * np.log2(omega / start) / FADING - 1)) / 2
            return (self.J(omega) * out + (1 - out) * factor * omega**-power)[None] / omega

        edges = start * 2.0 ** np.arange(FADING + 1)
        del self.panels[-FADING:]
        self.panels.append(pieces(faded, edges, self.tolerance, most=4 * FADING * MOST))
        self.defect += max(0.0, self.panels[-1].defect - self.tolerance)
        if power > 0:
            edges = end * 2.0 ** np.arange(OCTAVES)
            law = pieces(lambda omega: factor * omega[None] ** (-power - 1), edges, self.tolerance)
            self.panels.append(law)

    def _mean_law(self, end):
        """Fits a power law to the means of J over two windows of octaves: exponent and factor.

        How it fails to tell the mean over a third bounds what the tail may be wrong by.
        """
        windows = [_window(end / 2.0**octaves) for octaves in (2, 1, 0)]
        values = [self.J(omega) for omega, _ in windows]
        means = [float(J @ w) for J, (_, w) in zip(values, windows)]
        size = float(np.abs(values[2]) @ windows[2][1])
        if means[1] * means[2] <= 0 or abs(means[2]) < FAINT * size:
            return 0.0, 0.0
        power = 1 - np.log2(means[2] / means[1])
        omega, w = windows[2]
        factor = means[2] / float(omega**-power @ w)
        omega, w = windows[0]
        surprise = abs(factor * float(omega**-power @ w) / means[0] - 1)
        if power > 0:
            self.defect += surprise * abs(factor) * end**-power / power
        return power, factor


def _window(end):
    """A smooth window over the last octaves, with weights of ∫dω at many frequencies."""
    s = np.linspace(0, 1, 40 * MOST * FADING + 1)[1:-1]
    omega = end * 2.0 ** (FADING * (s - 1))
    bump = special.erfc(6 * (4 * np.abs(s - 0.5) - 1))
    return omega, bump * omega
