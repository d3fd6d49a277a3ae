"""Portraits of a mode: its Wigner function, red where it is positive and blue where negative."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from qbjax import _checks
from qbjax._types import TensorLike
from qbjax.algebra.phase_space import wigner
from qbjax.views.plot import STYLE, axes_or_new

BEYOND = 2.5
"""Standard deviations of the vacuum, times √2, that a portrait shows beyond the classical reach."""


def of_state(rho: TensorLike, reach: Any = None, points: int | Any = 121) -> xr.DataArray:
    """Tabulates the Wigner function of a mode on a square.

    Args:
        rho: density matrix (d, d) of a number ladder, such as `battery.cell(state)`.
        reach: largest x and p; by default beyond √(2n + 1) for the levels that hold all but a
            thousandth.
        points: along each axis.

    Returns:
        an array with coordinates x and p.

    Raises:
        TypeError, ValueError: as of `algebra.phase_space.wigner`.
    """
    state = _checks.density_matrix("rho", rho)
    if reach is None:
        left = 1 - np.cumsum(np.real(np.diagonal(np.asarray(state))))
        reach = np.sqrt(2 * int(np.argmax(left < 1e-3)) + 1) + BEYOND
    edge = float(_checks.scalar("reach", reach, low=0, open_low=True))
    axis = np.linspace(-edge, edge, _checks.integer("points", points, low=2))
    values = np.asarray(wigner(state, axis, axis))
    return xr.DataArray(values, {"x": axis, "p": axis}, ("x", "p"), "wigner")


def portrait(data: xr.DataArray, ax: Axes | None = None) -> Axes:
    """Draws the Wigner function of `of_state`; the colours are symmetric about 0."""
    with plt.rc_context(STYLE):
        ax = axes_or_new(ax)
        largest = float(np.abs(data).max())
        mesh = ax.pcolormesh(
            data["x"], data["p"], data.values.T, cmap="RdBu_r", vmin=-largest, vmax=largest,
            shading="nearest", rasterized=True,
        )  # fmt: skip
        ax.set(xlabel="$x$", ylabel="$p$", aspect="equal")
        ax.grid(visible=False)
        ax.figure.colorbar(mesh, ax=ax, label="$W(x, p)$")
    return ax
