"""Swept data as a table and as a picture.

`data` is what `qb.sweep` gives: variables over the axes of a product, or over `point`, and the
`status` of every point (−1: not computed yet). Values of points that failed or are doubtful are
left out.
"""

import math
from collections.abc import Mapping
from itertools import cycle
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qbjax.dynamics.record.doubt import STATUS_NAMES, TRUNCATION_LIMIT
from qbjax.dynamics.record.styles import inches
from qbjax.studies import doubtful
from qbjax.views.plot import PULSES, STYLE, VERMILION
from qbjax.views.report import Sheet

ABOUT = ("status", "truncation", "trace_defect", "steps")
"""Variables that say whether to believe the others."""
PANELS = 3
"""Most panels side by side."""


def quantities(data: xr.Dataset) -> tuple[str, ...]:
    """Names of the quantities that were swept for.

    The objectives of a described sweep in their order, else every number per point that is no news
    of the run.
    """
    found = [
        str(name)
        for name, values in data.data_vars.items()
        if values.dims == data["status"].dims
        and values.dtype.kind == "f"
        and str(name).split(".")[-1] not in ABOUT
    ]
    asked = _configuration(data).get("objective", [])
    asked = [asked] if isinstance(asked, str) else asked
    return tuple([name for name in asked if name in found] or found)


def sheet(data: xr.Dataset, title: str = "Sweep") -> Sheet:
    """Tabulates smallest, median and largest of every quantity, and where it is largest."""
    rows = []
    for name in quantities(data):
        values = believed(data, name)
        known = values.values[np.isfinite(values.values)]
        if known.size:
            numbers = [f"{x:.6g}" for x in (known.min(), np.median(known), known.max())]
            at = best(values)
            rows.append((named(name, values), *numbers, place(at, data) + _doubt(at, data)))
        else:
            rows.append((named(name, values), "—", "—", "—", "—"))
    return Sheet(title, ("quantity", "smallest", "median", "largest", "largest at"), rows)


def note(data: xr.Dataset) -> str:
    """Says in one line how many points there are, failed or are doubtful, the worst truncation."""
    status = data["status"].values.ravel()
    computed = int(np.count_nonzero(status >= 0))
    words = [f"{computed} of {status.size} points computed"]
    if missing := status.size - computed:
        words[0] += f", {missing} missing"
    ended = status[(status > 0) & ~np.isin(status, doubtful.DOUBTFUL)]
    failed = {s: int(np.count_nonzero(status == s)) for s in np.unique(ended)}
    named = ", ".join(f"{count} {_status(int(s))}" for s, count in failed.items())
    words.append(f"{sum(failed.values())} failed" + (f" ({named})" if named else ""))
    if doubts := doubtful.line(data):
        words.append(doubts)
    if "truncation" in data and np.isfinite(tops := data["truncation"].values.ravel()).any():
        over = int(np.count_nonzero(tops > TRUNCATION_LIMIT))
        many = f", above {TRUNCATION_LIMIT:.0e} at {over} points" if over else ""
        words.append(f"truncation {np.nanmax(tops):.1e} at worst{many}")
    return "; ".join(words)


def believed(data: xr.Dataset, name: str) -> xr.DataArray:
    """Masks a quantity with NaN where its point failed, is doubtful or missing."""
    return data[name].where(data["status"] == 0)


def best(values: xr.DataArray) -> dict[str, int]:
    """Finds the point at which a quantity is largest: dimension to index."""
    return {str(name): int(i) for name, i in values.argmax(...).items()}


def figure(data: xr.Dataset, title: str = "") -> Figure:
    """Draws a panel for every quantity: curves over one coordinate, a map over two.

    Of more, those are the first two, at the best point of the others. Points in a list are
    drawn as such.
    """
    names = [n for n in quantities(data) if np.isfinite(believed(data, n).values).any()]
    if not names:
        raise ValueError("Argument `data` must have a point that succeeded, but has none.")
    columns = min(PANELS, len(names))
    rows = math.ceil(len(names) / columns)
    with plt.rc_context(STYLE):
        size = inches(columns, rows, 0.75)
        drawn, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
        for name, ax, (colour, dash) in zip(names, axes.flat, cycle(PULSES), strict=False):
            panel(data, name, ax, colour, dash)
        for ax in axes.flat[len(names) :]:
            ax.set_visible(False)
        if title:
            drawn.suptitle(title, x=0.012, ha="left")
    return drawn


def panel(data: xr.Dataset, name: str, ax: Axes, colour: str = "#000000", dash="-") -> Axes:
    """Draws one quantity on an axes."""
    values = believed(data, name)
    if values.dims == ("point",):
        return _scatter(data, values, ax, colour)
    axes = shown(values)
    others = {k: i for k, i in best(values).items() if k not in axes}
    cut = values.isel(others).sortby(axes)
    if len(axes) == 1:
        ax.plot(cut[axes[0]], cut, color=colour, ls=dash, marker=".")
        ax.set(xlabel=named(axes[0], data[axes[0]]), ylabel=named(name, data[name]))
    else:
        _map(cut.transpose(*axes), name, ax)
    ax.set_title(place(others, data), fontsize=7, fontweight="normal")
    return ax


def shown(values: xr.DataArray) -> list[str]:
    """The first two dimensions along which there is more than one value."""
    wide = [str(name) for name in values.dims if values.sizes[name] > 1]
    return wide[:2] or [str(values.dims[0])]


def _map(cut: xr.DataArray, name: str, ax: Axes) -> None:
    x, y = map(str, cut.dims)
    ax.set_facecolor("#DDDDDD")
    ax.grid(False)
    drawn = ax.pcolormesh(cut[x], cut[y], cut.values.T, shading="nearest", rasterized=True)
    ax.figure.colorbar(drawn, ax=ax, label=named(name, cut))
    at = cut.isel(best(cut))
    _star(ax, float(at[x]), float(at[y]))
    ax.set(xlabel=named(x, cut[x]), ylabel=named(y, cut[y]))


def _scatter(data: xr.Dataset, values: xr.DataArray, ax: Axes, colour: str) -> Axes:
    """Draws points of a list: over their one coordinate, or coloured over the first two."""
    names = coordinates(data)
    x = data[names[0]]
    ax.set_xlabel(named(names[0], x))
    if len(names) == 1:
        ax.plot(x, values, ".", color=colour)
        ax.set_ylabel(named(str(values.name), values))
        return ax
    y = data[names[1]]
    # The best lie on top.
    order = np.argsort(np.nan_to_num(values.values, nan=-np.inf))
    order = order[np.isfinite(values.values[order])]
    drawn = ax.scatter(x[order], y[order], c=values.values[order], s=14, edgecolors="none")
    ax.figure.colorbar(drawn, ax=ax, label=named(str(values.name), values))
    at = best(values)["point"]
    _star(ax, float(x[at]), float(y[at]))
    ax.set_ylabel(named(names[1], y))
    return ax


def _star(ax: Axes, x: float, y: float) -> None:
    style: Any = {"color": VERMILION, "ms": 8, "mec": "white", "mew": 0.6, "clip_on": False}
    ax.plot([x], [y], "*", label="largest", **style)
    ax.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0)


def coordinates(data: xr.Dataset) -> list[str]:
    """Names of the grid's coordinates, in its order."""
    dims = data["status"].dims
    if dims != ("point",):
        return [str(name) for name in dims]
    found = [str(name) for name in data.coords if name not in (*dims, "order")]
    # A store keeps its arrays by name; the file has them in order.
    said = _configuration(data).get("grid", {})
    return [name for name in said if name in found] or found


def _configuration(data: xr.Dataset) -> Mapping[str, Any]:
    """Configuration of a described sweep; empty for others."""
    found = data.attrs.get("configuration")
    return found if isinstance(found, Mapping) else {}


def place(at: dict[str, int], data: xr.Dataset) -> str:
    """Says the values of the coordinates at an index."""
    names = coordinates(data) if "point" in at else list(at)
    here = data[names].isel(at)
    return ", ".join(f"{name} = {float(here[name]):.6g}" for name in names)


def _doubt(at: dict[str, int], data: xr.Dataset) -> str:
    if "truncation" not in data or not float(data["truncation"].isel(at)) > TRUNCATION_LIMIT:
        return ""
    return " (too few levels)"


def named(name: str, values: xr.DataArray) -> str:
    """Names a quantity with its unit, if it has one."""
    unit = values.attrs.get("units", "1")
    return name if unit == "1" else f"{name} ({unit})"


def _status(code: int) -> str:
    return STATUS_NAMES[code] if code < len(STATUS_NAMES) else f"status {code}"
