"""Networks of bosonic modes, by the moments of their Gaussian states.

To read in this order: `battery`, `_equation` (the equation), `_spans` (its solution), `_merits`.
"""

from qbjax.batteries.gaussian._entry import ENTRIES as ENTRIES
from qbjax.batteries.gaussian._equation import Drive, Moments
from qbjax.batteries.gaussian._moments import moments
from qbjax.batteries.gaussian.battery import Gaussian

__all__ = ["Drive", "Gaussian", "Moments", "moments"]


def __dir__() -> list[str]:
    return __all__
