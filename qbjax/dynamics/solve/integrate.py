"""The one place that knows ODE solvers, tolerances and adjoints.

`integrate` moves any pytree state along any vector field with diffrax, reduces it to
what `save` asks for at each requested time, and returns failure as data: a status per
run, NaN where nothing was reached. The vector field sees one state; batch with
`jax.vmap` (accelerators) or `jax.lax.map` (CPU: a vmapped adaptive solve runs every
lane until the slowest ends).
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int, PyTree

from qbjax.dynamics.chebyshev import back as chebyshev_back
from qbjax.dynamics.chebyshev import forward as chebyshev
from qbjax.dynamics.chebyshev.forward import Chebyshev
from qbjax.dynamics.chebyshev.reading import in_line, passes
from qbjax.dynamics.record.doubt import BREAKDOWN, NON_FINITE, OK, STEP_LIMIT, all_finite
from qbjax.dynamics.solve import automatic, exponential, lookout, runge_kutta
from qbjax.dynamics.solve.automatic import Linear as Linear
from qbjax.dynamics.solve.exponential import Exponential
from qbjax.dynamics.solve.lookout import Signal as Signal
from qbjax.dynamics.solve.run import Run
from qbjax.dynamics.solve.solver import Solver as Solver
from qbjax.dynamics.solve.solver import chosen as chosen
from qbjax.dynamics.solve.solver import sharpened as sharpened
from qbjax.dynamics.solve.tsit5 import Tsit5

Adjoint = Literal["reverse", "forward", "direct"]
FreeTimes = Literal["none", "later", "all"]


class Solution(eqx.Module):
    """A run as `integrate` returns it: saved pytree, last state, status, number of steps."""

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
    read: Callable[[PyTree], PyTree] | None = None,
    signals: Sequence[Signal],
    edges: Float[Array, " E"] | None = None,
    solver: Solver,
    adjoint: Adjoint | str = "reverse",
    free_times: FreeTimes = "none",
    count: Int[Array, ""] | None = None,
    linear: Linear | None = None,
    unfit: str = "",
) -> Solution:
    r"""Integrates $\dot y = f(t, y)$ from `times[0]`, where `initial` belongs.

    Args:
        field: $f(t, y)$, a pytree like y.
        initial: pytree of real arrays. (Complex leaves would meet diffrax's caveats:
            keep states packed, see `algebra.packing`.)
        times: strictly increasing, shape (T,). A single time just saves.
        save: what to keep at each time, computed during the run; reals.
        read: what `save` needs of the state if that is linear in it: it is then called as
            save(t, read(y)), and `Chebyshev` need not stop for it.
        signals: what moves in f between its edges, so that no step goes over a pulse; empty if
            nothing does.
        edges: times at which f is discontinuous. Steps end exactly there: a gradient with respect
            to an edge is zero otherwise. One at the very end counts as behind it.
        solver: tolerances and method.
        adjoint: "reverse" (recursive checkpointing), "forward" (for `jvp`), "direct"
            (both, costlier).
        free_times: which times may be differentiated: "none", "later" (all but the first) or
            "all". The derivatives are the exact $dy(t)/dt = f$, one call of the field per
            saved time: the solver itself sees fixed times, so with "later" a gradient with
            respect to times alone does not differentiate the run.
        count: how many of the times are to be saved, if the rest repeats the last; None for all.
            Of a run that is not differentiated.
        linear: the field once more if it is linear, and constant between edges: for the methods
            that need it so.
        unfit: what those methods would need, if it is not; for the error that refuses them.

    Returns:
        A `Solution`; `saved` leaves have a leading axis T and are NaN where the run
        did not arrive.

    Raises:
        ValueError: if the method named does not fit the field.
    """
    n, spans = automatic.size_of(initial), automatic.spans_of(times, edges)
    method = automatic.method(solver.method, n, spans, linear, adjoint, unfit)
    plain = Linear(field) if linear is None else linear
    fixed = lax.stop_gradient(times)
    wanted = save if read is None else (lambda t, y: save(t, read(y)))

    def moved(t, y, index, sign=1.0):
        if free_times == "none":
            return t, y
        shift = sign * (times[index] - fixed[index])  # zero, with a derivative
        return t + shift, jax.tree.map(lambda a, b: a + shift * b, y, field(t, y))

    def keep(t, y):
        return wanted(*moved(t, y, jnp.searchsorted(fixed, t)))

    if times.shape[0] == 1:
        return _not_moved(wanted(times[0], initial), initial)
    # A later start of the same state is an earlier state at the same start.
    start = moved(fixed[0], initial, 0, -1.0)[1] if free_times == "all" else initial

    if isinstance(method, Chebyshev) and adjoint != "direct":
        if read is not None and passes(read, initial, times):
            read, save = in_line(read, save, initial)
        how: dict[str, Any] = {"save": save, "read": read, "edges": edges, "solver": solver}
        how["count"] = count
        if adjoint == "forward":
            run, _ = chebyshev.propagate(plain.field, plain.spectral_bounds, initial, times, **how)
        else:
            at = fixed if free_times == "none" else times
            run = chebyshev_back.run_reversibly(field, plain, initial, at, **how)
        return _solution(run, field, fixed[-1], run.last)
    solver = solver.with_method(Tsit5() if isinstance(method, Chebyshev) else method)
    if isinstance(method, Exponential):
        run = exponential.propagate(plain, start, fixed, save=keep, edges=edges, count=count)
    else:
        views = lookout.ahead(signals, fixed)
        run = runge_kutta.propagate(
            field, start, (fixed, count), keep, edges, views, solver, adjoint
        )
    return _solution(run, field, fixed[-1], moved(fixed[-1], run.last, -1)[1])


def _not_moved(saved, initial) -> Solution:
    """The solution of a run of a single time: its start."""
    saved = jax.tree.map(lambda x: jnp.asarray(x)[None], saved)
    status = jnp.where(all_finite(initial), OK, NON_FINITE)
    return Solution(saved, initial, status, jnp.array(0))


def _solution(run: Run, field, end, final) -> Solution:
    finite = all_finite(run.last) & all_finite(field(end, run.last))
    code = jnp.where(run.failed, jnp.where(run.limited, STEP_LIMIT, BREAKDOWN), OK)
    status = jnp.where(finite, code, NON_FINITE)
    return Solution(_mark_missing(run.saved, run.arrived), final, status, run.steps)


def _mark_missing(saved, arrived):
    """Puts NaN where the run did not arrive (diffrax leaves inf there)."""

    def mark(x):
        return jnp.where(arrived.reshape((-1,) + (1,) * (x.ndim - 1)), x, jnp.nan)

    return jax.tree.map(mark, saved)
