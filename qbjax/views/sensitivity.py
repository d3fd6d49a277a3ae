"""Sensitivities of an optimum as a table and as a tornado."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from qbjax.strategies.sensitivity import Sensitivity
from qbjax.views.plot import BLUE, STYLE, VERMILION, axes_or_new
from qbjax.views.report import Sheet

MOST = 12
"""Most bars of a tornado."""


def sheet(found: Sequence[Sensitivity], title: str = "Sensitivities") -> Sheet:
    """Tabulates number, derivative and relative derivative of every sensitivity."""
    rows = [(each.name, *(f"{x:.6g}" for x in each[1:])) for each in found]
    return Sheet(title, ("number p", "value", "dF/dp", "(p/F) dF/dp"), rows)


def tornado(found: Sequence[Sensitivity], ax: Axes | None = None) -> Axes:
    """Draws the change of the value for one per cent more of each number, the largest on top.

    Numbers without a relative derivative, or beyond the twelfth, are left out.
    """
    shown = [each for each in found if np.isfinite(each.relative)][:MOST][::-1]
    with plt.rc_context(STYLE):
        ax = axes_or_new(ax)
        sizes = [each.relative for each in shown]
        colours = [BLUE if size >= 0 else VERMILION for size in sizes]
        ax.barh([each.name for each in shown], sizes, color=colours, height=0.7)
        ax.axvline(0.0, color="black", lw=0.8)
        ax.set_xlabel("change of the value in %, for 1 % more of the number")
    return ax
