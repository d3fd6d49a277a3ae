"""Streams of qubits side by side: as data, as a table, as a picture."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qbjax.dynamics.record.trajectory import Trajectory
from qbjax.views.plot import PULSES, STYLE
from qbjax.views.report import Sheet

NAMES = ("time", "energy", "ergotropy", "charging_power")


def beside(runs: Mapping[str, Trajectory]) -> xr.Dataset:
    """Joins runs with different numbers of collisions in one dataset.

    Args:
        runs: what to call each stream, to its run; every collision saved.

    Returns:
        Variables `time` (Ωτ), `energy`, `ergotropy`, `charging_power`, `theta` (of the collision
        that led there; NaN at the start) over (stream, collision), NaN after the last.
    """
    longest = max(run.times.shape[0] for run in runs.values())

    def padded(values) -> np.ndarray:
        row = np.full(longest, np.nan)
        row[: len(values)] = values
        return row

    def rows(name: str) -> np.ndarray:
        if name == "theta":
            return np.stack([padded([np.nan, *np.diff(run.times)]) for run in runs.values()])
        return np.stack(
            [padded(run.times if name == "time" else run.observables[name])
             for run in runs.values()]
        )  # fmt: skip

    return xr.Dataset(
        {name: (("stream", "collision"), rows(name)) for name in (*NAMES, "theta")},
        coords={"stream": list(runs), "collision": np.arange(longest)},
    )


def sheet(data: xr.Dataset, title: str) -> Sheet:
    """Tabulates the end of every stream as a row."""
    rows = []
    for name in data["stream"].values:
        one = data.sel(stream=name)
        last = int(np.sum(np.isfinite(one["time"].values))) - 1
        met = int(np.sum(one["theta"].values > 0))
        values = [float(one[key][last]) for key in ("time", "energy", "ergotropy")]
        power = float(one["charging_power"][last])
        rows.append((str(name), f"{met}", *(f"{v:.6f}" for v in values), f"{power:.6f}"))
    return Sheet(title, ("stream", "qubits", "Ωτ", "E", "W", "E/τ"), rows)


def energies(data: xr.Dataset, ax: Axes | None = None) -> Axes:
    """Draws energy against charging time, a mark at every collision."""
    ax = _axes(ax)
    for name, (colour, dash) in zip(data["stream"].values, PULSES, strict=False):
        one = data.sel(stream=name)
        ax.plot(one["time"], one["energy"], color=colour, ls=dash, marker=".", ms=4, label=name)
    ax.set_xlabel(r"charging time $\Omega\tau$")
    ax.set_ylabel("energy / $E_0$")
    ax.legend()
    return ax


def angles(data: xr.Dataset, ax: Axes | None = None) -> Axes:
    """Draws the swap angle of every collision."""
    ax = _axes(ax)
    for name, (colour, dash) in zip(data["stream"].values, PULSES, strict=False):
        one = data.sel(stream=name)
        ax.plot(one["collision"], one["theta"], color=colour, ls=dash, marker=".", ms=4)
    ax.set_xlabel("collision")
    ax.set_ylabel(r"swap angle $\theta_k$")
    return ax


def figure(data: xr.Dataset, title: str) -> Figure:
    """Draws energies and swap angles, side by side."""
    with plt.rc_context(STYLE):
        fig, axes = plt.subplots(1, 2, figsize=(9.5, 3.8), layout="constrained")
        energies(data, axes[0])
        angles(data, axes[1])
        fig.suptitle(title)
    return fig


def _axes(ax: Axes | None) -> Axes:
    return plt.subplots()[1] if ax is None else ax
