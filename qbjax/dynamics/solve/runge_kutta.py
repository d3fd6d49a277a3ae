"""Runge–Kutta runs, in the loop of `march` or by diffrax, with the reverse mode of `backward`."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optimistix as optx

from qbjax._setup import without_callbacks
from qbjax.dynamics.solve import backward, march
from qbjax.dynamics.solve.automatic import size_of
from qbjax.dynamics.solve.lookout import Careful
from qbjax.dynamics.solve.run import Run
from qbjax.dynamics.solve.solver import Solver
from qbjax.dynamics.solve.tsit5 import Tsit5

LARGE = 10_000
"""Numbers in a state from which a run is diffrax's: XLA spreads its fused stages over the cores of
a CPU, the products of `march` it does not (a DOPO of 44×5 levels took 92 ms instead of 65)."""


def propagate(field, initial, when, save, edges, views, solver, adjoint) -> Run:
    """Runs the solver from the first through all times, differentiable as the adjoint says.

    `when` are the times, and how many are to be saved, if the rest repeats the last; None for all.
    """
    if adjoint == "direct" or not isinstance(solver.method, Tsit5):
        return _by_diffrax(field, initial, when, save, edges, views, solver, adjoint)
    if adjoint == "forward":
        return _without_way_back(field, initial, when, save, edges, views, solver)
    zero = jnp.zeros(())  # with the hand-written reverse mode of `backward`
    functions = (
        eqx.filter_closure_convert(field, zero, initial),
        eqx.filter_closure_convert(save, zero, initial),
    )
    return _solve((*functions, initial, edges), when, views, solver)


def _without_way_back(field, initial, when, save, edges, views, solver) -> Run:
    """Runs Tsit5 in the loop that suits the size of the state: to the same steps."""
    if size_of(initial) >= LARGE:
        return _by_diffrax(field, initial, when, save, edges, views, solver, "forward")
    return march.run(field, initial, when, save, edges, views, solver)[0]


def _by_diffrax(field, initial, when, save, edges, views, solver, adjoint) -> Run:
    """Runs any method, differentiable in both modes at once if need be."""
    times, _ = when
    subs = (
        diffrax.SubSaveAt(ts=_saved(*when), fn=lambda t, y, _: save(t, y)),
        diffrax.SubSaveAt(t1=True),
    )
    solve = diffrax.diffeqsolve
    if jax.debug_infs.value:  # it would keep infinities for the way back
        solve = eqx.filter_checkpoint(solve)
    with without_callbacks():
        out = solve(
            diffrax.ODETerm(lambda t, y, _: field(jnp.asarray(t), y)),
            solver.method,
            t0=times[0],
            t1=times[-1],
            # Found by the controller in a few steps; asking diffrax to guess would trace the
            # field twice more, and would hang on a field that is NaN from the start.
            dt0=march.FIRST * (times[-1] - times[0]),
            y0=initial,
            saveat=diffrax.SaveAt(subs=subs),
            stepsize_controller=_controller(solver, edges, views),
            adjoint=_ADJOINTS[adjoint](),
            max_steps=solver.max_steps,
            throw=False,
        )
    saved, last = out.ys
    return Run(
        saved=saved,
        arrived=jnp.isfinite(out.ts[0]),
        last=jax.tree.map(lambda x: x[0], last),
        failed=out.result != diffrax.RESULTS.successful,
        limited=out.result == diffrax.RESULTS.max_steps_reached,
        steps=out.stats["num_steps"],
    )


def _saved(times, count):
    """The times to save at: one that is not a number never comes, and nothing is saved there."""
    return times if count is None else jnp.where(jnp.arange(times.size) < count, times, jnp.nan)


@eqx.filter_custom_vjp
def _solve(given, when, views, solver):
    field, save, initial, edges = given
    return _without_way_back(field, initial, when, save, edges, views, solver)


@_solve.def_fwd
def _solve_forward(perturbed, given, when, views, solver):
    field, save, initial, edges = given
    marks = backward.marks(when[0])
    return march.run(field, initial, when, save, edges, views, solver, marks)


@_solve.def_bwd
def _solve_backward(record, cotangent, perturbed, given, when, views, solver):
    (field, save, initial, edges), (times, _) = given, when
    field_numbers, field_rest = eqx.partition(field, perturbed[0])
    save_numbers, save_rest = eqx.partition(save, perturbed[1])
    problem = backward.Problem(
        field=lambda numbers, t, y: eqx.combine(numbers, field_rest)(t, y),
        save=lambda numbers, t, y: eqx.combine(numbers, save_rest)(t, y),
        field_numbers=field_numbers,
        save_numbers=save_numbers,
        times=times,
        edges=edges if perturbed[3] else None,
        cotangent=backward.filled(
            cotangent.saved, jax.eval_shape(jax.vmap(save, (0, None)), times, initial)
        ),
    )
    back = backward.backwards(problem, record, backward.filled(cotangent.last, initial))
    return back.field, back.save, back.state, back.edges


_ADJOINTS = {
    "reverse": diffrax.RecursiveCheckpointAdjoint,
    "forward": diffrax.ForwardMode,
    "direct": diffrax.DirectAdjoint,
}


def _controller(solver: Solver, edges, views):
    # A PI controller: 10–13 % fewer rejected steps than I where stability limits them.
    # A step below dtmin means collapse, whatever the unit of time: it is no number any more.
    adaptive = diffrax.PIDController(
        rtol=solver.rtol,
        atol=solver.atol,
        norm=optx.two_norm,
        pcoeff=0.2,
        icoeff=0.4,
        dtmin=float(np.finfo(float).tiny),
        force_dtmin=False,
    )
    if edges is not None:
        adaptive = diffrax.ClipStepSizeController(adaptive, jump_ts=edges)
    if not views and solver.max_step is None:
        return adaptive
    return Careful(adaptive, views, solver.max_step)
