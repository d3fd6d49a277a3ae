"""Many equal spins with local noise, in blocks of j, with or without a cavity.

To read in this order: `battery`, `_blocks` (local noise), `_model` (the terms), `_merits`.
"""

from qbjax.batteries.ensemble._entry import ENTRIES as ENTRIES
from qbjax.batteries.ensemble.battery import SpinEnsemble

__all__ = ["SpinEnsemble"]


def __dir__() -> list[str]:
    return __all__
