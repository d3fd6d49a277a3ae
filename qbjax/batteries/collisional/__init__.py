"""Ladders charged by a stream of qubits: cavities, spins and micromasers."""

from qbjax.batteries.collisional import (
    advantage,
    classical,
    critical,
    purity,
    resources,
    swap_angles,
)
from qbjax.batteries.collisional._entry import ENTRIES as ENTRIES
from qbjax.batteries.collisional._metastable import MetastableWarning
from qbjax.batteries.collisional.battery import Collisional, micromaser
from qbjax.batteries.collisional.stationary import StationaryReport, stationary_state
from qbjax.batteries.collisional.trapping import (
    chambers,
    trapping_angle,
    trapping_angles,
    trapping_state,
)

__all__ = [
    "Collisional", "MetastableWarning", "StationaryReport", "advantage", "chambers", "classical",
    "critical", "micromaser", "purity", "resources", "stationary_state", "swap_angles",
    "trapping_angle", "trapping_angles", "trapping_state",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__
