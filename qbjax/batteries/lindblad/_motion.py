"""The motion of a Lindblad battery: its master equation, or without jumps that of its ket."""

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from qbjax.batteries.lindblad import _reading as reading
from qbjax.batteries.lindblad._equation import Equation
from qbjax.batteries.lindblad._model import Model, layout
from qbjax.batteries.lindblad._reading import Hamiltonian
from qbjax.dynamics.generator import kets
from qbjax.dynamics.generator.dual import of_structure
from qbjax.dynamics.generator.shifts import unstack
from qbjax.dynamics.motion import Flow, with_powers
from qbjax.dynamics.solve.automatic import Linear
from qbjax.interface import State, edges_of, signals
from qbjax.protocols import Pump


def motion(
    equation: Equation,
    hamiltonian: Hamiltonian,
    pumps: Sequence[Pump],
    state: State,
    times: Float[Array, " T"],
) -> Flow:
    """The motion of a state from `times[0]`.

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

    def at(t):
        return equation.at(generator, t), [pump.signal(t) for pump in pumps]

    def field(t, y, backwards=False):
        now, amplitudes = at(t)
        if pure:
            return kets.moved(now.structure, y, now.weights(amplitudes))
        return dataclasses.replace(now, backwards=backwards).stacked(y, amplitudes)

    def wrap(t, y) -> State:
        content = y if pure else unstack(generator.structure, y)
        return dataclasses.replace(state, content=content, made=t)

    def read(y):
        return reading.read_off(model, hamiltonian, sectored, y)

    linear = all(pump.is_piecewise_constant for pump in everyone)
    return Flow(
        field=field,
        backwards=partial(field, backwards=True),
        initial=reading.moving_part(generator.structure, state),
        edges=edges_of(everyone),
        signals=signals(everyone, times),
        state=wrap,
        # What is seen of a ket is no linear function of it.
        read=None if pure else read,
        observe=lambda t, y: read(y) if pure else y,
        linear=_linear(model, state, generator.banded, field, at) if linear else None,
        finish=lambda times, seen: _finished(model, hamiltonian, times, seen),
        modes=model.modes,
    )


def _linear(model: Model, state: State, banded: bool, field: Callable, at: Callable) -> Linear:
    """The field as methods for linear equations take it.

    Args:
        model: the operators.
        state: says how the field's is laid out.
        banded: whether the field works by shifts.
        field: f(t, y).
        at: t to the generator and the amplitudes of the controls.
    """
    sectored, pure = state.layout

    def spectral_bounds(t):
        now, amplitudes = at(t)
        return now.spectral_bounds(amplitudes, ket=pure)

    def weights(t):
        now, amplitudes = at(t)
        return now.weights(amplitudes)

    if pure:
        return Linear(field, spectral_bounds)
    structure = layout(model, sectored).structure
    return Linear(
        field,
        spectral_bounds,
        of_structure(structure, weights) if banded else None,
        lambda y: jnp.sum(reading.populations(model, sectored, y)),
    )


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
