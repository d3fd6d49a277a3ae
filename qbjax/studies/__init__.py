"""Sweeps of many points: on one device, many devices, many machines, and nothing lost; averages."""

from qbjax.studies import averages, grids
from qbjax.studies.archive_copies import DamageWarning
from qbjax.studies.averages import average
from qbjax.studies.loading import load
from qbjax.studies.search import search
from qbjax.studies.sweep import sweep

__all__ = ["DamageWarning", "average", "averages", "grids", "load", "search", "sweep"]


def __dir__() -> list[str]:
    return __all__
