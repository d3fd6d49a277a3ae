r"""The motion of the Bloch charger: preparation, master equation, observables.

States are packed (`algebra.packing`) as they are, cell first: ρ = S + iA lies in one real 4 × 4
matrix. A run moves in the frame that rotates with ω_b and coincides with this one at its start,
where ω_b is gone; only what is handed out is turned back.
"""

import dataclasses
import functools

import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
from jax import lax
from jaxtyping import Array, Complex, Float

from qbjax import _checks
from qbjax.algebra.operators import sigma_minus
from qbjax.algebra.packing import pack, unpack
from qbjax.algebra.spectral import root
from qbjax.dynamics.generator.lindblad import Generator
from qbjax.dynamics.generator.structure import Structure
from qbjax.dynamics.motion import Flow
from qbjax.dynamics.solve.automatic import Linear
from qbjax.interface.states import State
from qbjax.merit import two_level
from qbjax.merit.correlations import concurrence_of_matrix

GROUND = np.diag([1.0, 0.0])

EXCITATIONS = np.array([0.0, 1.0, 1.0, 2.0])
"""Excitations of the basis states 00, 01, 10, 11: cell, charger."""

ENERGIES = (
    *("energy", "ergotropy", "coherent_ergotropy", "incoherent_ergotropy", "antiergotropy"),
    *("capacity", "charger_energy"),
)
NUMBERS = ("inversion", "coherence", "concurrence", "purity")
POWERS = ("charging_power", "ergotropic_power")
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
    ket = protocol.ket()
    charger = jnp.outer(ket, jnp.conj(ket))
    rho = jnp.kron(unpack(cell(state.content), real=False), charger)
    return dataclasses.replace(state, content=pack(rho))


def cell(packed: Float[Array, "4 4"]) -> Float[Array, "2 2"]:
    """The partial trace over the charger, packed as before."""
    return jnp.einsum("aibi->ab", packed.reshape(2, 2, 2, 2))


def motion(battery, state: State, times: Float[Array, " T"], *, coupled: bool) -> Flow:
    """The flow of the pair from `times[0]`.

    Args:
        battery: its numbers.
        state: at `times[0]`.
        times: of the run.
        coupled: whether the qubits exchange excitations.
    """
    plain, ruled = (_generator(battery, coupled, backwards) for backwards in (False, True))

    def turned(t, y) -> State:
        packed = _turned(y, battery.frequency * (t - times[0]))
        return dataclasses.replace(state, content=packed, made=t)

    return Flow(
        field=lambda t, y: _moved(plain, y),
        backwards=lambda t, y: _moved(ruled, y),
        initial=state.content,
        edges=None,
        signals=(),
        state=turned,
        observe=lambda t, y: observables(battery.frequency, y),
        linear=Linear(lambda t, y: _moved(plain, y), kept=jnp.trace),
        units=UNITS,
    )


def _moved(generator: Generator, packed: Float[Array, "4 4"]) -> Float[Array, "4 4"]:
    (moved,) = generator((packed,))
    return moved


def observables(frequency, packed: Float[Array, "4 4"]) -> dict[str, Array]:
    """Observables of one packed state, with `trace_defect`."""
    small = cell(packed)
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
        "capacity": frequency * (high - low),
        "inversion": excited - 0.5,
        "coherence": root(real**2 + imaginary**2),
        "concurrence": concurrence_of_matrix(unpack(packed, real=False)),
        # Tr ρ² = Σ S² + A² = Σ R²: the cross terms cancel.
        "purity": jnp.sum(small**2),
        "charger_energy": frequency * (packed[1, 1] + packed[3, 3]),
        "trace_defect": jnp.abs(jnp.trace(packed) - 1),
    }


def _generator(battery, coupled: bool, backwards: bool) -> Generator:
    """The master equation in the rotating frame; uncoupled, without its exchange."""
    coupling = battery.coupling if coupled else jnp.zeros(())
    lossy = not _checks.is_plain_zero(battery.decay)
    rates = battery.decay[None] if lossy else jnp.zeros(0)
    return Generator(_structure(lossy), coupling[None], rates, backwards=backwards)


@functools.lru_cache(maxsize=2)
def _structure(lossy: bool) -> Structure:
    """Structure of the master equation: the exchange, and the charger's loss as the one jump."""
    lower, one = sp.csr_array(sigma_minus()), sp.eye_array(2)
    b, a = sp.kron(lower, one, format="csr"), sp.kron(one, lower, format="csr")
    return Structure([a.T @ b + b.T @ a], [a] if lossy else [])


def _turned(packed, angle) -> Float[Array, "4 4"]:
    """Turns a state back from the rotating frame."""
    angles = angle * (EXCITATIONS[:, None] - EXCITATIONS[None, :])
    phases: Complex[Array, "4 4"] = lax.complex(jnp.cos(angles), -jnp.sin(angles))
    return pack(unpack(packed, real=False) * phases)
