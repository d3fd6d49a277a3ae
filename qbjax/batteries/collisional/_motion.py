"""Streams of a collisional battery: collisions with the loss after each, and waiting.

A run moves in the frame in which qubits of one common phase are real; populations alone, where
nothing makes coherences.
"""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax.algebra import spectral
from qbjax.algebra.ladders import Ladder
from qbjax.algebra.packing import pack, unpack
from qbjax.batteries.collisional import _channels as channels
from qbjax.batteries.collisional import _counter_rotating as counter_rotating
from qbjax.batteries.collisional._binomial import Packed
from qbjax.batteries.collisional._channels import Collision
from qbjax.batteries.collisional._loss import Loss
from qbjax.dynamics.motion import Stream, with_powers
from qbjax.dynamics.record.powers import per
from qbjax.interface.states import State
from qbjax.merit.passivity import passive_energy_of_spectrum
from qbjax.merit.statistics import fano_factor_of_populations
from qbjax.protocols import Collisions

ENERGIES = (
    *("energy", "ergotropy", "coherent_ergotropy", "incoherent_ergotropy"),
    "energy_before_loss",
)
POWERS = ("charging_power", "ergotropic_power", "transient_power")


class Layout(NamedTuple):
    """The layout of a state.

    Attributes:
        diagonal: whether it is kept as populations (N,), else packed as a matrix (N, N).
        real: whether the matrix is real in the gauge of `_channels`.
    """

    diagonal: bool
    real: bool


class Frame(NamedTuple):
    """The frame that a run moves in.

    Attributes:
        layout: of the states while they move.
        phase: α common to all qubits, which is turned away; None for no turn.
    """

    layout: Layout
    phase: Any = None

    def enter(self, state: State) -> Packed:
        """The content that is moved, from a state as it is handed around."""
        if state.layout.diagonal:
            return state.content if self.layout.diagonal else jnp.diag(state.content)
        if self.phase is None:
            return state.content
        return _rotated(state.content, state.layout.real, -self.phase)

    def leave(self, state: State, time, packed: Packed) -> State:
        """A state to hand around, made of one like it and of content that was moved."""
        layout = self.layout
        if self.phase is not None:
            packed, layout = _rotated(packed, layout.real, self.phase), Layout(False, False)
        return dataclasses.replace(state, content=packed, layout=layout, made=time)


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
    frame, inputs = _entered(protocol, state, plain)
    if battery.clock == "runs_on" and not plain:
        inputs = inputs._replace(start=times[:-1])
    start, diagonal = frame.enter(state), frame.layout.diagonal
    lose = Loss(ladder, battery.loss, battery.thermal, populations_only=diagonal)
    meet, backwards = _meetings(ladder, battery.counter_rotating, diagonal)
    # Else heat, or counter-rotating terms, bring more than one quantum at a time.
    climbing = plain and _checks.is_plain_zero(battery.thermal) and not ladder.is_whole
    return Stream(
        step=partial(_step, ladder, meet, lose),
        backwards=None if backwards is None else partial(_step, ladder, backwards, lose),
        inputs=inputs,
        initial=start,
        state=partial(frame.leave, state),
        observe=lambda t, packed: observables(ladder, packed, frame.layout.real, top),
        finish=partial(_finished, protocol, start if climbing else None),
        every=protocol.save_every,
        settled=protocol.settled,
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


def _entered(protocol: Collisions, state: State, plain: bool) -> tuple[Frame, Collision]:
    """The frame of a run, and its collisions as they are seen from there.

    Counter-rotating terms make coherences of their own, and see the phase of the qubits.
    """
    classical = _checks.is_plain_zero(protocol.coherence)
    phase = _common_phase(protocol) if plain and not classical else None
    count = (protocol.count,)
    q = jnp.broadcast_to(jnp.asarray(protocol.ground_population, float), count)
    met = Collision(protocol.theta, q)
    if not classical:
        size = channels.overlap(q, jnp.broadcast_to(protocol.coherence, count))
        met, turn = met._replace(overlap=size), protocol.phase
        if phase is None and not _checks.is_plain_zero(turn):
            met = met._replace(overlap=size * jnp.cos(turn), quadrature=-size * jnp.sin(turn))
    real = state.layout.diagonal or (state.layout.real and phase is None)
    real = real and plain and met.quadrature is None
    return Frame(Layout(plain and classical and state.layout.diagonal, real), phase), met


def _meetings(ladder: Ladder, ratio, diagonal: bool) -> tuple[Callable, Callable | None]:
    """One collision, and the same with rules of its own for reverse mode where there are any."""
    if not _checks.is_plain_zero(ratio):
        spectrum = counter_rotating.sectors(ladder.couplings, ratio)
        return partial(counter_rotating.collide, spectrum), None
    if diagonal:
        return partial(channels.collide_populations, ladder.couplings), None
    plain, ruled = channels.collide, channels.collide_with_dual
    return partial(plain, ladder.couplings), partial(ruled, ladder.couplings)


def _step(ladder: Ladder, meet: Callable, lose: Loss, packed: Packed, collision: Collision):
    """One collision and the loss after it."""
    met = meet(packed, collision)
    left = lose(met)
    gained = _energy(ladder, populations(left) - populations(packed))
    power = per(gained, collision.theta)
    return left, {"energy_before_loss": _energy(ladder, populations(met)), "transient_power": power}


def _finished(
    protocol: Collisions, start: Packed | None, times, seen: dict, told: dict, at: np.ndarray
) -> dict[str, Array]:
    """The observables of a run.

    Top levels are exact where nothing climbed beyond them, from a `start` that gains one quantum
    per collision at most; None gains more.
    """
    first = {"transient_power": jnp.nan, "energy_before_loss": seen["energy"][0]}
    told = {name: x.at[0].set(first[name]) for name, x in told.items()}
    met = jnp.asarray(at)
    if protocol.made is not None:  # Without a collision there is nothing but the start.
        told = {name: jnp.where(protocol.made > 0, x, x[0]) for name, x in told.items()}
        met = jnp.minimum(met, protocol.made)
    if start is not None:
        filled = populations(start)
        highest = jnp.max(jnp.where(filled != 0, jnp.arange(filled.size), 0))
        exact = (highest + met < filled.size)[:, None]
        seen = seen | {"truncation": jnp.where(exact, 0.0, seen["truncation"])}
    return with_powers(times, seen | told)


def _common_phase(protocol: Collisions):
    """α if it is one number and not the plain 0, else None."""
    phase = protocol.phase
    return None if _checks.is_plain_zero(phase) or np.ndim(phase) else phase


def _rotated(packed: Float[Array, "N N"], real: bool, angle) -> Float[Array, "N N"]:
    return pack(channels.rephased(unpack(packed, real=real), angle))


def _top(rotating_wave: bool) -> int:
    """The number of levels at the top: one of two may be empty where parity is conserved."""
    return 1 if rotating_wave else 2


def _energy(ladder: Ladder, filled: Float[Array, " N"]) -> Float[Array, ""]:
    return jnp.asarray(ladder.levels) @ filled


def _modes(ladder: Ladder) -> tuple[str, ...]:
    return () if ladder.is_whole else ("ladder",)


def _units(time: str, power: str) -> tuple[tuple[str, str], ...]:
    units = {"time": time} | dict.fromkeys(ENERGIES, "E_0") | dict.fromkeys(POWERS, power)
    return tuple((units | dict.fromkeys(("purity", "fano"), "1")).items())
