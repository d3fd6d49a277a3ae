r"""Amplitudes that remember a smooth kernel, on equal elements, in one program for all numbers.

The equation of `_memory`,

$$c(t) = c(0) - \sum_a M_a\int_0^t R_a(t-\tau)\,c(\tau)\,d\tau, \qquad M_0 = i\Omega,\ R_0 = 1,$$

by collocation at Gauss points. R depends on differences of times, and the elements are equal: one
row of weights, by the number of elements between, does for all. They are computed where the run
is, so that the density's numbers may be traced. Of a smooth R twice as many Gauss points see all;
c is told between the points by the elements' polynomials, to 1e-11 where it turns by less than two
radians in each.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy.linalg import lu_factor, lu_solve
from jaxtyping import Array, Complex, Float, Int

from qbjax.batteries.reservoir._memory import Amplitudes
from qbjax.batteries.reservoir._panels import legendre, projector

POINTS, COARSER = 12, 2
"""Gauss points per element, and how many fewer the rough run has, which tells the error."""

PHASE = 2.0
"""Radians by which an element is turned at most."""

FINER = 1.25
"""Radians that the memory of the fine run allows for, over those that there should be."""

MOST_ELEMENTS = 2048
"""Largest number of elements: each remembers all before it."""


class Places(NamedTuple):
    """The elements in which times lie, and the values there of the elements' polynomials."""

    element: Int[np.ndarray, " T"]
    basis: Float[np.ndarray, "T m"]


class Mesh(eqx.Module):
    """Equal elements over a span of time, and the requested times on them.

    Attributes:
        times: the requested times, from 0 on.
        fine, rough: the places of the requested times for the two runs.
        elements: how many there are.
    """

    times: Any
    fine: Any
    rough: Any
    elements: int = eqx.field(static=True)


class Rule(NamedTuple):
    """The points of an element from 0 to 1, and its quadrature from 0 to 1 and to each point.

    Attributes:
        points: x, (m,).
        nodes, masses: y and w, (q,).
        far: the polynomials at y, (q, m).
        own: the polynomials at $x_iy$, (m, q, m).
    """

    points: Float[np.ndarray, " m"]
    nodes: Float[np.ndarray, " q"]
    masses: Float[np.ndarray, " q"]
    far: Float[np.ndarray, "q m"]
    own: Float[np.ndarray, "m q m"]


def mesh(elapsed: Float[np.ndarray, " T"], step: float) -> Mesh:
    """The mesh of a run; a few numbers of elements serve all runs, so that they share programs.

    Args:
        elapsed: requested times from 0 on.
        step: longest element.

    Raises:
        ValueError: if there would be too many elements.
    """
    span = float(elapsed[-1])
    if span / step > MOST_ELEMENTS:
        raise ValueError(
            f"Argument `times` must span at most {MOST_ELEMENTS} elements no longer than "
            f"{step:.3g}, but spans {span:g}; a `step` of {span / MOST_ELEMENTS:.2g}, or a span of "
            f"{step * MOST_ELEMENTS:.2g}, would do."
        )
    elements = rounded(span / step)
    place = elapsed / span * elements if span else np.zeros_like(elapsed)
    element = np.clip(place.astype(int), 0, elements - 1)
    fine, rough = (
        Places(element, _polynomials(place - element, points))
        for points in (POINTS, POINTS - COARSER)
    )
    return Mesh(np.asarray(elapsed), fine, rough, elements)


def rounded(elements: float) -> int:
    """The next number of elements of the form $2^k$ or $3\\cdot2^k$."""
    power = 2 ** int(np.ceil(np.log2(max(elements, 1.0)) - 1e-12))
    return power * 3 // 4 if power >= 4 and elements <= power * 3 / 4 else power


def amplitudes(
    response: Callable, mesh: Mesh, frequencies, mixing, initial: Complex[Array, " n"]
) -> Amplitudes:
    """Amplitudes at the requested times, and how far a rougher run is off so far.

    Args:
        response: response(times, turns) -> R of A shapes, (A, t) (`densities`).
        mesh: of the run.
        frequencies: the diagonal of Ω.
        mixing: $M_a$ of the shapes, (A, n, n).
        initial: c(0).
    """
    turning = 1j * jnp.diag(frequencies).astype(complex)
    mixings = jnp.concatenate([turning[None], mixing.astype(complex)])
    turns = PHASE * mesh.elements
    parts = ((mesh.fine, FINER * turns, POINTS), (mesh.rough, turns, POINTS - COARSER))
    fine, rough = (
        _at(places, _solved(lambda t, most=most: response(t, most), mesh, points, mixings, initial))
        for places, most, points in parts
    )
    gap = lax.stop_gradient(jnp.max(jnp.abs(fine - rough), axis=1))
    return Amplitudes(fine, lax.cummax(gap))


def _at(places: Places, known: Complex[Array, "E m n"]) -> Complex[Array, "T n"]:
    basis = jnp.asarray(places.basis, complex)
    return jnp.einsum("tm,tmn->tn", basis, known[jnp.asarray(places.element)])


def _solved(response, mesh: Mesh, points: int, mixings, initial) -> Complex[Array, "E m n"]:
    """Marches through the elements; every one is the same small linear system."""
    own, far = _weights(response, mesh, points)
    n, count = initial.size, mesh.elements
    system = jnp.einsum("aij,alk->iljk", own, mixings).reshape(points * n, points * n)
    factors = lu_factor(jnp.eye(points * n, dtype=complex) + system)
    # Reversed, and zeros for what is to come: a row of it are the weights of all elements.
    reversed_ = jnp.concatenate([far[::-1], jnp.zeros((count, *far.shape[1:]), complex)])

    def march(known, index):
        row = lax.dynamic_slice_in_dim(reversed_, count - 1 - index, count)
        memory = jnp.einsum("eaij,ejk,alk->il", row, known, mixings)
        new = lu_solve(factors, (initial[None] - memory).reshape(-1)).reshape(points, n)
        return lax.dynamic_update_index_in_dim(known, new, index, 0), None

    empty = jnp.zeros((count, points, n), complex)
    return lax.scan(march, empty, jnp.arange(count))[0]


def _weights(response, mesh: Mesh, points: int):
    """The weights of an element on itself, (1+A, m, m), and on those after it, (E−1, 1+A, m, m)."""
    rule = _rule(points)
    step = jnp.asarray(mesh.times)[-1] / mesh.elements
    inside = rule.points[:, None] * (1 - rule.nodes)
    apart = np.arange(1.0, mesh.elements)[:, None, None] + (rule.points[:, None] - rule.nodes)
    places = np.concatenate([inside[None], apart])
    found = response(step * places.ravel())
    found = jnp.concatenate([jnp.ones_like(found[:1]), found]).reshape(-1, *places.shape)
    size = (step * rule.masses).astype(complex)
    own, far = (jnp.asarray(x, complex) for x in (rule.points[:, None, None] * rule.own, rule.far))
    near = jnp.einsum("aiq,q,iqj->aij", found[:, 0], size, own)
    return near, jnp.einsum("akiq,q,qj->kaij", found[:, 1:], size, far)


@functools.cache
def _rule(points: int) -> Rule:
    x = (np.polynomial.legendre.leggauss(points)[0] + 1) / 2
    y, w = np.polynomial.legendre.leggauss(2 * points)
    y, w = (y + 1) / 2, w / 2
    return Rule(x, y, w, _polynomials(y, points), _polynomials(np.outer(x, y), points))


def _polynomials(place: np.ndarray, points: int) -> np.ndarray:
    """Lagrange's polynomials of an element's points, on a new last axis."""
    _, project = projector(points)
    return legendre(2 * place - 1, points) @ project
