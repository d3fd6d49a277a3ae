"""Frames and channels: how the state of a collisional battery is kept, and meets a qubit.

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
from qbjax.algebra.packing import pack, unpack
from qbjax.batteries.collisional import _channels as channels
from qbjax.batteries.collisional import _counter_rotating as counter_rotating
from qbjax.batteries.collisional import _damped as damped
from qbjax.batteries.collisional import _detuned as detuned
from qbjax.batteries.collisional import _modulated as modulated
from qbjax.batteries.collisional._binomial import Packed
from qbjax.batteries.collisional._channels import Collision
from qbjax.batteries.collisional._outgoing import Qubit, outgoing
from qbjax.batteries.collisional._scattered import averaged, clock_of, fastest, resonant
from qbjax.interface.states import State
from qbjax.protocols import Collisions


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


PLAIN: tuple[Callable, Callable] = channels.collide, channels.collide_with_dual
"""A resonant collision in the rotating-wave approximation, and with rules for reverse mode."""


def entered(battery, protocol: Collisions, state: State) -> tuple[Frame, Collision]:
    """The frame of a run, and its collisions as they are seen from there.

    Counter-rotating terms make coherences of their own, and see the phase of the qubits. Loss
    during a collision makes none, but takes a matrix.
    """
    plain = battery.is_rotating_wave
    classical = _checks.is_plain_zero(protocol.coherence)
    phase = _common_phase(protocol) if plain and not classical else None
    count = (protocol.count,)
    q = jnp.broadcast_to(jnp.asarray(protocol.ground_population, float), count)
    met = Collision(protocol.theta, q, detuning=_detunings(protocol))
    if not classical:
        size = channels.overlap(q, jnp.broadcast_to(protocol.coherence, count))
        if protocol.scatter is not None:
            size = size * protocol.scatter.coherence_kept(q)
        met, turn = met._replace(overlap=size), protocol.phase
        if phase is None and not _checks.is_plain_zero(turn):
            met = met._replace(overlap=size * jnp.cos(turn), quadrature=-size * jnp.sin(turn))
    real = state.layout.diagonal or (state.layout.real and phase is None)
    real = real and plain and met.quadrature is None and met.detuning is None
    diagonal = plain and battery.is_brief and classical and state.layout.diagonal
    return Frame(Layout(diagonal, real), phase), met


def meetings(battery, protocol: Collisions, diagonal: bool) -> tuple[Callable, Callable | None]:
    """One collision of ladder and qubit, meet(packed, collision) -> (packed, qubit).

    The second is the same with rules of its own for reverse mode, or None.
    """
    ladder, plain = battery.ladder, battery.is_rotating_wave
    average = partial(
        averaged, scatter=protocol.scatter, largest=fastest(ladder, clock_of(battery))
    )
    if not battery.is_brief:
        numbers = _damping(battery)
        ways = damped.evolved, damped.evolved_with_dual
        one, ruled = (partial(damped.collide, ladder, way, numbers) for way in ways)
        return average(one), average(ruled)
    if not battery.is_steady:
        made = modulated.period(
            ladder.couplings,
            battery.counter_rotating,
            battery.modulation,
            battery.modulation_frequency,
        )
        return average(partial(modulated.collide, made)), None
    if not plain:
        moved = partial(counter_rotating.met, ladder.couplings, battery.counter_rotating)
        if _detunings(protocol) is None:
            spectrum = counter_rotating.sectors(ladder.couplings, battery.counter_rotating)
            moved = partial(counter_rotating.collide, spectrum)
        return average(moved), None
    if _detunings(protocol) is not None:
        channel = detuned.collide_populations if diagonal else detuned.collide
        return average(_both(channel, ladder)), None
    if diagonal:
        return average(_both(channels.collide_populations, ladder)), None
    return average(_both(PLAIN[0], ladder)), average(_both(PLAIN[1], ladder))


def _damping(battery) -> damped.Numbers:
    cold, plain = _checks.is_plain_zero(battery.thermal), battery.is_rotating_wave
    return damped.Numbers(
        theta=jnp.zeros(()),
        loss=battery.collision_loss,
        thermal=None if cold else battery.thermal,
        frequency=None if plain else 1 / battery.counter_rotating,
    )


def _both(collide: Callable, ladder) -> Callable:
    """Makes of a collision of the ladder one of ladder and qubit."""
    couplings = ladder.couplings

    def both(packed: Packed, collision: Collision) -> tuple[Packed, Qubit]:
        return collide(couplings, packed, collision), outgoing(couplings, packed, collision)

    return both


def _detunings(protocol: Collisions) -> Float[Array, " K"] | None:
    """Δ of every qubit; None if all are resonant."""
    if resonant(protocol):
        return None
    return jnp.broadcast_to(jnp.asarray(protocol.detuning, float), (protocol.count,))


def _common_phase(protocol: Collisions):
    """α if it is one number and not the plain 0, else None."""
    phase = protocol.phase
    return None if _checks.is_plain_zero(phase) or np.ndim(phase) else phase


def _rotated(packed: Float[Array, "N N"], real: bool, angle) -> Float[Array, "N N"]:
    return pack(channels.rephased(unpack(packed, real=real), angle))
