"""Pictures of laws over the size: numbers in log–log, and how far exponents are from one number.

`data` is what `Scaling.to_xarray()` gives.
"""

from collections.abc import Sequence
from itertools import cycle
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from qbjax.views.plot import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION

MARKS = (
    (BLACK, "o", "-"),
    (VERMILION, "s", (0, (5, 1.5))),
    (SKY, "^", (0, (4, 1.2))),
    (GREEN, "D", (0, (1, 1.2))),
    (PURPLE, "v", (0, (5, 1.5, 1, 1.5))),
    (ORANGE, "P", (0, (2, 1))),
    (BLUE, "X", (0, (6, 2))),
)
"""Colour, marker and dash of the quantities."""


def laws(data: xr.Dataset, axes: Sequence[Axes] | Any = None) -> tuple[Axes, Axes]:
    """Draws every quantity over the size with its power law, and its local exponents.

    These are drawn from the exponent of all sizes, whose interval is a band.

    Args:
        data: of a `Scaling`.
        axes: two, for numbers and for exponents; None makes them.
    """
    if axes is None:
        _, axes = plt.subplots(2, 1, sharex=True, layout="constrained", height_ratios=(3, 2))
    above, below = axes
    sizes, pairs = data["size"].values, data["pair"].values
    for name, (colour, marker, dash) in zip(data["quantity"].values, cycle(MARKS)):
        one, style = data.sel(quantity=name), {"color": colour, "ls": dash, "lw": 1.0}
        exponent = float(one["exponent"])
        above.loglog(sizes, float(one["prefactor"]) * sizes**exponent, **style)
        above.loglog(sizes, one["value"], marker, ms=4, color=colour)
        local, label = one["local_exponent"] - exponent, _label(name, one)
        below.semilogx(pairs, local, marker=marker, ms=4, label=label, **style)
        if np.isfinite(half := float(one["exponent_high"]) - exponent):
            below.axhspan(-half, half, color=colour, alpha=0.1)
    above.set_ylabel("quantity, in its unit")
    below.set(xlabel="size N", ylabel="local exponent − exponent")
    below.set_xticks(sizes, [str(n) for n in sizes])
    below.minorticks_off()
    below.legend(fontsize=7.5, loc="upper center", bbox_to_anchor=(0.5, -0.25))
    return above, below


def _label(name: Any, one: xr.Dataset) -> str:
    half = float(one["exponent_high"] - one["exponent_low"]) / 2
    within = f" ± {half:.2g}" if np.isfinite(half) else ""
    return f"{str(name).replace('_', ' ')}: $N^{{{float(one['exponent']):.3f}}}${within}"
