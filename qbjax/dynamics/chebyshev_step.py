r"""One step of a Chebyshev expansion: coefficients, terms, and what is seen on the way.

With $A = (L - c)/d$ (see `dynamics.chebyshev`) the terms $P_k$ of $e^{\tau L}y$ do not depend on τ:
whatever is linear in the state follows at every time within the step from that of the terms.
"""

from collections.abc import Callable
from typing import NamedTuple

import equinox.internal as eqxi
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int, PyTree

from qbjax.dynamics import tsit5
from qbjax.dynamics.shifts import inner

TERMS = 96
"""Most terms of one step, a multiple of `GROUP`."""

GROUP = 6
"""Terms between two looks at their size, a multiple of three."""

ANGLES = np.linspace(0, np.pi / 2, 65)
SINES = np.sin(ANGLES)
"""Where Bessel's integral is evaluated: with 256 points on the circle, the first alias of $J_k$ is
$J_{256-k}$, below rounding for x ≤ 64."""

_ORDERS = np.arange(TERMS + GROUP)[:, None]
_SHARES = np.where(ANGLES % (np.pi / 2) == 0, 0.5, 1.0) * np.where(_ORDERS, 2, 1) / 64
EVEN = np.where(_ORDERS % 2, 0.0, _SHARES * np.cos(_ORDERS * ANGLES))
ODD = np.where(_ORDERS % 2, _SHARES * np.sin(_ORDERS * ANGLES), 0.0)
"""The rows of even and odd k: quarters of the circle differ by signs only."""


class Ellipse(NamedTuple):
    """Where the spectrum lies: centre on the real axis, and half-axes."""

    centre: Float[Array, ""]
    real: Float[Array, ""]
    imaginary: Float[Array, ""]


def ellipse_of(decay, spread) -> Ellipse:
    """The ellipse of a decay and a spread, see `chebyshev.propagate`."""
    # Three quarters of the bounds, which no spectrum fills: measured best on the DOPO. The
    # imaginary axis must be the longer one.
    real = 0.75 * decay / 2
    return Ellipse(-decay / 2, real, jnp.maximum(0.75 * spread, 1.1 * real + 1e-6))


class Plan(NamedTuple):
    """A step's length h, the d of its expansion, the coefficients of its terms."""

    length: Float[Array, ""]
    focus: Float[Array, ""]
    weights: Float[Array, " K"]


class Terms(NamedTuple):
    """What was read off the first `count` terms $P_k$; leading axis K, stale behind those."""

    count: Int[Array, ""]
    seen: PyTree[Array]


def plan_of(ellipse: Ellipse, h) -> Plan:
    """The plan of a step of length h."""
    d = jnp.sqrt(ellipse.imaginary**2 - ellipse.real**2)
    d = jnp.maximum(d, 1 / jnp.where(h > 0, h, 1.0))  # a larger ellipse is as good
    return Plan(h, d, _weights(ellipse, d, h))


def blank(read: Callable, y) -> PyTree[Array]:
    """Room for what is read off the terms of a step."""
    like = jax.eval_shape(read, y)
    return jax.tree.map(lambda x: jnp.zeros((TERMS + GROUP, *x.shape), x.dtype), like)


def between(ellipse: Ellipse, plan: Plan, terms: Terms, elapsed: Float[Array, " C"]):
    """What is read off the state at times within a step.

    Args:
        ellipse, plan: of the step.
        terms: what was read off its terms.
        elapsed: times since its start.

    Returns:
        what `read` gives, leading axis C.
    """
    weights = jax.vmap(lambda tau: _weights(ellipse, plan.focus, tau))(elapsed)
    weights = jnp.where(jnp.arange(weights.shape[1]) < terms.count, weights, 0.0)
    return jax.tree.map(lambda x: jnp.tensordot(weights, x, 1), terms.seen)


def step(field, read, ellipse: Ellipse, plan: Plan, y, seen, limit):
    """Takes a step.

    Args:
        field: the linear field.
        read: what is wanted of the terms, linear.
        ellipse, plan: of the step.
        y: the state.
        seen: room for what is read, from `blank` or an earlier step.
        limit: the error to keep below.

    Returns:
        exp(hL)y, `Terms`, and an estimate of the error.
    """
    h, d, weights = plan
    rises = lax.stop_gradient(h) * (ellipse.real + ellipse.imaginary)

    def added(k, terms, total):
        some = lax.dynamic_slice_in_dim(weights, k, len(terms))
        return jax.tree.map(lambda t, *p: t + tsit5.dot(some, p), total, *terms)

    def noted(k, terms, seen):
        def put(all_of_them, *some):
            return lax.dynamic_update_slice_in_dim(all_of_them, jnp.stack(some), k, 0)

        return jax.tree.map(put, seen, *(read(p) for p in terms))

    def next_term(before, last, scale=2.0):
        return _next_term(field, ellipse.centre, d, before, last, scale)

    def three(_, carry):
        # Three terms in three places, each the one that is read no more: nothing is copied.
        k, before, last, _, total, seen = carry
        p = next_term(before, last)
        q = next_term(last, p)
        r = next_term(p, q)
        new = (p, q, r)
        return k + 3, q, r, p, added(k, new, total), noted(k, new, seen)

    def group(state):
        carry, _ = state
        carry = lax.fori_loop(0, GROUP // 3, three, carry)
        k, before, last, *_ = carry

        def smaller():
            """A bound on what follows."""
            beyond = jnp.max(jnp.abs(lax.dynamic_slice_in_dim(weights, k - 1, 2)))
            return lax.stop_gradient(beyond * jnp.sqrt(2 * square(before, last)))

        # Terms grow at first: small ones mean nothing before that is over.
        return carry, lax.cond(k < rises, lambda: jnp.array(jnp.inf), smaller)

    def unsettled(state):
        (k, *_), error = state
        return (k < TERMS) & ~(error <= limit)

    nothing = jax.tree.map(jnp.zeros_like, y)
    two = (y, next_term(nothing, y, 1.0))
    carry = (jnp.array(2), *two, nothing, added(0, two, nothing), noted(0, two, seen))
    (k, *_, total, seen), error = lax.while_loop(unsettled, group, (carry, jnp.array(jnp.inf)))
    return total, Terms(k, seen), error


def _next_term(field, centre, d, before, last, scale):
    """`scale` times A applied to the last term, plus the one before."""
    # Scalars first: a division of every element would cost as much as the rest.
    along, back = scale / d, scale * centre / d

    def new(before, last):
        terms = (field(last), last, before)
        return jax.tree.map(lambda u, v, w: along * u - back * v + w, *terms)

    return tsit5.fenced(eqxi.unvmap_any(d > 0), new, before, last)


def square(*trees):
    """The sum of all squares, in one pass."""
    both = jax.tree.map(lambda *x: sum(y * y for y in x), *trees)
    return jnp.sum(jnp.stack([inner(x, jnp.ones_like(x)) for x in jax.tree.leaves(both)]))


def _weights(ellipse: Ellipse, d, tau) -> Float[Array, " K"]:
    """Coefficients of the terms at a time after the start of a step."""
    return bessel(tau * d) * jnp.exp(tau * ellipse.centre)


def bessel(x) -> Float[Array, " K"]:
    r"""$(2 - \delta_{k0})J_k(x)$ for k < K and 0 ≤ x ≤ 64: Bessel's integral over a quarter of the
    circle, by the trapezoidal rule, which is exact to rounding there."""
    turned = x * SINES
    return EVEN @ jnp.cos(turned) + ODD @ jnp.sin(turned)
