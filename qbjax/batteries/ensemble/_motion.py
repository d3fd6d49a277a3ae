"""The motion of an ensemble: the master equation of its blocks, or the equation of a ket."""

import dataclasses
from functools import partial
from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from qbjax.batteries.ensemble import _merits as merits
from qbjax.batteries.ensemble import _model as models
from qbjax.batteries.ensemble import _reading as reading
from qbjax.batteries.ensemble._model import Model
from qbjax.dynamics.generator import action, kets
from qbjax.dynamics.generator.action import Action
from qbjax.dynamics.generator.dual import of_kets, of_shifts
from qbjax.dynamics.generator.lindblad import Generator
from qbjax.dynamics.generator.pattern import Shifts
from qbjax.dynamics.motion import Flow, with_powers
from qbjax.dynamics.solve.automatic import Linear
from qbjax.interface import State, edges_of, signals
from qbjax.protocols import Pump


class Numbers(NamedTuple):
    """The numbers of an ensemble: ω, the energies left in the frame, and the rates of its jumps."""

    frequency: Any
    energies: tuple[Any, ...]
    rates: tuple[Any, ...]

    def coefficients(self) -> Float[Array, " H"]:
        """Coefficients of the Hamiltonians."""
        return _stacked(self.energies)

    def repeated(self, model: Model) -> Float[Array, " J"]:
        """Rates of all operators that stand for the jumps."""
        each = zip(self.rates, models.repeats(model), strict=True)
        return _stacked([rate for rate, times in each for _ in range(times)])


def generator(model: Model, numbers: Numbers, sectored: bool) -> Generator:
    """The generator that moves a stack."""
    structure = models.structure(model, sectored, None)
    return Generator(structure, numbers.coefficients(), numbers.repeated(model))


def motion(
    model: Model, numbers: Numbers, pump: Pump, state: State, times: Float[Array, " T"]
) -> Flow:
    """The motion of a state from `times[0]`.

    Args:
        model: the terms.
        numbers: of these.
        pump: the coupling, or the drive.
        state: at `times[0]`.
        times: of the run.
    """
    form = state.layout
    structure = models.structure(model, form.sectored, form.sector)
    moving = (kets if form.pure else action).form_of(structure)
    still = Action(moving, numbers.coefficients(), numbers.repeated(model))
    places = reading.readings(model, form.pure, form.sectored, form.sector)
    uncohered = reading.is_uncohered(model, form)

    def field(t, y, backwards=False):
        now = [pump.signal(t)]
        if form.pure:
            return still.ket(y, now)
        return dataclasses.replace(still, backwards=backwards).stacked(y, now)

    def read(y):
        return places.read(y, uncohered=uncohered)

    def told(seen):
        real = form.real
        blocks = merits.observables(
            model.spins, numbers.frequency, real, seen["quanta"], seen["cell"]
        )
        return blocks | ({"photons": seen["photons"]} if model.levels else {})

    return Flow(
        field=field,
        backwards=partial(field, backwards=True),
        initial=state.content,
        edges=edges_of([pump]),
        signals=signals([pump], times),
        state=lambda t, y: State(y, state.origin, form, made=t),
        # What is seen of a ket is no linear function of it.
        read=None if form.pure else read,
        observe=lambda t, y: read(y) if form.pure else y,
        linear=_linear(field, still, pump, form.pure) if pump.is_piecewise_constant else None,
        merits=told,
        finish=partial(_finished, watched=bool(model.modes)),
        modes=model.modes,
    )


def _linear(field, still: Action, pump: Pump, pure: bool) -> Linear:
    def spectral_bounds(t):
        return still.spectral_bounds([pump.signal(t)], ket=pure)

    apart = of_kets if pure else of_shifts
    return Linear(
        field,
        spectral_bounds,
        apart(still.form, lambda t: still.weights([pump.signal(t)]))
        if isinstance(still.form, Shifts)
        else None,
        None if pure else (lambda y: jnp.einsum("sii->", y)),
    )


def _finished(times, seen: dict, watched: bool) -> dict[str, Array]:
    """Observables of a run from what was read off each of its states."""
    certificate = {"trace_defect": jnp.abs(seen["trace"] - 1)}
    if watched:
        certificate["truncation"] = seen["truncation"]
    return with_powers(times, seen["merits"]) | certificate


def _stacked(numbers) -> Float[Array, " n"]:
    return jnp.stack([jnp.asarray(x, float) for x in numbers]) if numbers else jnp.zeros(0)
