"""What a battery discharges into, and what is left of the two afterwards."""

from qbjax.loads.pair import cell, load
from qbjax.loads.two_level import TwoLevel

__all__ = ["TwoLevel", "cell", "load"]


def __dir__() -> list[str]:
    return __all__
