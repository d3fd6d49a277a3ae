"""Streams of a collisional battery: collisions with the loss after each, and waiting."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax.algebra import spectral
from qbjax.algebra.ladders import Ladder
from qbjax.algebra.packing import unpack
from qbjax.batteries.collisional._binomial import Packed
from qbjax.batteries.collisional._loss import Loss
from qbjax.batteries.collisional._meetings import Frame, entered, meetings
from qbjax.batteries.collisional._outgoing import Account, incoming, opened
from qbjax.batteries.collisional._waiting import RandomLoss
from qbjax.dynamics.motion import Stream, with_powers
from qbjax.dynamics.record.powers import per
from qbjax.interface.states import State
from qbjax.merit.passivity import passive_energy_of_spectrum
from qbjax.merit.statistics import fano_factor_of_populations
from qbjax.protocols import Collisions

ENERGIES = (
    *("energy", "ergotropy", "coherent_ergotropy", "incoherent_ergotropy"),
    *("energy_before_loss", "energy_spent", "ergotropy_spent", "ergotropy_brought"),
    *("outgoing_energy", "outgoing_ergotropy"),
)
SHARES = ("purity", "fano", "outgoing_coherence", "efficiency", "collisions")
POWERS = ("charging_power", "ergotropic_power", "transient_power")


def collisions(battery, protocol: Collisions, state: State, times: Float[Array, " T"]) -> Stream:
    """The stream of collisions, each with the loss after it.

    Args:
        battery: a `Collisional`.
        protocol: the qubits.
        state: at the start.
        times: before the first collision and after each.
    """
    ladder, plain = battery.ladder, battery.is_rotating_wave
    top = _top(plain)
    frame, inputs = entered(battery, protocol, state)
    if battery.clock == "runs_on" and not plain:
        inputs = inputs._replace(start=times[:-1])
    start, diagonal = frame.enter(state), frame.layout.diagonal
    lose = _losses(battery, protocol, diagonal)
    meet, backwards = meetings(battery, protocol, diagonal)
    share = 1.0 if protocol.scatter is None else 1 - protocol.scatter.missed
    # Else heat, or counter-rotating terms, bring more than one quantum at a time.
    climbing = plain and _checks.is_plain_zero(battery.thermal) and not ladder.is_whole
    return Stream(
        step=partial(_step, ladder, meet, lose, share),
        backwards=None if backwards is None else partial(_step, ladder, backwards, lose, share),
        inputs=inputs,
        initial=Moved(start, opened()),
        state=lambda t, moved: frame.leave(state, t, moved.packed),
        observe=partial(_observed, ladder, frame.layout.real, top),
        finish=partial(_finished, protocol, start if climbing else None),
        every=protocol.save_every,
        settled=protocol.settled,
        settles=lambda moved: moved.packed,
        made=protocol.made,
        units=_units("1/Omega", "E_0 Omega"),
        modes=_modes(ladder),
    )


def waiting(battery, state: State, times: Float[Array, " T"]) -> Stream:
    """The stream of losses alone.

    Args:
        battery: a `Collisional`.
        state: at the start.
        times: in units of the waiting time.
    """
    ladder, layout, top = battery.ladder, state.layout, _top(battery.is_rotating_wave)

    def lose(packed, span):
        loss = battery.loss if _checks.is_plain_zero(battery.loss) else battery.loss * span
        return Loss(ladder, loss, battery.thermal, populations_only=layout.diagonal)(packed), {}

    return Stream(
        step=lose,
        inputs=jnp.diff(times),
        initial=state.content,
        state=partial(Frame(layout).leave, state),
        observe=lambda t, packed: observables(ladder, packed, layout.real, top),
        finish=lambda times, seen, told, at: with_powers(times, seen),
        units=_units("t_0", "E_0/t_0"),
        discrete=False,
        modes=_modes(ladder),
    )


def populations(packed: Packed) -> Float[Array, " N"]:
    """The populations of a packed state."""
    return packed if packed.ndim == 1 else jnp.diagonal(packed)


def observables(ladder: Ladder, packed: Packed, real: bool, top: int) -> dict[str, Array]:
    """The observables of one state.

    Args:
        ladder: whose state it is.
        packed: the state.
        real: whether it stands for a real matrix.
        top: how many levels say whether the ladder was cut too short.
    """
    levels, filled = ladder.levels, populations(packed)
    energy = _energy(ladder, filled)
    if packed.ndim == 1:
        spectrum, purity = filled, jnp.sum(filled**2)
    else:
        spectrum = spectral.eigenvalues(unpack(packed, real=real))
        purity = jnp.sum(packed**2)  # Tr ρ² = Σ S² + A² = Σ R²
    passive = passive_energy_of_spectrum(spectrum, levels)
    dephased = passive_energy_of_spectrum(filled, levels)
    return {
        "energy": energy,
        "ergotropy": energy - passive,
        "coherent_ergotropy": dephased - passive,
        "incoherent_ergotropy": energy - dephased,
        "purity": purity,
        "fano": fano_factor_of_populations(filled),
        "truncation": jnp.zeros(0) if ladder.is_whole else jnp.sum(filled[-top:])[None],
        "trace_defect": jnp.abs(jnp.sum(filled) - 1),
    }


class Moved(NamedTuple):
    """The state that a stream of collisions moves.

    Attributes:
        packed: the ladder's state.
        account: of the qubits so far.
    """

    packed: Packed
    account: Account


def _losses(battery, protocol: Collisions, diagonal: bool) -> Loss | RandomLoss:
    scatter, numbers = protocol.scatter, (battery.loss, battery.thermal)
    is_random = scatter is not None and scatter.waiting == "random"
    if is_random and not _checks.is_plain_zero(battery.loss):
        return RandomLoss(battery.ladder, *(jnp.asarray(x, float) for x in numbers))
    return Loss(battery.ladder, *numbers, populations_only=diagonal)


def _step(ladder: Ladder, meet: Callable, lose: Callable, share, moved: Moved, collision):
    """One collision, of a qubit that comes with that probability, and the loss after it."""
    packed, account = moved
    met, qubit = meet(packed, collision)
    left = lose(met)
    gained = _energy(ladder, populations(left) - populations(packed))
    told = {
        "energy_before_loss": _energy(ladder, populations(met)),
        "transient_power": per(gained, collision.theta),
        "outgoing_energy": 1 - qubit.ground,
        "outgoing_ergotropy": qubit.ergotropy,
        "outgoing_coherence": qubit.size,
    }
    return Moved(left, account.after(incoming(collision), qubit, share)), told


def _observed(ladder: Ladder, real: bool, top: int, time, moved: Moved) -> dict[str, Array]:
    return observables(ladder, moved.packed, real, top) | moved.account.told()


def _finished(
    protocol: Collisions, start: Packed | None, times, seen: dict, told: dict, at: np.ndarray
) -> dict[str, Array]:
    """The observables of a run.

    Top levels are exact where nothing climbed beyond them, from a `start` that gains one quantum
    per collision at most; None gains more.
    """
    before = {"energy_before_loss": seen["energy"][0]}
    told = {name: x.at[0].set(before.get(name, jnp.nan)) for name, x in told.items()}
    met = jnp.asarray(at)
    if protocol.made is not None:  # Without a collision there is nothing but the start.
        told = {name: jnp.where(protocol.made > 0, x, x[0]) for name, x in told.items()}
        met = jnp.minimum(met, protocol.made)
    if start is not None:
        filled = populations(start)
        highest = jnp.max(jnp.where(filled != 0, jnp.arange(filled.size), 0))
        exact = (highest + met < filled.size)[:, None]
        seen = seen | {"truncation": jnp.where(exact, 0.0, seen["truncation"])}
    gained = seen["ergotropy"] - seen["ergotropy"][0]
    efficiency = {"efficiency": per(gained, seen["ergotropy_brought"])}
    return with_powers(times, seen | told | efficiency)


def _top(rotating_wave: bool) -> int:
    """The number of levels at the top: one of two may be empty where parity is conserved."""
    return 1 if rotating_wave else 2


def _energy(ladder: Ladder, filled: Float[Array, " N"]) -> Float[Array, ""]:
    return jnp.asarray(ladder.levels) @ filled


def _modes(ladder: Ladder) -> tuple[str, ...]:
    return () if ladder.is_whole else ("ladder",)


def _units(time: str, power: str) -> tuple[tuple[str, str], ...]:
    units = {"time": time} | dict.fromkeys(ENERGIES, "E_0") | dict.fromkeys(POWERS, power)
    return tuple((units | dict.fromkeys(SHARES, "1")).items())
