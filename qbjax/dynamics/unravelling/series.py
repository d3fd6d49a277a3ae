r"""One step of a linear equation by its power series, known at all times of the step.

On a step of length h the operator is the parabola through its values at the three nodes of Gauss,
$A(t + sh) = \frac1h\sum_{j\le2}B_js^j$, or a constant where nothing moves. Then

$$\psi(t + sh) = \sum_kv_ks^k, \qquad (k + 1)\,v_{k+1} = \sum_jB_jv_{k-j},$$

up to the terms that are rounding. So a step is exact to rounding where the operator is constant,
and of order six where it moves (four at times within the step); what is known at all times within
it is where the state falls to some size.
"""

from collections.abc import Callable
from operator import mul
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int, PyTree

from qbjax.dynamics.unravelling.conditional import Conditional

REACH = 5.0
"""Largest norm of A times a step: terms of the series are then at most some 30 times the state."""

MOST = 48
"""Terms of a series at most: enough for twice the reach."""

TERM = 1e-15
"""Size of the last terms, relative to the state."""

NODES = 0.5 + np.sqrt(0.15) * np.array([-1.0, 0.0, 1.0])
POWERS = np.linalg.inv(np.vander(NODES, 3, increasing=True))
"""Nodes of Gauss, and the powers of a parabola of its values there."""

CLOSE, CLOSEST = 1e-14, 4 * float(np.finfo(float).eps)
"""Share of a state's size to which it falls at a jump; share of a step, below which all is one."""


class Series(NamedTuple):
    """The powers of an operator on a step: as many as are needed, times the step."""

    powers: tuple[PyTree[Array], ...]


def constant(operator: PyTree[Array], step: Float[Array, ""]) -> Series:
    """The series of an operator that stands still."""
    return Series((jax.tree.map(lambda x: step * x, operator),))


def moving(operator: Callable, start: Float[Array, ""], step: Float[Array, ""]) -> Series:
    """The series of an operator(t) that moves."""
    values = [operator(start + node * step) for node in NODES]

    def power(*weights):
        return jax.tree.map(lambda *x: step * sum(map(mul, weights, x)), *values)

    return Series(tuple(power(*row) for row in POWERS.tolist()))


def advanced(known: Conditional, series: Series, state: Array) -> Array:
    """The state at the end of a step; NaN if the series is too long."""
    _, total, _ = _summed(known, series, state, None)
    return total


def crossing(
    known: Conditional, series: Series, state: Array, size: Float[Array, ""]
) -> tuple[Float[Array, ""], Array]:
    """The share of a step after which a state has fallen to a size, and the state there.

    By Newton's method between bounds: the size never grows.
    """
    terms = jnp.zeros((MOST, *state.shape)).at[0].set(state)
    terms, end, _ = _summed(known, series, state, terms)

    def at(share):
        return jnp.tensordot(share ** jnp.arange(float(MOST)), terms, 1)

    def rule(carry):
        low, high, share, *_, count = carry
        there = at(share)
        # The slope is that of the equation: cheaper than that of all its terms.
        powers = enumerate(series.powers)
        slope = sum(share**j * known.act(power, there) for j, power in powers)
        now, falling = jax.jvp(known.size, (there,), (slope,))
        low, high = jnp.where(now > size, share, low), jnp.where(now > size, high, share)
        newton = share - (now - size) / falling
        inside = (newton > low) & (newton < high)
        better = jnp.where(inside, newton, (low + high) / 2)
        done = (jnp.abs(now - size) <= CLOSE * first) | (jnp.abs(better - share) <= CLOSEST)
        return low, high, jnp.where(done, share, better), there, done, count + 1

    def goes_on(carry):
        *_, done, count = carry
        return jnp.logical_not(done) & (count < MOST)

    first, last = known.size(state), known.size(end)
    guess = jnp.clip(jnp.log(first / size) / jnp.log(first / last), 0.0, 1.0)
    guess = jnp.where(jnp.isfinite(guess), guess, 0.5)
    start = (jnp.zeros(()), jnp.ones(()), guess, state, jnp.array(False), 0)
    _, _, share, there, *_ = lax.while_loop(goes_on, rule, start)
    return share, there


def _summed(known: Conditional, series: Series, state: Array, terms: Array | None):
    """All terms, written into `terms` if these are wanted; their sum; how many."""
    depth = len(series.powers)
    limit = TERM**2 * jnp.sum(state**2)

    def goes_on(carry) -> Bool[Array, ""]:
        _, _, recent, k = carry
        return (jnp.sum(recent**2) > limit) & (k < MOST)

    def add(carry):
        terms, total, recent, k = carry
        each = zip(series.powers, recent, strict=True)
        moved = sum(known.act(power, term) for power, term in each) / _real(k)
        recent = jnp.concatenate([moved[None], recent[:-1]])
        terms = None if terms is None else lax.dynamic_update_index_in_dim(terms, moved, k, 0)
        return terms, total + moved, recent, k + 1

    recent = jnp.concatenate([state[None], jnp.zeros((depth - 1, *state.shape))])
    terms, total, recent, k = lax.while_loop(goes_on, add, (terms, state, recent, jnp.array(1)))
    converged = jnp.sum(recent**2) <= limit
    return terms, jnp.where(converged, total, jnp.nan), k


def _real(k: Int[Array, ""]) -> Float[Array, ""]:
    return k.astype(float)
