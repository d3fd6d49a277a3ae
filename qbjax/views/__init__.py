"""Views of data: plots, tables, claims, saved runs."""

from qbjax.views import claims, plot, report

__all__ = ["claims", "plot", "report"]


def __dir__() -> list[str]:
    return __all__
