"""A coherent Ising machine as a battery: exact, and in phase space."""

from qbjax.batteries.lindblad.ising._estimates import Estimate
from qbjax.batteries.lindblad.ising.instance import GroundStates, energy, ground_states
from qbjax.batteries.lindblad.ising.machine import IsingMachine
from qbjax.batteries.lindblad.ising.phase_space import PhaseSpace, phase_space

__all__ = [
    "Estimate", "GroundStates", "IsingMachine", "PhaseSpace", "energy", "ground_states",
    "phase_space",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__
