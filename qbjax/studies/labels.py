"""Labels: from rows in the order of computation to a dataset on the grid."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from qbjax.studies.grids import Grid


def labelled(
    grid: Grid, order: np.ndarray, rows: Mapping[str, np.ndarray], units: Mapping[str, str]
) -> xr.Dataset:
    """Makes a dataset with the grid's axes, or over `point`.

    Args:
        grid: the points.
        order: position in the grid of every row.
        rows: name to values, one row per point.
        units: name to unit, as far as they have any.

    Returns:
        Variables with the dimensions of the grid, then `NAME_0`, `NAME_1`, …; coordinates with
        their attributes.
    """
    back = np.argsort(order)
    lead = ("point",) if grid.sizes is None else tuple(grid.sizes)
    sizes = (grid.count,) if grid.sizes is None else tuple(grid.sizes.values())
    variables = {}
    for name, values in rows.items():
        dims = (*lead, *dimensions(name, values.ndim - 1))
        attributes = {"units": units[name]} if name in units else {}
        variables[name] = (dims, values[back].reshape(*sizes, *values.shape[1:]), attributes)
    if grid.axes is None:
        coordinates = {n: ("point", c.values, c.attrs) for n, c in grid.coordinates.items()}
    else:
        coordinates = {n: (n, axis.values, axis.attrs) for n, axis in grid.axes.items()}
    return xr.Dataset(variables, coords=coordinates)


def dimensions(name: str, count: int) -> tuple[str, ...]:
    """Names of an output's own dimensions.

    Example:
        >>> dimensions("energy", 1)
        ('energy_0',)
    """
    return tuple(f"{name}_{i}" for i in range(count))
