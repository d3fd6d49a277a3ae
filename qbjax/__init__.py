"""qbjax: differentiable quantum batteries, and the best way to charge them."""

import importlib
from typing import TYPE_CHECKING, Any

from qbjax import _setup

_setup.switch_on()  # before anything is compiled

from qbjax import algebra, batteries, dynamics, loads, merit, protocols, strategies
from qbjax.cycle import charge, discharge, store
from qbjax.dynamics import Solver
from qbjax.interface.info import info
from qbjax.protocols import free
from qbjax.steady import steady_state
from qbjax.strategies.constraints import at_least, at_most, equal
from qbjax.strategies.ensemble import ensemble
from qbjax.strategies.final import final
from qbjax.strategies.gradient import maximize
from qbjax.strategies.pareto import pareto

if TYPE_CHECKING:  # else they are loaded when they are first asked for
    from qbjax import studies, views
    from qbjax.studies.loading import load
    from qbjax.studies.sweep import sweep
    from qbjax.studies.trajectories import trajectories

__version__ = "0.2.0"

__all__ = [
    "Solver", "__version__", "algebra", "at_least", "at_most", "batteries", "charge", "discharge",
    "dynamics", "ensemble", "equal", "final", "free", "info", "load", "loads", "maximize", "merit",
    "pareto", "protocols", "steady_state", "store", "strategies", "studies", "sweep",
    "trajectories", "views",
]  # fmt: skip


LATE = ("studies", "load", "sweep", "trajectories")
"""Names that are loaded when they are first asked for, with xarray and zarr."""


def __getattr__(name: str) -> Any:
    """Studies, which load xarray and zarr, and views, when they are first asked for."""
    if name == "views":
        return importlib.import_module("qbjax.views")
    if name not in LATE:
        raise AttributeError(f"module 'qbjax' has no attribute {name!r}")
    studies = importlib.import_module("qbjax.studies")
    globals().update(studies=studies, **{verb: getattr(studies, verb) for verb in LATE[1:]})
    return globals()[name]


def __dir__() -> list[str]:
    return __all__
