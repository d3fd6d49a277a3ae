"""qbjax: differentiable quantum batteries, and the best way to charge them."""

from typing import Any

from qbjax import _setup

_setup.switch_on()  # before anything is compiled

from qbjax import algebra as algebra
from qbjax import batteries as batteries
from qbjax import dynamics as dynamics
from qbjax import loads as loads
from qbjax import merit as merit
from qbjax import protocols as protocols
from qbjax.cycle import charge as charge
from qbjax.cycle import discharge as discharge
from qbjax.cycle import store as store
from qbjax.dynamics import Solver as Solver
from qbjax.protocols import free as free
from qbjax.steady import steady_state as steady_state
from qbjax.strategies.gradient import maximize as maximize

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Studies, which load xarray and zarr, when they are first asked for."""
    if name not in ("studies", "sweep"):
        raise AttributeError(f"module 'qbjax' has no attribute {name!r}")
    from qbjax import studies

    globals().update(studies=studies, sweep=studies.sweep)
    return globals()[name]
