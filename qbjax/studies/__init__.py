"""Studies of many points on any number of machines, nothing lost; and saved results, read again."""

from qbjax.studies import averages, grids
from qbjax.studies.archive_copies import DamageWarning
from qbjax.studies.averages import average
from qbjax.studies.feedback_runs import feedback
from qbjax.studies.loading import load
from qbjax.studies.long_charge import SpanProgress, long_charge
from qbjax.studies.quantities import Quantity
from qbjax.studies.scaling import scaling
from qbjax.studies.search import search
from qbjax.studies.sweep import sweep
from qbjax.studies.trajectories import trajectories

__all__ = [
    "DamageWarning", "Quantity", "SpanProgress", "average", "averages", "feedback", "grids", "load",
    "long_charge", "scaling", "search", "sweep", "trajectories",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__
