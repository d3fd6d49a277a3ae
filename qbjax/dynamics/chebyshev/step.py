r"""One step of a Chebyshev expansion: coefficients, terms, and the readings of these.

With $A = (L - c)/d$ (see `forward`) the terms $P_k$ of $e^{\tau L}y$ do not depend on τ:
whatever is linear in the state follows at every time within the step from that of the terms.
"""

from typing import NamedTuple

import equinox.internal as eqxi
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int, PyTree

from qbjax.dynamics.generator.shifts import inner
from qbjax.dynamics.rows import room
from qbjax.dynamics.solve import tsit5

TERMS = 96
"""Most terms of one step, a multiple of `GROUP`."""

EPS = float(np.finfo(float).eps)

LARGE = 64.0
"""Size, in units of the state's, beyond which a term's rounding (1e-14 of the state) counts."""

GROUP = 6
"""Terms between two looks at their size, a multiple of three."""

FIRST = TERMS + 24
"""Order at which the recurrence of the Bessel functions begins, to go down from there."""


class Ellipse(NamedTuple):
    """An ellipse round the spectrum: centre on the real axis, and half-axes."""

    centre: Float[Array, ""]
    real: Float[Array, ""]
    imaginary: Float[Array, ""]


def ellipse_of(decay, spread) -> Ellipse:
    """The ellipse for bounds on the spectrum, decay and spread (`chebyshev.propagate`)."""
    # Three quarters of the bounds, which no spectrum fills: measured best on the DOPO. The
    # imaginary axis must be the longer one.
    real = 0.75 * decay / 2
    return Ellipse(-decay / 2, real, jnp.maximum(0.75 * spread, 1.1 * real))


class Plan(NamedTuple):
    """The numbers of a step: length h, d of the expansion, coefficients of the terms.

    `still` are the terms of what L leaves alone, such as a trace.
    """

    length: Float[Array, ""]
    focus: Float[Array, ""]
    weights: Float[Array, " K"]
    still: Float[Array, " K"]


class Terms(NamedTuple):
    """Readings of the first `taken` terms $P_k$; leading axis K, stale behind those."""

    taken: Int[Array, ""]
    readings: PyTree[Array]


def plan_of(ellipse: Ellipse, h) -> Plan:
    """Plans a step of length h."""
    d = jnp.sqrt(ellipse.imaginary**2 - ellipse.real**2)
    d = jnp.maximum(d, 1 / jnp.where(h > 0, h, 1.0))  # a larger ellipse is as good
    return Plan(h, d, _weights(ellipse, d, h), _still(-ellipse.centre / d))


def between(ellipse: Ellipse, plan: Plan, terms: Terms, elapsed: Float[Array, " C"]):
    """Reads the state at times within a step.

    Args:
        ellipse, plan: of the step.
        terms: what was read off its terms.
        elapsed: times since its start.

    Returns:
        what `read` gives, leading axis C.
    """
    parts = shares(ellipse, plan, terms.taken, elapsed)
    return jax.tree.map(lambda x: jnp.tensordot(parts, x, 1), terms.readings)


def shares(ellipse: Ellipse, plan: Plan, taken, elapsed) -> Float[Array, "C K"]:
    """Shares of the first terms in the state at times within a step."""
    like = jnp.zeros((elapsed.size, plan.still.size))

    def shared(ellipse, focus, still, taken, elapsed):
        weights = jax.vmap(lambda tau: _weights(ellipse, focus, tau))(elapsed)
        weights = jnp.where(jnp.arange(weights.shape[1]) < taken, weights, 0.0)
        return weights / (weights @ still)[:, None]

    # Apart from what makes the times: so that both ways have the same kernels.
    given = (ellipse, plan.focus, plan.still, taken, elapsed)
    return tsit5.fenced(eqxi.unvmap_any(plan.length >= 0), shared, *given, like=like)


def step(field, read, ellipse: Ellipse, plan: Plan, y, readings, limit):
    """Takes a step of length h from a state.

    Args:
        field: the linear field.
        read: what is wanted of the terms, linear.
        ellipse, plan: of the step.
        y: the state.
        readings: room for what is read, from `reading.blank` or an earlier step.
        limit: the error to keep below.

    Returns:
        exp(hL)y, `Terms`, and an estimate of the error.
    """
    h, d, weights, still = plan
    rises = lax.stop_gradient(h) * (ellipse.real + ellipse.imaginary)

    def next_term(before, last, scale=2.0):
        return _next_term(field, ellipse.centre, d, before, last, scale)

    def three(_, carry):
        # Three terms in three places, each the one that is read no more: nothing is copied.
        k, before, last, _, total, recent = carry
        p = next_term(before, last)
        q = next_term(last, p)
        new = (p, q, next_term(p, q))
        recent = _put(recent, (k - 2) % GROUP, new)
        return k + 3, *new[1:], p, _added(weights, k, new, total), recent

    def group(state):
        carry, readings, _, largest = state
        first = carry[0]
        carry = lax.fori_loop(0, GROUP // 3, three, carry)
        k, *two = carry[:3]
        # Terms grow at first: small ones mean nothing before that is over, the largest come late.
        late = k >= rises / 2
        size = lax.cond(late, lambda: _beyond(weights, k, two), lambda: jnp.zeros(()))
        readings = _noted(read, first, carry[-1], readings)
        return carry, readings, jnp.where(k < rises, jnp.inf, size), jnp.maximum(largest, size)

    def unsettled(state):
        (k, *_), _, error, _ = state
        return (k < TERMS) & ~(error <= limit)

    nothing = jax.tree.map(jnp.zeros_like, y)
    two = (y, next_term(_opaque_zeros(y), y, 1.0))
    recent = _put(None if readings is None else room(GROUP, y), 0, two)
    start = (jnp.array(2), *two, nothing, _added(weights, 0, two, nothing), recent)
    begin = (start, _noted(read, 0, recent, readings), jnp.array(jnp.inf), jnp.zeros(()))
    (k, *_, total, _), readings, error, largest = lax.while_loop(unsettled, group, begin)
    # What L leaves alone stays to rounding, whatever is left out of the sum.
    whole = jnp.sum(jnp.where(jnp.arange(still.size) < k, weights * still, 0.0))
    error = jnp.maximum(error, _rounding(largest, y))
    return jax.tree.map(lambda x: x / whole, total), Terms(k, readings), error


def terms_again(field, ellipse: Ellipse, plan: Plan, y, room, count):
    """Computes the first `count` terms of a step from y again, or a few more, leading axis K.

    It costs less than the step, for the size of none is looked at.

    Returns:
        the terms, and the state at the end of the step.
    """
    weights = jnp.where(jnp.arange(plan.weights.size) < count, plan.weights, 0.0)

    def three(i, carry):
        before, last, room, total = carry
        p = _next_term(field, ellipse.centre, plan.focus, before, last, 2.0)
        q = _next_term(field, ellipse.centre, plan.focus, last, p, 2.0)
        r = _next_term(field, ellipse.centre, plan.focus, p, q, 2.0)
        k, new = 3 * i + 2, (p, q, r)
        return q, r, _put_each(room, k, new), _added(weights, k, new, total)

    nothing = jax.tree.map(jnp.zeros_like, y)
    two = y, _next_term(field, ellipse.centre, plan.focus, _opaque_zeros(y), y, 1.0)
    carry = (*two, _put_each(room, 0, two), _added(weights, 0, two, nothing))
    _, _, room, total = lax.fori_loop(0, count // 3, three, carry)
    whole = jnp.sum(weights * plan.still)
    return room, jax.tree.map(lambda x: x / whole, total)


def _opaque_zeros(y):
    """Zeros that XLA does not know: else it would compile the first term anew, without them."""
    return jax.tree.map(lambda x: 0.0 * x, y)


def _put_each(room, k, terms):
    """Writes terms in a row from place k, one by one: each a copy, nothing stacked before."""
    for i, term in enumerate(terms):
        room = jax.tree.map(
            lambda r, x, at=k + i: lax.dynamic_update_index_in_dim(r, x, at, 0), room, term
        )
    return room


def _rounding(largest, y) -> Float[Array, ""]:
    """Rounding error of large terms that cancel, as in a spectrum wider than the ellipse."""
    size = lax.stop_gradient(jnp.sqrt(square(y)))
    return jnp.where(largest > LARGE * size, EPS * largest, 0.0)


def _beyond(weights, k, two) -> Float[Array, ""]:
    """Bounds the terms that follow two, the second of them the one before $P_k$."""
    beyond = jnp.max(jnp.abs(lax.dynamic_slice_in_dim(weights, k - 1, 2)))
    return lax.stop_gradient(beyond * jnp.sqrt(2 * square(*two)))


def _added(weights, k, terms, total):
    """Adds some terms more to the sum, the first of them $P_k$."""
    some = lax.dynamic_slice_in_dim(weights, k, len(terms))
    return jax.tree.map(lambda t, *p: t + tsit5.dot(some, p), total, *terms)


def _put(room, k, terms):
    """Writes terms in a row, from place k."""

    def put(every, *some):
        return lax.dynamic_update_slice_in_dim(every, jnp.stack(some), k, 0)

    return None if room is None else jax.tree.map(put, room, *terms)


def _noted(read, k, recent, readings):
    """Writes down the readings of the group of terms that begins with $P_k$.

    A group at once, for to read takes many small kernels.
    """

    def put(every, some):
        return lax.dynamic_update_slice_in_dim(every, some, k, 0)

    return None if readings is None else jax.tree.map(put, readings, jax.vmap(read)(recent))


def _next_term(field, centre, d, before, last, scale):
    """The next term: `scale` times A applied to the last one, plus the one before."""
    # Scalars first: a division of every element would cost as much as the rest.
    along, back = scale / d, scale * centre / d

    def new(before, last):
        terms = (field(last), last, before)
        return jax.tree.map(lambda u, v, w: along * u - back * v + w, *terms)

    return tsit5.fenced(eqxi.unvmap_any(d > 0), new, before, last)


def square(*trees):
    """The sum of the squares of all elements, in one pass."""
    both = jax.tree.map(lambda *x: sum(y * y for y in x), *trees)
    return jnp.sum(jnp.stack([inner(x, jnp.ones_like(x)) for x in jax.tree.leaves(both)]))


def _weights(ellipse: Ellipse, d, tau) -> Float[Array, " K"]:
    """Coefficients of the terms at a time after the start of a step."""
    return bessel(tau * d) * jnp.exp(tau * ellipse.centre)


def _still(a) -> Float[Array, " K"]:
    """The terms of a single number on which A acts as the factor a."""

    def up(carry, _):
        before, last = carry
        return (last, 2 * a * last + before), before

    return lax.scan(up, (jnp.ones(()), a), length=TERMS + GROUP)[1]


def bessel(x) -> Float[Array, " K"]:
    r"""Bessel functions $(2 - \delta_{k0})J_k(x)$ for k < K and x ≥ 0.

    By Miller's recurrence from far above, on $f_k = J_k(x)\,k!\,(2/x)^k$, which is of order 1 for
    every x: $f_{k-1} = f_k - (x/2)^2f_{k+1}/(k(k + 1))$. Every one must be right to its own digits:
    the terms may grow as fast as these fall.
    """
    half, order = x / 2, np.arange(float(TERMS + GROUP))

    def down(carry, k):
        above, here = carry
        below = here - half**2 / (k * (k + 1)) * above
        return (here, below), below

    # A loop that is not unrolled is a single kernel to XLA:CPU, and the faster for it.
    seed = (jnp.zeros(()), jnp.ones(()))
    _, values = lax.scan(down, seed, jnp.arange(FIRST, 0.0, -1.0))
    powers = jnp.append(1.0, half ** order[1:]) * np.cumprod(1 / np.maximum(order, 1))  # over k!
    values = values[::-1][: order.size] * powers
    return values.at[1:].multiply(2.0) / (values[0] + 2 * jnp.sum(values[2::2]))
