"""A coherent Ising machine as a battery."""

from qbjax.batteries.lindblad.ising.instance import GroundStates, energy, ground_states
from qbjax.batteries.lindblad.ising.machine import IsingMachine

__all__ = ["GroundStates", "IsingMachine", "energy", "ground_states"]


def __dir__() -> list[str]:
    return __all__
