"""Outputs of a swept function: real numbers with names of their own, in a dataset."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jax.tree_util import DictKey, SequenceKey

from qbjax import _checks, _memory
from qbjax.studies import names
from qbjax.studies.grids import Grid

COPIES = 3
"""Copies of the values that are there at once, when rows become a dataset."""
OWN = 100
"""The least status that counts as a function's own."""


class Output(NamedTuple):
    """One output of the function, per point."""

    shape: tuple[int, ...]
    dtype: np.dtype


def named(answer: Any) -> dict[str, jax.Array]:
    """Flattens an answer to leaves by name; fields of objects that are None are left out."""
    paths, _ = jax.tree_util.tree_flatten_with_path(answer, is_leaf=lambda leaf: leaf is None)
    flat: dict[str, jax.Array] = {}
    for path, leaf in paths:
        if leaf is None and not (path and isinstance(path[-1], DictKey | SequenceKey)):
            continue
        name = jax.tree_util.keystr(path, simple=True, separator=".") if path else "value"
        if name in flat:
            raise ValueError(
                f"Argument `function` must give each value a name of its own, but gives `{name}` "
                "twice."
            )
        flat[name] = _number(name, leaf)
    return flat


def check(outputs: Mapping[str, Any], coordinates: Sequence[str]) -> None:
    """Checks that a dataset with these coordinates, and a store, can hold the outputs."""
    for name, output in outputs.items():
        if (wrong := names.fault(name)) is not None:
            raise ValueError(
                f"Argument `function` must give names that files can have, but "
                f"{_checks.show(name)} {wrong}."
            )
        _check_news(name, output)
    names.check_distinct("function", [*coordinates, *outputs])
    taken = {*coordinates, *names.DATASET}
    for name, output in outputs.items():
        for own in (name, *dimensions(name, len(output.shape))):
            if own in taken or (own != name and own in outputs):
                axis = "" if own == name else f" with an axis `{own}`"
                raise ValueError(
                    "Argument `function` must give names that nothing else in the dataset has, but "
                    f"gives `{name}`{axis}."
                )


def check_room(
    outputs: Mapping[str, Output],
    coordinates: Sequence[str],
    points: int,
    argument: str = "function",
) -> None:
    """Checks that the dataset, which an argument asks for, fits into the memory."""
    each = sum(int(np.prod(o.shape)) * o.dtype.itemsize for o in outputs.values())
    needed = COPIES * points * (each + 8.0 * len(coordinates))
    _memory.check_room(argument, needed, f"its values at {points} points")


def status(values: np.ndarray) -> np.ndarray:
    """Moves a status that a function gave itself out of the way of those of `qbjax`.

    A negative one would mean that a point was not computed: −s is kept as 100 + s, a failure of the
    function's own.
    """
    whole = np.minimum(values, np.iinfo(np.int64).max).astype(np.int64)
    return np.where(whole < 0, OWN - np.maximum(whole, np.iinfo(np.int32).min), whole)


def is_storable(dtype: np.dtype) -> bool:
    """Whether netCDF has numbers of a type: neither half precision nor longer doubles."""
    return dtype.kind in "biu" or (dtype.kind == "f" and dtype.itemsize in (4, 8))


def labelled(
    grid: Grid, order: np.ndarray, rows: Mapping[str, np.ndarray], units: Mapping[str, str]
) -> xr.Dataset:
    """Makes a dataset with the grid's axes, or over `point`, of rows in the order of computation.

    Variables have the dimensions of the grid, then `NAME_0`, `NAME_1`, …
    """
    back = np.argsort(order)
    sizes = grid.sizes or {"point": grid.count}
    variables = {}
    for name, values in rows.items():
        dims = (*sizes, *dimensions(name, values.ndim - 1))
        attributes = {"units": units[name]} if name in units else {}
        shape = (*sizes.values(), *values.shape[1:])
        variables[name] = (dims, values[back].reshape(shape), attributes)
    coordinates = {
        name: (name if grid.axes else "point", values.values, values.attrs)
        for name, values in (grid.axes or grid.coordinates).items()
    }
    return xr.Dataset(variables, coords=coordinates)


def dimensions(name: str, count: int) -> tuple[str, ...]:
    """Names of an output's own dimensions.

    Example:
        >>> dimensions("energy", 1)
        ('energy_0',)
    """
    return tuple(f"{name}_{i}" for i in range(count))


def _number(name: str, leaf: Any) -> jax.Array:
    try:
        array = jnp.asarray(leaf)
    except (TypeError, ValueError):
        raise TypeError(
            f"Argument `function` must give arrays of numbers, but `{name}` is "
            f"{_checks.show(leaf)}."
        ) from None
    if jax.dtypes.issubdtype(array.dtype, jax.dtypes.extended):
        raise TypeError(
            f"Argument `function` must give numbers, but `{name}` is a key of jax.random: give its "
            "jax.random.key_data."
        )
    if jnp.iscomplexobj(array):
        raise ValueError(
            f"Argument `function` must give real numbers, but `{name}` is complex: give its real "
            "and imaginary part."
        )
    if not is_storable(np.dtype(array.dtype)):
        raise TypeError(
            f"Argument `function` must give floats of 4 or 8 bytes, integers or booleans, but "
            f"`{name}` is {array.dtype}."
        )
    return array


def _check_news(name: str, output: Any) -> None:
    """Checks that the values that say how a point went are one number each."""
    if name not in names.NEWS:
        return
    kinds, expected = ("f", "one float") if name == "truncation" else ("iu", "one integer")
    if output.dtype.kind not in kinds or output.shape != ():
        raise TypeError(
            f"Argument `function` must give a `{name}` that is {expected} per point, but gives "
            f"{output.dtype} of shape {tuple(output.shape)}."
        )
