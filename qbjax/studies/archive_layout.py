"""Layout of a store of `archive` on disk: the plan, the template, the files of a chunk.

```
store/zarr.json            attributes, consolidated metadata (xarray warns where there is none)
store/<variable>/c.7.0     zarr: chunk 7 of every variable is one file
store/<coordinate>/        zarr: over `point`, in the order of computation
store/axes/                zarr: coordinates of a product's dimensions
store/.qbjax/plan.json     what a resume must agree with, and the sha256 of all files above
                           but those of the variables' chunks
store/.qbjax/copies/       these files again, the plan too
store/.qbjax/chunks/7.json marker: the sha256 of the files of chunk 7
store/.qbjax/finished.json attributes that are known at the end
store/.qbjax/lock …        locks
```
"""

import errno
import json
import os
import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import xarray as xr
import zarr
import zarr.storage

from qbjax.studies import archive_copies as copies
from qbjax.studies import archive_files as files
from qbjax.studies.archive_copies import FOLDER
from qbjax.studies.archive_kept import FORMAT, Kept
from qbjax.studies.archive_kept import finished as finished
from qbjax.studies.archive_kept import opened as opened
from qbjax.studies.archive_plan import Plan, fill


def begun(store: Any, points: int) -> tuple[int, np.ndarray] | None:
    """Points per chunk and order of computation of a store that exists, if it has these points."""
    path = files.real("store", store)
    with files.naming_argument("store", path):
        kept = opened(path)
        # Nothing is made yet: the sweep may still be refused.
        above = next(p for p in (path, *path.parents) if p.exists())
        fault = errno.EACCES if above.is_dir() else errno.ENOTDIR
        if fault == errno.ENOTDIR or not os.access(above, os.W_OK):
            raise OSError(fault, os.strerror(fault), str(above))
    if kept is None or kept.points != points:
        return None
    return kept.chunk, points_of(kept)["order"].values


def create(path: Path, plan: Plan) -> None:
    """Makes the template beside the path and renames it: whole, and of many makers one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}{files.PARTIAL}")
    try:
        _template(temporary, plan)
        files.sync_together([temporary, *temporary.rglob("*")])
        temporary.rename(path)
        files.sync(path.parent)
    except OSError:
        if opened(path) is None:
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def differences(kept: Kept, plan: Plan) -> list[str]:
    """Differences of a plan from a store; the order of computation and chunks are free."""
    names = sorted({*kept.fingerprint, *plan.fingerprint})
    found = [n for n in names if kept.fingerprint.get(n) != plan.fingerprint.get(n)]
    theirs, ours = ({n: v[:3] for n, v in p.variables.items()} for p in (kept, plan))
    if theirs != ours:
        found.append("set of variables")
    asked = None if plan.sizes is None else list(plan.sizes.items())
    if asked != (None if kept.sizes is None else list(kept.sizes.items())):
        found.append("grid")
    if plan.points != kept.points:
        return [*found, "number of points"]
    # Bytes, because −0 and 0 are two points, and NaN is one.
    there, here = _sorted(points_of(kept)), _sorted(plan.coordinates)
    names = sorted({*there, *here})
    return found + [f"coordinate {n}" for n in names if there.get(n) != here.get(n)]


def points_of(kept: Kept) -> xr.Dataset:
    """The coordinates of a store over `point`, in the order of computation."""
    return points_in(copies.contents(kept.path, kept.files)[0])


def points_in(held: dict[str, Any]) -> xr.Dataset:
    """The coordinates of `points_of`, from files in memory."""
    source = _open(held)
    return source.drop_vars(list(source.data_vars)).load()


def axes_in(held: dict[str, Any]) -> xr.Dataset:
    """The coordinates of a product's dimensions, from files in memory."""
    return _open(held, group="axes").load()


def attributes_of(kept: Kept) -> dict[str, Any]:
    """Attributes of the plan of a store, and those that were known at the end."""
    held, _ = copies.contents(kept.path, kept.files)
    found = json.loads(held["zarr.json"].to_bytes())["attributes"]
    return {name: value for name, value in found.items() if name != "coordinates"} | finished(kept)


def _open(held: dict[str, Any], group: str | None = None) -> xr.Dataset:
    # Nothing is decoded but booleans: a coordinate in "seconds" is a number.
    return xr.open_zarr(
        zarr.storage.MemoryStore(held, read_only=True),
        group=group,
        chunks=None,
        consolidated=True if group is None else None,
        mask_and_scale=False,
        decode_times=False,
        decode_timedelta=False,
    )


def _template(path: Path, plan: Plan) -> None:
    _check_letters(path, [*plan.coordinates.variables, *plan.variables])
    points = plan.coordinates.reset_coords()
    points = points.set_coords(list(points.data_vars)).assign_attrs(plan.attributes)
    _write(points, path)
    _write(plan.axes, path, group="axes")
    group = zarr.open_group(zarr.storage.LocalStore(path), mode="r+")
    chunk = min(plan.chunk, plan.points)
    for name, (shape, dtype, dims, attributes) in plan.variables.items():
        group.create_array(
            name,
            shape=(plan.points, *shape),
            chunks=(chunk, *(max(1, size) for size in shape)),
            dtype=dtype,
            fill_value=fill(dtype),
            dimension_names=("point", *dims),
            attributes=dict(attributes),
            # One flat folder per variable: a chunk is one file and one name to bring to disk.
            chunk_key_encoding={"name": "default", "separator": "."},
        )
    with warnings.catch_warnings():
        # zarr: not yet in the specification. xarray: slow without. Both can read the arrays.
        warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part")
        zarr.consolidate_metadata(zarr.storage.LocalStore(path))
    (path / FOLDER / "chunks").mkdir(parents=True)
    # An empty group for zarr, which would warn of a folder it does not know.
    empty = {"kind": "inline", "must_understand": False, "metadata": {}}
    node = {"zarr_format": 3, "node_type": "group", "attributes": {}}
    (path / FOLDER / "zarr.json").write_text(json.dumps(node | {"consolidated_metadata": empty}))
    described = _described(plan, chunk) | {"files": copies.copied(path)}
    copies.write_plan(path, described)


def _check_letters(path: Path, names: Sequence[Any]) -> None:
    """Checks that the file system tells all names from each other; some take T for t."""
    trial = path / ".names"
    for name in names:
        try:
            (trial / str(name)).mkdir(parents=True)
        except FileExistsError:
            raise ValueError(
                f"Argument `store` must lie where files may have the names "
                f"{', '.join(map(repr, names))}, but {path.parent} takes {name!r} for another."
            ) from None
    shutil.rmtree(trial)


def _write(dataset: xr.Dataset, path: Path, **options: Any) -> None:
    encoding: dict[Any, dict] = {
        name: {"_FillValue": None} if variable.dtype.kind == "f" else {}
        for name, variable in dataset.variables.items()
    }
    # A path with "::" would be taken for a chain of addresses.
    dataset.drop_encoding().to_zarr(
        zarr.storage.LocalStore(path),
        mode="w-",
        zarr_format=3,
        consolidated=False,
        encoding=encoding,
        **options,
    )


def _described(plan: Plan, chunk: int) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "points": plan.points,
        "chunk": chunk,
        "variables": {
            name: [list(shape), dtype.name, list(dims), dict(attributes)]
            for name, (shape, dtype, dims, attributes) in plan.variables.items()
        },
        "sizes": None if plan.sizes is None else dict(plan.sizes),
        "fingerprint": dict(plan.fingerprint),
    }


def _sorted(points: xr.Dataset) -> dict[str, bytes]:
    back = np.argsort(points["order"].values)
    return {str(n): c.values[back].tobytes() for n, c in points.variables.items()}
