"""The small batteries that are measured."""

import jax
import jax.numpy as jnp
import numpy as np

import qbjax as qb

TIMES = np.linspace(0.0, 2.0, 21)
LOWER = np.array([[0.0, 1.0], [0.0, 0.0]])
PULSE = jnp.linspace(0.5, 1.5, 10)


def qubit(pump=1.0, adjoint="reverse"):
    """A driven, lossy qubit."""
    battery = qb.batteries.Lindblad(
        np.diag([0.0, 1.0]), [0.3 * LOWER], dims=(2,), cell=0, cell_hamiltonian=[0.0, 1.0],
        controls=[LOWER + LOWER.T],
    )  # fmt: skip
    protocol = pump if isinstance(pump, qb.protocols.PiecewiseConstant) else None
    protocol = qb.protocols.Constant(pump) if protocol is None else protocol
    return qb.charge(battery, protocol, TIMES, adjoint=adjoint)


def cavity(n=4, g=1.0, loss=0.1, times=TIMES, solver=None):
    """Spins in a lossy cavity of as many photons."""
    battery = qb.batteries.TavisCummings(n, n, cavity_decay=loss)
    return qb.charge(battery, qb.protocols.Constant(g), times, solver=solver)


def stored():
    """The same, charged and kept."""
    battery = qb.batteries.TavisCummings(4, 4, cavity_decay=0.1)
    run = qb.charge(battery, qb.protocols.Constant(1.0), TIMES)
    return qb.store(battery, run.final_state, TIMES + TIMES[-1])


def pulsed(amplitudes):
    """A qubit's energy after ten segments."""
    return qubit(qb.protocols.PiecewiseConstant(amplitudes, 2.0)).energy[-1]


def pulsed_slope():
    return jax.jit(jax.grad(pulsed))(PULSE)


def dopo(amplitude=1.0):
    """The ergotropy of a cell of a coherent Ising machine."""
    battery = qb.batteries.DOPO(signal_levels=16, pump_levels=3)
    return qb.charge(battery, qb.protocols.Constant(amplitude), TIMES).ergotropy[-1]


def stream():
    """A ladder of 60 levels after a hundred coherent qubits."""
    battery = qb.batteries.Collisional(qb.algebra.ladders.oscillator(60), loss=0.01)
    qubits = qb.protocols.Collisions(jnp.full(100, 0.1), coherence=1.0)
    return qb.charge(battery, qubits).energy[-1]
