"""The motion of a Lindblad battery: its master equation, or without jumps its ket's."""

import dataclasses
from collections.abc import Callable, Sequence

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from qbjax.batteries.lindblad import _reading as reading
from qbjax.batteries.lindblad._equation import Equation, stacked
from qbjax.batteries.lindblad._model import Model
from qbjax.batteries.lindblad._reading import Hamiltonian
from qbjax.dynamics.generator import kets
from qbjax.dynamics.generator.dual import of_structure
from qbjax.dynamics.generator.lindblad import Generator
from qbjax.dynamics.generator.shifts import unstack
from qbjax.dynamics.motion import Flow, with_powers
from qbjax.dynamics.solve.automatic import Linear
from qbjax.interface.pumps import edges_of, signals
from qbjax.interface.states import State
from qbjax.protocols import Pump


def motion(
    equation: Equation,
    hamiltonian: Hamiltonian,
    pumps: Sequence[Pump],
    state: State,
    times: Float[Array, " T"],
) -> Flow:
    """How a state moves from `times[0]`.

    Args:
        equation: of the battery.
        hamiltonian: of the cell.
        pumps: one per control.
        state: at `times[0]`.
        times: of the run.
    """
    model, (sectored, pure) = equation.model, state.layout
    everyone = [*pumps, *equation.signals]
    generator = equation.generator(sectored, times[0])
    ruled = dataclasses.replace(generator, backwards=True)
    field, backwards = (_field(equation, g, pumps, pure=pure) for g in (generator, ruled))

    def wrap(t, y) -> State:
        content = y if pure else unstack(generator.structure, y)
        return dataclasses.replace(state, content=content, made=t)

    def read(y):
        return reading.read_off(model, hamiltonian, sectored, y)

    return Flow(
        field=field,
        backwards=backwards,
        initial=reading.moving_part(generator.structure, state),
        edges=edges_of(everyone),
        signals=signals(everyone, times),
        state=wrap,
        # What is seen of a ket is no linear function of it.
        read=None if pure else read,
        observe=(lambda t, y: read(y)) if pure else (lambda t, seen: seen),
        linear=_linear(equation, generator, pumps, state, field),
        finish=lambda times, seen: _finished(model, hamiltonian, times, seen),
        modes=model.modes,
    )


def _field(
    equation: Equation, generator: Generator, pumps: Sequence[Pump], *, pure: bool
) -> Callable:
    """The vector field, on a stacked state or on a ket."""
    moves = bool(equation.signals)

    def now(t):
        return equation.at(generator, t) if moves else generator

    def amplitudes(t):
        return [pump.signal(t) for pump in pumps]

    def mixed(t, y):
        return now(t).stacked(y, amplitudes(t))

    def ket(t, y):
        weights = jnp.concatenate([now(t).coefficients, stacked(amplitudes(t))])
        return kets.moved(generator.structure, y, weights)

    return ket if pure else mixed


def _linear(
    equation: Equation, generator: Generator, pumps: Sequence[Pump], state: State, field: Callable
) -> Linear | None:
    """What methods for linear equations need; None if a signal is not piecewise constant."""
    if not all(pump.is_piecewise_constant for pump in (*pumps, *equation.signals)):
        return None
    sectored, pure = state.layout

    def at(t):
        return equation.at(generator, t), [pump.signal(t) for pump in pumps]

    def extent(t):
        now, amplitudes = at(t)
        return now.extent(amplitudes, ket=pure)

    def weights(t):
        now, amplitudes = at(t)
        return now.weights(amplitudes)

    def trace(y):
        return jnp.sum(reading.populations(equation.model, sectored, y))

    taken_apart = not pure and generator.banded
    dual = of_structure(generator.structure, weights) if taken_apart else None
    return Linear(field, extent, dual, None if pure else trace)


def _finished(model: Model, hamiltonian: Hamiltonian, times, seen: dict) -> dict[str, Array]:
    """Observables of a run from what was read off each of its states."""
    stored = {}
    if model.cell:
        # After the run, where a caller's `jit` can leave out what is not asked for.
        merits = reading.merits_of(hamiltonian)
        stored = lax.map(lambda now: merits(*now), (seen["energy"], seen["cell"]))
        stored = with_powers(times, stored)
    certificate = {"truncation": seen["truncation"], "trace_defect": jnp.abs(seen["trace"] - 1)}
    return stored | seen["own"] | certificate
