"""The table `[grid]` of a described sweep."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from qbjax import _checks, _memory
from qbjax.studies import grids
from qbjax.studies.described_tables import listed
from qbjax.studies.grids import Grid

AXES = (("values",), ("from", "to", "points"))
BOXES = (("low", "high"),)
"""Forms in which a coordinate of drawn points may be given, `units` aside."""


def read(table: Mapping[str, Any], most: int | None) -> Grid:
    """Reads the table into a grid.

    Args:
        table: `kind`, a coordinate per name; `count` and `seed` if points are drawn.
        most: points that it may have; None for any number.

    Raises:
        ValueError, TypeError: for a bad coordinate, or too many points: those are counted
            before there is any.
    """
    kind = _checks.choice("kind", table.get("kind", "product"), list(_MAKERS))
    drawn = kind in ("random", "sobol")
    own = ("kind", "count", "seed") if drawn else ("kind",)
    given = {name: value for name, value in table.items() if name not in own}
    for name, said in given.items():
        _check_coordinate(name, said, BOXES if drawn else AXES)
    if drawn and "count" not in table:
        raise ValueError(f"Argument `count` must be given for {kind} points, but is left out.")
    sizes = [_size(name, said) for name, said in given.items()]
    sizes = [_checks.integer("count", table["count"], low=1)] if drawn else sizes
    count = math.prod(sizes) if kind == "product" else max(sizes, default=0)
    if most is not None and count > most:
        raise ValueError(
            f"Argument `grid` must have at most {most} points unless you say --yes, but has "
            f"{count}."
        )
    _memory.check_room("grid", 8.0 * max([count, *sizes]), f"{_checks.show(count)} points")
    more = {name: table[name] for name in ("count", "seed") if drawn and name in table}
    made = {name: (_box if drawn else _axis)(name, said) for name, said in given.items()}
    return _MAKERS[kind](**more, **made)


_MAKERS: dict[str, Callable[..., Grid]] = {
    "product": grids.product,
    "zipped": grids.zipped,
    "random": grids.random,
    "sobol": grids.sobol,
}


def _check_coordinate(name: str, said: Any, forms: tuple[tuple[str, ...], ...]) -> None:
    shapes = " or ".join("{ " + ", ".join(form) + " }" for form in forms)
    if not isinstance(said, Mapping):
        raise TypeError(
            f"Argument `{name}` must be {shapes}, with units or without, but is {said!r}."
        )
    listed(said, [*(key for form in forms for key in form), "units"])
    if set(said) - {"units"} not in [set(form) for form in forms]:
        has = ", ".join(said) or "nothing"
        raise ValueError(
            f"Argument `{name}` must be {shapes}, with units or without, but has {has}."
        )
    if not isinstance(said.get("units", ""), str):
        raise TypeError(f"Argument `{name}.units` must be a text, but is {said['units']!r}.")


def _size(name: str, said: Mapping[str, Any]) -> int:
    if "points" in said:
        return _checks.integer(f"{name}.points", said["points"], low=2)
    return len(said["values"]) if isinstance(said.get("values"), list) else 1


def _axis(name: str, said: Mapping[str, Any]) -> Any:
    if "values" in said:
        values = np.asarray(_checks.array(f"{name}.values", said["values"], shape=("P",)))
    else:
        start, end = (float(_checks.scalar(f"{name}.{k}", said[k])) for k in ("from", "to"))
        values = np.linspace(start, end, said["points"])
    return (values, said["units"]) if "units" in said else values


def _box(name: str, said: Mapping[str, Any]) -> tuple:
    return (said["low"], said["high"], *([said["units"]] if "units" in said else []))
