"""The motion of a Lindblad battery: its master equation, or without jumps that of its ket."""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from qbjax.algebra.packing import unpack
from qbjax.batteries.lindblad import _reading as reading
from qbjax.batteries.lindblad import _room as rooms
from qbjax.batteries.lindblad import _sparse as sparse
from qbjax.batteries.lindblad._equation import Equation, Numbers
from qbjax.batteries.lindblad._model import layout
from qbjax.batteries.lindblad._places import readings
from qbjax.batteries.lindblad._reading import Readings, Stored
from qbjax.dynamics.generator import action, kets
from qbjax.dynamics.generator.action import Action
from qbjax.dynamics.generator.dual import of_kets, of_shifts, of_sparse
from qbjax.dynamics.generator.pattern import Shifts, shifts_of
from qbjax.dynamics.generator.sparse import Sparse
from qbjax.dynamics.motion import Flow, with_powers
from qbjax.dynamics.solve.automatic import Linear
from qbjax.interface import State, edges_of, signals
from qbjax.interface.pumps import pumps_of


class Mover(eqx.Module):
    """A Lindblad battery as a program takes it: its numbers, its operators' too, are arguments.

    Attributes:
        form: of the generator that moves a stack, or a ket.
        readings: of that.
        numbers: of the operators.
        stored: Hamiltonian of the cell.
        modes: names of the truncated factors.
    """

    form: kets.Form
    readings: Readings
    numbers: Numbers
    stored: Stored
    modes: tuple[str, ...] = eqx.field(static=True)

    def motion(self, protocol: Any, state: State, times: Float[Array, " T"]) -> Flow:
        """The motion of a state from `times[0]`, where a protocol's signals are the controls'."""
        pumps, pure = pumps_of(protocol), state.layout.pure
        everyone = [*pumps, *self.numbers.signals]
        first = Action(self.form, *self.numbers.at(times[0]))

        def at(t):
            now = first
            if self.numbers.signals:
                now = Action(self.form, *self.numbers.at(t))
            return now, self.numbers.amplitudes(pumps, t)

        def field(t, y, backwards=False):
            now, amplitudes = at(t)
            if pure:
                return now.ket(y, amplitudes)
            return dataclasses.replace(now, backwards=backwards).stacked(y, amplitudes)

        def read(y):
            return reading.read_off(self.readings, self.stored.whole, y)

        linear = all(pump.is_piecewise_constant for pump in everyone)
        return Flow(
            field=field,
            backwards=partial(field, backwards=True),
            initial=state.content,
            edges=edges_of(everyone),
            signals=signals(everyone, times),
            state=lambda t, y: dataclasses.replace(state, content=y, made=t),
            # What is seen of a ket is no linear function of it.
            read=None if pure else read,
            observe=lambda t, y: read(y) if pure else y,
            linear=self._linear(pure, field, at) if linear else None,
            merits=self._merits if self.readings.stores else None,
            finish=_finished,
            modes=self.modes,
        )

    def cell(self, state: State) -> Complex[Array, "c c"]:
        """Density matrix of the cell, the other factors traced out."""
        return unpack(self.readings.packed_cell(state.content), real=False)

    def density_matrix(self, state: State) -> Complex[Array, "d d"]:
        """The whole density matrix, in the basis of the operators."""
        return self.readings.density_matrix(state.content)

    def _linear(self, pure: bool, field: Callable, at: Callable) -> Linear:
        """The field as methods for linear equations take it.

        Args:
            pure: whether it moves a ket.
            field: f(t, y).
            at: t to the generator and the amplitudes of the controls.
        """

        def spectral_bounds(t):
            now, amplitudes = at(t)
            return now.spectral_bounds(amplitudes, ket=pure)

        def weights(t):
            now, amplitudes = at(t)
            return now.weights(amplitudes)

        dual, readings = None, cast(Any, self.readings)
        if isinstance(self.form, Sparse):
            dual = of_sparse(self.form, weights)
        elif isinstance(self.form, Shifts):
            dual = (of_kets if pure else of_shifts)(self.form, weights)
        return Linear(
            field,
            spectral_bounds,
            dual,
            None if pure else (lambda y: jnp.sum(readings.populations(y))),
        )

    def _merits(self, seen: dict) -> dict[str, Array]:
        """Merits of the cell from what was read off one state."""
        return reading.merits_of(self.stored)(seen["energy"], seen["cell"])


def _finished(times, seen: dict) -> dict[str, Array]:
    """Observables of a run from what was read off each of its states."""
    stored = with_powers(times, seen["merits"]) if "merits" in seen else {}
    certificate = {"truncation": seen["truncation"], "trace_defect": jnp.abs(seen["trace"] - 1)}
    return stored | seen["own"] | certificate


def mover(equation: Equation, stored: Stored, state: State, exact: bool) -> tuple[Mover, State]:
    """The mover of a state of a battery, and the state as that takes it.

    Args:
        equation: of the battery.
        stored: Hamiltonian of its cell.
        state: of the battery.
        exact: whether the state is to be seen as it is, not padded.
    """
    model = equation.model
    if model.stored is not None:
        sparse.check_pure(model)
        slots = sparse.slotted(model, bool(stored.parts))
        return Mover(sparse.moving(model), slots, equation.numbers, stored, model.modes), state
    sectored, pure = state.layout
    structure = layout(model, sectored).structure
    form = (kets if pure else action).form_of(structure)
    room = None
    # Factors of a cell would be no factors of a padded one.
    whole = pure or stored.parts or stored.whole.ndim == 2 or not isinstance(form, Shifts)
    if not exact and not whole:
        room = rooms.room_of(model, structure)
    if room is not None:
        form = shifts_of(structure, room.stack)
        state, stored = (
            rooms.roomy(state, room),
            Stored(rooms.levels_in(cast(Any, stored.whole), room)),
        )
    found = readings(model, sectored, pure, room)
    return Mover(form, found, equation.numbers, stored, model.modes), state
