r"""The memory that a spectral density makes, on the host.

$$R(t) = \int_0^t ds \int d\omega\, J(\omega) e^{-i\omega s}
       = \int J(\omega)\,\frac{1 - e^{-i\omega t}}{i\omega}\,d\omega$$

J is cut into panels that crowd at the ends of its band and at ω = 0, until Legendre polynomials
follow J/ω on each; their Fourier integrals are spherical Bessel functions, exact at any t,

$$\int_{-1}^1 P_k(x) e^{-iax}\,dx = 2(-i)^k j_k(a).$$

At a finite end of the band $\omega = \omega_e \pm v^2$ makes an inverse root, or a square root,
a polynomial in v. Towards infinity the panels double (`_tail`).
"""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Complex, Float

from qbjax.batteries.reservoir._panels import DEGREE, Piecewise, legendre, pieces
from qbjax.batteries.reservoir._tail import FINE, MOST, Tail

TOLERANCE = 1e-13
"""Tolerance of the integral of J/ω over each panel, relative to all of it."""

EDGE_TOLERANCE = 1e-8
"""Tolerance at an end of the band, where J is known only as well as ω − ω_e."""

SLOW = 4.0
"""Panels at the ends and at ω = 0 turn by so many radians in the whole run."""

LEVELS = 6
"""Number of times the edge panel is halved, in v, for exponents other than ±1/2."""

TINY = 1e-300
"""Scale of J where there is none at all."""

MANY = 20
"""Half the Gauss points of a spherical Bessel function of small argument."""


class Spectrum(NamedTuple):
    r"""A spectral density ready for Fourier integrals.

    Attributes:
        centres, halves: of the panels.
        coefficients: Legendre coefficients of J/ω on each.
        nodes, masses: of the slow panels, $\int J f \approx \sum_q m_q f(\omega_q)$.
        defect: what R may be wrong by.
    """

    centres: Float[np.ndarray, " P"]
    halves: Float[np.ndarray, " P"]
    coefficients: Float[np.ndarray, "P K"]
    nodes: Float[np.ndarray, " Q"]
    masses: Float[np.ndarray, " Q"]
    defect: float

    def response(self, times: Float[np.ndarray, " t"]) -> Complex[np.ndarray, " t"]:
        """The response R at some times."""
        parts = np.array_split(times, 1 + times.size * self.halves.size // 20_000)
        return np.concatenate([self._response(part) for part in parts])

    def _response(self, times):
        turn = np.multiply.outer(times, self.nodes) / 2
        slow = times[:, None] * np.exp(-1j * turn) * np.sinc(turn / np.pi)
        phase = np.exp(-1j * np.multiply.outer(times, self.centres))
        count = self.coefficients.shape[1]
        table = spherical_bessel(np.multiply.outer(times, self.halves), count)
        powers = (-1j) ** np.arange(count)
        moments = np.einsum("ktp,pk->tp", table, self.coefficients * powers)
        fast = (self.coefficients[:, 0] - phase * moments) @ (2 * self.halves)
        return slow @ self.masses - 1j * fast


def spherical_bessel(x: np.ndarray, count: int) -> np.ndarray:
    """The first spherical Bessel functions at x ≥ 0, on a new first axis; absolute accuracy."""
    large = x >= count + 4
    table = np.empty((count, *x.shape))
    far, near = x[large], x[~large]
    # Gauss quadrature of Poisson's integral, whose integrand is even.
    y, w = (part[:MANY] for part in np.polynomial.legendre.leggauss(2 * MANY))
    basis = legendre(y, count) * w[:, None]
    turn = np.multiply.outer(near, y)
    signs = (-1.0) ** (np.arange(count) // 2)
    table[0::2, ~large] = ((np.cos(turn) @ basis[:, 0::2]) * signs[0::2]).T
    table[1::2, ~large] = ((np.sin(turn) @ basis[:, 1::2]) * signs[1::2]).T
    before = np.sin(far) / far
    now = (before - np.cos(far)) / far
    for k in range(count):  # upwards, stable while k < x
        table[k, large] = before
        before, now = now, (2 * k + 3) / far * now - before
    return table


def spectrum(
    J: Callable[[np.ndarray], np.ndarray], band: tuple[float, float], duration: float
) -> Spectrum:
    """Resolves one spectral density.

    Args:
        J: real values at an array of frequencies inside the band.
        band: its ends, of which one or both may be infinite.
        duration: how long a memory is wanted.
    """
    return _Builder(J, band, duration).build()


class _Builder:
    """Collects panels and nodes between the anchors: the ends of the band, and ω = 0."""

    def __init__(self, J: Callable, band: tuple[float, float], duration: float):
        self.J, self.low, self.high = J, band[0], band[1]
        self.duration, self.slow = duration, SLOW / duration
        self.panels: list[Piecewise] = []
        self.nodes: list[np.ndarray] = []
        self.masses: list[np.ndarray] = []
        self.defect = 0.0

    def build(self) -> Spectrum:
        inside = [0.0] if self.low < 0 < self.high else []
        anchors = [a for a in (self.low, *inside, self.high) if np.isfinite(a)]
        self.scale = self._scale(anchors)
        for a, b in pairwise(anchors):
            self._between(a, b)
        if self.high == np.inf:
            self._zone(anchors[-1], self.slow)
            self._outwards(anchors[-1] + self.slow, 1.0)
        if self.low == -np.inf:
            self._zone(anchors[0], -self.slow)
            self._outwards(self.slow - anchors[0], -1.0)
        edges = [(p.edges[:-1], p.edges[1:]) for p in self.panels] or [(np.zeros(0),) * 2]
        low, high = (np.concatenate(part) for part in zip(*edges))
        kept = [np.real(p.coefficients[:, 0]) for p in self.panels] or [np.zeros((0, DEGREE + 1))]
        return Spectrum(
            (low + high) / 2,
            (high - low) / 2,
            np.concatenate(kept),
            np.concatenate(self.nodes),
            np.concatenate(self.masses),
            self.defect,
        )

    def _scale(self, anchors) -> float:
        """The largest R, roughly, from few values of J."""
        steps = self.slow * 2.0 ** np.arange(-LEVELS, 9, 1 / 16)
        omega = np.concatenate([a + s * steps for a in anchors for s in (1, -1)])
        near = np.concatenate([steps] * (2 * len(anchors)))
        inside = (omega > self.low) & (omega < self.high)
        found = np.abs(self.J(omega[inside])) * near[inside]
        found /= np.abs(omega[inside]) + 1 / self.duration
        return max(float(np.max(found, initial=0.0)), TINY)

    def _between(self, a, b):
        zone = min(self.slow, (b - a) / 3)
        self._zone(a, zone)
        self._zone(b, -zone)
        doublings = int(np.log2((b - a) / 2 / zone)) + 1
        steps = zone * 2.0 ** np.arange(doublings)
        coarse = np.unique([*(a + steps), *(b - steps)])
        fine = coarse[:-1, None] + np.diff(coarse)[:, None] * np.arange(FINE) / FINE
        self._fast(np.append(fine, coarse[-1]), self._over_frequency, 40 * MOST)

    def _zone(self, anchor, length):
        """A slow panel that begins at an anchor and has a signed length."""
        root = np.sqrt(abs(length))
        sign = np.sign(length)
        edges = np.append(0.0, root * 2.0 ** np.arange(-LEVELS, 1))
        tolerance = EDGE_TOLERANCE * self.scale / self.duration
        found = pieces(
            lambda v: 2 * v[None] * self.J(anchor + sign * v**2), edges, tolerance, most=MOST
        )
        # An error of ∫J counts for at most the duration in R.
        self.defect += max(0.0, found.defect - tolerance) * self.duration
        x, w = np.polynomial.legendre.leggauss(DEGREE + 1)
        half = np.diff(found.edges)[:, None] / 2
        v = ((found.edges[:-1] + found.edges[1:])[:, None] / 2 + half * x).ravel()
        self.nodes.append(anchor + sign * v**2)
        self.masses.append(2 * v * self.J(self.nodes[-1]) * (half * w).ravel())

    def _over_frequency(self, omega):
        return self.J(omega)[None] / omega

    def _fast(self, edges, function, most):
        tolerance = TOLERANCE * self.scale
        found = pieces(function, edges, tolerance, most=most)
        self.panels.append(found)
        self.defect += max(0.0, found.defect - tolerance)

    def _outwards(self, start, sign):
        """Adds panels octave by octave, until nothing is left or J cannot be followed."""
        tail = Tail(lambda omega: self.J(sign * omega), start, TOLERANCE * self.scale)
        for found in tail.panels:
            mirrored = found if sign > 0 else _mirrored(found)
            self.panels.append(mirrored)
        self.defect += tail.defect


def _mirrored(panel: Piecewise) -> Piecewise:
    """A panel of J(−ω)/ω at positive ω, as one of J/ω at negative ω."""
    signs = (-1.0) ** np.arange(panel.coefficients.shape[2])
    return Piecewise(-panel.edges[::-1], -panel.coefficients[::-1] * signs, panel.defect)
