"""Streams of qubits side by side: as data, as a table, as a picture."""

from collections.abc import Mapping
from itertools import zip_longest

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qbjax.dynamics.record.trajectory import Trajectory
from qbjax.views.plot import CURVES, ORANGE, PULSES, SKY, STYLE, axes_or_new, side_by_side
from qbjax.views.report import Sheet

NAMES = ("energy", "ergotropy", "charging_power")
HELD = ("energy", "ergotropy", "coherent_ergotropy", "incoherent_ergotropy")
POWERS = ("charging_power", "ergotropic_power")

FEW = 100
"""Number of points from which on they are small."""


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
    """Draws energy against charging time, a mark at every collision."""
    ax = _marked(data, "time", "energy", ax)
    ax.set(xlabel=r"charging time $\Omega\tau$", ylabel="energy / $E_0$")
    ax.legend()
    return ax


def angles(data: xr.Dataset, ax: Axes | None = None) -> Axes:
    """Draws the swap angle of every collision."""
    ax = _marked(data, "collision", "theta", ax)
    ax.set(xlabel="collision", ylabel=r"swap angle $\theta_k$")
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
        figure, axes = plt.subplots(2, 1, figsize=(6.4, 6.4), sharex=True, layout="constrained")
        for ax, names in zip(axes, (HELD, POWERS), strict=True):
            _points(data, bounds, names, ax)
        axes[0].set(title="What the battery holds", ylabel="energy / $E_0$")
        axes[1].set(title="How fast it got there", ylabel=r"power / $E_0\Omega$")
        axes[1].set_xlabel(r"charging time $\Omega\tau$")
        for ax in axes:
            ax.legend(ncols=2)
    return figure


def _points(data: xr.Dataset, bounds: xr.Dataset, names: tuple[str, ...], ax: Axes) -> None:
    """Draws observables as points, below the bounds as curves; of powers bounds per time."""
    time, some = bounds["time"].values, slice(1, None)
    spent = np.ones(time.size - 1) if names == HELD else time[some]
    for name in bounds.data_vars:
        label, colour, dash = BOUNDS[str(name)]
        curve = bounds[name].values[some] / np.where(spent > 0, spent, np.nan)
        ax.plot(time[some], curve, color=colour, ls=dash, lw=1.2, label=label)
    size = 4 if data.sizes["time"] <= FEW else 2
    for name, marker in zip(names, "s.v^"):
        label, colour, _ = CURVES[name]
        ax.plot(data["time"], data[name], marker, color=colour, ms=size, label=label)
    seen = np.concatenate([data[name].values for name in names])
    top = np.max(seen, initial=0.0, where=np.isfinite(seen))
    if top > 0:  # bounds may go far beyond
        ax.set_ylim(min(0.0, float(np.nanmin(seen))), 1.45 * top)


def _marked(data: xr.Dataset, x: str, y: str, ax: Axes | None) -> Axes:
    ax = axes_or_new(ax)
    for name, (colour, dash) in zip(data["stream"].values, PULSES, strict=False):
        one = data.sel(stream=name)
        ax.plot(one[x], one[y], color=colour, ls=dash, marker=".", ms=4, label=name)
    return ax
