"""Chains of spins that are free fermions, by the covariance of their Majorana operators.

To read in this order: `battery`, `_chain` (the equation), `_modes` (its solution), `_merits`.
"""

from qbjax.batteries.fermions._chain import Drive
from qbjax.batteries.fermions._entry import ENTRIES as ENTRIES
from qbjax.batteries.fermions.battery import FermionChain

__all__ = ["Drive", "FermionChain"]


def __dir__() -> list[str]:
    return __all__
