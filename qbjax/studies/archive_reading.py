"""Stores of `archive`, read on their grid and written as netCDF."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import xarray as xr
import zarr
from zarr.buffer import cpu

from qbjax.studies import archive_copies as copies
from qbjax.studies import archive_files as files
from qbjax.studies import archive_layout as layout
from qbjax.studies.archive_kept import Kept, finished, opened
from qbjax.studies.archive_plan import fill


def read(path: Any) -> xr.Dataset:
    """Reads a store, complete or not, in the order of its grid.

    Points that were not computed, and those of chunks that are damaged, are NaN; −1 if
    integers (so `status` is), the largest number if unsigned integers, False if booleans. The
    attribute `missing` is their number. Every byte is checked before it is believed; of damage
    there is a `DamageWarning`.

    Args:
        path: of a store.

    Returns:
        A dataset over the dimensions of the product, or over `point`, in memory.

    Raises:
        ValueError: if there is no store, or it is damaged where there is no copy.
        OSError: if a file cannot be read.

    Example: see `Archive`.
    """
    kept = opened(files.real("store", path))
    if kept is None:
        raise ValueError(f"Argument `store` must be a store of qb.sweep, but {path} is none.")
    held, damaged = copies.contents(kept.path, kept.files)
    points, axes = layout.points_in(held), layout.axes_in(held)
    order = points["order"].values
    back = np.argsort(order)
    values, missing = _gathered(kept, held, order)
    damaged += [path for index in missing for path in kept.damage(index)]
    outcome = "what has no copy counts as missing, and the same sweep on it mends all"
    copies.warn(kept.path, damaged, outcome)
    sizes = {"point": kept.points} if kept.sizes is None else kept.sizes
    lacking = sum(kept.span(i).stop - kept.span(i).start for i in missing)
    attributes = points.attrs | finished(kept) | {"missing": lacking}

    def on_grid(array: np.ndarray, dims: tuple, attributes: Mapping) -> xr.Variable:
        shape = (*sizes.values(), *array.shape[1:])
        return xr.Variable((*sizes, *dims), array.reshape(shape), dict(attributes))

    coordinates = {
        name: on_grid(c.values[back], (), c.attrs)
        for name, c in points.variables.items()
        if name != "order" and name not in axes.variables
    }
    return xr.Dataset(
        {n: on_grid(values[n], v.dims, v.attributes) for n, v in kept.variables.items()},
        coords={**{name: axes[name].variable for name in axes.variables}, **coordinates},
        attrs=attributes,
    )


def export(path: Any, target: Any) -> Path:
    """Writes the dataset of `read` as netCDF; attributes that netCDF lacks become JSON.

    Args:
        path: of a store.
        target: of the file, replaced if there is one.

    Returns:
        The path of the file.

    Raises:
        ValueError: as `read`. OSError: if the file cannot be written.
    """
    dataset = read(path)
    dataset.attrs = {name: _plain(value) for name, value in dataset.attrs.items()}
    target = files.real("target", target)
    temporary = target.with_name(f".{target.name}.{uuid4().hex}{files.PARTIAL}")
    with files.naming_argument("target", target):
        try:
            dataset.to_netcdf(temporary, engine="h5netcdf")
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    return target


def _gathered(
    kept: Kept, held: dict[str, Any], order: np.ndarray
) -> tuple[dict[str, np.ndarray], list[int]]:
    """The variables on the grid, and the chunks that they lack."""
    values = {
        name: np.full((kept.points, *v.shape), fill(v.dtype), v.dtype)
        for name, v in kept.variables.items()
    }
    # The chunks come and go in `held`, which zarr takes for its store.
    arrays = {name: zarr.open_array(held, path=name, mode="r") for name in kept.data(0)}
    missing = []
    for index in range(kept.chunks):
        chunk = kept.chunk_of(index)
        if chunk is None:
            missing.append(index)
            continue
        span = kept.span(index)
        for name, file in kept.data(index).items():
            held[file] = cpu.Buffer.from_bytes(chunk[name])
            values[name][order[span]] = arrays[name][span]
            del held[file]
    return values, missing


def _plain(value: Any) -> Any:
    is_plain = isinstance(value, (str, int, float)) and not isinstance(value, bool)
    return value if is_plain else json.dumps(value)
