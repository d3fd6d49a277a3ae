"""Sweeps of many points: on one device, many devices, many machines, and nothing lost."""

from qbjax.studies import grids
from qbjax.studies.archive_copies import DamageWarning
from qbjax.studies.sweep import sweep

__all__ = ["DamageWarning", "grids", "sweep"]


def __dir__() -> list[str]:
    return __all__
