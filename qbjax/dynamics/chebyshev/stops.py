"""Cotangents between the steps of a Chebyshev run: by saved values, saved times and edges."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox.internal as eqxi
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int, PyTree

from qbjax.dynamics.chebyshev.trail import Trail, middle
from qbjax.dynamics.chebyshev.transpose import plus, pull
from qbjax.dynamics.generator.dual import Dual


class Given(NamedTuple):
    """Arguments by which a run is differentiated: functions that carry numbers, and arrays."""

    weights: Callable
    save: Callable
    read: Callable | None
    initial: PyTree[Array]
    times: Float[Array, " T"]
    edges: Float[Array, " E"] | None


class Numbers(NamedTuple):
    """Numbers that weights, save and read carry, or cotangents of them; None for a None."""

    weights: PyTree[Array]
    save: PyTree[Array]
    read: PyTree[Array]


class Problem(NamedTuple):
    """The run that is differentiated.

    Attributes:
        weights: w(numbers, t). save: save(numbers, t, y or what was read). read: read(numbers, y).
        numbers: of the three, the perturbed ones only.
        given: the arguments.
        parts: t to ellipse and linear field.
        dual: the field taken apart; its weights are those of `given`.
        solver: tolerances.
        cotangent: of what was saved; of what was read, where steps pass saved times.
        by_times, by_edges: whether times are differentiated, and whether edges are.
    """

    weights: Any
    save: Any
    read: Any
    numbers: Numbers
    given: Given
    parts: Any
    dual: Dual
    solver: Any
    cotangent: PyTree[Array]
    by_times: bool
    by_edges: bool


class Carry(NamedTuple):
    """State of the way back: cotangents, and the state at the end of the step to come.

    `saves_left`: how many saved times are still to come.
    """

    end: PyTree[Array]
    state: PyTree[Array]
    numbers: Numbers
    times: Float[Array, " T"]
    edges: Float[Array, " E"] | None
    saves_left: Int[Array, ""]


def unsaved(problem: Problem, readings, speeds, saved):
    """Pulls cotangents of what was saved back to numbers of `save`, times, and readings."""

    def everything(numbers, *both):
        return lax.map(lambda now: problem.save(numbers, *now), both)

    by_save, by_times, by_readings = pull(
        everything, problem.numbers.save, problem.given.times, readings, cotangent=saved
    )
    if speeds is not None:
        for c, speed in zip(jax.tree.leaves(by_readings), jax.tree.leaves(speeds), strict=True):
            by_times = by_times + jnp.sum(c * speed, axis=range(1, c.ndim))
    return by_save, by_times, by_readings


def saves(problem: Problem, trail: Trail, n, time, carry: Carry) -> Carry:
    """Adds the cotangents of what was saved at `time` or later.

    That is where step n ends, or where the run begins.
    """
    times = problem.given.times

    def due(carry):
        return (carry.saves_left > 0) & (times[carry.saves_left - 1] >= time)

    def one(carry):
        i = carry.saves_left - 1
        cotangent = jax.tree.map(lambda x: x[i], problem.cotangent)
        by_save, by_time, state = pull(
            problem.save, problem.numbers.save, times[i], carry.end, cotangent=cotangent
        )
        along = jnp.where(i > 0, slope(problem, trail, n, carry.end, state), 0.0)
        numbers = carry.numbers._replace(save=plus(carry.numbers.save, by_save))
        return carry._replace(
            numbers=numbers,
            state=plus(carry.state, state),
            times=carry.times.at[i].add(by_time + along),
            saves_left=i,
        )

    return lax.while_loop(due, one, carry)


def across_edge(problem: Problem, trail: Trail, n, carry: Carry) -> Carry:
    """Adds the derivative by the time of an edge, if step n ends on one."""
    if carry.edges is None or not problem.by_edges:
        return carry
    times, edges = problem.given.times, jnp.asarray(problem.given.edges)
    crossed = (edges == trail.ends[n]) & (edges > times[0]) & (edges < times[-1])

    def along(n):
        _, part = problem.parts(middle(trail, n))
        return _dot(carry.state, part(carry.end))

    value = lax.cond(
        eqxi.unvmap_any(jnp.any(crossed)), lambda: along(n) - along(n + 1), lambda: jnp.zeros(())
    )
    # Edges that coincide share it, so that it is right when they move together.
    each = value / jnp.maximum(jnp.sum(jnp.where(crossed, 1.0, 0.0)), 1.0)
    return carry._replace(edges=carry.edges + jnp.where(crossed, each, 0.0))


def slope(problem: Problem, trail: Trail, n, y, cotangent):
    """The cotangent along the field as it is during step n; zero if no times are differentiated."""
    if not problem.by_times:
        return jnp.zeros(())
    _, part = problem.parts(middle(trail, n))
    return _dot(cotangent, part(y))


def _dot(a, b):
    products = jax.tree.map(lambda x, y: jnp.sum(x * y), a, b)
    return sum(jax.tree.leaves(products), jnp.zeros(()))
