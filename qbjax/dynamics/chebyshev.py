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

GROUP = 6
"""Terms between two looks at their size."""


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
    stops, which = _stops(times, edges)
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
    stay, (seen, reached) = lax.scan(interval, start, (stops, which >= 0))
    saved = jnp.where(which < 0, times.size, which)
    rows = jnp.zeros(times.shape, which.dtype).at[saved].set(jnp.arange(stops.size), mode="drop")
    return Run(
        saved=jax.tree.map(lambda x: x[rows], seen),
        arrived=reached[rows],
        last=stay.state,
        failed=stay.lost,
        limited=stay.steps >= solver.max_steps,
        steps=stay.steps,
    )


def _stops(times, edges):
    """Times and edges in order, and which saved time each is (the number of times: none)."""
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
    stay = stay._replace(length=jnp.maximum(stay.length, 1e-3 * longest))

    def going(inner):
        stay, left = inner
        return (left > 0) & ~stay.lost

    def step(inner):
        stay, left = inner
        count = jnp.ceil(left / jnp.minimum(stay.length, longest))
        h = (end - stay.time) / count  # so its derivative is that of the whole
        size = jnp.sqrt(_square(lax.stop_gradient(stay.state)))
        limit = solver.atol + solver.rtol * size
        state, error = _step(field, ellipse, h, stay.state, limit)
        good = error <= limit
        steps = stay.steps + 1
        stuck = (h < 1e-12 * duration) & ~good
        next_stay = Stay(
            time=jnp.where(good, stay.time + h, stay.time),
            state=jax.tree.map(lambda a, b: jnp.where(good, a, b), state, stay.state),
            length=jnp.where(good, jnp.minimum(2 * stay.length, longest), lax.stop_gradient(h) / 2),
            steps=steps,
            lost=stuck | (steps >= solver.max_steps),
        )
        done = good & (count <= 1)
        return next_stay, jnp.where(done, 0.0, lax.stop_gradient(end - next_stay.time))

    stay, _ = lax.while_loop(going, step, (stay, lax.stop_gradient(gap)))
    return stay._replace(time=end)


def _step(field, ellipse, h, y, limit):
    """exp(hL)y and an estimate of its error."""
    centre, a, b = ellipse
    d = jnp.maximum(jnp.sqrt(b**2 - a**2), 1 / h)  # a larger ellipse is as good
    weights = _bessel(h * d) * jnp.exp(h * centre)
    sizes = lax.stop_gradient(weights)

    def added(k, even, odd, total):
        return jax.tree.map(
            lambda t, p, q: t + (weights[k] * p + weights[k + 1] * q), total, even, odd
        )

    def pair(_, carry):
        # Two terms at a time, so that each takes the place of the last but one.
        k, even, odd, total = carry
        total = added(k, even, odd, total)
        even = _next_term(field, centre, d, even, odd, 2.0)
        odd = _next_term(field, centre, d, odd, even, 2.0)
        return k + 2, even, odd, total

    def group(state):
        carry, _ = state
        carry = lax.fori_loop(0, GROUP // 2, pair, carry)
        k, *terms, _ = carry
        # These two will still be added; what follows is smaller than this.
        beyond = jnp.max(jnp.abs(lax.dynamic_slice_in_dim(sizes, k + 1, 2)))
        norms = [jnp.sqrt(_square(lax.stop_gradient(p))) for p in terms]
        return carry, beyond * (norms[0] + norms[1])

    def unsettled(state):
        (k, *_), error = state
        # Terms grow at first: small ones mean nothing before that is over.
        growing = k < h * (a + b)
        return (k < TERMS) & (growing | ~(error <= limit))

    nothing = jax.tree.map(jnp.zeros_like, y)
    first = _next_term(field, centre, d, nothing, y, 1.0)
    state = ((jnp.array(0), y, first, nothing), jnp.array(jnp.inf))
    carry, error = lax.while_loop(unsettled, group, state)
    return added(*carry), error


def _next_term(field, centre, d, before, last, scale):
    """`scale` times A applied to the last term, plus the one before."""
    # Scalars first: a division of every element would cost as much as the rest.
    along, back = scale / d, scale * centre / d

    def new(before, last):
        terms = (field(last), last, before)
        return jax.tree.map(lambda u, v, w: along * u - back * v + w, *terms)

    return tsit5.fenced(eqxi.unvmap_any(d > 0), new, before, last)


def _square(tree):
    return jnp.sum(jnp.stack([inner(x, x) for x in jax.tree.leaves(tree)]))


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
