"""The steady state of a Lindblad battery."""

import dataclasses

import jax.numpy as jnp

from qbjax.batteries.lindblad import _motion as evolution
from qbjax.batteries.lindblad._signals import signals_of
from qbjax.dynamics.generator.shifts import unstack
from qbjax.dynamics.steady import gap as steady_gap
from qbjax.dynamics.steady.linear import steady
from qbjax.interface.steady import SteadyState


def steady_state(battery, protocol, gap: bool | None) -> SteadyState:
    """See `interface.battery.Battery.steady_state`. A conserved charge is used if there is one:
    coherence between its values dies out."""
    model = battery.model
    sectored, now = model.charge is not None, jnp.zeros(())
    generator = evolution.generator_of(battery, sectored, now)
    signals = [pump.signal(now) for pump in signals_of(protocol)]
    found = steady(generator, signals)
    wanted = steady_gap.is_small(generator) if gap is None else gap
    seen = evolution.read_off(battery, sectored, found.state)
    basis = evolution.cell_basis(battery.cell_hamiltonian)
    merits = evolution.merits(seen["energy"], seen["cell"], *basis) if model.cell else {}
    return SteadyState(
        observables=merits | seen["own"],
        state=dataclasses.replace(
            battery.start(),
            blocks=unstack(generator.structure, found.state),
            sectored=sectored,
            pure=False,
        ),
        residual=found.residual,
        gap=steady_gap.gap(generator, signals) if wanted else None,
        rate=found.rate,
        truncation=seen["truncation"],
        status=found.status,
        steps=found.steps,
        modes=tuple(f"factor {k}" for k in model.watched),
    )
