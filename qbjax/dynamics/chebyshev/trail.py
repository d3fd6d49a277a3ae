"""The trail of a Chebyshev run for the way back: steps, and some of the states between them."""

from typing import NamedTuple

import equinox.internal as eqxi
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

MARKS = 96
"""States that are kept; more where that many stretches of BLOCK² steps are too few."""

BLOCK = 32
"""Blocks of a stretch, and steps of a block."""


class Trail(NamedTuple):
    """The accepted steps of a run.

    States are kept at the start of every `stride`-th step. When all places are taken the stride
    doubles, and every other state gives its place away: memory is bounded however long the run.

    Attributes:
        starts, ends: of the steps, shape (max_steps,).
        terms: how many each took.
        steps: how many there are.
        stride: steps from one kept state to the next.
        places: which step's start lies in each place, −1 for none, shape (M,).
        states: the states there, leaves (M, ...).
    """

    starts: Float[Array, " S"]
    ends: Float[Array, " S"]
    terms: Int[Array, " S"]
    steps: Int[Array, ""]
    stride: Int[Array, ""]
    places: Int[Array, " M"]
    states: PyTree[Array]


def unwalked(y: PyTree[Array], max_steps: int) -> Trail:
    """Makes the empty trail of a run that begins."""
    line = jnp.zeros(max_steps)
    marks = max(MARKS, -(-max_steps // BLOCK**2))
    states = jax.tree.map(lambda x: jnp.zeros((marks, *x.shape)), y)
    terms = jnp.zeros(max_steps, int)
    return Trail(line, line, terms, jnp.array(0), jnp.array(1), jnp.full(marks, -1), states)


def longer(trail: Trail, good, start, end, terms, y: PyTree[Array]) -> Trail:
    """Adds a step from y to a trail, if the step was `good`."""
    n, marks = trail.steps, trail.places.size
    stride = jnp.where(n == marks * trail.stride, 2 * trail.stride, trail.stride)
    free = (trail.places < 0) | (trail.places % stride != 0)
    place = jnp.where(good & (n % stride == 0), jnp.argmax(free), marks)
    index = jnp.where(good, n, trail.starts.size)
    return Trail(
        starts=trail.starts.at[index].set(start, mode="drop"),
        ends=trail.ends.at[index].set(end, mode="drop"),
        terms=trail.terms.at[index].set(terms, mode="drop"),
        steps=jnp.where(good, n + 1, n),
        stride=stride,
        places=trail.places.at[place].set(n, mode="drop"),
        states=jax.tree.map(lambda s, x: s.at[place].set(x, mode="drop"), trail.states, y),
    )


def kept(trail: Trail, step) -> PyTree[Array]:
    """Looks up the state at the start of a step, a multiple of the stride."""
    place = jnp.argmax(trail.places == step)
    return jax.tree.map(lambda s: s[place], trail.states)


def middle(trail: Trail, step) -> Float[Array, ""]:
    """A time within a step."""
    return inside(trail.starts[step], trail.ends[step])


def inside(start, end) -> Float[Array, ""]:
    """A time within a span, before an edge at its end: their mean may be rounded to that."""
    return jnp.minimum((start + end) / 2, eqxi.prevbefore(end))
