"""Repeated interactions: cells that meet ancillas in any states, by any unitary."""

from qbjax.batteries.repeated._entry import ENTRIES as ENTRIES
from qbjax.batteries.repeated.battery import RepeatedInteractions
from qbjax.batteries.repeated.exchanging import cascade, exchange
from qbjax.batteries.repeated.second_stream import Cycle, cycle, cycle_efficiency

__all__ = ["Cycle", "RepeatedInteractions", "cascade", "cycle", "cycle_efficiency", "exchange"]


def __dir__() -> list[str]:
    return __all__
