r"""Exponentials of an equation that stands still, shared by all trajectories of a small system.

$$U_m = e^{2^m\delta A}, \qquad m = 0, 1, \ldots$$

A time is a sum of such spans. Where the state falls to some size within one, the next shorter is
tried, until what is left is shorter than δ, on which a power series finds the place
(`unravelling.series`).
"""

import math
from typing import NamedTuple

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int, PyTree

from qbjax.dynamics.solve.exponential import expm, matrix
from qbjax.dynamics.unravelling.conditional import Conditional

LEVELS = 40
"""Spans at most: the longest is 2³⁹ of the shortest."""

ROUNDING = 1e-12
"""Share by which a time may be shorter than a span that it is taken for."""


class Spans(NamedTuple):
    """Exponentials for spans that double.

    Attributes:
        steps: of the state, flat, (LEVELS, n, n); zeros from `top` on.
        shortest: δ.
        top: how many there are.
    """

    steps: Float[Array, "M n n"]
    shortest: Float[Array, ""]
    top: Int[Array, ""]

    def level(self, time: Float[Array, ""]) -> Int[Array, ""]:
        """The longest span within a time; negative if none is."""
        ratio = jnp.maximum(time / self.shortest * (1 + ROUNDING), 0.5)
        return jnp.minimum(jnp.floor(jnp.log2(ratio)).astype(int), self.top - 1)


class Reached(NamedTuple):
    """The state after spans.

    Attributes:
        state: its size is above the one that was waited for.
        passed: the time that has passed.
        left: the time, shorter than δ, within which that is reached, or the end.
    """

    state: Array
    passed: Float[Array, ""]
    left: Float[Array, ""]


def spans_of(known: Conditional, operator: PyTree[Array], shape, times) -> Spans:
    """The exponentials for a run.

    Args:
        known: how the state moves.
        operator: numbers of the motion, which stand still.
        shape: of the state.
        times: of the run: evenly spaced ones take one exponential each.
    """
    spans = jnp.diff(times)
    mean, longest = jnp.mean(spans), jnp.max(spans)
    halvings = jnp.clip(jnp.ceil(jnp.log2(mean * known.radius(operator))), 0.0, LEVELS - 1.0)
    shortest = mean / 2.0**halvings
    most = jnp.floor(jnp.log2(longest / shortest * (1 + ROUNDING)))
    top = jnp.minimum(most.astype(int) + 1, LEVELS)
    A = matrix(lambda x: known.act(operator, x), lambda x: x.reshape(shape), math.prod(shape))

    def double(step, m):
        return lax.cond(m + 1 < top, lambda: step @ step, lambda: jnp.zeros_like(step)), step

    _, steps = lax.scan(double, expm(shortest * A), jnp.arange(LEVELS))
    return Spans(steps, shortest, top)


def passed(known: Conditional, spans: Spans, state: Array, time, size) -> Reached:
    """Passes through a time, or up to just before the state has fallen to a size."""

    def goes_on(carry):
        _, _, left, cap = carry
        return jnp.minimum(spans.level(left), cap) >= 0

    def one(carry):
        state, passed, left, cap = carry
        m = jnp.minimum(spans.level(left), cap)
        span = spans.shortest * 2.0 ** m.astype(float)
        there = (spans.steps[m] @ state.ravel()).reshape(state.shape)
        stays = known.size(there) > size
        state = jnp.where(stays, there, state)
        after = jnp.maximum(left - span, 0.0)
        return (
            state,
            jnp.where(stays, passed + span, passed),
            jnp.where(stays, after, jnp.minimum(span, left)),
            jnp.where(stays, cap, m - 1),
        )

    start = (state, jnp.zeros(()), time, spans.top - 1)
    return Reached(*lax.while_loop(goes_on, one, start)[:3])
