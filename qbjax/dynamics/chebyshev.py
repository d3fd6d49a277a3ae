r"""Exponentials of generators that stay constant between edges, by a Chebyshev expansion.

For $\dot y = Ly$ with the spectrum of L inside an ellipse with centre c and half-axes a
(real) and b > a (imaginary), let $d = \sqrt{b^2 - a^2}$ and $A = (L - c)/d$. Then

$$e^{hL}y = e^{hc}\sum_{k\ge0} (2 - \delta_{k0})\,J_k(hd)\,P_k,\qquad
  P_0 = y,\; P_1 = AP_0,\; P_{k+1} = 2AP_k + P_{k-1},$$

with Bessel functions $J_k$ (the Faber series of the ellipse; H. Tal-Ezer, SIAM J. Sci. Stat.
Comput. 12, 1265 (1991)). Each term costs one application of L and no other vector survives,
so that stability-limited runs need about half the work of a Runge–Kutta method.

L is not normal, and how far its terms grow is not known before. So terms are added until
they are small, and a step whose terms do not settle is taken again at half its
length. `Chebyshev` as a method of `integrate.Solver` serves linear fields that are constant
between edges; batteries say which of theirs are. It differentiates in forward mode, also
with respect to times and edges.
"""

from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import equinox.internal as eqxi
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int, PyTree

from qbjax.dynamics import tsit5
from qbjax.dynamics.run import Run
from qbjax.dynamics.shifts import inner

REACH = 24.0
"""h(a + b)/2 of the longest step: terms before they decay."""

TERMS = 96
"""Most terms of one step, a multiple of `GROUP`."""

GROUP = 12
"""Terms between two looks at their size, a multiple of three."""


class Chebyshev(eqx.Module):
    """Names this method: `qb.Solver(method=qb.dynamics.Chebyshev())`.

    The error of a step is kept below atol + rtol‖y‖ (Frobenius norms), as an estimate; the
    DOPO's ergotropy then comes out to 1e-9.
    """


class Stay(NamedTuple):
    """Where the loop stands: time, state, step length to try, steps, whether all is lost."""

    time: Float[Array, ""]
    state: PyTree[Array]
    length: Float[Array, ""]
    steps: Int[Array, ""]
    lost: Bool[Array, ""]


def propagate(
    field: Callable,
    extent: Callable,
    initial: PyTree[Array],
    times: Float[Array, " T"],
    *,
    save: Callable,
    edges: Float[Array, " E"] | None,
    solver,
) -> Run:
    """Runs from `times[0]` through all times.

    Args:
        field: f(t, y), linear in y, constant in t between edges.
        extent: t to (decay, spread): minus the least real part, and the largest imaginary
            part, of the spectrum there.
        initial: state at `times[0]`.
        times: where to save.
        save: save(t, y).
        edges: where the field jumps; those outside the times do not matter.
        solver: `integrate.Solver`: tolerances and most steps.

    Returns:
        A `Run`.
    """
    at, which = stops(times, edges)
    duration = lax.stop_gradient(times[-1] - times[0])
    struct = jax.eval_shape(save, times[0], initial)

    def interval(stay: Stay, stop):
        time, wanted = stop
        middle = lax.stop_gradient((stay.time + time) / 2)
        ellipse = lax.stop_gradient(_ellipse(*extent(middle)))  # any that is large enough will do
        stay = _advance(lambda y: field(middle, y), ellipse, stay, time, duration, solver)
        seen = lax.cond(
            wanted,
            lambda: save(time, stay.state),
            lambda: jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), struct),
        )
        return stay, (seen, ~stay.lost)

    start = Stay(times[0], initial, jnp.array(jnp.inf), jnp.array(0), jnp.array(False))
    stay, (seen, reached) = lax.scan(interval, start, (at, which >= 0))
    saved = jnp.where(which < 0, times.size, which)
    rows = jnp.zeros(times.shape, which.dtype).at[saved].set(jnp.arange(at.size), mode="drop")
    return Run(
        saved=jax.tree.map(lambda x: x[rows], seen),
        arrived=reached[rows],
        last=stay.state,
        failed=stay.lost,
        limited=stay.steps >= solver.max_steps,
        steps=stay.steps,
    )


def stops(times: Float[Array, " T"], edges: Float[Array, " E"] | None):
    """Times and edges in order, and which saved time each is; −1 for an edge."""
    count = jnp.arange(times.size)
    if edges is None:
        return times, count
    inside = jnp.clip(edges, times[0], times[-1])
    both = jnp.concatenate([times, inside])
    order = jnp.argsort(lax.stop_gradient(both), stable=True)
    labels = jnp.concatenate([count, jnp.full(edges.shape, -1)])
    return both[order], labels[order]


class _Ellipse(NamedTuple):
    centre: Float[Array, ""]
    real: Float[Array, ""]
    imaginary: Float[Array, ""]


def _ellipse(decay, spread) -> _Ellipse:
    # Three quarters of the bounds, which no spectrum fills: measured best on the DOPO. The
    # imaginary axis must be the longer one.
    real = 0.75 * decay / 2
    return _Ellipse(-decay / 2, real, jnp.maximum(0.75 * spread, 1.1 * real + 1e-6))


def _advance(field, ellipse, stay: Stay, end, duration, solver) -> Stay:
    """Steps from where the loop stands to `end`, of equal length unless one fails."""
    longest = 2 * REACH / (ellipse.real + ellipse.imaginary)
    gap = end - stay.time
    tried = jnp.minimum(jnp.maximum(stay.length, 1e-3 * longest), longest)
    count = jnp.ceil(lax.stop_gradient(gap) / tried)
    # The field without what does not depend on the state: computed here, once.
    _, field = jax.linearize(field, jax.tree.map(jnp.zeros_like, stay.state))

    def going(inner):
        stay, left, _ = inner
        return (left > 0) & ~stay.lost

    def step(inner):
        stay, left, plan = inner
        size = jnp.sqrt(_square(lax.stop_gradient(stay.state)))
        limit = solver.atol + solver.rtol * size
        state, error = _step(field, ellipse, plan, stay.state, limit)
        good = error <= limit
        steps = stay.steps + 1
        stuck = (plan.length < 1e-12 * duration) & ~good
        stay = Stay(
            time=jnp.where(good, stay.time + plan.length, stay.time),
            state=jax.tree.map(lambda a, b: jnp.where(good, a, b), state, stay.state),
            length=jnp.where(good, stay.length, lax.stop_gradient(plan.length) / 2),
            steps=steps,
            lost=stuck | (steps >= solver.max_steps),
        )
        # Steps of one length share their coefficients, which come from a long recurrence.
        plan = lax.cond(good, lambda: plan, lambda: _plan(ellipse, plan.length / 2))
        return stay, jnp.where(good, left - 1, 2 * left), plan

    first = _plan(ellipse, gap / jnp.maximum(count, 1.0))  # so its derivative is that of the whole
    start = (stay._replace(length=tried), count, first)
    stay, *_ = lax.while_loop(going, step, start)
    return stay._replace(time=end, length=2 * stay.length)


class _Plan(NamedTuple):
    """A step's length h, the d of its expansion, the coefficients of its terms."""

    length: Float[Array, ""]
    focus: Float[Array, ""]
    weights: Float[Array, " K"]


def _plan(ellipse: _Ellipse, h) -> _Plan:
    d = jnp.sqrt(ellipse.imaginary**2 - ellipse.real**2)
    d = jnp.maximum(d, 1 / jnp.where(h > 0, h, 1.0))  # a larger ellipse is as good
    return _Plan(h, d, _bessel(jnp.where(h > 0, h * d, 1.0)) * jnp.exp(h * ellipse.centre))


def _step(field, ellipse: _Ellipse, plan: _Plan, y, limit):
    """exp(hL)y and an estimate of its error."""
    h, d, weights = plan
    rises = lax.stop_gradient(h) * (ellipse.real + ellipse.imaginary)

    def added(k, terms, total):
        some = lax.dynamic_slice_in_dim(weights, k, len(terms))
        return jax.tree.map(lambda t, *p: t + tsit5.dot(some, p), total, *terms)

    def next_term(before, last, scale=2.0):
        return _next_term(field, ellipse.centre, d, before, last, scale)

    def three(_, carry):
        # Three terms in three places, each the one that is read no more: nothing is copied.
        k, before, last, _, total = carry
        p = next_term(before, last)
        q = next_term(last, p)
        r = next_term(p, q)
        return k + 3, q, r, p, added(k, (p, q, r), total)

    def group(state):
        carry, _ = state
        carry = lax.fori_loop(0, GROUP // 3, three, carry)
        k, before, last, *_ = carry

        def smaller():
            """A bound on what follows."""
            beyond = jnp.max(jnp.abs(lax.dynamic_slice_in_dim(weights, k - 1, 2)))
            return lax.stop_gradient(beyond * jnp.sqrt(2 * _square(before, last)))

        # Terms grow at first: small ones mean nothing before that is over.
        return carry, lax.cond(k < rises, lambda: jnp.array(jnp.inf), smaller)

    def unsettled(state):
        (k, *_), error = state
        return (k < TERMS) & ~(error <= limit)

    nothing = jax.tree.map(jnp.zeros_like, y)
    first = next_term(nothing, y, 1.0)
    carry = (jnp.array(2), y, first, nothing, added(0, (y, first), nothing))
    (*_, total), error = lax.while_loop(unsettled, group, (carry, jnp.array(jnp.inf)))
    return total, error


def _next_term(field, centre, d, before, last, scale):
    """`scale` times A applied to the last term, plus the one before."""
    # Scalars first: a division of every element would cost as much as the rest.
    along, back = scale / d, scale * centre / d

    def new(before, last):
        terms = (field(last), last, before)
        return jax.tree.map(lambda u, v, w: along * u - back * v + w, *terms)

    return tsit5.fenced(eqxi.unvmap_any(d > 0), new, before, last)


def _square(*trees):
    """The sum of all squares, in one pass."""
    both = jax.tree.map(lambda *x: sum(y * y for y in x), *trees)
    return jnp.sum(jnp.stack([inner(x, jnp.ones_like(x)) for x in jax.tree.leaves(both)]))


def _bessel(x):
    """(2 − δ)J_k(x) for k = 0 … TERMS, by Miller's recurrence from far above; x ≥ 1."""
    top = TERMS + 24

    def down(carry, k):
        above, here = carry
        below = (2 * k / x) * here - above
        return (here, below), below

    seed = (jnp.zeros(()), jnp.array(1e-100))
    _, values = lax.scan(down, seed, jnp.arange(top, 0, -1, dtype=float))
    values = values[::-1]  # J_0 … J_{top-1}, up to a factor
    total = values[0] + 2 * jnp.sum(values[2::2])
    doubled = jnp.concatenate([values[:1], 2 * values[1:]])
    return doubled[: TERMS + GROUP] / total
