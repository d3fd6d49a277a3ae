"""How a store of `archive` lies on disk: the plan, the template, the files of a chunk.

```
store/zarr.json            attributes, consolidated metadata (xarray warns where there is none)
store/<variable>/c.7.0     zarr: chunk 7 of every variable is one file
store/<coordinate>/        zarr: over `point`, in the order of computation
store/axes/                zarr: coordinates of a product's dimensions
store/.qbjax/plan.json     what a resume must agree with
store/.qbjax/chunks/7.json marker: the sha256 of the files of chunk 7
store/.qbjax/lock …        locks
```
"""

import errno
import json
import math
import os
import shutil
import warnings
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import numpy as np
import xarray as xr
import zarr

from qbjax.studies import archive_files as files
from qbjax.studies.archive_plan import Plan, Variable, fill

FOLDER = ".qbjax"
FORMAT = 1


class Kept(NamedTuple):
    """The plan that a store was made with, as far as it is needed to go on."""

    path: Path
    points: int
    chunk: int
    variables: dict[str, Variable]
    sizes: dict[str, int] | None
    fingerprint: dict[str, str]

    @property
    def chunks(self) -> int:
        return -(-self.points // self.chunk)

    def span(self, index: int) -> slice:
        return slice(index * self.chunk, min((index + 1) * self.chunk, self.points))

    def data(self, index: int) -> dict[str, Path]:
        """The file of each variable in a chunk; a variable without elements has none."""
        return {
            name: self.path / name / ".".join(["c", str(index), *("0" for _ in variable.shape)])
            for name, variable in self.variables.items()
            if math.prod(variable.shape)
        }

    def marker(self, index: int) -> Path:
        return self.path / FOLDER / "chunks" / f"{index}.json"

    def is_complete(self, index: int) -> bool:
        """Whether the marker is there and every file has the bytes it had when it was written."""
        try:
            marked = json.loads(self.marker(index).read_text())
        except (FileNotFoundError, ValueError):
            return False
        found = self.marked(index)
        return marked == found and None not in found["sha256"].values()

    def marked(self, index: int) -> dict[str, Any]:
        return {"sha256": {name: files.digest(path) for name, path in self.data(index).items()}}


def opened(path: Path) -> Kept | None:
    """The store at a path; None if there is nothing, or an empty folder.

    Raises:
        ValueError: if there is something else.
    """
    try:
        plan = json.loads((path / FOLDER / "plan.json").read_text())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        if not path.exists() or (path.is_dir() and not any(path.iterdir())):
            return None
        raise ValueError(
            f"Argument `store` must be a new path or a store of qb.sweep, but {path} is "
            "something else."
        ) from None
    if plan["format"] != FORMAT:
        raise ValueError(
            f"Argument `store` must have the format {FORMAT}, but {path} has {plan['format']}: "
            "another version of qbjax made it."
        )
    variables = {
        name: Variable(tuple(shape), np.dtype(dtype), tuple(dims), attributes)
        for name, (shape, dtype, dims, attributes) in plan["variables"].items()
    }
    return Kept(path, plan["points"], plan["chunk"], variables, plan["sizes"], plan["fingerprint"])


def begun(store: Any, points: int) -> tuple[int, np.ndarray] | None:
    """Points per chunk and order of computation of a store that exists.

    Args:
        store: its path.
        points: that it should have; None is given for a store of others, which is refused later.

    Raises:
        ValueError: if there is something else. OSError: if nothing can be written there.
    """
    path = files.real("store", store)
    with files.told("store", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = opened(path)
        folder = path if path.exists() else path.parent
        if not os.access(folder, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
    if kept is None or kept.points != points:
        return None
    return kept.chunk, points_of(path)["order"].values


def create(path: Path, plan: Plan) -> None:
    """Makes the template beside the path and renames it: whole, and of many makers one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}{files.PARTIAL}")
    try:
        _template(temporary, plan)
        files.sync_tree(temporary)
        temporary.rename(path)
        files.sync(path.parent)
    except OSError:
        if opened(path) is None:
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def differences(kept: Kept, plan: Plan) -> list[str]:
    """What a plan has otherwise than a store; the order of computation and chunks are free."""
    names = sorted({*kept.fingerprint, *plan.fingerprint})
    found = [n for n in names if kept.fingerprint.get(n) != plan.fingerprint.get(n)]
    if {n: v[:3] for n, v in kept.variables.items()} != {
        n: v[:3] for n, v in plan.variables.items()
    }:
        found.append("set of variables")
    asked = None if plan.sizes is None else list(plan.sizes.items())
    if asked != (None if kept.sizes is None else list(kept.sizes.items())):
        found.append("grid")
    if plan.points != kept.points:
        return [*found, "number of points"]
    ours, theirs = _sorted(points_of(kept.path)), _sorted(plan.coordinates)
    # Bytes, because −0 and 0 are two points, and NaN is one.
    return found + [
        f"coordinate {n}"
        for n in sorted({*ours, *theirs})
        if n not in ours or n not in theirs or ours[n].tobytes() != theirs[n].tobytes()
    ]


def points_of(path: Path) -> xr.Dataset:
    """The coordinates of a store over `point`, in the order of computation."""
    source = _open(path)
    return source.drop_vars(list(source.data_vars)).load()


def axes_of(path: Path) -> xr.Dataset:
    """The coordinates of a product's dimensions."""
    return _open(path, group="axes").load()


def in_grid_order(values: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Values in the order of computation, put where the grid has them."""
    sorted_values = np.empty_like(values)
    sorted_values[order] = values
    return sorted_values


def _open(path: Path, group: str | None = None) -> xr.Dataset:
    # Nothing is decoded but booleans: a coordinate in "seconds" is a number.
    return xr.open_zarr(
        path,
        group=group,
        chunks=None,
        consolidated=True if group is None else None,
        mask_and_scale=False,
        decode_times=False,
        decode_timedelta=False,
    )


def _template(path: Path, plan: Plan) -> None:
    points = plan.coordinates.reset_coords()
    points = points.set_coords(list(points.data_vars)).assign_attrs(plan.attributes)
    _write(points, path)
    _write(plan.axes, path, group="axes")
    group = zarr.open_group(path, mode="r+")
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
        zarr.consolidate_metadata(path)
    (path / FOLDER / "chunks").mkdir(parents=True)
    # An empty group for zarr, which would warn of a folder it does not know.
    empty = {"kind": "inline", "must_understand": False, "metadata": {}}
    node = {"zarr_format": 3, "node_type": "group", "attributes": {}}
    (path / FOLDER / "zarr.json").write_text(json.dumps(node | {"consolidated_metadata": empty}))
    (path / FOLDER / "plan.json").write_text(json.dumps(_described(plan, chunk), indent=1))


def _write(dataset: xr.Dataset, path: Path, **options: Any) -> None:
    encoding: dict[Any, dict] = {
        name: {"_FillValue": None} if variable.dtype.kind == "f" else {}
        for name, variable in dataset.variables.items()
    }
    dataset.drop_encoding().to_zarr(
        path, mode="w-", zarr_format=3, consolidated=False, encoding=encoding, **options
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


def _sorted(points: xr.Dataset) -> dict[str, np.ndarray]:
    order = points["order"].values
    return {str(n): in_grid_order(c.values, order) for n, c in points.variables.items()}
