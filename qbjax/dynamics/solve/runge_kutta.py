"""Runs by diffrax: as the solver left them, and with the reverse mode of `backward`."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optimistix as optx

from qbjax._setup import without_callbacks
from qbjax.dynamics.solve import backward
from qbjax.dynamics.solve.lookout import Careful
from qbjax.dynamics.solve.run import Run
from qbjax.dynamics.solve.solver import Solver
from qbjax.dynamics.solve.tsit5 import Tsit5


def propagate(field, initial, times, save, edges, views, solver, adjoint) -> Run:
    """Runs the solver from `times[0]` through all times, differentiable as the adjoint says."""
    if adjoint == "reverse" and isinstance(solver.method, Tsit5):
        return run_reversibly(field, initial, times, save, edges, views, solver)
    return run(field, initial, times, save, edges, views, solver, adjoint)[0]


def run(field, initial, times, save, edges, views, solver, adjoint, marks=None):
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
            dt0=1e-4 * (times[-1] - times[0]),
            y0=initial,
            saveat=diffrax.SaveAt(subs=tuple(subs)),
            stepsize_controller=_controller(solver, edges, stops, views),
            adjoint=_ADJOINTS[adjoint](),
            max_steps=solver.max_steps,
            throw=False,
        )
    saved, last, *kept = out.ys
    done = Run(
        saved=saved,
        arrived=jnp.isfinite(out.ts[0]),
        last=jax.tree.map(lambda x: x[0], last),
        failed=out.result != diffrax.RESULTS.successful,
        limited=out.result == diffrax.RESULTS.max_steps_reached,
        steps=out.stats["num_steps"],
    )
    if marks is None:
        return done, None
    return done, backward.record(times[0], times[-1], out.ts[3], edges, marks, kept[0])


def run_reversibly(field, initial, times, save, edges, views, solver) -> Run:
    """Runs the solver, with the hand-written reverse mode of `backward`."""
    zero = jnp.zeros(())
    functions = (
        eqx.filter_closure_convert(field, zero, initial),
        eqx.filter_closure_convert(save, zero, initial),
    )
    return _solve((*functions, initial, edges), times, views, solver)


@eqx.filter_custom_vjp
def _solve(given, times, views, solver):
    field, save, initial, edges = given
    return run(field, initial, times, save, edges, views, solver, "forward")[0]


@_solve.def_fwd
def _solve_forward(perturbed, given, times, views, solver):
    field, save, initial, edges = given
    marks = backward.marks(times)
    return run(field, initial, times, save, edges, views, solver, "forward", marks)


@_solve.def_bwd
def _solve_backward(record, cotangent, perturbed, given, times, views, solver):
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


def _controller(solver: Solver, edges, stops, views):
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
    if edges is not None or stops is not None:
        adaptive = diffrax.ClipStepSizeController(adaptive, step_ts=stops, jump_ts=edges)
    if not views and solver.max_step is None:
        return adaptive
    return Careful(adaptive, views, solver.max_step)
