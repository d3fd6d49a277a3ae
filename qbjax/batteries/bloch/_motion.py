r"""The motion of the Bloch charger: preparation, master equation, observables.

States are packed (`algebra.packing`) as they are, cell first: ρ = S + iA lies in one real 4 × 4
matrix. A run moves in the frame that rotates with ω_b and coincides with this one at its start,
where ω_b is gone; only what is handed out is turned back. Counter-rotating terms are still in no
such frame: with them nothing is turned.
"""

import dataclasses

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Complex, Float

from qbjax.algebra.packing import pack, unpack
from qbjax.algebra.spectral import root
from qbjax.batteries.bloch import _terms as terms
from qbjax.dynamics.generator.lindblad import Generator
from qbjax.dynamics.motion import Flow, with_powers
from qbjax.dynamics.record.observed import HELD
from qbjax.dynamics.record.powers import per
from qbjax.dynamics.solve.automatic import Linear
from qbjax.interface import edges_of, signals
from qbjax.interface.states import State
from qbjax.merit import two_level
from qbjax.merit.correlations import concurrence_of_matrix

GROUND = np.diag([1.0, 0.0])

EXCITATIONS = np.array([0.0, 1.0, 1.0, 2.0])
"""Excitations of the basis states 00, 01, 10, 11: cell, charger."""

ENERGIES = (
    *("energy", "ergotropy", "coherent_ergotropy", "incoherent_ergotropy", "antiergotropy"),
    *("capacity", "charger_energy", "passive_energy", "active_energy"),
)
NUMBERS = ("inversion", "coherence", "concurrence", "purity")
POWERS = ("charging_power", "ergotropic_power", "passive_power", "active_power")
UNITS = tuple(
    {
        "time": "1/J",
        **dict.fromkeys(ENERGIES, "omega_b"),
        "energy_variance": "omega_b^2",
        **dict.fromkeys(NUMBERS, "1"),
        **dict.fromkeys(POWERS, "omega_b J"),
    }.items()
)


def prepared(protocol, state: State) -> State:
    """Puts the cell of a state beside a freshly prepared charger."""
    rho = jnp.kron(unpack(cell(state.content), real=False), protocol.density_matrix())
    return dataclasses.replace(state, content=pack(rho))


def cell(packed: Float[Array, "4 4"]) -> Float[Array, "2 2"]:
    """The partial trace over the charger, packed as before."""
    return jnp.einsum("aibi->ab", packed.reshape(2, 2, 2, 2))


def motion(battery, state: State, times: Float[Array, " T"], *, coupled, envelope) -> Flow:
    """The flow of the pair from `times[0]`.

    Args:
        battery: its numbers.
        state: at `times[0]`.
        times: of the run.
        coupled: whether the qubits exchange excitations.
        envelope: the pump by which J is multiplied, None for a constant J.
    """

    def coupling(t):
        if not coupled:
            return jnp.zeros(())
        return battery.coupling if envelope is None else battery.coupling * envelope.signal(t)

    def field(t, y, backwards=False):
        (moved,) = _generator(battery, coupling(t), backwards)((y,))
        return moved

    def turned(t, y) -> State:
        packed = y
        if not battery.counter_rotating:
            packed = _turned(y, battery.frequency * (t - times[0]))
        return dataclasses.replace(state, content=packed, made=t)

    pumps = [] if envelope is None else [envelope]
    constant = envelope is None or envelope.is_piecewise_constant
    return Flow(
        field=field,
        backwards=lambda t, y: field(t, y, backwards=True),
        initial=state.content,
        edges=edges_of(pumps),
        signals=signals(pumps, times),
        state=turned,
        observe=lambda t, y: observables(battery, y),
        linear=Linear(field, kept=jnp.trace) if constant else None,
        finish=with_more_powers,
        units=UNITS,
        picture=(HELD, POWERS[:2], ("inversion", "coherence", "concurrence")),
    )


def observables(battery, packed: Float[Array, "4 4"]) -> dict[str, Array]:
    """Observables of one packed state, with `trace_defect`."""
    frequency, small = battery.frequency, cell(packed)
    excited = small[1, 1]
    real, imaginary = (small[0, 1] + small[1, 0]) / 2, (small[1, 0] - small[0, 1]) / 2
    mean = lax.complex(real, imaginary)
    low, high = two_level.eigenvalues(excited, mean)
    energy = frequency * excited
    return {
        "energy": energy,
        "energy_variance": frequency**2 * excited * (1 - excited),
        "ergotropy": two_level.ergotropy(excited, mean, frequency),
        "coherent_ergotropy": two_level.coherent_ergotropy(excited, mean, frequency),
        "incoherent_ergotropy": two_level.incoherent_ergotropy(excited, frequency),
        "antiergotropy": energy - frequency * high,
        "passive_energy": frequency * low,
        "active_energy": frequency * high,
        "capacity": frequency * (high - low),
        "inversion": excited - 0.5,
        "coherence": root(real**2 + imaginary**2),
        "concurrence": concurrence_of_matrix(unpack(packed, real=False)),
        # Tr ρ² = Σ S² + A² = Σ R²: the cross terms cancel.
        "purity": jnp.sum(small**2),
        "charger_energy": battery.charger_frequency * (packed[1, 1] + packed[3, 3]),
        "trace_defect": jnp.abs(jnp.trace(packed) - 1),
    }


def with_more_powers(times, seen: dict[str, Array]) -> dict[str, Array]:
    """Adds the average powers, those of the passive and the active state too."""
    elapsed = times - times[0]
    kinds = [kind for kind in ("passive", "active") if f"{kind}_energy" in seen]
    more = {f"{kind}_power": per(seen[f"{kind}_energy"], elapsed) for kind in kinds}
    return with_powers(times, seen) | more


def _generator(battery, coupling, backwards: bool) -> Generator:
    """The master equation at a coupling."""
    parts = terms.hamiltonian(battery, coupling)
    jumps = {
        (place, kind): rate
        for place in terms.PLACES
        for kind, rate in terms.rates(battery, place).items()
    }
    structure = terms.structure(tuple(parts), tuple(jumps))
    rates = jnp.stack([jnp.asarray(x, float) for x in jumps.values()]) if jumps else jnp.zeros(0)
    return Generator(structure, jnp.stack([*parts.values()]), rates, backwards=backwards)


def _turned(packed, angle) -> Float[Array, "4 4"]:
    """Turns a state back from the rotating frame."""
    angles = angle * (EXCITATIONS[:, None] - EXCITATIONS[None, :])
    phases: Complex[Array, "4 4"] = lax.complex(jnp.cos(angles), -jnp.sin(angles))
    return pack(unpack(packed, real=False) * phases)
