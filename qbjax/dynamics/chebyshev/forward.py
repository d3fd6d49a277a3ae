r"""Exponentials of generators that stay constant between edges, by a Chebyshev expansion.

For $\dot y = Ly$ with the spectrum of L inside an ellipse with centre c and half-axes a
(real) and b > a (imaginary), let $d = \sqrt{b^2 - a^2}$ and $A = (L - c)/d$. Then

$$e^{hL}y = e^{hc}\sum_{k\ge0} (2 - \delta_{k0})\,J_k(hd)\,P_k,\qquad
  P_0 = y,\; P_1 = AP_0,\; P_{k+1} = 2AP_k + P_{k-1},$$

with Bessel functions $J_k$ (the Faber series of the ellipse; H. Tal-Ezer, SIAM J. Sci. Stat.
Comput. 12, 1265 (1991)). Each term costs one application of L and no other vector survives,
so that stability-limited runs need at most the work of a Runge–Kutta method, and down to a tenth.

L is not normal, and how far its terms grow is not known before. So terms are added until
they are small, and a step whose terms do not settle is taken again at half its
length. The terms of a step tell the state at every time within it: what is saved may be read off
them, if it is linear in the state, and then saved times do not shorten the steps.

`Chebyshev` as a method of `integrate.Solver` serves linear fields that are constant
between edges; batteries say which of theirs are. It differentiates in forward mode and, by hand
(`dynamics.chebyshev.back`), in reverse, also with respect to times and edges.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int, PyTree

from qbjax.dynamics import rows
from qbjax.dynamics.chebyshev import trail as chebyshev_trail
from qbjax.dynamics.chebyshev.reading import blank, first_reading, passes
from qbjax.dynamics.chebyshev.step import (
    Ellipse,
    Plan,
    Terms,
    between,
    ellipse_of,
    plan_of,
    square,
    step,
)
from qbjax.dynamics.solve.run import Run

REACH = 24.0
"""Largest h(a + b)/2 of a step: beyond, terms grow for too long before they decay."""

SHORTEST = 1e-3
"""Shortest step, in units of the longest: terms that do not settle within it never will."""

CALM = 30
"""Terms behind the rise within which a step must settle for the next to be longer."""

SAFETY = 0.1
"""Share of the tolerance at which terms count as small: what follows a small one may be larger.
Steps share it further by the root of their number, for their errors add up."""

CHUNK = 8
"""Saved times that are read off a step together."""


class Chebyshev(eqx.Module):
    """The method of Chebyshev expansions: `qb.Solver(method=qb.dynamics.Chebyshev())`.

    The error of a step of length h in a run of length T is kept below
    0.1 (atol + rtol‖y‖) √(h/T) (Frobenius norms), as an estimate. With the adjoint "direct" runs
    are those of `Tsit5`.
    """


class Stay(NamedTuple):
    """State of the loop over steps.

    Time, state, step length to try, steps, whether all is lost; readings of terms, how many saved
    times were passed, what was read there and, if it is kept, how fast that changed; the trail.
    """

    time: Float[Array, ""]
    state: PyTree[Array]
    length: Float[Array, ""]
    steps: Int[Array, ""]
    lost: Bool[Array, ""]
    terms: PyTree[Array] = None
    passed: Any = None
    rows: PyTree[Array] = None
    trail: chebyshev_trail.Trail | None = None


def propagate(
    field: Callable,
    spectral_bounds: Callable,
    initial: PyTree[Array],
    times: Float[Array, " T"],
    *,
    save: Callable,
    read: Callable | None,
    edges: Float[Array, " E"] | None,
    solver,
    count: Int[Array, ""] | None = None,
    trail: bool = False,
    speeds: bool = False,
) -> tuple[Run, Stay]:
    """Propagates a state from `times[0]` through all times by Chebyshev steps.

    Args:
        field: f(t, y), linear in y, constant in t between edges.
        spectral_bounds: t to (decay, spread): minus the least real part, and the largest imaginary
            part, of the spectrum there, roughly: steps depend on it, not what comes out.
        initial: state at `times[0]`.
        times: where to save.
        save: save(t, y), or save(t, read(y)) if `read` is given.
        read: what `save` needs of the state, linear in it; None for all of it.
        edges: times at which the field is discontinuous; those outside the times do not matter.
        solver: `integrate.Solver`: tolerances and most steps.
        count: how many of the times are to be saved, if the rest repeats the last; None for all.
        trail: whether to keep what the way back needs.
        speeds: whether to keep how fast that changed which was read.

    Returns:
        A `Run`, and where the loop stood at its end.
    """
    duration = lax.stop_gradient(times[-1] - times[0])
    passing = passes(read, initial, times)
    parts = partial(parts_of, field, spectral_bounds, initial)
    everywhere = parts(lax.stop_gradient(times[0])) if edges is None else None

    def run(stay: Stay, end) -> Stay:
        ellipse, part = everywhere or parts(
            chebyshev_trail.inside(*lax.stop_gradient((stay.time, end)))
        )
        look = (read, times, times.size if count is None else count) if passing else None
        return _advance(part, look, ellipse, stay, end, duration, solver)

    wanted = save if read is None else (lambda t, y: save(t, read(y)))
    start = Stay(times[0], initial, jnp.array(jnp.inf), jnp.array(0), jnp.array(False))
    if trail:
        start = start._replace(trail=chebyshev_trail.unwalked(initial, solver.max_steps))
    if passing:
        stay, saved, arrived = _pass(run, start, times, edges, save, read, speeds, count)
    else:
        stay, saved, arrived = _stop(run, start, times, edges, wanted, count)
    limited = stay.steps >= solver.max_steps
    return Run(saved, arrived, stay.state, stay.lost, limited, stay.steps), stay


def parts_of(field, spectral_bounds, y, t):
    """Ellipse and linear field, computed once for a stretch without edges."""
    ellipse = lax.stop_gradient(ellipse_of(*spectral_bounds(t)))  # any that is large enough will do
    # The field without what does not depend on the state.
    _, part = jax.linearize(lambda y: field(t, y), jax.tree.map(jnp.zeros_like, y))
    return ellipse, part


def _stop(run, start: Stay, times, edges, save, count):
    """Runs with steps that end at every saved time."""
    at, which = stops(times, edges)
    struct = jax.eval_shape(save, times[0], start.state)

    def interval(stay, stop):
        time, wanted = stop
        stay = run(stay, time)
        row = lax.cond(
            wanted,
            lambda: save(time, stay.state),
            lambda: jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), struct),
        )
        return stay, (row, ~stay.lost)

    until = None if count is None else 1 + jnp.argmax(which == count - 1)
    stay, (all_rows, reached) = rows.scan(interval, start, (at, which >= 0), until)
    saved = jnp.where(which < 0, times.size, which)
    order = jnp.zeros(times.shape, which.dtype).at[saved].set(jnp.arange(at.size), mode="drop")
    return stay, jax.tree.map(lambda x: x[order], all_rows), reached[order]


def _pass(run, start: Stay, times, edges, save, read, speeds: bool, count):
    """Runs with steps that end at edges only, and reads saved times off those that pass them."""
    ends = times[-1:]
    if edges is not None:
        ends = jnp.sort(jnp.append(jnp.clip(edges, times[0], times[-1]), times[-1]))
    first = first_reading(read, start.state)
    room = jax.tree.map(lambda x: jnp.zeros((times.size, *x.shape)).at[0].set(x), first)
    both = (room, jax.tree.map(jnp.zeros_like, room) if speeds else None)
    start = start._replace(terms=blank(read, start.state), passed=jnp.array(1), rows=both)
    stay, _ = lax.scan(lambda stay, end: (run(stay, end), None), start, ends)
    saved = rows.each(lambda row: save(*row), (times, stay.rows[0]), count)
    return stay, saved, jnp.arange(times.size) < stay.passed


def stops(times: Float[Array, " T"], edges: Float[Array, " E"] | None):
    """Sorts times and edges together, with the index of each saved time; −1 for an edge."""
    count = jnp.arange(times.size)
    if edges is None:
        return times, count
    inside = jnp.clip(edges, times[0], times[-1])
    both = jnp.concatenate([times, inside])
    order = jnp.argsort(lax.stop_gradient(both), stable=True)
    labels = jnp.concatenate([count, jnp.full(edges.shape, -1)])
    return both[order], labels[order]


def _advance(field, look, ellipse, stay: Stay, end, duration, solver) -> Stay:
    """Takes steps from where the loop stands to `end`."""
    longest = 2 * REACH / (ellipse.real + ellipse.imaginary)
    read, times, wanted = (_nothing, None, None) if look is None else look

    def going(stay):
        return (stay.time < end) & ~stay.lost

    def take(stay):
        gap = end - stay.time
        tried = jnp.clip(stay.length, SHORTEST * longest, longest)
        # Of equal steps, were all to be good; the same as before, but for rounding.
        count = jnp.maximum(jnp.ceil(lax.stop_gradient(gap) / tried - 1e-6), 1.0)
        plan = plan_of(ellipse, gap / count)  # so its derivative is that of the whole
        h, size = lax.stop_gradient((plan.length, jnp.sqrt(square(stay.state))))
        limit = limit_of(solver, h / duration, size)
        state, terms, error = step(field, read, ellipse, plan, stay.state, stay.terms, limit)
        good = error <= limit
        after = jnp.where(count > 1, stay.time + plan.length, end)
        stay = stay._replace(terms=terms.readings)
        if times is not None:
            until = jnp.where(good, lax.stop_gradient(after), -jnp.inf)
            stay = _read_off(stay, (times, wanted), until, (ellipse, plan, terms))
        calm = terms.taken < h * (ellipse.real + ellipse.imaginary) + CALM
        steps = stay.steps + 1
        if stay.trail is not None:
            trail = chebyshev_trail.longer(
                stay.trail, good, stay.time, after, terms.taken, stay.state
            )
            stay = stay._replace(trail=trail)
        return stay._replace(
            time=jnp.where(good, after, stay.time),
            state=jax.tree.map(lambda a, b: jnp.where(good, a, b), state, stay.state),
            length=jnp.where(good, jnp.where(calm, jnp.maximum(1.5 * h, tried), h), h / 2),
            steps=steps,
            # No shorter one is tried, but for rounding; NaN counts as lost, too.
            lost=(~good & ~(h > 1.01 * SHORTEST * longest)) | (steps >= solver.max_steps),
        )

    return lax.while_loop(going, take, stay)


def limit_of(solver, share, size) -> Float[Array, ""]:
    """The error that a step may make, from a state of a norm and over a share of the duration."""
    return SAFETY * (solver.atol + solver.rtol * size) * jnp.sqrt(share)


def _nothing(y):
    return None


def _read_off(stay: Stay, saves, until, taken: tuple[Ellipse, Plan, Terms]) -> Stay:
    """Reads off a step, not yet taken, what is wanted at the saved times up to `until`."""
    times, count = saves
    fixed = lax.stop_gradient(times)

    def waiting(carry):
        passed, _ = carry
        return (passed < count) & (fixed[jnp.minimum(passed, count - 1)] <= until)

    def some(carry):
        passed, read = carry
        index = passed + jnp.arange(CHUNK)
        at = jnp.minimum(index, count - 1)
        inside = (index < count) & (fixed[at] <= until)
        elapsed = jnp.where(inside, times[at] - stay.time, 0.0)
        if stay.rows[1] is None:
            new = between(*taken, elapsed), None
        else:
            new = jax.jvp(partial(between, *taken), (elapsed,), (jnp.ones(CHUNK),))
        place = jnp.where(inside, index, times.size)
        read = jax.tree.map(lambda r, x: r.at[place].set(x, mode="drop"), read, new)
        return passed + jnp.sum(inside), read

    passed, read = lax.while_loop(waiting, some, (stay.passed, stay.rows))
    return stay._replace(passed=passed, rows=read)
