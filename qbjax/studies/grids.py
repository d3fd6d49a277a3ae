r"""The points of a sweep: every combination of some axes, a list, or points spread over a box.

A coordinate is an array of numbers, or `(numbers, "unit")`, or a one-dimensional `xr.DataArray`
whose attributes are kept. A plain mapping of names to coordinates means `product`.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from qbjax import _checks, _memory
from qbjax.studies import names
from qbjax.studies.names import check_json


@dataclass(frozen=True, eq=False)
class Grid:
    """Named scalars at P points; made by `product`, `zipped`, `random` or `sobol`.

    Attributes:
        coordinates: name to its P values and attributes.
        axes: of a product, name to the values of that axis; else None. Points are in C order:
            the last axis is the fastest.
    """

    coordinates: Mapping[str, xr.DataArray]
    axes: Mapping[str, xr.DataArray] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coordinates."""
        return tuple(self.coordinates)

    @property
    def count(self) -> int:
        """The number P of points."""
        return next(iter(self.coordinates.values())).size

    @property
    def sizes(self) -> dict[str, int] | None:
        """Sizes of the axes of a product; None for other grids."""
        return None if self.axes is None else {name: a.size for name, a in self.axes.items()}

    def columns(self, order: np.ndarray) -> dict[str, np.ndarray]:
        """Sorts the points into another order: name to values."""
        return {name: values.values[order] for name, values in self.coordinates.items()}


def product(**axes: Any) -> Grid:
    """Every combination of the values of some axes.

    Args:
        axes: name to coordinate; the values of each must differ.

    Returns:
        A `Grid` with the axes as dimensions.

    Raises:
        ValueError, TypeError: for no axis, an empty one, repeated or non-finite values.

    Example:
        >>> product(F=([1.0, 2.0], "1/gamma_s"), t=[1.0, 2.0, 3.0]).count
        6
    """
    known = _coordinates(axes)
    for name, axis in known.items():
        values, counts = np.unique(axis.values, return_counts=True)
        if np.any(counts > 1):
            raise ValueError(
                f"Argument `grid` must not repeat a value on an axis, but `{name}` has "
                f"{values[np.argmax(counts)]:g} {counts.max()} times."
            )
    count = math.prod(axis.size for axis in known.values())
    _check_room(count, len(known))
    mesh = np.meshgrid(*(axis.values for axis in known.values()), indexing="ij")
    flat = zip(known.items(), mesh, strict=True)
    return Grid({name: _array(name, x.ravel(), axis.attrs) for (name, axis), x in flat}, known)


def zipped(**coordinates: Any) -> Grid:
    """Points given one by one: the coordinates side by side.

    Args:
        coordinates: name to coordinate, all equally long.

    Returns:
        A `Grid` whose only dimension is `point`.

    Raises:
        ValueError, TypeError: as `product`; for lengths that differ.

    Example:
        >>> zipped(F=[1.0, 2.0], t=[3.0, 4.0]).count
        2
    """
    known = _coordinates(coordinates)
    lengths = {name: values.size for name, values in known.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name}: {size}" for name, size in lengths.items())
        raise ValueError(f"Argument `grid` must have coordinates of one length, but has {listed}.")
    return Grid(known)


def random(count: int | Any, seed: int | Any = 0, **ranges: Sequence[Any] | Any) -> Grid:
    """Independent points, uniform in a box.

    Args:
        count: how many.
        seed: of the generator.
        ranges: name to `(low, high)` or `(low, high, "unit")`.

    Returns:
        A `Grid` whose only dimension is `point`.

    Raises:
        ValueError, TypeError: for a bad count or range.

    Example:
        >>> random(3, F=(1.0, 2.0)).count
        3
    """
    seed = _checks.integer("seed", seed, low=0)
    return _spread(count, ranges, lambda n, d: np.random.default_rng(seed).random((n, d)))


def sobol(count: int | Any, seed: int | Any = 0, **ranges: Sequence[Any] | Any) -> Grid:
    """Points that fill a box evenly: a scrambled Sobol sequence (`scipy.stats.qmc.Sobol`).

    Args:
        count: how many; best a power of two.
        seed: of the scrambling.
        ranges: name to `(low, high)` or `(low, high, "unit")`.

    Returns:
        A `Grid` whose only dimension is `point`.

    Raises:
        ValueError, TypeError: for a bad count or range.

    Example:
        >>> sobol(8, F=(1.0, 2.0), t=(0.0, 1.0)).count
        8
    """
    seed = _checks.integer("seed", seed, low=0)

    def draw(n: int, d: int) -> np.ndarray:
        _checks.integer("count", n, low=1, high=2**30)  # as far as SciPy's sequence goes
        from scipy.stats import qmc  # late: it takes a third of a second

        power = int(np.ceil(np.log2(n))) if n > 1 else 0
        return qmc.Sobol(d, rng=np.random.default_rng(seed)).random_base2(power)[:n]

    return _spread(count, ranges, draw)


def as_grid(grid: Grid | Mapping[str, Any] | Any) -> Grid:
    """Makes a grid of a mapping, which means a product; a grid stays as it is."""
    if isinstance(grid, Grid):
        return grid
    if not isinstance(grid, Mapping):
        raise TypeError(
            "Argument `grid` must map names to coordinates, or be made by qb.studies.grids, but "
            f"is {_checks.show(grid)}."
        )
    names.check_coordinates(grid)
    return product(**grid)


def _spread(count, ranges, draw: Callable[[int, int], np.ndarray]) -> Grid:
    count = _checks.integer("count", count, low=1)
    boxes = {name: _range(name, given) for name, given in _some(ranges).items()}
    _check_room(count, len(boxes))
    unit = draw(count, len(boxes))
    spread = zip(boxes.items(), unit.T, strict=True)
    return Grid({n: _array(n, low + (high - low) * x, a) for (n, (low, high, a)), x in spread})


def _range(name: str, given: Any) -> tuple[float, float, dict[str, str]]:
    if not isinstance(given, Sequence) or len(given) not in (2, 3):
        raise TypeError(
            f"Argument `{name}` must be (low, high) or with a unit, but is {_checks.show(given)}."
        )
    _check_known(name, given[:2])
    if not isinstance(given[-1], str) and len(given) == 3:
        raise TypeError(
            f"Argument `{name}` must have a text for its unit, but has {_checks.show(given[2])}."
        )
    low = float(_checks.scalar(f"{name}[0]", given[0]))
    high = float(_checks.scalar(f"{name}[1]", given[1]))
    if not low < high or not math.isfinite(high - low):
        raise ValueError(
            f"Argument `{name}` must have low < high, a finite way apart, but is "
            f"{_checks.show(given)}."
        )
    return low, high, {"units": given[2]} if len(given) == 3 else {}


def _some(axes: Mapping[str, Any]) -> Mapping[str, Any]:
    if not axes:
        raise ValueError("Argument `grid` must name at least one coordinate, but is empty.")
    names.check_coordinates(axes)
    return axes


def _coordinates(given: Mapping[str, Any]) -> dict[str, xr.DataArray]:
    return {name: _coordinate(name, values) for name, values in _some(given).items()}


def _check_room(points: int, coordinates: int) -> None:
    # At once there are the random numbers, what they become, and the same in another order.
    what = f"{_checks.show(points)} points with {coordinates} coordinates each"
    _memory.check_room("grid", 3 * 8 * points * coordinates, what)


def _check_known(name: str, given: Any) -> None:
    if not _checks.is_concrete(given):
        raise TypeError(
            f"Argument `grid` must be known before compilation, but `{name}` is traced: call "
            "qb.sweep outside of jit, grad and vmap."
        )


def _coordinate(name: str, given: Any) -> xr.DataArray:
    attributes: dict[str, Any] = {}
    if isinstance(given, xr.DataArray):
        attributes, given = dict(given.attrs), given.values
    elif isinstance(given, tuple) and len(given) == 2 and isinstance(given[1], str):
        attributes, given = {"units": given[1]}, given[0]
    _check_known(name, given)
    values = np.asarray(_checks.array(f"grid[{name!r}]", given, shape=("P",)))
    whole = np.asarray(given)
    if whole.dtype.kind in "iu" and (values.astype(object) != whole.astype(object)).any():
        raise ValueError(
            f"Argument `grid` must have integers that double precision holds, up to {2**53}, but "
            f"`{name}` has {max(map(abs, whole.tolist()))}."
        )
    return _array(name, values, _as_json(name, attributes))


def _as_json(name: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Makes attributes such as JSON has them, which is how a store keeps them."""
    plain = {key: a.tolist() if hasattr(a, "tolist") else a for key, a in attributes.items()}
    check_json(f"grid[{name!r}].attrs", plain)
    return plain


def _array(name: str, values: np.ndarray, attributes: Mapping[str, Any]) -> xr.DataArray:
    return xr.DataArray(values, dims=("point",), name=name, attrs=dict(attributes))
