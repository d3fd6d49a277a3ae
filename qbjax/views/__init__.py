"""Views of data: plots, tables, claims, saved runs."""

from qbjax.dynamics.record import figure_files
from qbjax.views import claims, plot, report, scaling

__all__ = ["claims", "figure_files", "plot", "report", "scaling"]


def __dir__() -> list[str]:
    return __all__
