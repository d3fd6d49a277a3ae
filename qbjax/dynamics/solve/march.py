r"""Runs of Tsit5: one loop over steps, and within it one loop over stages.

The stages $k_i$ of a step, and the state y where it begins, are the rows of one array, so that
whatever a step needs is a product of a few weights with it: the inputs
$Y_i = y + h\sum_{j<i}a_{ij}k_j$, the error, the state between. The field is compiled once, where a
step written out has it seven times, and XLA does not fuse a product into what reads it.

Steps are those of diffrax: its PI controller, whose next step is the last one times
$0.9\,\epsilon_n^{-0.12}\epsilon_{n-1}^{0.04}$ between 1/5 and 10, with ε the norm of the error in
units of the tolerance; a step ends at stops, one float before an edge, and begins one after it.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import diffrax
import equinox.internal as eqxi
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int, PyTree

from qbjax.dynamics.rows import room
from qbjax.dynamics.solve import backward
from qbjax.dynamics.solve.limits import Limits, beyond, limited
from qbjax.dynamics.solve.run import Run

TABLEAU = diffrax.Tsit5.tableau

INPUTS = np.zeros((7, 7))
"""Coefficients $a_{ij}$: the share of stage j in the input of stage i; of the last, in the step."""

INPUTS[np.tril_indices(7, -1)] = np.concatenate(TABLEAU.a_lower)

NODES = np.array([0.0, *TABLEAU.c])

ERROR = np.asarray(TABLEAU.b_error)

DENSE = np.array([
    [-1.0530884977290216 * c for c in np.polymul(
        [1, -1.3299890189751412, 0], [1, -1.4364028541716351, 0.7139816917074209])],
    [0.1017 * c for c in (1, -2.1966568338249754, 1.2949852507374631, 0, 0)],
    [2.490627285651252793 * c for c in (1, -2.38535645472061657, 1.57803468208092486, 0, 0)],
    [-16.54810288924490272 * c for c in (
        *np.poly([1.21712927295533244, 0.61620406037800089]), 0, 0)],
    [47.37952196281928122 * c for c in (
        *np.poly([1.203071208372362603, 0.658047292653547382]), 0, 0)],
    [-34.87065786149660974 * c for c in (*np.poly([1.2, 0.666666666666666667]), 0, 0)],
    [2.5 * c for c in (*np.poly([1, 0.6]), 0, 0)],
])[:, :4]  # fmt: skip
"""Interpolation: the share of each stage as a polynomial in the elapsed part x of a step, of
$x^4 \\dots x$."""

FIRST = 1e-4
"""The first step in units of the run: the controller finds a better one in a few steps."""

LAST = 64 * float(np.finfo(float).eps)
"""Relative distance from the end of a run below which a step goes there at once."""


class Stand(NamedTuple):
    """State of the loop over steps.

    Attributes:
        time, end: of the step to take.
        state: where it begins. first: its first stage, unless that is `stale`: after an edge.
        rows: room for stages and, in the last row, the state.
        spoiled: whether a stage of the last step was not finite.
        before: 1/ε of the last accepted step.
        steps, taken: steps, and those that were accepted.
        failed: whether steps became too short.
        passed, saved: how many saved times were passed, and what was saved there; the last
            row is for what is not wanted.
        starts: where the step after each accepted one begins, for the way back; or None.
        marked, states: how many marks were passed, and the states there, likewise.
    """

    time: Float[Array, ""]
    end: Float[Array, ""]
    state: PyTree[Array]
    first: PyTree[Array]
    stale: Bool[Array, ""]
    rows: PyTree[Array]
    spoiled: Bool[Array, ""]
    before: Float[Array, ""]
    steps: Int[Array, ""]
    taken: Int[Array, ""]
    failed: Bool[Array, ""]
    passed: Int[Array, ""]
    saved: PyTree[Array]
    starts: Any
    marked: Int[Array, ""]
    states: PyTree[Array]


def run(field: Callable, initial, when, save, edges, views, solver, marks=None):
    """Runs Tsit5 from the first through all times.

    Args:
        field: f(t, y).
        initial: y at the first time.
        when: times, and how many are to be saved, if the rest repeats the last; None for all.
        save: save(t, y).
        edges: times at which the field is discontinuous, or None.
        views: what `lookout.ahead` saw.
        solver: `integrate.Solver`.
        marks: times, the first of them the first of all, to step on and to keep states at.

    Returns:
        A `Run`; and with `marks` a `backward.Record`, else None.
    """
    times, wanted = when[0], (*when, marks)
    stops = None if marks is None else jnp.sort(jnp.concatenate([marks, times]))
    edges = None if edges is None else jnp.sort(edges)
    limits = Limits(times[-1], stops, edges, views, solver.max_step)
    save = jax.jit(lambda t, y, save=save: save(t, y))  # traced once
    start = _start(initial, times, save, limits, solver, marks)

    def going(stand):
        return (stand.time < limits.end) & ~stand.failed & (stand.steps < solver.max_steps)

    def step(stand):
        return _step(field, save, wanted, limits, solver, going(stand), stand)

    # Unbatched under `vmap`: else every step would copy what was saved in all lanes.
    done = lax.while_loop(lambda stand: eqxi.unvmap_any(going(stand)), step, start)
    short = done.time < limits.end
    out = Run(
        saved=jax.tree.map(lambda x: x[:-1], done.saved),
        arrived=jnp.arange(times.size) < done.passed,
        last=done.state,
        failed=short,
        limited=short & ~done.failed,
        steps=done.steps,
    )
    if marks is None:
        return out, None
    states = jax.tree.map(lambda x: x[:-1], done.states)
    return out, backward.record(times[0], done.starts, done.taken, edges, marks, states)


def _start(initial, times, save, limits: Limits, solver, marks) -> Stand:
    none, count = jnp.array(0), 0 if marks is None else marks.size
    return Stand(
        time=times[0],
        end=limited(limits, times[0], times[0] + FIRST * (times[-1] - times[0])),
        state=initial,
        first=jax.tree.map(jnp.zeros_like, initial),
        stale=jnp.array(True),
        rows=room(8, initial),
        spoiled=jnp.array(False),
        before=jnp.ones(()),
        steps=none,
        taken=none,
        failed=jnp.array(False),
        passed=none,
        saved=room(times.size + 1, jax.eval_shape(save, times[0], initial)),
        starts=None if marks is None else jnp.full(solver.max_steps, times[-1]),
        marked=none + 1,
        states=_put(room(count + 1, initial), 0, initial),
    )


def _step(field, save, wanted, limits: Limits, solver, going, stand: Stand) -> Stand:
    """Takes a step, if the run is still going; a lane that is not stays as it is."""
    h = stand.end - stand.time
    rows, after = _stages(field, stand, h)
    error = _size(solver, stand.state, after, _mixed(jnp.append(h * ERROR, 0.0), rows))
    good = going & (error < 1)
    inverse = lax.stop_gradient(1 / error)
    factor = 0.9 * inverse**0.12 * stand.before**-0.04
    factor = jnp.clip(factor, jnp.where(good, 1.0, 0.2), jnp.where(good, 10.0, 0.9))
    length = h * lax.stop_gradient(factor)
    time, stale = jnp.where(good, stand.end, stand.time), jnp.array(False)
    reach = time + length
    if limits.edges is not None:
        time, stale = beyond(time, limits.edges)
        reach = jnp.maximum(eqxi.nextafter(time), reach)
    time = jnp.minimum(time, limits.end)
    end = limited(limits, time, reach)
    near = end > limits.end - LAST * jnp.abs(limits.end)
    halfway = time + (limits.end - time) / 2
    end = jnp.where(near, jnp.where(good, limits.end, halfway), end)
    inverse = jnp.where((inverse > 0) & (inverse < jnp.inf), inverse, 1.0)
    passed, saved = _saved(save, wanted[:2], stand, rows, h, good)
    stand = stand._replace(passed=passed, saved=saved)
    if wanted[2] is not None:
        stand = _noted(wanted[2], stand, good, time, after)
    chosen = partial(jax.tree.map, partial(jnp.where, good))
    return stand._replace(
        time=jnp.where(going, time, stand.time),
        end=jnp.where(going, end, stand.end),
        state=chosen(after, stand.state),
        first=jax.tree.map(lambda r: jnp.where(good, r[6], r[0]), rows),
        rows=rows,
        spoiled=going & (error == jnp.inf),
        stale=jnp.where(good, stale, stand.stale & ~going),
        before=jnp.where(good, inverse, stand.before),
        steps=jnp.where(going, stand.steps + 1, stand.steps),
        taken=jnp.where(good, stand.taken + 1, stand.taken),
        failed=stand.failed | (going & (length < float(np.finfo(float).tiny))),
    )


def _stages(field, stand: Stand, h):
    """Computes all stages, and the state after the step."""

    def stage(i, both):
        rows, _ = both
        y = _mixed(jnp.append(h * jnp.asarray(INPUTS)[i], 1.0), rows)
        node = jnp.asarray(NODES)[i]
        t = jnp.where(node == 1, stand.end, stand.time + node * h)
        return _put(rows, i, field(t, y)), y

    # No stage may be NaN or infinite, not even with a weight of zero.
    nothing, spoiled = jax.tree.map(jnp.zeros_like, stand.state), eqxi.unvmap_any(stand.spoiled)
    clear = lambda i, rows: _put(rows, i, nothing)  # noqa: E731
    rows = lax.fori_loop(1, jnp.where(spoiled, 7, 1), clear, stand.rows)
    # Known ones are entered here, where the room is free: XLA would copy all of it behind.
    rows = _put(_put(rows, 0, stand.first), 7, stand.state)
    # The last stage is the next step's first, except at the start and after an edge.
    begin = 1 - eqxi.unvmap_any(stand.stale).astype(int)
    return lax.fori_loop(begin, 7, stage, (rows, stand.state))


def _put(rows, i, row):
    """Writes a row, whose place must be there: to ask for it would be work for every number."""
    return jax.tree.map(lambda r, x: lax.dynamic_update_index_in_dim(r, x, i, 0), rows, row)


def _mixed(weights, rows):
    """The sum of rows with some weights."""
    return jax.tree.map(lambda r: jnp.tensordot(weights, r, 1), rows)


def _size(solver, before, after, error) -> Float[Array, ""]:
    """The norm of an error in units of the tolerance; inf for NaN."""

    def squares(before, after, error):
        scale = solver.atol + solver.rtol * jnp.maximum(jnp.abs(before), jnp.abs(after))
        scaled = (error / scale).ravel()
        return scaled @ scaled

    each = jax.tree.map(squares, *lax.stop_gradient((before, after, error)))
    size = jnp.sqrt(sum(jax.tree.leaves(each), jnp.zeros(())))
    return jnp.where(size < jnp.inf, size, jnp.inf)


def _saved(save, when, stand: Stand, rows, h, good):
    """Saves at the times up to the end of an accepted step."""
    times, count = when
    count = times.size if count is None else count

    def due(passed):
        return good & (passed < count) & (times[passed] <= stand.end)

    def one(both):
        passed, saved = both
        now, time = due(passed), times[passed]
        x = jnp.where(h > 0, time - stand.time, 0.0) / jnp.where(h > 0, h, 1.0)
        shares = jnp.asarray(DENSE) @ jnp.cumprod(jnp.full(4, x))[::-1]
        new = save(time, _mixed(jnp.append(h * shares, 1.0), rows))
        return jnp.where(now, passed + 1, passed), _put(
            saved, jnp.where(now, passed, times.size), new
        )

    waiting = lambda both: eqxi.unvmap_any(due(both[0]))  # noqa: E731
    return lax.while_loop(waiting, one, (stand.passed, stand.saved))


def _noted(marks, stand: Stand, good, time, after) -> Stand:
    """Notes where the next step begins, and the state there if that is a mark."""

    def due(marked):
        return good & (marked < marks.size) & (marks[marked] <= time)

    def one(both):
        marked, states = both
        now = due(marked)
        return jnp.where(now, marked + 1, marked), _put(
            states, jnp.where(now, marked, marks.size), after
        )

    waiting = lambda both: eqxi.unvmap_any(due(both[0]))  # noqa: E731
    marked, states = lax.while_loop(waiting, one, (stand.marked, stand.states))
    place = jnp.where(good, stand.taken, stand.starts.size)
    return stand._replace(
        starts=stand.starts.at[place].set(time, mode="drop"), marked=marked, states=states
    )
