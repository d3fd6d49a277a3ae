"""The one place that knows ODE solvers, tolerances and adjoints.

`integrate` moves any pytree state along any vector field with diffrax, reduces it to
what `save` asks for at each requested time, and returns failure as data: a status per
run, NaN where nothing was reached. The vector field sees one state; batch with
`jax.vmap` (accelerators) or `jax.lax.map` (CPU: a vmapped adaptive solve runs every
lane until the slowest ends).
"""

from collections.abc import Callable
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal, NamedTuple

import diffrax
import equinox as eqx
import equinox.internal as eqxi
import jax
import jax.numpy as jnp
import optimistix as optx
from jax import lax
from jaxtyping import Array, Bool, Float, Int, PyTree

from qbjax import _checks
from qbjax.dynamics import backward
from qbjax.dynamics.tsit5 import Tsit5

Adjoint = Literal["reverse", "forward", "direct"]
Moving = Literal["none", "later", "all"]

OK, STEP_LIMIT, NON_FINITE, BREAKDOWN = 0, 1, 2, 3
STATUS_NAMES = ("ok", "step limit reached", "not finite", "step size collapsed")


class Solver(eqx.Module):
    r"""How an ODE is integrated.

    The step is accepted when $\lVert e / (\mathrm{atol} + \mathrm{rtol}|y|)\rVert_F < 1$
    (elementwise quotient, Frobenius norm over the whole state). With the defaults the
    DOPO battery's energy is right to 1e-11 and its ergotropy to 1e-9 (32×9 levels,
    γt ≤ 10), because stability rather than accuracy limits the steps there.

    Args:
        rtol: relative tolerance.
        atol: absolute tolerance.
        max_steps: steps, rejected ones included, after which the run gives up
            (status 1).
        method: a diffrax solver with an error estimate; None is `dynamics.tsit5.Tsit5`.

    Raises:
        ValueError: for tolerances that are not positive or fewer than one step.
    """

    rtol: float = eqx.field(static=True)
    atol: float = eqx.field(static=True)
    max_steps: int = eqx.field(static=True)
    method: diffrax.AbstractSolver

    def __init__(self, rtol=1e-8, atol=1e-10, max_steps=100_000, method=None):
        for name, value in (("rtol", rtol), ("atol", atol)):
            _checks.scalar(name, value, low=0, open_low=True)
        self.rtol, self.atol = float(rtol), float(atol)
        self.max_steps = _checks.integer("max_steps", max_steps, low=1)
        self.method = Tsit5() if method is None else method


_sharpness: ContextVar[float] = ContextVar("sharpness", default=1.0)


@contextmanager
def sharpened(factor: float):
    """Within, every solver that `chosen` hands out has its tolerances divided by `factor`.

    For verification: an objective need not take tolerances as arguments to be evaluated
    again at tighter ones.
    """
    token = _sharpness.set(factor)
    try:
        yield
    finally:
        _sharpness.reset(token)


def chosen(solver: Solver | None) -> Solver:
    """The solver to use: the default for None, sharpened inside `sharpened`."""
    solver = Solver() if solver is None else solver
    factor = _sharpness.get()
    if factor == 1.0:
        return solver
    return Solver(solver.rtol / factor, solver.atol / factor, solver.max_steps, solver.method)


class Solution(eqx.Module):
    """What `integrate` returns: saved pytree, last state, status, number of steps."""

    saved: PyTree[Array]
    final: PyTree[Array]
    status: Int[Array, ""]
    steps: Int[Array, ""]


def integrate(
    field: Callable[[Array, PyTree], PyTree],
    initial: PyTree[Array],
    times: Float[Array, " T"],
    *,
    save: Callable[[Array, PyTree], Any],
    edges: Float[Array, " E"] | None = None,
    solver: Solver,
    adjoint: Adjoint | str = "reverse",
    moving: Moving = "none",
) -> Solution:
    r"""Integrates $\dot y = f(t, y)$ from `times[0]`, where `initial` belongs.

    Args:
        field: $f(t, y)$, a pytree like y.
        initial: pytree of real arrays. (Complex leaves would meet diffrax's caveats:
            keep states packed, see `algebra.packing`.)
        times: strictly increasing, shape (T,). A single time just saves.
        save: what to keep at each time, computed during the run; reals.
        edges: times at which f jumps. Steps end exactly there: a gradient with respect
            to an edge is zero otherwise.
        solver: tolerances and method.
        adjoint: "reverse" (recursive checkpointing), "forward" (for `jvp`), "direct"
            (both, costlier).
        moving: which times may be differentiated: "none", "later" (all but the first) or
            "all". The derivatives are the exact $dy(t)/dt = f$, one call of the field per
            saved time: the solver itself sees fixed times, so with "later" a gradient with
            respect to times alone does not differentiate the run.

    Returns:
        A `Solution`; `saved` leaves have a leading axis T and are NaN where the run
        did not arrive.
    """
    fixed = lax.stop_gradient(times)

    def moved(t, y, index, sign=1.0):
        if moving == "none":
            return t, y
        shift = sign * (times[index] - fixed[index])  # zero, with a derivative
        return t + shift, jax.tree.map(lambda a, b: a + shift * b, y, field(t, y))

    def keep(t, y):
        return save(*moved(t, y, jnp.searchsorted(fixed, t)))

    if times.shape[0] == 1:
        saved = jax.tree.map(lambda x: jnp.asarray(x)[None], save(times[0], initial))
        status = jnp.where(_all_finite(initial), OK, NON_FINITE)
        return Solution(saved, initial, status, jnp.array(0))
    # A later start of the same state is an earlier state at the same start.
    start = moved(fixed[0], initial, 0, -1.0)[1] if moving == "all" else initial
    if adjoint == "reverse" and isinstance(solver.method, Tsit5):
        run = _reversible(field, start, fixed, keep, edges, solver)
    else:
        close = _closing(field, edges, fixed[-1])
        run, _ = _run(
            field, start, fixed, lambda t, y: keep(t, close(t, y)), edges, solver, adjoint
        )
        run = run._replace(last=close(fixed[-1], run.last))
    status = _status(run, field, fixed[-1])
    _, final = moved(fixed[-1], run.last, -1)
    return Solution(_mark_missing(run.saved, run.reached), final, status, run.steps)


class _Run(NamedTuple):
    """A run as the solver left it."""

    saved: PyTree[Array]
    reached: Float[Array, " T"]
    last: PyTree[Array]
    failed: Bool[Array, ""]
    limited: Bool[Array, ""]
    steps: Int[Array, ""]


def _run(field, initial, times, save, edges, solver, adjoint, marks=None):
    """Runs the solver; with `marks`, steps on them and keeps states and step times too."""
    subs = [
        diffrax.SubSaveAt(ts=times, fn=lambda t, y, _: save(t, y)),
        diffrax.SubSaveAt(t1=True),
    ]
    stops = None
    if marks is not None:
        stops = jnp.concatenate([marks, times])
        subs.append(diffrax.SubSaveAt(ts=marks))
        subs.append(diffrax.SubSaveAt(steps=True, fn=lambda t, y, _: None))
    out = diffrax.diffeqsolve(
        diffrax.ODETerm(lambda t, y, _: field(jnp.asarray(t), y)),
        solver.method,
        t0=times[0],
        t1=times[-1],
        # Found by the controller in a few steps; asking diffrax to guess would trace the
        # field twice more, and would hang on a field that is NaN from the start.
        dt0=1e-4 * (times[-1] - times[0]),
        y0=initial,
        saveat=diffrax.SaveAt(subs=tuple(subs)),
        stepsize_controller=_controller(solver, edges, stops),
        adjoint=_ADJOINTS[adjoint](),
        max_steps=solver.max_steps,
        throw=False,
    )
    saved, last, *kept = out.ys
    run = _Run(
        saved=saved,
        reached=out.ts[0],
        last=jax.tree.map(lambda x: x[0], last),
        failed=out.result != diffrax.RESULTS.successful,
        limited=out.result == diffrax.RESULTS.max_steps_reached,
        steps=out.stats["num_steps"],
    )
    if marks is None:
        return run, None
    return run, backward.record(times[0], out.ts[3], edges, marks, kept[0])


def _closing(field, edges, end):
    """The state at the very end, moved by an edge that lies there: diffrax clips its last step
    to the end, where the edge no longer moves it."""
    if edges is None:
        return lambda t, y: y

    def close(t, y):
        late = (edges == end) & (t == end)
        shift = jnp.sum(jnp.where(late, edges - lax.stop_gradient(edges), 0.0))

        def jump():
            around = jnp.stack([eqxi.prevbefore(end), end])
            slopes = lax.map(lambda s: field(s, y), around)
            return jax.tree.map(lambda y, f: y + shift * (f[0] - f[1]), y, slopes)

        return lax.cond(eqxi.unvmap_any(jnp.any(late)), jump, lambda: y)

    return close


def _reversible(field, initial, times, save, edges, solver) -> _Run:
    """The run, with the hand-written reverse mode of `backward`."""
    zero = jnp.zeros(())
    functions = (
        eqx.filter_closure_convert(field, zero, initial),
        eqx.filter_closure_convert(save, zero, initial),
    )
    return _solve((*functions, initial, edges), times, solver)


@eqx.filter_custom_vjp
def _solve(given, times, solver):
    field, save, initial, edges = given
    return _run(field, initial, times, save, edges, solver, "forward")[0]


@_solve.def_fwd
def _solve_forward(perturbed, given, times, solver):
    field, save, initial, edges = given
    marks = backward.marks(times)
    return _run(field, initial, times, save, edges, solver, "forward", marks)


@_solve.def_bwd
def _solve_backward(record, cotangent, perturbed, given, times, solver):
    field, save, initial, edges = given
    field_numbers, field_rest = eqx.partition(field, perturbed[0])
    save_numbers, save_rest = eqx.partition(save, perturbed[1])
    problem = backward.Problem(
        field=lambda numbers, t, y: eqx.combine(numbers, field_rest)(t, y),
        save=lambda numbers, t, y: eqx.combine(numbers, save_rest)(t, y),
        field_numbers=field_numbers,
        save_numbers=save_numbers,
        times=times,
        edges=edges if perturbed[3] else None,
        cotangent=_filled(
            cotangent.saved, jax.eval_shape(jax.vmap(save, (0, None)), times, initial)
        ),
    )
    back = backward.backwards(problem, record, _filled(cotangent.last, initial))
    return back.field, back.save, back.state, back.edges


def _filled(cotangent, like):
    """Zeros where equinox says None."""
    return jax.tree.map(
        lambda x, c: jnp.zeros(x.shape, x.dtype) if c is None else c, like, cotangent
    )


_ADJOINTS = {
    "reverse": diffrax.RecursiveCheckpointAdjoint,
    "forward": diffrax.ForwardMode,
    "direct": diffrax.DirectAdjoint,
}


def _controller(solver: Solver, edges, stops):
    # A PI controller: 10–13 % fewer rejected steps than I where stability limits them.
    # A step below dtmin means collapse, not accuracy: no real step is ever that small.
    adaptive = diffrax.PIDController(
        rtol=solver.rtol,
        atol=solver.atol,
        norm=optx.two_norm,
        pcoeff=0.2,
        icoeff=0.4,
        dtmin=1e-20,
        force_dtmin=False,
    )
    if edges is None and stops is None:
        return adaptive
    return diffrax.ClipStepSizeController(adaptive, step_ts=stops, jump_ts=edges)


def _status(run: _Run, field, time):
    finite = _all_finite(run.last) & _all_finite(field(time, run.last))
    code = jnp.where(run.failed, jnp.where(run.limited, STEP_LIMIT, BREAKDOWN), OK)
    return jnp.where(finite, code, NON_FINITE)


def _all_finite(tree):
    return jnp.all(jnp.stack([jnp.all(jnp.isfinite(x)) for x in jax.tree.leaves(tree)]))


def _mark_missing(saved, reached):
    """diffrax fills what it did not reach with inf, times included."""
    arrived = jnp.isfinite(reached)

    def mark(x):
        return jnp.where(arrived.reshape((-1,) + (1,) * (x.ndim - 1)), x, jnp.nan)

    return jax.tree.map(mark, saved)
