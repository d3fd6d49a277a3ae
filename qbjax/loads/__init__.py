"""Loads that a battery discharges into, and the density matrices of both afterwards."""

from qbjax.loads.pair import cell, load
from qbjax.loads.two_level import TwoLevel

__all__ = ["TwoLevel", "cell", "load"]


def __dir__() -> list[str]:
    return __all__
