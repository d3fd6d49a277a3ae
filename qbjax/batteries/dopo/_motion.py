r"""A run of the DOPO battery: from protocol and state to a trajectory.

Beside the state, two numbers are integrated: the pump energy $\int|F|^2dt$, in pump photons
offered ($2\omega_s$ each), and the work of the drive,

$$\int 2\omega_s\cdot 2\sqrt{\gamma_p}\,\mathrm{Re}(F^*\langle a_p\rangle)\,dt ,$$

what the drive feeds into $\omega_s a_s^\dagger a_s + 2\omega_s a_p^\dagger a_p$, a sum that
three-wave mixing leaves alone. The master equation keeps drive and loss apart though both go
through the pump's mirror: work can exceed the energy offered, and comes out again as loss.
"""

import dataclasses

import jax.numpy as jnp

from qbjax import _checks
from qbjax.batteries.dopo import _frames as frames
from qbjax.batteries.dopo import _observables as observe
from qbjax.dynamics import Chebyshev, Exponential
from qbjax.dynamics.generator.shifts import stack, unstack
from qbjax.dynamics.record.trajectory import Trajectory
from qbjax.dynamics.solve.integrate import Linear, integrate
from qbjax.interface import pumps as moving_pumps
from qbjax.interface.states import Options, State


def evolve(battery, protocol, state: State, times, options: Options) -> Trajectory:
    """See `interface.battery.Battery.motion`."""
    complex_mean = battery.frame == "displaced" and not state.real
    layout = battery.layout(state.sectored, protocol.is_complex or complex_mean)
    generator = battery.generator(layout)
    dual = dataclasses.replace(generator, backwards=options.adjoint == "reverse")
    real = state.real and generator.real

    def wrap(t, y) -> State:
        stacked, displacement, _ = y
        blocks = unstack(generator.structure, stacked)
        return dataclasses.replace(
            state, blocks=blocks, displacement=displacement, real=real, made=t
        )

    def save(t, y):
        blocks, rate = (unstack(generator.structure, x) for x in (y[0], field(t, y)[0]))
        seen = observe.everything(layout, blocks, *y[1:], rate=rate, real=real)
        return seen, None if options.save is None else options.save(t, wrap(t, y))

    field = frames.field(battery, layout, dual, protocol, real=real)
    solution = integrate(
        field,
        (stack(generator.structure, state.blocks), state.displacement, jnp.zeros(2)),
        times,
        save=save,
        signals=moving_pumps.signals([protocol], times),
        edges=protocol.edges(),
        solver=options.solver,
        adjoint=options.adjoint,
        moving=options.moving,
        linear=_linear(battery, layout, generator, protocol, options, real),
    )
    return _trajectory(times, solution, wrap(times[-1], solution.final))


def _trajectory(times, solution, final_state) -> Trajectory:
    seen, saved = solution.saved
    certificate = {name: seen.pop(name) for name in ("truncation", "trace_defect")}
    return Trajectory(
        times=times,
        observables=seen | observe.ratios(times, seen),
        saved=saved,
        status=solution.status,
        steps=solution.steps,
        final_state=final_state,
        units=observe.UNITS,
        modes=("signal", "pump"),
        **certificate,
    )


def _linear(battery, layout, generator, protocol, options, real) -> Linear | None:
    """What methods for linear equations need; None if the equation is none, or moves.

    Raises:
        ValueError: if such a method is named nevertheless.
    """
    if not layout.displaced and protocol.is_piecewise_constant:
        return Linear(
            frames.field(battery, layout, generator, protocol, real=real),
            lambda t: generator.extent(frames.lab_signals(battery, layout, protocol, t)),
            kept=lambda y: sum(map(jnp.trace, unstack(generator.structure, y[0])), jnp.zeros(())),
        )
    method = options.solver.method
    if isinstance(method, Chebyshev | Exponential):
        raise ValueError(
            f'Argument `solver` with the method {type(method).__name__} needs frame="lab" and a '
            f"pump that is constant between jumps, but has frame={battery.frame!r} and "
            f"{_checks.show(protocol)}."
        )
    return None
