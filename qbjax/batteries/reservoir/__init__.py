"""Emitters that share one excitation with a structured reservoir."""

from qbjax.batteries.reservoir._entry import ENTRIES as ENTRIES
from qbjax.batteries.reservoir.battery import Reservoir
from qbjax.batteries.reservoir.densities import Lattice, Lorentzian, Ohmic

__all__ = ["Lattice", "Lorentzian", "Ohmic", "Reservoir"]


def __dir__() -> list[str]:
    return __all__
