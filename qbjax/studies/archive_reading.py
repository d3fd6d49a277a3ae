"""Stores of `archive`, read on their grid and written as netCDF."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import xarray as xr
import zarr

from qbjax.studies import archive_files as files
from qbjax.studies import archive_layout as layout
from qbjax.studies.archive_plan import fill


def read(path: Any) -> xr.Dataset:
    """What a store holds, complete or not, in the order of its grid.

    Points that were not computed, and those of chunks that are damaged, are NaN; −1 if
    integers (so `status` is), the largest number if unsigned integers, False if booleans. The
    attribute `missing` is their number.

    Args:
        path: of a store.

    Returns:
        A dataset over the dimensions of the product, or over `point`, in memory.

    Raises:
        ValueError: if there is no store.

    Example: see `Archive`.
    """
    kept = _existing(path)
    points = layout.points_of(kept.path)
    order = points["order"].values
    complete = [i for i in range(kept.chunks) if kept.is_complete(i)]
    values = {name: _gathered(kept, name, complete, order) for name in kept.variables}
    axes = layout.axes_of(kept.path)
    sizes = {"point": kept.points} if kept.sizes is None else kept.sizes
    computed = sum(kept.span(i).stop - kept.span(i).start for i in complete)

    def on_grid(array: np.ndarray, dims: tuple, attributes: Mapping) -> xr.Variable:
        shape = (*sizes.values(), *array.shape[1:])
        return xr.Variable((*sizes, *dims), array.reshape(shape), dict(attributes))

    coordinates = {
        name: on_grid(layout.in_grid_order(c.values, order), (), c.attrs)
        for name, c in points.variables.items()
        if name != "order" and name not in axes.variables
    }
    return xr.Dataset(
        {n: on_grid(values[n], v.dims, v.attributes) for n, v in kept.variables.items()},
        coords={**{name: axes[name].variable for name in axes.variables}, **coordinates},
        attrs={**points.attrs, "missing": kept.points - computed},
    )


def export(path: Any, target: Any) -> Path:
    """Writes what `read` gives into a netCDF file; attributes that netCDF lacks become JSON.

    Args:
        path: of a store.
        target: of the file, replaced if there is one.

    Returns:
        The path of the file.

    Raises:
        ValueError: if there is no store. OSError: if the file cannot be written.
    """
    dataset = read(path)
    dataset.attrs = {name: _plain(value) for name, value in dataset.attrs.items()}
    target = files.real("target", target)
    temporary = target.with_name(f".{target.name}.{uuid4().hex}{files.PARTIAL}")
    with files.told("target", target):
        try:
            dataset.to_netcdf(temporary, engine="h5netcdf")
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    return target


def _gathered(kept, name: str, complete: list[int], order: np.ndarray) -> np.ndarray:
    variable = kept.variables[name]
    values = np.full((kept.points, *variable.shape), fill(variable.dtype), variable.dtype)
    if values.size:
        array = zarr.open_array(kept.path, path=name, mode="r")
        for index in complete:
            span = kept.span(index)
            values[order[span]] = array[span]
    return values


def _existing(path: Any) -> layout.Kept:
    kept = layout.opened(files.real("store", path))
    if kept is None:
        raise ValueError(f"Argument `store` must be a store of qb.sweep, but {path} is none.")
    return kept


def _plain(value: Any) -> Any:
    is_plain = isinstance(value, (str, int, float)) and not isinstance(value, bool)
    return value if is_plain else json.dumps(value)
