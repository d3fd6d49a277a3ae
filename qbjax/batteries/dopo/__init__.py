"""The coherent-Ising-machine battery: a degenerate optical parametric oscillator."""

from qbjax.batteries.dopo._entry import ENTRIES as ENTRIES
from qbjax.batteries.dopo.battery import DOPO

__all__ = ["DOPO"]


def __dir__() -> list[str]:
    return __all__
