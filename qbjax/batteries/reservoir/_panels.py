r"""Functions of time as piecewise polynomials, on the host, such as a memory kernel.

A kernel may be singular: $\log|t - t_0|$, an inverse root, or a kink. Between breakpoints that
crowd around such a time every piece is smooth to the eye of a polynomial, and integrals of the
function against polynomials are then exact to the accuracy of the pieces.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Complex, Float

DEGREE = 15
"""Highest Legendre polynomial of a piece."""

NARROWEST = 1e-13
"""Least width of a piece, as part of the whole interval."""


class Piecewise(NamedTuple):
    r"""A function $f_a(t) = \sum_k c_{p a k} P_k(x)$ on piece p, where x runs from −1 to 1.

    Attributes:
        edges: ends of the pieces, ascending.
        coefficients: c, per piece, component and polynomial.
        defect: what the last polynomials that were kept hold at most, times the width of their
            piece: what an integral of f may be wrong by.
    """

    edges: Float[np.ndarray, " edges"]
    coefficients: Complex[np.ndarray, "P A K"]
    defect: float

    def __call__(self, times: np.ndarray) -> np.ndarray:
        """Values, shape (A, …) for times of shape (…)."""
        flat = np.ravel(times)
        piece, x = self.locate(flat)
        basis = legendre(x, self.coefficients.shape[2])
        values = np.einsum("tak,tk->at", self.coefficients[piece], basis)
        return values.reshape(-1, *np.shape(times))

    def locate(self, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Piece and place within it, from −1 to 1."""
        piece = np.clip(np.searchsorted(self.edges, times, "right") - 1, 0, self.edges.size - 2)
        low, high = self.edges[piece], self.edges[piece + 1]
        return piece, (2 * times - low - high) / (high - low)

    def integral(self) -> "Piecewise":
        r"""The integral $\int_{t_0}^t f$ from the first edge."""
        half = np.diff(self.edges)[:, None, None] / 2
        raw = np.polynomial.legendre.legint(self.coefficients, lbnd=-1, axis=2) * half
        ends = np.cumsum(raw.sum(axis=2), axis=0)
        raw[1:, :, 0] += ends[:-1]
        return Piecewise(self.edges, raw, self.defect)


def legendre(x: np.ndarray, count: int) -> np.ndarray:
    """The first Legendre polynomials, on a new last axis."""
    return np.moveaxis(np.polynomial.legendre.legvander(x, count - 1), -1, -1)


def projector(count: int) -> tuple[np.ndarray, np.ndarray]:
    r"""Gauss points x and the matrix from values there to Legendre coefficients."""
    x, w = np.polynomial.legendre.leggauss(count)
    k = np.arange(count)
    return x, (k + 0.5)[:, None] * legendre(x, count).T * w


def pieces(
    function: Callable[[np.ndarray], np.ndarray],
    edges: np.ndarray,
    tolerance: float,
    *,
    degree: int = DEGREE,
    most: int | None = None,
) -> Piecewise:
    """Halves pieces until the function's integral over each is known.

    A piece is halved while its last two coefficients, times its width, exceed the tolerance.

    Args:
        function: (A, t) complex values at t times inside the pieces.
        edges: where to begin: singular times belong among them, for a piece that ends on one
            costs half of one that straddles it.
        tolerance: of the integral, absolute.
        degree: of the polynomials.
        most: so many pieces suffice, even if the tolerance is not met: then `defect` tells.
    """
    x, project = projector(degree + 1)
    low, high = np.asarray(edges[:-1], float), np.asarray(edges[1:], float)
    narrowest = NARROWEST * (edges[-1] - edges[0])
    done: list[tuple] = []
    defect = 0.0
    while low.size:
        half, middle = (high - low) / 2, (high + low) / 2
        values = np.asarray(function((middle[:, None] + half[:, None] * x).ravel()), complex)
        found = np.einsum("kg,apg->pak", project, values.reshape(len(values), low.size, -1))
        # Not the last two alone: by symmetry about a singular time they may both vanish.
        tail = np.abs(found[:, :, -3:]).max(axis=(1, 2)) * 2 * half
        known = sum(part[0].size for part in done)
        enough = most is not None and low.size + known > most
        fine = (tail <= tolerance) | (half < narrowest) | enough
        defect = max(defect, float(tail[fine].max(initial=0.0)))
        done.append((low[fine], high[fine], found[fine]))
        low, middle, high = low[~fine], middle[~fine], high[~fine]
        low, high = np.concatenate([low, middle]), np.concatenate([middle, high])
    starts, ends, coefficients = (np.concatenate(part) for part in zip(*done))
    order = np.argsort(starts)
    return Piecewise(np.append(starts[order], ends[order][-1]), coefficients[order], float(defect))
