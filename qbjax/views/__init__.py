"""Views of data: pictures, tables, claims, pages, saved runs.

`run.plot()` draws a run of any battery; here is what draws more than that.
"""

import importlib
from typing import TYPE_CHECKING, Any

from qbjax.dynamics.record import figure_files

if TYPE_CHECKING:  # else each is loaded when it is first asked for
    from qbjax.views import (
        bloch,
        claims,
        page,
        phase_space,
        plot,
        pulse_files,
        pulses,
        report,
        scaling,
        sensitivity,
        streams,
        sweeps,
        waveguide,
    )  # fmt: skip

__all__ = [
    "bloch", "claims", "figure_files", "page", "phase_space", "plot", "pulse_files", "pulses",
    "report", "scaling", "sensitivity", "streams", "sweeps", "waveguide",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Modules of this package, when they are first asked for."""
    if name not in __all__:
        raise AttributeError(f"module 'qbjax.views' has no attribute {name!r}")
    return importlib.import_module(f"qbjax.views.{name}")


def __dir__() -> list[str]:
    return __all__
