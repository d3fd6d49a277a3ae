r"""Reverse mode through a Chebyshev run, by hand: the transpose of its steps.

The forward run keeps its trail (`trail`). Backwards, stretches between kept states are
run again for the starts of their steps (twice, where they are longer than `BLOCK`), and each step
once more for its terms; `transpose` has the transpose of one. Step lengths count as
fixed: the derivative by a time at which something is saved is $\lambda^Tf$, that by an edge
$\lambda^T(f(e^-) - f(e^+))$, both exact.
"""

from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import equinox.internal as eqxi
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Int

from qbjax.dynamics.chebyshev import forward as chebyshev
from qbjax.dynamics.chebyshev import step as chebyshev_step
from qbjax.dynamics.chebyshev.reading import blank, passes
from qbjax.dynamics.chebyshev.stops import (
    Carry,
    Given,
    Numbers,
    Problem,
    across_edge,
    saves,
    slope,
    unsaved,
)
from qbjax.dynamics.chebyshev.trail import BLOCK, Trail, kept, middle
from qbjax.dynamics.chebyshev.transpose import Readings, plus, pull, spread, transposed
from qbjax.dynamics.generator.dual import of_field
from qbjax.dynamics.solve import backward
from qbjax.dynamics.solve.automatic import Linear
from qbjax.dynamics.solve.run import Run


def run_reversibly(
    field, linear: Linear, initial, times, *, save, read, edges, solver, count=None
) -> Run:
    """Runs `chebyshev.propagate`, to be differentiated in reverse mode only.

    Args:
        field: f(t, y), with what reverse mode it has: used where `linear` has no dual.
        linear: the same field.
        initial, times, save, read, edges, solver, count: as of `chebyshev.propagate`.
    """
    zero, wanted = jnp.zeros(()), save
    passing = passes(read, initial, times)
    if not passing and read is not None:
        read, wanted = None, lambda t, y, read=read: save(t, read(y))
    readings = eqx.filter_eval_shape(read, initial) if passing else initial
    dual = of_field(field, initial) if linear.dual is None else linear.dual
    given = Given(
        eqx.filter_closure_convert(dual.weights, zero),
        eqx.filter_closure_convert(wanted, zero, readings),
        eqx.filter_closure_convert(read, initial) if passing else None,
        initial,
        jnp.asarray(times),
        edges,
    )
    fixed = (
        eqx.filter_closure_convert(linear.field, zero, initial),
        eqx.filter_closure_convert(linear.spectral_bounds, zero),
    )
    fixed = jax.tree.map(lambda x: lax.stop_gradient(x) if eqx.is_array(x) else x, fixed)
    return _solve(given, (*fixed, count), dual._replace(weights=None), solver)


def _run(given: Given, fixed, solver, trail: bool, speeds: bool = False):
    return chebyshev.propagate(
        fixed[0], fixed[1], given.initial, given.times, save=given.save, read=given.read,
        edges=given.edges, solver=solver, count=fixed[2], trail=trail, speeds=speeds,
    )  # fmt: skip


@eqx.filter_custom_vjp
def _solve(given: Given, fixed, dual, solver):
    return _run(given, fixed, solver, False)[0]


@_solve.def_fwd
def _solve_forward(perturbed, given, fixed, dual, solver):
    once = jax.tree.map(lambda x: _once(x) if eqx.is_inexact_array(x) else x, given)
    run, stay = _run(once, fixed, solver, True, bool(perturbed.times))
    broken = run.failed & ~run.limited
    return run, (stay.trail, stay.rows, run.last, broken)


@_solve.def_bwd
def _solve_backward(residual, cotangent, perturbed, given, fixed, dual, solver):
    trail, rows, last, broken = residual
    functions = given[:3]
    apart = [eqx.partition(f, p) for f, p in zip(functions, perturbed[:3], strict=True)]
    calls = [None if f is None else partial(_call, rest)
             for f, (_, rest) in zip(functions, apart, strict=True)]  # fmt: skip
    parts: Any = partial(chebyshev.parts_of, fixed[0], fixed[1], given.initial)
    if given.edges is None:  # those of the way forward: XLA knows them again
        everywhere = parts(lax.stop_gradient(given.times[0]))
        parts = lambda t: everywhere  # noqa: E731
    problem = Problem(
        weights=calls[0],
        save=calls[1],
        read=calls[2],
        numbers=Numbers(*(numbers for numbers, _ in apart)),
        given=given,
        parts=parts,
        dual=dual,
        solver=solver,
        cotangent=None,
        by_times=bool(perturbed.times),
        by_edges=bool(perturbed.edges),
    )
    readings = given.initial if rows is None else jax.eval_shape(given.read, given.initial)
    like = jax.eval_shape(jax.vmap(given.save, (0, None)), given.times, readings)
    saved = backward.filled(cotangent.saved, like)
    back = _backwards(problem, trail, rows, last, saved, backward.filled(cotangent.last, last))
    # Of a run that broke down every derivative is NaN: zero would look like a maximum.
    poison = jnp.where(broken, jnp.nan, 0.0)
    given = Given(*back.numbers, back.state, back.times, back.edges)
    return jax.tree.map(lambda x: x + poison, given)


@jax.custom_vjp
def _once(x):
    """Returns x; refuses forward over reverse mode, which would leave out numbers of `fixed`."""
    return x


_once.defvjp(lambda x: (x, None), lambda _, cotangent: (cotangent,))


def _call(rest, numbers, *args):
    return eqx.combine(numbers, rest)(*args)


def _backwards(problem: Problem, trail: Trail, rows, last, saved, final) -> Carry:
    """Pulls the cotangents of what was saved, and of the final state, back to what was given."""
    given, numbers = problem.given, jax.tree.map(jnp.zeros_like, problem.numbers)
    by_times = jnp.zeros_like(given.times)
    if rows is not None:
        by_save, by_times, saved = unsaved(problem, rows[0], rows[1], saved)
        numbers = numbers._replace(save=by_save)
    problem = problem._replace(cotangent=saved)
    carry = Carry(
        end=last,
        state=final,
        numbers=numbers,
        times=by_times.at[-1].add(slope(problem, trail, trail.steps - 1, last, final)),
        edges=None if given.edges is None else jnp.zeros_like(given.edges),
        saves_left=jnp.array(given.times.size),
    )
    carry = _walk(problem, trail, carry)
    start = slope(problem, trail, 0, given.initial, carry.state)
    carry = carry._replace(times=carry.times.at[0].add(-start))
    if rows is None:
        return saves(problem, trail, 0, given.times[0], carry)
    first = jax.tree.map(lambda x: x[0], saved)
    by_read, state = pull(problem.read, problem.numbers.read, given.initial, cotangent=first)
    numbers = carry.numbers._replace(read=plus(carry.numbers.read, by_read))
    return carry._replace(numbers=numbers, state=plus(carry.state, state))


def _walk(problem: Problem, trail: Trail, carry: Carry) -> Carry:
    """Walks back over all steps: stretches between kept states, blocks of them, single steps."""
    y = problem.given.initial
    # Starts of the blocks of a stretch, and behind them those of the steps of a block.
    starts = jax.tree.map(lambda x: jnp.zeros((2 * BLOCK + 1, *x.shape)), y)
    room = blank(lambda y: y, y)
    stretches = -(-trail.steps // trail.stride)

    def stretch(i, both):
        begin = (stretches - 1 - i) * trail.stride
        end = jnp.minimum(begin + trail.stride, trail.steps)
        size = -(-(end - begin) // BLOCK)
        blocks = -(-(end - begin) // size)

        def block(j, both):
            at = blocks - 1 - j
            first = begin + at * size
            stop = jnp.minimum(first + size, end)
            # The starts of all blocks before the last one is entered.
            outer = _Replay(begin, jnp.where(j == 0, at * size, 0), size, 0)
            inner = _Replay(first, stop - 1 - first, 1, BLOCK)
            return _again_and_back(problem, trail, outer, inner, *both)

        carry, starts, room = both
        starts = _written(starts, 0, kept(trail, begin))
        return lax.fori_loop(0, blocks, block, (carry, starts, room))

    return lax.fori_loop(0, stretches, stretch, (carry, starts, room))[0]


class _Replay(NamedTuple):
    """Steps to run again, and the starts to write down on the way: every so many, from a place."""

    first: Int[Array, ""]
    steps: Int[Array, ""]
    every: Int[Array, ""] | int
    place: int

    def slot(self, n):
        """The place of the start of step n; the last one if it is not wanted."""
        return jnp.where(
            (n - self.first) % self.every == 0,
            self.place + (n - self.first) // self.every,
            2 * BLOCK,
        )


def _again_and_back(problem: Problem, trail: Trail, outer: _Replay, inner: _Replay, *carries):
    """Runs the steps of a block again for their starts, then goes back over them.

    One loop for all: the terms of a step are computed in one place, and compiled once.
    """
    again = outer.steps + inner.steps

    def task(i, both):
        y, carry, starts, room = both
        back, here = i >= again, i >= outer.steps
        n = jnp.where(here, inner.first + i - outer.steps, outer.first + i)
        n = jnp.where(back, inner.first + inner.steps - (i - again), n)
        # The first step of a block starts from what is written down of blocks.
        from_block = n == inner.first
        block = (inner.first - outer.first) // outer.every
        known = jnp.where(from_block, block, BLOCK + n - inner.first)
        y = jax.tree.map(partial(jnp.where, here & (back | from_block)), _at(starts, known), y)
        taken = _taken(problem, trail, n)
        ellipse, part, plan = taken
        room, after = chebyshev_step.terms_again(part, ellipse, plan, y, room, trail.terms[n])
        slot = jnp.where(here, inner.slot(n + 1), outer.slot(n + 1))
        starts = _written(starts, jnp.where(back, 2 * BLOCK, slot), after)
        pulled = lax.cond(
            eqxi.unvmap_any(back),
            lambda: _step_back(problem, trail, n, taken, y, carry, room),
            lambda: carry,
        )
        carry = jax.tree.map(partial(jnp.where, back), pulled, carry)
        return after, carry, starts, room

    carry, starts, room = carries
    y = _at(starts, 0)
    total = again + inner.steps + 1
    return lax.fori_loop(0, total, task, (y, carry, starts, room))[1:]


def _written(starts, slot, y):
    return jax.tree.map(lambda s, x: lax.dynamic_update_index_in_dim(s, x, slot, 0), starts, y)


def _at(tree, k):
    return jax.tree.map(lambda x: lax.dynamic_index_in_dim(x, k, keepdims=False), tree)


def _taken(problem: Problem, trail: Trail, n):
    """Ellipse, field and plan with which step n was taken."""
    ellipse, part = problem.parts(middle(trail, n))
    return ellipse, part, chebyshev_step.plan_of(ellipse, trail.ends[n] - trail.starts[n])


def _step_back(problem: Problem, trail: Trail, n, taken, y, carry: Carry, room) -> Carry:
    """Transposes step n, which starts from y, from its terms."""
    given, before = problem.given, carry.saves_left
    ellipse, _, plan = taken
    carry = across_edge(problem, trail, n, carry)  # what is saved on an edge does not feel it
    if given.read is None:
        carry = saves(problem, trail, n, trail.ends[n], carry)
    readings = None
    if given.read is not None:
        shares, left = spread(
            problem.cotangent, given.times, trail.starts[n], (ellipse, plan, trail.terms[n]), before
        )
        carry = carry._replace(saves_left=left)
        readings = Readings(problem.read, problem.numbers.read, shares, left < before)
    weights, by_weights = jax.vjp(
        lambda numbers: problem.weights(numbers, middle(trail, n)), problem.numbers.weights
    )
    state, products, by_read = transposed(
        problem.dual, weights, (ellipse, plan, trail.terms[n]), room, carry.state, readings,
        wanted=bool(jax.tree.leaves(problem.numbers.weights)),
    )  # fmt: skip
    numbers = carry.numbers
    if products is not None:
        (more,) = by_weights(problem.dual.total(products))
        numbers = numbers._replace(weights=plus(numbers.weights, more))
    if by_read is not None:
        numbers = numbers._replace(read=plus(numbers.read, by_read))
    return carry._replace(end=y, state=state, numbers=numbers)
