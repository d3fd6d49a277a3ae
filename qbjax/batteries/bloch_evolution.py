r"""A run of the Bloch charger: preparation, motion, what is seen.

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
from qbjax.batteries.base import Options, State
from qbjax.dynamics.integrate import Linear, integrate
from qbjax.dynamics.lindblad import Generator
from qbjax.dynamics.powers import powers
from qbjax.dynamics.structure import Structure
from qbjax.dynamics.trajectory import Trajectory
from qbjax.merit import two_level
from qbjax.merit.correlations import concurrence_of_matrix

GROUND = np.diag([1.0, 0.0])

EXCITATIONS = np.array([0.0, 1.0, 1.0, 2.0])
"""Of the basis 00, 01, 10, 11: cell, charger."""

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
    """The cell of a state beside a freshly prepared charger."""
    ket = protocol.ket()
    charger = jnp.outer(ket, jnp.conj(ket))
    rho = jnp.kron(unpack(cell(state.blocks[0]), real=False), charger)
    return dataclasses.replace(state, blocks=(pack(rho),))


def cell(packed: Float[Array, "4 4"]) -> Float[Array, "2 2"]:
    """Partial trace over the charger, packed as before."""
    return jnp.einsum("aibi->ab", packed.reshape(2, 2, 2, 2))


def evolve(battery, state: State, times, options: Options, *, coupled: bool) -> Trajectory:
    """Runs the pair from `times[0]`.

    Args:
        battery: its numbers.
        state: at `times[0]`.
        times: shape (T,).
        options: as for every battery.
        coupled: whether the qubits exchange excitations.
    """
    plain = _generator(battery, coupled, False)
    generator = _generator(battery, coupled, options.adjoint == "reverse")

    def wrap(t, y) -> State:
        turned = _turned(y[0], battery.frequency * (t - times[0]))
        return dataclasses.replace(state, blocks=(turned,), made=t)

    def save(t, y):
        seen = observables(battery.frequency, y[0])
        return seen, None if options.save is None else options.save(t, wrap(t, y))

    solution = integrate(
        lambda t, y: generator(y),
        state.blocks,
        times,
        save=save,
        signals=(),
        solver=options.solver,
        adjoint=options.adjoint,
        moving=options.moving,
        linear=Linear(lambda t, y: plain(y), kept=lambda y: jnp.trace(y[0])),
    )
    return _trajectory(times, solution, wrap(times[-1], solution.final))


def observables(frequency, packed: Float[Array, "4 4"]) -> dict[str, Array]:
    """What is seen of one packed state, with `trace_defect`."""
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


def _trajectory(times, solution, final_state) -> Trajectory:
    seen, saved = solution.saved
    defect = seen.pop("trace_defect")
    return Trajectory(
        times=times,
        observables=seen | powers(times, seen),
        saved=saved,
        status=solution.status,
        truncation=jnp.zeros((times.size, 0)),
        trace_defect=defect,
        steps=solution.steps,
        final_state=final_state,
        units=UNITS,
    )


def _generator(battery, coupled: bool, backwards: bool) -> Generator:
    """The master equation in the rotating frame; uncoupled, without its exchange."""
    coupling = battery.coupling if coupled else jnp.zeros(())
    lossy = not _checks.is_plain_zero(battery.decay)
    rates = battery.decay[None] if lossy else jnp.zeros(0)
    return Generator(_structure(lossy), coupling[None], rates, backwards=backwards)


@functools.lru_cache(maxsize=2)
def _structure(lossy: bool) -> Structure:
    """Hamiltonian: the exchange. Jump: the charger's loss."""
    lower, one = sp.csr_array(sigma_minus()), sp.eye_array(2)
    b, a = sp.kron(lower, one, format="csr"), sp.kron(one, lower, format="csr")
    return Structure([a.T @ b + b.T @ a], [a] if lossy else [])


def _turned(packed, angle) -> Float[Array, "4 4"]:
    """A state turned back from the rotating frame."""
    angles = angle * (EXCITATIONS[:, None] - EXCITATIONS[None, :])
    phases: Complex[Array, "4 4"] = lax.complex(jnp.cos(angles), -jnp.sin(angles))
    return pack(unpack(packed, real=False) * phases)
