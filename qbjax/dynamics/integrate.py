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
from typing import Any, Literal

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import optimistix as optx
from jax import lax
from jaxtyping import Array, Float, Int, PyTree

from qbjax import _checks
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

    def keep(t, y, _):
        return save(*moved(t, y, jnp.searchsorted(fixed, t)))

    if times.shape[0] == 1:
        saved = jax.tree.map(lambda x: jnp.asarray(x)[None], save(times[0], initial))
        status = jnp.where(_all_finite(initial), OK, NON_FINITE)
        return Solution(saved, initial, status, jnp.array(0))
    out = diffrax.diffeqsolve(
        diffrax.ODETerm(lambda t, y, _: field(jnp.asarray(t), y)),
        solver.method,
        t0=fixed[0],
        t1=fixed[-1],
        # Found by the controller in a few steps; asking diffrax to guess would trace the
        # field twice more, and would hang on a field that is NaN from the start.
        dt0=1e-4 * (fixed[-1] - fixed[0]),
        # A later start of the same state is an earlier state at the same start.
        y0=moved(fixed[0], initial, 0, -1.0)[1] if moving == "all" else initial,
        saveat=diffrax.SaveAt(
            subs=(diffrax.SubSaveAt(ts=fixed, fn=keep), diffrax.SubSaveAt(t1=True))
        ),
        stepsize_controller=_controller(solver, edges),
        adjoint=_ADJOINTS[adjoint](),
        max_steps=solver.max_steps,
        throw=False,
    )
    saved, last = out.ys
    last = jax.tree.map(lambda x: x[0], last)
    status = _status(out.result, field, fixed[-1], last)
    _, final = moved(fixed[-1], last, -1)
    return Solution(_mark_missing(saved, out.ts[0]), final, status, out.stats["num_steps"])


_ADJOINTS = {
    "reverse": diffrax.RecursiveCheckpointAdjoint,
    "forward": diffrax.ForwardMode,
    "direct": diffrax.DirectAdjoint,
}


def _controller(solver: Solver, edges):
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
    if edges is None:
        return adaptive
    return diffrax.ClipStepSizeController(adaptive, jump_ts=edges)


def _status(result, field, time, final):
    limit = result == diffrax.RESULTS.max_steps_reached
    failed = result != diffrax.RESULTS.successful
    finite = _all_finite(final) & _all_finite(field(time, final))
    code = jnp.where(failed, jnp.where(limit, STEP_LIMIT, BREAKDOWN), OK)
    return jnp.where(finite, code, NON_FINITE)


def _all_finite(tree):
    return jnp.all(jnp.stack([jnp.all(jnp.isfinite(x)) for x in jax.tree.leaves(tree)]))


def _mark_missing(saved, reached):
    """diffrax fills what it did not reach with inf, times included."""
    arrived = jnp.isfinite(reached)

    def mark(x):
        return jnp.where(arrived.reshape((-1,) + (1,) * (x.ndim - 1)), x, jnp.nan)

    return jax.tree.map(mark, saved)
