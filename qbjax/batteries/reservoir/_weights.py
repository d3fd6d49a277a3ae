r"""Weights of product integration: a memory kernel against polynomials, integrated exactly.

$$w_{ij} = \int_0^{t_i} R(t_i - \tau)\,\ell_j(\tau)\,d\tau, \qquad R(t) = \int_0^t F(s)\,ds$$

where the $\ell_j$ are the Lagrange polynomials of m Gauss points on each element of a mesh,
and R is piecewise polynomial (`_panels`). Between the edges of both, the integrand is a
polynomial, and Gauss quadrature is exact. On the host, once per kernel.
"""

import math
from typing import Any, NamedTuple

import equinox as eqx
import numpy as np
from jaxtyping import Array, Complex, Float

from qbjax.batteries.reservoir._panels import Piecewise, legendre, pieces, projector

POINTS = 10
"""Gauss points per element."""

MESH_TOLERANCE = 5e-10
"""Accuracy with which polynomials on the mesh must follow the first answer of the memory: over the
longest element, relative to 1 or to what the memory answers within one."""

COARSER = 2
"""Points that the elements of the rough run, which tells the error, have fewer."""


class Weights(eqx.Module):
    """The weights of a kernel of A shapes on E elements of m points.

    The first shape, before those of the kernel, is the constant 1, which carries frequencies.

    Attributes:
        rows: weights of each element's points, `j` counting all points, (E, 1+A, m, E·m).
        last: weights of the requested times, (1+A, T, E·m).
        times: the requested times.
    """

    rows: Complex[Array, "E B m N"] | Complex[np.ndarray, "E B m N"]
    last: Complex[Array, "B T N"] | Complex[np.ndarray, "B T N"]
    times: Float[Array, " T"] | Float[np.ndarray, " T"]


class Pair(NamedTuple):
    """The weights of a run, and those of a rougher one on the same elements."""

    fine: Weights
    rough: Weights

    @property
    def times(self) -> Any:
        """The requested times, from 0 on."""
        return self.fine.times

    @property
    def elements(self) -> int:
        """The number of elements."""
        return self.fine.rows.shape[0]


def mesh(response: Piecewise, step: float, breaks=()) -> Float[np.ndarray, " edges"]:
    """Edges of elements no longer than `step`, shorter where the memory's answer is singular.

    Args:
        response: R. To first order the amplitudes are 1 − ∫R, whose singularities they share.
        step: longest element.
        breaks: times that shall be edges.
    """
    low, high = response.edges[[0, -1]]
    inner = [t for t in breaks if low < t < high]
    fixed = np.unique([low, *inner, high])
    counts = np.maximum(1, np.ceil(np.diff(fixed) / step - 1e-9).astype(int))
    parts = [np.linspace(a, b, n + 1)[:-1] for a, b, n in zip(fixed, fixed[1:], counts)]
    start = np.append(np.concatenate(parts), high)
    longest = min(step, high - low)
    scale = max(1.0, longest / 2 * float(np.abs(response.coefficients).max()))
    first = response.integral()
    return pieces(first.__call__, start, MESH_TOLERANCE * longest * scale, degree=POINTS - 1).edges


def count(elements: float | int, shapes: int, times: int) -> float | int:
    """The numbers that `pair` will hold, for so many elements, shapes of the kernel, and times."""
    points = elements * POINTS
    return 2 * (1 + shapes) * points * (points + times)


def most_elements(numbers: float, shapes: int, times: int) -> float | int:
    """The elements for which `pair` holds so many numbers: `count` solved for them."""
    half = times / 2
    return (math.sqrt(half**2 + numbers / (2 * (1 + shapes))) - half) / POINTS


def pair(response: Piecewise, edges: np.ndarray, times: np.ndarray) -> Pair:
    """The weights of a run, and of the rough one that tells its error.

    Args:
        response: R, at least as long as the times.
        edges: of the mesh, from 0 to the last time.
        times: where amplitudes are wanted.
    """
    return Pair(*(weights(response, edges, times, m) for m in (POINTS, POINTS - COARSER)))


def weights(response: Piecewise, edges: np.ndarray, times: np.ndarray, points: int) -> Weights:
    """The weights of a run with so many points per element."""
    x, _ = np.polynomial.legendre.leggauss(points)
    low, high = edges[:-1, None], edges[1:, None]
    nodes = ((low + high) / 2 + (high - low) / 2 * x).ravel()
    rule = _Rule(response, edges, points)
    rows = np.stack([rule.row(t) for t in nodes], axis=1)
    last = np.stack([rule.row(t) for t in times], axis=1)
    return Weights(
        rows.reshape(len(rows), edges.size - 1, points, -1).swapaxes(0, 1).copy(),
        last,
        np.asarray(times, float),
    )


class _Rule:
    """The rule that makes weights, one row at a time."""

    def __init__(self, response: Piecewise, edges: np.ndarray, points: int):
        self.response, self.edges, self.points = response, edges, points
        _, self.project = projector(points)
        degree = points + response.coefficients.shape[2] - 2
        self.gauss = np.polynomial.legendre.leggauss(degree // 2 + 1)

    def row(self, t: float) -> np.ndarray:
        """The weights (1+A, N) of every point for time t."""
        shapes = 1 + self.response.coefficients.shape[1]
        out = np.zeros((shapes, self.edges.size - 1, self.points), complex)
        if t > 0:
            sums = self._sums(t)
            out[:, : sums.shape[1]] = sums
        return out.reshape(shapes, -1)

    def _sums(self, t):
        mirrored = t - self.response.edges
        cuts = np.concatenate([self.edges, mirrored])
        cuts = np.unique(np.append(cuts[(cuts > 0) & (cuts < t)], [0.0, t]))
        half, middle = np.diff(cuts)[:, None] / 2, (cuts[1:] + cuts[:-1])[:, None] / 2
        tau = middle + half * self.gauss[0]
        # The element and the piece by the middle: rounding may move the ends across an edge.
        element = np.searchsorted(self.edges, middle[:, 0], "right") - 1
        low, high = self.edges[element][:, None], self.edges[element + 1][:, None]
        lagrange = legendre((2 * tau - low - high) / (high - low), self.points) @ self.project
        values = self._response(t - tau, t - middle[:, 0]) * (half * self.gauss[1])
        moments = np.einsum("asg,sgj->asj", values, lagrange)
        starts = np.flatnonzero(np.diff(element, prepend=-1))
        return np.add.reduceat(moments, starts, axis=1)

    def _response(self, ages, middles):
        edges, coefficients = self.response.edges, self.response.coefficients
        piece, _ = self.response.locate(middles)
        low, high = edges[piece][:, None], edges[piece + 1][:, None]
        basis = legendre((2 * ages - low - high) / (high - low), coefficients.shape[2])
        values = np.einsum("sak,sgk->asg", coefficients[piece], basis)
        return np.concatenate([np.ones_like(values[:1]), values])
