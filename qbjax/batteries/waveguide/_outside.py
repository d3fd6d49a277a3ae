r"""A battery outside of its waveguide: withdrawn in a moment, with what it had then.

Its state is diagonal, and alone it decays at the rate γ of an emitter outside,

$$c_2(t) = c_2(t_0)\,e^{-(i\omega_0 + \gamma/2)(t - t_0)} .$$

A cell that was withdrawn may wait (`qb.store`) or meet a load (`qb.discharge`); back in the guide
it would meet a field that remembers it.
"""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jax import lax

from qbjax import _checks
from qbjax.algebra.operators import destroy
from qbjax.dynamics.motion import Path
from qbjax.interface import Cell, State, single_excitation

UNITS = {"time": "1/omega_11", "energy": "omega_11", "power": "omega_11^2"}


class Withdrawn(eqx.Module):
    """The protocol of a battery that is outside of its waveguide, without the charger."""


def motion(guide: Any, state: State, times: Any, units: Any) -> Path:
    """The decay of a battery outside, from `times[0]`.

    Args:
        guide: the battery, with `frequency` and `outside_decay`.
        state: with the amplitudes of charger and battery.
        times: of the run.
        units: of the observables inside.
    """
    start = single_excitation.unpack(state.content)[1]
    elapsed = times - times[0]
    lost = jnp.asarray(guide.outside_decay, float) * elapsed / 2
    angle = guide.frequency * elapsed
    left = lax.complex(jnp.exp(-lost) * jnp.cos(angle), -jnp.exp(-lost) * jnp.sin(angle))

    def state_of(time, amplitude) -> State:
        both = jnp.stack([jnp.zeros_like(amplitude), amplitude])
        return State(single_excitation.pack(both), state.origin, layout="moved", made=time)

    def observe(time, amplitude):
        population = jnp.abs(amplitude) ** 2
        return single_excitation.observables(guide.frequency, population, 1 - population)

    seen = tuple(unit for unit in units if unit[0] != "charger_energy")
    return Path(
        points=start * left, state=state_of, observe=observe, steps=jnp.array(1), units=seen
    )


def cell(guide: Any) -> Cell:
    """The battery alone, as a load meets it."""
    rates = [] if _checks.is_plain_zero(guide.outside_decay) else [guide.outside_decay]
    return Cell(
        lowering=destroy(2),
        jumps=[destroy(2)] * len(rates),
        rates=rates,
        spacing=guide.frequency,
        mode=None,
        units=UNITS,
        origin=guide._origin,
        parted=lambda _: True,
    )
