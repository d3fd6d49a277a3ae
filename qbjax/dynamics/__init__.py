"""Dynamics: generators, solvers, the driver of all motions, and the record of a run."""

from qbjax.dynamics.chebyshev.forward import Chebyshev
from qbjax.dynamics.record import provenance
from qbjax.dynamics.record.trajectory import (
    BreakdownWarning,
    TraceWarning,
    Trajectory,
    TruncationWarning,
)
from qbjax.dynamics.solve.exponential import Exponential
from qbjax.dynamics.solve.implicit import Implicit
from qbjax.dynamics.solve.integrate import Solver
from qbjax.dynamics.solve.tsit5 import Tsit5
from qbjax.dynamics.unravelling.detection import Heterodyne, Homodyne

__all__ = [
    "BreakdownWarning", "Chebyshev", "Exponential", "Heterodyne", "Homodyne", "Implicit", "Solver",
    "TraceWarning", "Trajectory", "TruncationWarning", "Tsit5", "provenance",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__
