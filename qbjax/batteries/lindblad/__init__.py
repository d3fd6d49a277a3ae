"""Batteries of one's own: any Lindblad equation, and named models made of it."""

from qbjax.batteries.lindblad import ising
from qbjax.batteries.lindblad._entry import ENTRIES as ENTRIES
from qbjax.batteries.lindblad.battery import Lindblad
from qbjax.batteries.lindblad.built import Built
from qbjax.batteries.lindblad.ising import IsingMachine
from qbjax.batteries.lindblad.oscillators import Oscillators
from qbjax.batteries.lindblad.spin_chain import SpinChain
from qbjax.batteries.lindblad.tavis_cummings import TavisCummings

__all__ = [
    "Built", "IsingMachine", "Lindblad", "Oscillators", "SpinChain", "TavisCummings", "ising",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__
