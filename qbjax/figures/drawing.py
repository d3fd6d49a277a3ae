"""Figures drawn from columns, and the same numbers as CSV."""

import csv
import io
import json
import textwrap
from collections.abc import Callable, Mapping
from itertools import cycle
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from qbjax.dynamics.record.provenance import described
from qbjax.figures.computed import Computed
from qbjax.figures.entry import LETTERS, Curve, Figure, Map, Panel, Run, named
from qbjax.views.plot import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, STYLE, VERMILION

COLOURS = (BLACK, VERMILION, BLUE, GREEN, PURPLE, ORANGE, SKY)
"""Colours of curves that have none of their own."""

SIZE = (4.7, 3.5)
"""Width and height of a panel, in inches."""

LETTERS_IN_A_PANEL = 62
"""Letters of a heading that fit above the width of a panel."""

Find = Callable[[Run], Computed]


def draw(figure: Figure, heading: str, find: Find, *, quick: bool) -> Drawing:
    """Draws a figure.

    Args:
        figure: the entry.
        heading: what stands above it.
        find: gives the columns of a run.
        quick: whether the runs had the coarser arguments.
    """
    columns = min(figure.columns, len(figure.panels))
    rows = -(-len(figure.panels) // columns)
    words = textwrap.wrap(heading, LETTERS_IN_A_PANEL * columns)
    with plt.rc_context(STYLE):
        size = (SIZE[0] * columns, SIZE[1] * rows + 0.2 * len(words))
        drawing, axes = plt.subplots(
            rows, columns, figsize=size, layout="constrained", squeeze=False
        )
        for letter, panel, ax in zip(LETTERS, figure.panels, axes.flat, strict=False):
            title = f"{letter}   {panel.title}" if len(figure.panels) > 1 else panel.title
            _panel(panel, title, ax, find, quick=quick)
        for ax in axes.flat[len(figure.panels) :]:
            ax.set_axis_off()
        drawing.suptitle("\n".join(words), x=0.012, ha="left", fontsize=10.5)
    return drawing


def table(figure: Figure, about: Mapping[str, str], find: Find, *, quick: bool) -> str:
    """Writes the numbers that a figure was drawn from as CSV.

    A row is a point: panel, curve, x, y, and z of a map. Above are lines that begin with #: where
    the numbers are from, the runs, why one should not be believed, and what each curve shows.
    """
    page = io.StringIO()
    for name, text in about.items():
        page.write(f"# {name}: {' '.join(text.split())}\n")
    for n, one in enumerate(runs := figure.runs(), 1):
        page.write(f"# run {n}: {_origin(one, quick=quick)}\n")
        page.writelines(f"#   beware: {doubt}\n" for doubt in find(one).doubts)
    for letter, panel in zip(LETTERS, figure.panels, strict=False):
        page.write(f"# {letter}: x is {panel.xlabel}, y is {panel.ylabel}\n")
    for letter, each in figure.curves():
        columns = ", ".join(getattr(each, name) for name in "xyz" if hasattr(each, name))
        name, n = named(each, quick=quick), runs.index(each.run) + 1
        page.write(f"# {letter}, {name}: {columns} of run {n}\n")
    rows = csv.writer(page, lineterminator="\n")
    rows.writerow(("panel", "curve", "x", "y", "z"))
    for letter, each in figure.curves():
        name = named(each, quick=quick)
        rows.writerows((letter, name, *point) for point in _points(each, find))
    return page.getvalue()


def _panel(panel: Panel, title: str, ax: Axes, find: Find, *, quick: bool) -> None:
    colours = cycle(COLOURS)
    for each in panel.curves:
        columns = find(each.run).columns
        if isinstance(each, Map):
            mesh = ax.pcolormesh(columns[each.x], columns[each.y], columns[each.z],
                                 shading="nearest", rasterized=True, **each.style)  # fmt: skip
            ax.figure.colorbar(mesh, ax=ax, label=named(each, quick=quick), ticks=each.ticks)
            ax.grid(visible=False)
        else:
            style = dict(each.style)
            label = named(each, quick=quick) if style.pop("legend", True) else None
            if "color" not in style:
                style["color"] = next(colours)
            ax.plot(columns[each.x], columns[each.y], label=label, **style)
    ax.set(xlabel=panel.xlabel, ylabel=panel.ylabel, title=title, **panel.axes)
    if panel.legend is not None:
        ax.legend(**{"fontsize": 7.5, **panel.legend})


def _points(each: Curve | Map, find: Find) -> list[tuple[Any, ...]]:
    columns = find(each.run).columns
    if isinstance(each, Curve):
        pairs = zip(columns[each.x].tolist(), columns[each.y].tolist(), strict=True)
        return [(x, y, "") for x, y in pairs]
    x, y = np.meshgrid(columns[each.x], columns[each.y])
    return list(zip(x.flat, y.flat, columns[each.z].flat, strict=True))


def _origin(one: Run, *, quick: bool) -> str:
    asked = json.dumps(described(one.asked(quick=quick)))
    return f"{one.compute.__module__}.{one.compute.__qualname__} of {asked}"
