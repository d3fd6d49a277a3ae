"""Emitters that share one excitation with a structured reservoir."""

from qbjax.batteries.reservoir._entry import ENTRIES as ENTRIES
from qbjax.batteries.reservoir.battery import Reservoir

__all__ = ["Reservoir"]


def __dir__() -> list[str]:
    return __all__
