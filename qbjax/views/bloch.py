"""The Bloch-sphere charger in pictures and tables: runs, and the merits of a choice of angle.

A choice is a dataset over one dimension, what was asked for: angle, fluctuation, energy, or
scenario. The first of its variables is what was sought.
"""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qbjax.batteries.bloch.angle import Curve, Front, Steady
from qbjax.batteries.bloch.band import Safe
from qbjax.dynamics.record.pictures import legend_above
from qbjax.dynamics.record.styles import inches
from qbjax.views import plot
from qbjax.views.plot import BLACK, BLUE, GREY, PULSES, PURPLE, SKY, STYLE, VERMILION, axes_or_new
from qbjax.views.report import Sheet

MECHANISMS = {
    "inversion": (r"inversion $\mathcal{I}$", BLUE, (0, (5, 1.5, 1, 1.5))),
    "coherence": (r"coherence $\mathcal{C}$", VERMILION, (0, (5, 1.5))),
    "concurrence": ("concurrence", PURPLE, "-"),
}
"""Label, colour and dash of the mechanisms that the ergotropy comes from."""

LABELS = {
    "theta_over_pi": "θ/π",
    "time": "t",
    "power": "W/t",
    "sigmoid_time": "t, Eq. (43)",
    "hyperbolic_power": "W/t, Eq. (45)",
    "limit": "σ_E ≤",
    "fluctuation": "σ_E",
    "rival": "rival W/t",
    "spent": "spent",
    "ergotropy": "W",
    "worst": "least W",
    "price": "price",
    "coupling": "J",
    "decay": "γ",
    "weight": "weight",
}
"""Headings of columns and labels of axes."""

ROWS = 17
"""Most rows of a table; longer ones are thinned out."""

FEW = 30
"""Number of points below which they are drawn as points, too."""


def of_curve(found: Curve) -> xr.Dataset:
    """Tabulates the best power at each angle, with the paper's approximations."""
    columns = {
        "power": found.power,
        "time": found.time,
        "hyperbolic_power": found.hyperbolic.value,
        "sigmoid_time": found.sigmoid.value,
    }
    return _dataset("theta_over_pi", np.asarray(found.theta) / np.pi, columns)


def of_limits(found: Sequence[Steady], limits: Sequence[float]) -> xr.Dataset:
    """Tabulates the best power under each limit of the fluctuation."""
    names = ("time", "fluctuation", "price", "rival")
    columns = {
        "power": [each.power for each in found],
        "theta_over_pi": [each.theta / np.pi for each in found],
        **{name: [getattr(each, name) for each in found] for name in names},
    }
    return _dataset("limit", limits, columns)


def of_front(found: Front) -> xr.Dataset:
    """Tabulates the most ergotropy for each energy spent."""
    columns = {
        "ergotropy": found.ergotropy,
        "theta_over_pi": found.theta / np.pi,
        "time": found.time,
        "price": found.price,
    }
    return _dataset("spent", found.spent, columns)


def of_band(found: Safe) -> xr.Dataset:
    """Tabulates the scenarios that decide the best worst case, and how much each counts."""
    count = len(found.weights)
    columns = {
        "worst": np.full(count, found.ergotropy),
        "theta_over_pi": np.full(count, found.theta / np.pi),
        "time": np.full(count, found.time),
        "coupling": found.couplings,
        "decay": found.decays,
        "weight": found.weights,
    }
    return _dataset("scenario", np.arange(count), columns)


def sheet(data: xr.Dataset, title: str) -> Sheet:
    """Makes a table of a choice."""
    (asked,) = data.dims
    kept = np.unique(np.linspace(0, data.sizes[asked] - 1, ROWS).round().astype(int))
    names = [str(asked), *map(str, data.data_vars)]
    rows = [tuple(f"{float(data[name][i]):.6g}" for name in names) for i in kept]
    return Sheet(title, tuple(LABELS.get(name, name) for name in names), rows)


def mechanisms(data: xr.Dataset, ax: Axes | None = None) -> Axes:
    """Draws inversion, coherence and concurrence over time."""
    ax = axes_or_new(ax)
    for name, (label, colour, dash) in MECHANISMS.items():
        ax.plot(data["time"], data[name], color=colour, ls=dash, label=label)
    ax.axhline(0.0, color=GREY, lw=0.8)
    ax.set(xlabel="time  ($1/J$)", ylabel="mechanism")
    legend_above(ax)
    return ax


def passive(data: xr.Dataset, name: str, ax: Axes) -> Axes:
    """Draws what the passive state has of an energy or a power, as in the paper's Fig. 3."""
    dash = (0, (3, 1, 1, 1, 1, 1))
    ax.plot(data["time"], data[name], color=SKY, ls=dash, label=name.replace("_", " "))
    return ax


def run_figure(data: xr.Dataset, at: float | None = None) -> Figure:
    """Draws charging, power, and the mechanisms that the ergotropy comes from."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(3, 1, figsize=inches(1, 3), sharex=True, layout="constrained")
        for name, ax in zip(("passive_energy", "passive_power"), axes, strict=False):
            passive(data, name, ax)
        for ax, draw in zip(axes, (plot.charging, plot.power, mechanisms), strict=True):
            draw(data, ax)
            if at is not None:
                ax.axvline(at, color=GREY, ls=(0, (4, 2)), label="best time")
                legend_above(ax, ax.get_lines()[:-1])
            ax.label_outer()
        return figure


def choice_figure(data: xr.Dataset, title: str) -> Figure:
    """Draws what was sought, and below it the angle and the time that give it."""
    sought = str(next(iter(data.data_vars)))
    columns = (sought, "hyperbolic_power"), ("theta_over_pi",), ("time", "sigmoid_time")
    panels = [shown for names in columns if (shown := [n for n in names if n in data.data_vars])]
    with plt.rc_context(STYLE):
        size = inches(1, len(panels))
        figure, axes = plt.subplots(len(panels), 1, figsize=size, sharex=True, layout="constrained")
        for ax, shown in zip(axes, panels, strict=True):
            _lines(data, shown, ax)
            ax.label_outer()
        axes[0].set_title(title)
        return figure


def _lines(data: xr.Dataset, names: Sequence[str], ax: Axes) -> None:
    (asked,) = data.dims
    for name, (_, dash) in zip(names, PULSES):
        colour = BLACK if name == names[0] else VERMILION
        mark = "." if data.sizes[asked] < FEW else None
        ax.plot(data[asked], data[name], color=colour, ls=dash, marker=mark, label=LABELS[name])
    ax.set(xlabel=LABELS[str(asked)], ylabel=LABELS[names[0]])
    if len(names) > 1:
        ax.legend()


def _dataset(asked: str, values, columns) -> xr.Dataset:
    return xr.Dataset(
        {name: (asked, np.asarray(column, float)) for name, column in columns.items()},
        coords={asked: (asked, np.asarray(values, float))},
    )
