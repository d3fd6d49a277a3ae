"""Views of data: plots, tables, claims, saved runs."""

from qbjax.views import claims, plot, report, scaling

__all__ = ["claims", "plot", "report", "scaling"]


def __dir__() -> list[str]:
    return __all__
