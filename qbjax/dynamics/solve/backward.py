r"""Reverse mode through a Tsit5 run, by hand: the discrete adjoint of its accepted steps.

A step is $Y_i = y + h\sum_j a_{ij}k_j$, $k_i = f(t_i, Y_i)$, $y' = y + h\sum_i b_ik_i$. With
$\lambda$ the cotangent of $y'$, its transpose is

$$\bar k_i = h\Big(b_i\lambda + \sum_{j>i} a_{ji}\bar Y_j\Big),\qquad
  \bar Y_i = \Big(\frac{\partial f}{\partial y}\Big)^T\bar k_i,\qquad
  \bar y = \lambda + \sum_i \bar Y_i .$$

The forward run keeps its step times and `MARKS` states; it steps exactly on these and on what
is saved. Backwards, each stretch between marks is run once more, its stage inputs kept
(`BLOCK` steps at a time), and read from the end. The work of four runs in all, and memory for
`MARKS + 7·BLOCK` states however many steps there are, up to `MARKS·BLOCK` of them; beyond
that the stretches are run again for each block. (Differentiating the solver's own loop took
half as long again, and much longer to compile.)

Step sizes count as fixed. An edge e, at which f is discontinuous, contributes
$\bar e = \lambda^T(f(e^-) - f(e^+))$, the exact derivative with respect to its time.
"""

from functools import partial
from typing import Any, NamedTuple

import equinox.internal as eqxi
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int, PyTree

from qbjax.dynamics.solve import tsit5

MARKS = 64
BLOCK = 32


class Record(NamedTuple):
    """Steps and states that a forward run leaves for the way back.

    Attributes:
        starts: start of every accepted step, padded with the end of the run, shape (S,).
        ends: where each ends (just before an edge, if there is one), shape (S,).
        steps: how many there are.
        marks: times of the kept states, the first is the start, shape (M,).
        states: the states there, leaves (M, ...).
    """

    starts: Float[Array, " S"]
    ends: Float[Array, " S"]
    steps: Int[Array, ""]
    marks: Float[Array, " M"]
    states: PyTree[Array]


def marks(times: Float[Array, " T"]) -> Float[Array, " M"]:
    """Times at which a run keeps states for the way back."""
    return jnp.linspace(times[0], times[-1], MARKS + 1)[:-1]


def record(start, next_starts, taken, edges, marks, states) -> Record:
    """Sorts steps and states that a run left into a `Record`.

    Args:
        start: of the run.
        next_starts: after each accepted step, where the next begins; padded with the end.
        taken: how many were accepted.
        edges: times at which the field is discontinuous; or None.
        marks, states: as in `Record`.
    """
    steps = 1 + taken
    # An empty step first, so that what was saved at the start is read at the end of a step too.
    starts = jnp.concatenate([start[None], start[None], next_starts[:-1]])
    ends = jnp.append(start, next_starts)
    if edges is not None:  # the solver stops one float before an edge and goes on after it
        ordered = jnp.sort(edges)
        edge = jnp.append(ordered, jnp.inf)[jnp.searchsorted(ordered, starts, side="right")]
        ends = jnp.minimum(ends, eqxi.prevbefore(edge))
    return Record(starts, ends, steps, marks, states)


class Carry(NamedTuple):
    """Cotangents on the way back, and how many saved times are still to come."""

    state: PyTree[Array]
    field: PyTree[Array]
    save: PyTree[Array]
    edges: Float[Array, " E"] | None
    saves_left: Int[Array, ""]


class Problem(NamedTuple):
    """The run that is differentiated: functions and their numbers apart, times, cotangents.

    Attributes:
        field: f(numbers, t, y). save: save(numbers, t, y).
        field_numbers, save_numbers: the perturbed ones only.
        times: saved times. edges: those whose times are differentiated, or None.
        cotangent: of the saved values.
    """

    field: Any
    save: Any
    field_numbers: PyTree[Array]
    save_numbers: PyTree[Array]
    times: Float[Array, " T"]
    edges: Float[Array, " E"] | None
    cotangent: PyTree[Array]


def backwards(problem: Problem, record: Record, final: PyTree[Array]) -> Carry:
    """Pulls cotangents back to the initial state, numbers and edges.

    Args:
        problem: what was run.
        record: its steps and marks.
        final: cotangent of the final state.
    """
    carry = Carry(
        state=final,
        field=_zeros(problem.field_numbers),
        save=_zeros(problem.save_numbers),
        edges=None if problem.edges is None else jnp.zeros_like(problem.edges),
        saves_left=jnp.array(problem.times.shape[0]),
    )
    first = jnp.searchsorted(record.starts, record.marks).astype(record.steps.dtype)
    last = jnp.minimum(jnp.append(first[1:], record.steps), record.steps)

    room = jax.tree.map(lambda x: jnp.zeros((BLOCK, 7, *x.shape[1:])), record.states)

    def stretch(i, both):
        mark = record.marks.shape[0] - 1 - i
        begin, end = first[mark], last[mark]
        blocks = jnp.maximum(-(-(end - begin) // BLOCK), 0)

        def block(j, both):
            carry, room = both
            start = begin + (blocks - 1 - j) * BLOCK
            stop = jnp.minimum(start + BLOCK, end)
            y = jax.tree.map(lambda x: x[mark], record.states)
            room = _replay(problem, record, room, y, begin, start, stop)
            return _read_back(problem, record, room, start, stop, carry), room

        return lax.fori_loop(0, blocks, block, both)

    return lax.fori_loop(0, record.marks.shape[0], stretch, (carry, room))[0]


def _replay(problem, record, room, y, begin, start, stop):
    """Runs the steps from `start` to `stop` again from the mark at `begin`; keeps stage inputs."""

    def step(n, carry):
        y, kept = carry
        t0, t1 = record.starts[n], record.ends[n]
        field = partial(problem.field, problem.field_numbers)
        inputs = tsit5.stage_inputs(field, t0, t1, y)
        slot = jnp.maximum(n - start, 0)  # steps before the block are overwritten
        for i, Y in enumerate(inputs):
            kept = jax.tree.map(lambda k, x, i=i: k.at[slot, i].set(x), kept, Y)
        return inputs[-1], kept

    return lax.fori_loop(begin, stop, step, (y, room))[1]


def _read_back(problem, record, stages, start, stop, carry: Carry) -> Carry:
    def step(i, carry):
        n = stop - 1 - i
        inputs = [jax.tree.map(lambda x, k=k: x[n - start, k], stages) for k in range(7)]
        return _step_back(problem, record, n, inputs, carry)

    return lax.fori_loop(0, stop - start, step, carry)


def _step_back(problem, record, n, inputs, carry: Carry) -> Carry:
    t0, t1 = record.starts[n], record.ends[n]
    opaque = eqxi.unvmap_any(t1 >= t0)
    carry = _saves(problem, t1, inputs[-1], carry)
    carry = _across_edge(problem, record, n, inputs[-1], carry)
    pulled: list[PyTree[Array]] = []
    numbers = carry.field
    pull = jax.jit(partial(_pull, problem.field))  # traced once
    for i in reversed(range(6)):
        into = partial(_into_stage, i, t1 - t0)
        cotangent = tsit5.fenced(opaque, into, carry.state, *pulled)
        back = partial(pull, problem.field_numbers, tsit5.node(i, t0, t1))
        like = (carry.field, inputs[i])
        by_numbers, Y = tsit5.fenced(opaque, back, inputs[i], cotangent, like=like)
        numbers = _plus(numbers, by_numbers)
        pulled.insert(0, Y)
    state = tsit5.fenced(opaque, _total, carry.state, *pulled)
    return carry._replace(state=state, field=numbers)


def _into_stage(i, h, state, *later):
    """Cotangent of $k_i$, from those of the step's end and of later stages."""
    *column, b = [row[i] for row in tsit5.STAGES[i:]]  # the last row is b

    def combine(y, *Y):
        total = h * b * y
        for a, x in zip(column, Y, strict=True):
            total = total + h * a * x
        return total

    return jax.tree.map(combine, state, *later)


def _saves(problem, time, y, carry: Carry) -> Carry:
    """Adds the cotangents of what was saved at `time` (or just after: at the edge there)."""

    def due(carry):
        return (carry.saves_left > 0) & (problem.times[carry.saves_left - 1] >= time)

    def one(carry):
        i = carry.saves_left - 1
        cotangent = jax.tree.map(lambda x: x[i], problem.cotangent)
        back = _pull(problem.save, problem.save_numbers, problem.times[i], y, cotangent)
        save, state = _plus((carry.save, carry.state), back)
        return carry._replace(save=save, state=state, saves_left=i)

    return lax.while_loop(due, one, carry)


def _across_edge(problem, record, n, end, carry: Carry) -> Carry:
    """Adds the derivative by the time of an edge, if the step ends on one."""
    if problem.edges is None:
        return carry
    here, after = record.ends[n], record.starts[n + 1]
    inside = problem.edges < problem.times[-1]
    crossed = (problem.edges > here) & (problem.edges <= after) & inside

    def along(t):
        slope = problem.field(problem.field_numbers, t, end)
        products = jax.tree.map(lambda c, x: jnp.sum(c * x), carry.state, slope)
        return sum(jax.tree.leaves(products))

    def slope():
        before, behind = lax.map(along, jnp.stack([here, after]))
        return before - behind

    value = lax.cond(eqxi.unvmap_any(jnp.any(crossed)), slope, lambda: jnp.zeros(()))
    # Edges that coincide share it, so that it is right when they move together.
    each = value / jnp.maximum(jnp.sum(jnp.where(crossed, 1.0, 0.0)), 1.0)
    return carry._replace(edges=_plus(carry.edges, jnp.where(crossed, each, 0.0)))


def _pull(function, numbers, t, y, cotangent):
    """Pulls the cotangent of a function of (numbers, t, y) back to numbers and y."""
    _, back = jax.vjp(lambda numbers, y: function(numbers, t, y), numbers, y)
    return back(cotangent)


def _total(*trees):
    return jax.tree.map(lambda *x: sum(x[1:], x[0]), *trees)


def _plus(a, b):
    return jax.tree.map(jnp.add, a, b)


def _zeros(tree):
    return jax.tree.map(jnp.zeros_like, tree)


def filled(cotangent: PyTree, like: PyTree) -> PyTree[Array]:
    """Fills a cotangent with zeros where equinox says None."""
    return jax.tree.map(
        lambda x, c: jnp.zeros(x.shape, x.dtype) if c is None else c, like, cotangent
    )
