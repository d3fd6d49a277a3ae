"""The plan of a store of `archive`, checked before anything is written."""

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from qbjax import _checks
from qbjax.studies import names
from qbjax.studies.names import check_json
from qbjax.studies.outputs import is_storable


class Variable(NamedTuple):
    """One output of a function, per point: its shape, type, dimensions, and e.g. units."""

    shape: tuple[int, ...]
    dtype: np.dtype
    dims: tuple[str, ...]
    attributes: dict[str, str]


class Plan(NamedTuple):
    """Sizes, variables, coordinates and fingerprint that a store is made for.

    Attributes:
        points: their number P ≥ 1.
        chunk: points per chunk; the last may be shorter. A wish: an old store keeps its own.
        variables: by name.
        coordinates: over `point`, in the order of computation: the grid's numbers, and the
            integers `order`: the position of each point in the grid's own order.
        sizes: dimension to size of a product grid, whose own order is C order; None for a
            list of points.
        axes: coordinates of these dimensions, and of those of variables, if any.
        attributes: versions and such, as JSON knows them.
        fingerprint: name to digest of all that decides the values.
    """

    points: int
    chunk: int
    variables: Mapping[str, Variable]
    coordinates: xr.Dataset
    sizes: Mapping[str, int] | None
    axes: xr.Dataset
    attributes: Mapping[str, Any]
    fingerprint: Mapping[str, str]


def fill(dtype: np.dtype) -> Any:
    """The value that stands for "not computed": NaN, −1, the largest unsigned integer, False."""
    if dtype.kind == "u":
        return int(np.iinfo(dtype).max)
    return {"f": math.nan, "i": -1, "b": False}[dtype.kind]


def check(plan: Plan) -> None:
    """Refuses a plan that no store can hold."""
    _checks.integer("points", plan.points, low=1)
    _checks.integer("chunk", plan.chunk, low=1)
    _check_coordinates(plan)
    for name, variable in plan.variables.items():
        _check_name("variables", name)
        _check_variable(name, variable)
    _check_names(plan)
    check_json("attributes", dict(plan.attributes))


def checked_task(task: Any) -> tuple[int, int] | None:
    """Checks a task: a pair (i, n) with 0 ≤ i < n, or None."""
    if task is None:
        return None
    if not isinstance(task, tuple) or len(task) != 2:
        raise TypeError(f"Argument `task` must be a pair (i, n), but is {_checks.show(task)}.")
    count = _checks.integer("n", task[1], low=1)
    return _checks.integer("i", task[0], low=0, high=count - 1), count


def _check_coordinates(plan: Plan) -> None:
    coordinates = plan.coordinates.variables
    if "order" not in coordinates:
        raise ValueError("Argument `coordinates` must have `order`, but has none.")
    for name, variable in coordinates.items():
        _check_name("coordinates", name)
        if variable.dims != ("point",) or variable.size != plan.points:
            raise ValueError(
                f"Argument `coordinates` must have one number per point ({plan.points}), but "
                f"`{name}` has shape {variable.shape} over {variable.dims}."
            )
        _check_real(f"coordinates[{name!r}]", variable.dtype)
    order = np.asarray(coordinates["order"].values)
    if order.dtype.kind != "i" or (np.sort(order) != np.arange(plan.points)).any():
        raise ValueError("Argument `order` must be a permutation of the points, but is not.")
    if plan.sizes is not None and math.prod(plan.sizes.values()) != plan.points:
        raise ValueError(
            f"Argument `sizes` must multiply to {plan.points} points, but is {dict(plan.sizes)}."
        )


def _check_variable(name: str, variable: Variable) -> None:
    if variable.dtype.kind == "c":
        raise TypeError(
            f"Argument `{name}` must be real, but is {variable.dtype}: netCDF has no complex "
            "numbers, so return its real and imaginary parts."
        )
    _check_real(name, variable.dtype)
    if len(variable.dims) != len(variable.shape) or "point" in variable.dims:
        raise ValueError(
            f"Argument `dims` must name the axes of shape {variable.shape} of `{name}`, none of "
            f"them point, but is {variable.dims}."
        )


def _check_real(name: str, dtype: np.dtype) -> None:
    if not is_storable(dtype):
        raise TypeError(
            f"Argument `{name}` must be floats of 4 or 8 bytes, integers or booleans, but is "
            f"{dtype}."
        )


def _check_name(argument: str, name: Any) -> None:
    if (wrong := names.fault(name)) is not None:
        raise ValueError(
            f"Argument `{argument}` must have names for folders, but has {name!r}, which {wrong}."
        )


def _check_names(plan: Plan) -> None:
    sizes = {"point": plan.points, **(plan.sizes or {})}
    for dim, size in plan.axes.sizes.items():
        if sizes.setdefault(str(dim), size) != size or dim == "point":
            raise ValueError(
                f"Argument `axes` must be as long as the dimensions, but `{dim}` has {size} of "
                f"{sizes[str(dim)]} values."
            )
    for name, variable in plan.variables.items():
        for dim, size in zip(variable.dims, variable.shape):
            if sizes.setdefault(dim, size) != size or dim in (plan.sizes or {}):
                raise ValueError(
                    f"Argument `dims` must name each axis once, but `{dim}` of `{name}` "
                    f"({size}) is also an axis of {sizes[dim]}."
                )
    taken = {*plan.coordinates.variables, *plan.axes.variables}
    counts = Counter([*taken, *plan.variables])
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise ValueError(
            f"Argument `variables` must have names that no coordinate has, but has {twice[0]!r}."
        )
