"""Streams of a battery of repeated interactions: ancillas that pass, and waiting.

What moves is the state of the cells, packed, and a ledger of energies.
"""

import dataclasses
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Complex, Float, Inexact

from qbjax import merit
from qbjax._types import Rho
from qbjax.algebra.packing import pack, unpack
from qbjax.dynamics.motion import Stream, with_powers
from qbjax.interface.states import State
from qbjax.protocols import Ancillas


class Ledger(NamedTuple):
    """Energies so far of a run, summed over ancillas, each by itself.

    Attributes:
        spent_energy, spent_ergotropy: of the ancillas as they came.
        left_energy, left_ergotropy: of the ancillas as they left.
        switching_work: of collisions that do not conserve the energy of cells and ancilla.
        lost_energy: of the cells while they waited.
    """

    spent_energy: Float[Array, ""]
    spent_ergotropy: Float[Array, ""]
    left_energy: Float[Array, ""]
    left_ergotropy: Float[Array, ""]
    switching_work: Float[Array, ""]
    lost_energy: Float[Array, ""]


class Moving(NamedTuple):
    """A state that moves: the cells, packed, and the ledger."""

    packed: Float[Array, "D D"]
    ledger: Ledger


POWERS = ("charging_power", "ergotropic_power")
ENERGIES = (
    "energy", "ergotropy", "coherent_ergotropy", "incoherent_ergotropy", *Ledger._fields,
)  # fmt: skip


def passing(battery, protocol: Ancillas, state: State) -> Stream:
    """The stream of ancillas, and of the losses after each.

    Args:
        battery: a `RepeatedInteractions`.
        protocol: the ancillas.
        state: at the start.
    """
    losses = battery.losses
    channel = None if losses is None else losses.channel(jnp.ones(()))
    return Stream(
        step=partial(_step, battery, channel),
        inputs=(protocol.angles(battery.cells), protocol.states()),
        every=protocol.save_every,
        made=protocol.made,
        **_watched(battery, state, "1/g", "E_0 g"),
    )


def waiting(battery, state: State, times: Float[Array, " T"]) -> Stream:
    """The stream of losses alone; times count in waiting times."""

    def wait(moving: Moving, span):
        losses = battery.losses
        if losses is None:
            return moving, {}
        rho = unpack(moving.packed, real=False)
        after = _lost(battery, losses.channel(span), rho)
        lost = _energy(battery, rho) - _energy(battery, after)
        ledger = moving.ledger._replace(lost_energy=moving.ledger.lost_energy + lost)
        return Moving(pack(after), ledger), {}

    watched = _watched(battery, state, "t_0", "E_0/t_0")
    return Stream(step=wait, inputs=jnp.diff(times), discrete=False, **watched)


def collided(
    battery, rho: Rho, angles: Float[Array, " cells"], ancilla: Inexact[Array, "q q"]
) -> Complex[Array, "n n"]:
    """The state of cells and ancilla, (D d, D d), after they met, the first cell first."""
    joint = jnp.kron(rho.astype(complex), ancilla.astype(complex))
    blocks = jax.vmap(battery.coupling.unitary)(angles)
    half = _turned(battery, blocks, joint)
    return _turned(battery, blocks, half.conj().T)


def _turned(battery, blocks, joint: Complex[Array, "n n"]) -> Complex[Array, "n n"]:
    """The product of the unitaries of all cells, one after the other, with a matrix."""
    levels, d, n = battery.levels, battery.ancilla_levels, joint.shape[0]
    rest = n // (levels * d)

    def one(rows, of):
        # The cell that is met comes first, and goes to the end of the line: a full turn in all.
        apart = rows.reshape(levels, rest, d, n).transpose(0, 2, 1, 3)
        met = battery.coupling.sectors.applied(of, apart.reshape(levels * d, rest * n))
        line = met.reshape(levels, d, rest, n).transpose(2, 0, 1, 3)
        return line.reshape(n, n), None

    return lax.scan(one, joint, blocks)[0]


def _lost(battery, channel, rho: Rho) -> Rho:
    """The state of the cells after the losses of each."""
    levels, size = battery.levels, rho.shape[0]
    rest = size // levels

    def one(state, _):
        after = battery.losses.applied(channel, state, levels)
        line = after.reshape(levels, rest, levels, rest).transpose(1, 0, 3, 2)
        return line.reshape(size, size), None

    return lax.scan(one, rho, None, length=battery.cells)[0]


def _step(battery, channel, moving: Moving, met):
    """One ancilla, and the losses after it."""
    angles, ancilla = met
    rho, ledger = unpack(moving.packed, real=False), moving.ledger
    d, size = battery.ancilla_levels, rho.shape[0]
    joint = collided(battery, rho, angles, ancilla).reshape(size, d, size, d)
    cells, left = jnp.einsum("iaja->ij", joint), jnp.einsum("iaib->ab", joint)
    after = cells if channel is None else _lost(battery, channel, cells)
    before, between, last = (_energy(battery, state) for state in (rho, cells, after))
    energies = [merit.energy(state, battery.ancilla) for state in (ancilla, left)]
    works = [merit.ergotropy(state, battery.ancilla) for state in (ancilla, left)]
    change = Ledger(
        spent_energy=energies[0],
        spent_ergotropy=works[0],
        left_energy=energies[1],
        left_ergotropy=works[1],
        switching_work=between - before + energies[1] - energies[0],
        lost_energy=between - last,
    )
    return Moving(pack(after), Ledger(*map(jnp.add, ledger, change))), {}


def _energy(battery, rho: Rho) -> Float[Array, ""]:
    return merit.energy(rho, battery.cell_hamiltonian)


def _watched(battery, state: State, time: str, power: str) -> dict[str, Any]:
    """The fields of a stream that do not depend on what passes."""
    units = {"time": time} | dict.fromkeys(ENERGIES, "E_0") | dict.fromkeys(POWERS, power)
    units |= {"purity": "1"}
    if battery.cells > 1:
        units |= {"local_ergotropy": "E_0", "mutual_information": "nats", "negativity": "1"}
    nothing = Ledger(*(jnp.zeros(()) for _ in Ledger._fields))
    return {
        "initial": Moving(state.content, nothing),
        "state": lambda t, moving: dataclasses.replace(state, content=moving.packed, made=t),
        "observe": lambda t, moving: observables(battery, moving),
        "finish": lambda times, seen, told, at: with_powers(times, seen),
        "units": tuple(units.items()),
        "modes": battery.modes,
    }


def observables(battery, moving: Moving) -> dict[str, Array]:
    """The observables of one state."""
    rho, H = unpack(moving.packed, real=False), battery.cell_hamiltonian
    ergotropy, coherent = merit.ergotropy(rho, H), merit.coherent_ergotropy(rho, H)
    seen = {
        "energy": merit.energy(rho, H),
        "ergotropy": ergotropy,
        "coherent_ergotropy": coherent,
        "incoherent_ergotropy": ergotropy - coherent,
        "purity": merit.purity(rho),
        "trace_defect": jnp.abs(jnp.trace(moving.packed) - 1),
        "truncation": _top(battery, rho),
    }
    if battery.cells > 1:
        sizes, each = (battery.levels,) * battery.cells, [battery.hamiltonian] * battery.cells
        seen["local_ergotropy"] = merit.local_ergotropy(rho, each)
        seen["mutual_information"] = merit.mutual_information(rho, sizes)
        seen["negativity"] = merit.negativity(rho, sizes)
    return seen | moving.ledger._asdict()


def _top(battery, rho: Rho) -> Float[Array, " modes"]:
    """The populations of the top levels of every cell that was cut."""
    sizes = (battery.levels,) * battery.cells
    filled = jnp.real(jnp.diagonal(rho)).reshape(sizes)
    cells = range(len(battery.modes))
    tops = [jnp.sum(jnp.moveaxis(filled, k, 0)[-battery.top_levels :]) for k in cells]
    return jnp.stack(tops) if tops else jnp.zeros(0)
