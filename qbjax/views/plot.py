"""Pictures of data: every function draws on an axes and returns it, and computes nothing.

`data` is what `run.to_xarray()` gives (or any mapping of names to labelled arrays over
`time`), `optima` what `report.optima` gives. Figures are as wide as a column or a page of a
journal (`dynamics.record.styles`).
"""

from collections.abc import Callable, Mapping
from itertools import cycle, islice
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qbjax.dynamics.record.observed import HELD, POWERS
from qbjax.dynamics.record.pictures import axes_or_new, legend_above, over_time, panel
from qbjax.dynamics.record.styles import (
    BLACK,
    BLUE,
    CURVES,
    GREEN,
    GREY,
    ORANGE,
    PULSES,
    PURPLE,
    SKY,
    STYLE,
    VERMILION,
    inches,
    label_of,
)  # fmt: skip

__all__ = [
    "AIMS", "BLACK", "BLUE", "CURVES", "CURVE_OF", "GREEN", "GREY", "ORANGE", "PULSES", "PURPLE",
    "SKY", "STYLE", "VERMILION", "axes_or_new", "charging", "charging_figure", "demo_figure",
    "label_of", "power", "pulse_figure", "pump", "side_by_side", "storage", "switch_off", "waiting",
]  # fmt: skip

AIMS = {
    "power": ("largest $W/t$", BLACK, "o"),
    "coherent": ("largest $W^c$", VERMILION, "D"),
    "stored": ("best for storing", GREEN, "s"),
    "delivered": ("most delivered per cycle", PURPLE, "^"),
}
"""Label, colour and marker of an aim, the same in every panel."""

CURVE_OF = {
    "power": "ergotropic_power",
    "coherent": "coherent_ergotropy",
    "stored": "ergotropy",
    "delivered": "ergotropy",
}
"""The observable that an aim looks at when the pump stops."""


def charging(data: xr.Dataset, ax: Axes | None = None) -> Axes:
    """Draws energy, ergotropy and its two parts over time."""
    return panel(data, HELD, ax)


def power(data: xr.Dataset, ax: Axes | None = None) -> Axes:
    """Draws energy and ergotropy per time since the start."""
    return panel(data, POWERS, ax)


def storage(data: xr.Dataset, ax: Axes | None = None) -> Axes:
    """Draws ergotropy and its coherent part over the time since each `switched_off`."""
    ax = axes_or_new(ax)
    colours = (ORANGE, PURPLE, SKY, GREEN)
    for colour, at in zip(colours, data["switched_off"].values, strict=False):
        one = data.sel(switched_off=at)
        for name, dash in (("ergotropy", "-"), ("coherent_ergotropy", (0, (5, 1.5)))):
            symbol = "W" if name == "ergotropy" else "W^c"
            label = f"${symbol}$, pump off at $t = {at:g}$"
            ax.plot(one["time"], one[name], color=colour, ls=dash, label=label)
    over_time(ax, data, "time since the pump went off")
    ax.set_ylabel(label_of("left in the cell", data["ergotropy"]))
    top = float(data["ergotropy"].max())
    if top > 0:  # else a logarithm has nothing to show
        ax.set_yscale("log")
        ax.set_ylim(max(float(data["ergotropy"].min()), 1e-3 * top), 1.5 * top)
    ax.legend()
    return ax


def switch_off(data: xr.Dataset, optima: xr.Dataset, ax: Axes | None = None) -> Axes:
    """Marks the switch-off times of `optima`, each on the curve it belongs to.

    On the power for "power", on W^c for "coherent", on W for the others; curves that are not in the
    panel yet are drawn.
    """
    ax = charging(data) if ax is None else ax
    for aim, (label, colour, marker) in AIMS.items():
        some = optima.isel(case=optima["aim"].values == aim).sortby("wait")
        if not some.sizes["case"]:
            continue
        if aim == "stored":
            label = "best for $T_s$ = " + ", ".join(f"{wait:g}" for wait in some["wait"].values)
        height = np.asarray(np.interp(some["time"], data["time"], data[CURVE_OF[aim]]))
        ax.plot(
            some["time"], height, marker, color=colour, ms=5, mec="white", mew=0.8, zorder=5,
            label=label,
        )  # fmt: skip
        if aim != "stored":
            for at in zip(some["time"].values, height, strict=True):
                _tell(ax, f"$t = {at[0]:.2f}$", at, (0, -15), ha="center")
    legend_above(ax)
    return ax


def waiting(optima: xr.Dataset, ax: Axes | None = None, claim: float | None = None) -> Axes:
    """Draws best switch-off time against storage time; the power's optimum is storage time 0.

    A `claim`, one time said to be best whatever the storage, is a line.
    """
    ax = axes_or_new(ax)
    if claim is not None:
        ax.axhline(claim, color=GREY, ls=(0, (4, 2)), lw=1.2, label=f"paper: $t$ ≈ {claim:g}")
    stored = optima.isel(case=np.isin(optima["aim"], ("power", "stored"))).sortby("wait")
    ax.plot(stored["wait"], stored["time"], color=GREEN, lw=1.0, alpha=0.6)
    for aim in ("power", "stored"):
        some = stored.isel(case=stored["aim"].values == aim)
        label, colour, marker = AIMS[aim]
        ax.plot(some["wait"], some["time"], marker, color=colour, ms=5, label=label)
    for at in zip(stored["wait"].values, stored["time"].values, strict=True):
        _tell(ax, f"{at[1]:.2f}", at, (-6, 6), ha="right")
    ax.margins(x=0.2, y=0.18)
    ax.set_xlabel(label_of("storage time $T_s$", optima["wait"]))
    ax.set_ylabel(label_of("best switch-off time", optima["time"]))
    ax.legend(loc="upper left")
    return ax


def pump(runs: Mapping[str, xr.Dataset], ax: Axes | None = None) -> Axes:
    """Draws pump amplitudes over time, of runs with the variable `pump` (`pulses.with_pump`)."""
    ax = axes_or_new(ax)
    for (label, data), (colour, dash) in zip(runs.items(), cycle(PULSES)):
        # What a segment's amplitude is at its end, it was since the one before.
        ax.plot(data["time"], data["pump"], color=colour, ls=dash, label=label, ds="steps-pre")
    over_time(ax, data)
    ax.set_ylabel("pump amplitude $F$")
    ax.legend(loc="upper left")
    return ax


def pulse_figure(columns: Mapping[str, Mapping[str, xr.Dataset]]) -> Figure:
    """Draws a column per title: pulses above, below them W, with its parts for the first run."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(
            2, len(columns), figsize=inches(len(columns), 2), sharex="col", sharey="row",
            squeeze=False, layout="constrained",
        )  # fmt: skip
        for (title, runs), (above, below) in zip(columns.items(), axes.T):
            pump(runs, above).set_title(title)
            _responses(runs, below)
        for ax in axes.flat:
            ax.label_outer()
    return figure


def charging_figure(data: xr.Dataset, optima: xr.Dataset | None = None) -> Figure:
    """Draws charging above, power below; optima are marked where given."""
    with plt.rc_context(STYLE):
        figure, (above, below) = plt.subplots(
            2, 1, figsize=inches(1, 2), sharex=True, layout="constrained"
        )
        charging(data, above)
        power(data, below)
        if optima is not None:
            _mark_both(data, optima, above, below)
        above.label_outer()
        above.set_title("a   Energy")
        below.set_title("b   Average power")
    return figure


def demo_figure(
    data: xr.Dataset, optima: xr.Dataset, kept: xr.Dataset, claim: float, title: str = ""
) -> Figure:
    """Draws four panels: charging, power, what is left after switching off, best times."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(2, 2, figsize=inches(2, 2), layout="constrained")
        (a, b), (c, d) = axes
        charging(data, a).set_title("a   Charging")
        power(data, b).set_title("b   Average power")
        storage(kept, c).set_title("c   Left without the pump")
        waiting(optima, d, claim).set_title("d   Best switch-off time")
        _mark_both(data, optima, a, b)
        if title:
            figure.suptitle(title, x=0.012, ha="left")
    return figure


def side_by_side(data: xr.Dataset, title: str, *draw: Callable[[xr.Dataset, Axes], Any]) -> Figure:
    """Draws panels in a row, below one title."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(
            1, len(draw), figsize=inches(len(draw), 1), layout="constrained"
        )
        for letter, each, ax in zip("abcd", draw, axes, strict=False):
            each(data, ax).set_title(letter)
        figure.suptitle(title, x=0.012, ha="left")
    return figure


def _responses(runs, ax):
    (_, first), *others = runs.items()
    panel(first, HELD[1:], ax)
    for (label, data), (colour, dash) in zip(others, islice(cycle(PULSES), 1, None)):
        ax.plot(data["time"], data["ergotropy"], color=colour, ls=dash, label=f"$W$, {label}")
    ax.set_ylabel(label_of("ergotropy", first["ergotropy"]))
    legend_above(ax)


def _mark_both(data, optima, charge_axes, power_axes):
    """Marks power optima on the power panel, the others on the charging panel."""
    is_power = optima["aim"].values == "power"
    switch_off(data, optima.isel(case=~is_power), charge_axes)
    switch_off(data, optima.isel(case=is_power), power_axes)


def _tell(ax, text, at, offset, ha):
    ax.annotate(text, at, xytext=offset, textcoords="offset points", ha=ha, fontsize=7)
