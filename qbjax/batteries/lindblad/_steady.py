"""The steady state of a Lindblad battery."""

from typing import Any

import jax.numpy as jnp

from qbjax.batteries.lindblad import _places as places
from qbjax.batteries.lindblad import _reading as reading
from qbjax.batteries.lindblad import _start as starts
from qbjax.batteries.lindblad._equation import Equation
from qbjax.batteries.lindblad._reading import Stored
from qbjax.dynamics.steady import gap as gaps
from qbjax.dynamics.steady.linear import steady
from qbjax.interface import Origin, State
from qbjax.interface.pumps import pumps_of
from qbjax.interface.steady import SteadyState


def steady_state(
    equation: Equation, stored: Stored, origin: Origin, protocol: Any, gap: bool | None
) -> SteadyState:
    """Solves for the state that endless charging leads to.

    A conserved charge is used if there is one: coherence between its values dies out.

    Args:
        equation: of the battery.
        stored: Hamiltonian of its cell.
        origin: of its states.
        protocol: of constant signals.
        gap: whether to find the gap; None to decide by what it costs.
    """
    model, now = equation.model, jnp.zeros(())
    form = starts.Form(model.charge is not None, pure=False)
    generator = equation.generator(form.sectored, now)
    signals = equation.numbers.amplitudes(pumps_of(protocol), now)
    found = steady(generator, signals)
    readings = places.readings(model, *form)
    seen = reading.read_off(readings, stored.whole, found.state)
    merits = reading.merits_of(stored)
    kept = merits(seen["energy"], seen["cell"]) if model.cell else {}
    return SteadyState(
        observables=kept | seen["own"],
        state=State(found.state, origin, form),
        residual=found.residual,
        gap=gaps.gap_if(gap, generator, signals),
        rate=found.rate,
        truncation=seen["truncation"],
        status=found.status,
        steps=found.steps,
        modes=model.modes,
    )
