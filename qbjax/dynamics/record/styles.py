"""Styles of pictures: the widths of journal columns, colours, dashes, markers and labels.

Colours are Okabe and Ito's, told apart by the colour-blind; every curve has its own dash besides,
and points, which have none, the marker of their colour.
"""

import re
from typing import Any

import xarray as xr

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILION, PURPLE, GREY = "#0072B2", "#D55E00", "#CC79A7", "#8A8A8A"

CURVES = {
    "energy": ("energy", GREY, (0, (1, 1.2))),
    "ergotropy": ("ergotropy $W$", BLACK, "-"),
    "coherent_ergotropy": ("coherent $W^c$", VERMILION, (0, (5, 1.5))),
    "incoherent_ergotropy": ("incoherent $W^i$", BLUE, (0, (5, 1.5, 1, 1.5))),
    "charging_power": ("energy / time", GREY, (0, (1, 1.2))),
    "ergotropic_power": ("ergotropy / time", BLACK, "-"),
}
"""Label, colour and dash of an observable, the same in every panel."""

PULSES = (
    (BLACK, "-"),
    (ORANGE, (0, (4, 1.2))),
    (GREEN, (0, (1, 1.2))),
    (PURPLE, (0, (5, 1.5, 1, 1.5))),
)
"""Colour and dash of the pulses in a panel."""

OTHERS = (
    *PULSES,
    (SKY, (0, (2, 1))),
    (VERMILION, (0, (5, 1.5))),
    (BLUE, (0, (3, 1, 1, 1, 1, 1))),
)
"""Colour and dash of curves that have none of their own, or whose own is taken."""

MARKERS = {
    BLACK: "o", GREY: "s", VERMILION: "v", BLUE: "^", ORANGE: "D", GREEN: "P", PURPLE: "X",
    SKY: "*",
}  # fmt: skip
"""Marker of a colour."""

COLUMN, PAGE = 86 / 25.4, 178 / 25.4
"""Width of a journal's column and of its page, in inches."""

STYLE: Any = {
    "font.size": 8.0,
    "axes.titlesize": 8.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.5,
    "axes.axisbelow": True,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.frameon": True,
    "legend.edgecolor": "none",
    "legend.framealpha": 0.85,
    "legend.fontsize": 7.0,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.0,
    "figure.dpi": 200.0,
}
"""Settings switched on where figures are made; importing changes nothing. Those of saving are in
`figure_files`."""


def inches(columns: int, rows: int, ratio: float = 0.66) -> tuple[float, float]:
    """Width and height of a figure: a column of a journal, or a page for panels side by side.

    Args:
        columns: panels in a row.
        rows: of panels.
        ratio: height of a panel, relative to its width.

    Example:
        >>> [round(25.4 * x) for x in inches(2, 1)]
        [178, 59]
    """
    width = COLUMN if columns == 1 else PAGE
    return width, rows * ratio * width / columns


def label_of(name: str, values: xr.DataArray) -> str:
    r"""Labels an axis: `time` in `1/gamma_s` becomes "time ($1/\gamma_s$)"."""
    unit = values.attrs.get("units", "1")
    shown = re.sub(r"\b(Omega|gamma|omega|kappa|mu|nu)(_\w+)?\b", r"\\\1\2", unit)
    shown = re.sub(r"_(\w\w+)", r"_{\1}", shown).replace(" ", r"\,")
    if not (shown.isalpha() and len(shown) > 1):  # else it is a word
        shown = f"${shown}$"
    return name if unit == "1" else f"{name}  ({shown})"
