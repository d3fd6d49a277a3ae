"""Streams of qubits side by side: as data, as a table, as a picture."""

from collections.abc import Mapping
from itertools import zip_longest

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from qbjax.dynamics.record.observed import HELD, POWERS
from qbjax.dynamics.record.pictures import legend_above, panel
from qbjax.dynamics.record.styles import MARKERS, inches
from qbjax.dynamics.record.trajectory import Trajectory
from qbjax.views.plot import ORANGE, PULSES, SKY, STYLE, axes_or_new, side_by_side
from qbjax.views.report import Sheet

NAMES = ("energy", "ergotropy", "charging_power")


def beside(runs: Mapping[str, Trajectory]) -> xr.Dataset:
    """Joins runs with different numbers of collisions, every one saved, in one dataset.

    Returns:
        Variables `time` (Ωτ), `energy`, `ergotropy`, `charging_power`, `theta` (of the collision
        that led there; NaN at the start) over (stream, collision), NaN after the last.
    """
    rows: dict[str, list] = {"time": [run.times for run in runs.values()]}
    rows |= {name: [run.observables[name] for run in runs.values()] for name in NAMES}
    rows["theta"] = [np.diff(times, prepend=np.nan) for times in rows["time"]]
    padded = {
        name: np.array(list(zip_longest(*map(np.asarray, each), fillvalue=np.nan))).T
        for name, each in rows.items()
    }
    return xr.Dataset(
        {name: (("stream", "collision"), values) for name, values in padded.items()},
        coords={"stream": list(runs), "collision": np.arange(padded["time"].shape[1])},
    )


def sheet(data: xr.Dataset, title: str) -> Sheet:
    """Tabulates the end of every stream as a row."""
    rows = []
    for name in data["stream"].values:
        one = data.sel(stream=name)
        last = int(np.sum(np.isfinite(one["time"].values))) - 1
        met = int(np.sum(one["theta"].values > 0))
        values = [float(one[key][last]) for key in ("time", *NAMES)]
        rows.append((str(name), f"{met}", *(f"{v:.6f}" for v in values)))
    return Sheet(title, ("stream", "qubits", "Ωτ", "E", "W", "E/τ"), rows)


def energies(data: xr.Dataset, ax: Axes | None = None) -> Axes:
    """Draws energy against charging time, a point for every collision."""
    ax = _marked(data, "time", "energy", ax)
    ax.set(xlabel=r"time  ($1/\Omega$)", ylabel="energy  ($E_0$)")
    ax.legend()
    return ax


def angles(data: xr.Dataset, ax: Axes | None = None) -> Axes:
    """Draws the swap angle of every collision."""
    ax = _marked(data, "collision", "theta", ax)
    ax.set(xlabel="collision", ylabel=r"swap angle $\theta_k$")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return ax


def figure(data: xr.Dataset, title: str) -> Figure:
    """Draws energies and swap angles, side by side."""
    return side_by_side(data, title, energies, angles)


BOUNDS = {
    "classical": ("bound, classical qubits", ORANGE, "-"),
    "coherent": (r"limit, $\theta \to 0$, pure qubits", SKY, (0, (4, 1.2))),
}
"""Label, colour and dash of a bound."""


def charging_figure(data: xr.Dataset, bounds: xr.Dataset) -> Figure:
    """Draws one stream: what the battery holds above, its power below.

    Energies belong to collisions and are points: between them a battery has none. Bounds are
    curves.

    Args:
        data: a run's.
        bounds: energies over `time`, named as in `BOUNDS`; those that there are.
    """
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(2, 1, figsize=inches(1, 2), sharex=True, layout="constrained")
        titles = "a   Energy", "b   Average power"
        for ax, names, title in zip(axes, (HELD, POWERS), titles, strict=True):
            panel(data, names, ax)
            _limits(bounds, names, ax)
            ax.set_title(title)
            ax.label_outer()
    return figure


def _limits(bounds: xr.Dataset, names: tuple[str, ...], ax: Axes) -> None:
    """Draws bounds as curves, of powers per time; they may go far beyond the points."""
    points, (bottom, _) = ax.get_lines(), ax.get_ylim()
    time, some = bounds["time"].values, slice(1, None)
    spent = np.ones(time.size - 1) if names == HELD else time[some]
    for name in bounds.data_vars:
        label, colour, dash = BOUNDS[str(name)]
        curve = bounds[name].values[some] / np.where(spent > 0, spent, np.nan)
        ax.plot(time[some], curve, color=colour, ls=dash, label=label, zorder=1)
    ax.set_ylim(bottom, None)
    legend_above(ax, points)


def _marked(data: xr.Dataset, x: str, y: str, ax: Axes | None) -> Axes:
    ax = axes_or_new(ax)
    for name, (colour, _) in zip(data["stream"].values, PULSES, strict=False):
        one = data.sel(stream=name)
        ax.plot(one[x], one[y], MARKERS[colour], color=colour, mew=0, label=name)
    return ax
