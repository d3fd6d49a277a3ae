"""The steady state of an ensemble, by the generator of its blocks."""

from typing import Any

import jax.numpy as jnp

from qbjax.batteries.ensemble import _merits as merits
from qbjax.batteries.ensemble import _model as models
from qbjax.batteries.ensemble import _motion as motions
from qbjax.batteries.ensemble import _reading as reading
from qbjax.batteries.ensemble._model import Form, Model
from qbjax.dynamics.steady import gap as gaps
from qbjax.dynamics.steady.linear import steady
from qbjax.interface import Origin, State
from qbjax.interface.steady import SteadyState
from qbjax.protocols import Pump


def steady_state(
    model: Model, numbers: motions.Numbers, pump: Pump, wanted: bool | None, origin: Origin
) -> SteadyState:
    """Solves for the state that endless charging leads to: coherence between sectors dies out.

    Args:
        model: the terms.
        numbers: of these.
        pump: the coupling, or the drive, constant.
        wanted: whether the gap is; None where it is cheap.
        origin: of the battery.
    """
    form = Form(False, model.conserves, None, models.stays_real(model))
    generator = motions.generator(model, numbers, form.sectored)
    signals = [pump.signal(jnp.zeros(()))]
    found = steady(generator, signals)
    places = reading.readings(model, form.pure, form.sectored, form.sector)
    seen = places.read(found.state, uncohered=reading.is_uncohered(model, form))
    stored: dict[str, Any] = merits.observables(
        model.spins, numbers.frequency, form.real, seen["quanta"], seen["cell"]
    )
    return SteadyState(
        observables=stored | ({"photons": seen["photons"]} if model.levels else {}),
        state=State(found.state, origin, form),
        residual=found.residual,
        gap=gaps.gap_if(wanted, generator, signals),
        rate=found.rate,
        truncation=seen["truncation"],
        status=found.status,
        steps=found.steps,
        modes=model.modes,
    )
