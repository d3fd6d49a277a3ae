"""Pictures of a run: panels of observables over time, each with its unit.

`data` is what `run.to_xarray()` gives. A stream's collisions are points, since between them there
is nothing; what moves in time is a curve; errors that are known are bands. Nothing is computed.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from qbjax import _checks
from qbjax.dynamics.record import figure_files
from qbjax.dynamics.record.doubt import STATUS_NAMES
from qbjax.dynamics.record.observed import HELD, POWERS
from qbjax.dynamics.record.styles import (
    CURVES,
    MARKERS,
    OTHERS,
    STYLE,
    VERMILION,
    inches,
    label_of,
)  # fmt: skip

MOST = len(OTHERS)
"""Most numbers of an observable that are curves; of more it is a map."""

FEW = 100
"""Number of points from which on they are small."""

ROOM = 38
"""Characters of two columns of a legend in a column of a journal."""

SIGNS = str.maketrans("", "", "$^_{}")
"""Signs of a formula that take no room."""

Panels = Sequence[Sequence[str]]


def picture(
    data: xr.Dataset,
    observables: Sequence[str | Any] = (),
    *,
    ax: Axes | Any = None,
    label: str | Any = None,
    path: str | Path | Any = None,
) -> Axes:
    """Draws observables of a run, or the run's own picture; see `Trajectory.plot`."""
    target = None if path is None else figure_files.target("path", path)
    panels = _panels(data, observables, ax)
    if not panels:
        raise ValueError("Argument `run` must have numbers over the time, but has none to draw.")
    if label is not None:
        _checks.instance("label", label, str, "a text")
    new = ax is None
    axes = stack(data, panels, label).axes[0] if new else panel(data, panels[0], ax, label)
    if status := int(data.attrs.get("status", 0)):
        axes.set_title(STATUS_NAMES[status], loc="right", color=VERMILION)
    if target is not None:
        figure: Any = axes.figure.figure  # the whole, whatever part of it the axes are in
        figure_files.save(figure, target, data.attrs)
    return axes


def stack(data: xr.Dataset, panels: Panels, label: str | None = None) -> Figure:
    """Draws panels, one below the other, as wide as a column of a journal."""
    with plt.rc_context(STYLE):
        figure, grid = plt.subplots(
            len(panels), 1, figsize=inches(1, len(panels)), sharex=True, squeeze=False,
            layout="constrained",
        )  # fmt: skip
        for names, ax in zip(panels, grid.flat, strict=True):
            panel(data, names, ax, label)
            if len(panels) > 1:
                ax.label_outer()
    return figure


def panel(
    data: xr.Dataset, names: Sequence[str], ax: Axes | None = None, label: str | None = None
) -> Axes:
    """Draws observables of the same unit over time on one axes, with a legend."""
    with plt.rc_context(STYLE):
        ax = axes_or_new(ax)
        if _is_map(data, names[0]):
            _map(data, names[0], ax)
        for name in () if _is_map(data, names[0]) else names:
            values = data[name]
            if values.ndim == 1:
                _curve(data, values, ax, label)
            else:
                places = data.get(values.dims[1], np.arange(values.shape[1]))
                for place, each in zip(np.asarray(places), values.T, strict=True):
                    _curve(data, each, ax, label, f" {place}")
            ax.set_ylabel(label_of(_quantity(names), data[names[0]]))
        over_time(ax, data)
        legend_above(ax)
    return ax


def own_panels(data: xr.Dataset) -> list[list[str]]:
    """Names in the panels of a run's own picture: those its battery says, else energy and power.

    A run without energies shows the numbers that it has.
    """
    said = json.loads(data.attrs.get("picture", "[]"))
    known = drawable(data)
    if panels := [found for names in said if (found := [n for n in names if n in known])]:
        return panels
    held = [name for name in HELD if name in known]
    if held and held[-1] in HELD[:2]:
        held += [n for n in known if n.endswith("_ergotropy") and data[n].ndim == 1]
    powers = [name for name in POWERS if name in known]
    return [names for names in (held, powers) if names] or _by_unit(data, _numbers(data))[:3]


def drawable(data: xr.Dataset) -> list[str]:
    """Names of the numbers over time, one or a row of them for each."""
    return [
        str(name)
        for name, values in data.data_vars.items()
        if values.dims[:1] == ("time",) and values.ndim < 3 and values.dtype.kind in "biuf"
    ]


def axes_or_new(ax: Axes | None) -> Axes:
    """Makes axes, unless there are some."""
    return plt.subplots(layout="constrained")[1] if ax is None else ax


def over_time(ax: Axes, data: xr.Dataset, name: str = "time") -> None:
    """Labels the time axis, and lets it span the run."""
    ax.set_xlabel(label_of(name, data["time"]))
    ends = float(data["time"][0]), float(data["time"][-1])
    if not data["time"].attrs.get("discrete") and ends[0] < ends[1]:
        limits = ax.dataLim.intervalx if np.isfinite(ax.dataLim.intervalx).all() else ends
        ax.set_xlim(min(ends[0], limits[0]), max(ends[1], limits[1]))


def legend_above(ax: Axes, curves: Sequence[Line2D] | None = None) -> None:
    """Puts a legend over the curves, by default all, which get out of its way."""
    handles, labels = ax.get_legend_handles_labels()
    if not handles:
        return
    sizes = [len(re.sub(r"\\\w+", "x", label).translate(SIGNS)) for label in labels]
    half = -(-len(sizes) // 2)
    columns = 2 if max(sizes[:half]) + max(sizes[half:], default=0) <= ROOM else 1
    rows = -(-len(handles) // columns)
    seen = ax.get_lines() if curves is None else curves
    heights = np.concatenate([np.asarray(line.get_ydata(), float) for line in seen])
    top = np.max(heights, initial=0.0, where=np.isfinite(heights))
    low = np.min(heights, initial=0.0, where=np.isfinite(heights))
    if top > low and ax.get_yscale() == "linear":  # else there is nothing to get out of the way of
        low -= 0.04 * (top - low) * (low < 0)
        ax.set_ylim(low, low + (top - low) / (0.96 - 0.105 * min(rows, 5)))
    size = 0.875 * ax.xaxis.label.get_fontproperties().get_size_in_points()
    ax.legend(loc="upper left", ncols=columns, columnspacing=1.2, handlelength=2.2, fontsize=size)


def look(name: str, ax: Axes) -> tuple[str, Any]:
    """Colour and dash of a curve: its own, else the first that the axes do not have yet."""
    taken = [line.get_color() for line in ax.get_lines()]
    own = [CURVES[name][1:]] if name in CURVES else []
    free = [each for each in (*own, *OTHERS) if each[0] not in taken]
    return free[0] if free else OTHERS[len(taken) % len(OTHERS)]


def _curve(data, values: xr.DataArray, ax: Axes, label: str | None, number: str = "") -> None:
    name = str(values.name)
    colour, dash = look(name, ax)
    said = [CURVES[name][0] if name in CURVES else name.replace("_", " ")]
    said[0] += number
    said += [] if label is None else [label]
    style = {"ls": dash, "label": ", ".join(said)}
    if data["time"].attrs.get("discrete") or data.sizes["time"] == 1:
        style |= {"ls": "", "marker": MARKERS[colour], "mew": 0, "clip_on": False}
        style["ms"] = 3.5 if data.sizes["time"] <= FEW else 2
    ax.plot(data["time"], values, color=colour, **style)
    if f"{name}_error" in data:
        half = data[f"{name}_error"]
        first = all(each.get_label() != "± standard error" for each in ax.collections)
        ax.fill_between(
            data["time"], values - half, values + half, color=colour, alpha=0.25, lw=0,
            label="± standard error" if first else None,
        )  # fmt: skip


def _is_map(data: xr.Dataset, name: str) -> bool:
    return data[name].ndim > 1 and data[name].shape[1] > MOST


def _map(data: xr.Dataset, name: str, ax: Axes) -> None:
    values = data[name]
    where = np.arange(values.shape[1])
    mesh = ax.pcolormesh(data["time"], where, values.values.T, shading="nearest", rasterized=True)
    said = label_of(name.replace("_", " "), values)
    ax.figure.colorbar(mesh, ax=ax, label=said)
    ax.set_ylabel("number")
    ax.grid(visible=False)


def _panels(data: xr.Dataset, observables: Sequence[str | Any], ax: Axes | Any) -> Panels:
    """Checks the names that were given, and shares them out to panels, by unit."""
    known = drawable(data)
    for name in observables:
        _checks.choice("observables", name, known)
    if ax is None:
        return _by_unit(data, observables) if observables else own_panels(data)
    _checks.instance("ax", ax, Axes, "axes of matplotlib")
    panels = _by_unit(data, observables) if observables else own_panels(data)[:1]
    if len(panels) > 1:
        units = " and ".join(f"{_unit(data, names[0])} ({names[0]})" for names in panels)
        raise ValueError(
            f"Argument `observables` must be of one kind and unit on one axes, but are of {units}; "
            "leave out `ax` for a panel of each."
        )
    return panels


def _by_unit(data: xr.Dataset, names: Sequence[str]) -> list[list[str]]:
    """Shares out names to panels: by unit and kind; rows of many numbers have one each."""
    panels: dict[Any, list[str]] = {}
    for name in names:
        alone = name if _is_map(data, name) else ""
        panels.setdefault((_kind(name), _unit(data, name), alone), []).append(name)
    return list(panels.values())


def _numbers(data: xr.Dataset) -> list[str]:
    """Names of the numbers of a run that are no news of it."""
    return [name for name in drawable(data) if name not in ("trace_defect", "truncation")]


def _unit(data: xr.Dataset, name: str) -> str:
    return data[name].attrs.get("units", "1")


def _kind(name: str) -> str:
    if name.endswith("power"):
        return "average power"
    return "energy" if name.endswith(("energy", "ergotropy", "ergotropies", "work")) else ""


def _quantity(names: Sequence[str]) -> str:
    """Names the quantity of a panel in few words."""
    if len(names) == 1 and names[0] not in CURVES:
        return names[0].replace("_", " ")
    lasts = {name.rpartition("_")[2].removesuffix("s") for name in names}
    return _kind(names[0]) or (lasts.pop() if len(lasts) == 1 else "number")
