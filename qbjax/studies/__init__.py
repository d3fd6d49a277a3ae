"""Sweeps of many points: on one device, many devices, many machines, and nothing lost; averages;
laws over the size."""

from qbjax.studies import averages, grids
from qbjax.studies.archive_copies import DamageWarning
from qbjax.studies.averages import average
from qbjax.studies.loading import load
from qbjax.studies.search import search
from qbjax.studies.sweep import sweep

__all__ = ["DamageWarning", "average", "averages", "grids", "load", "search", "sweep"]
from qbjax.studies.quantities import Quantity
from qbjax.studies.scaling import scaling

__all__ = [
    "DamageWarning", "Quantity", "average", "averages", "grids", "scaling", "search", "sweep",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__
