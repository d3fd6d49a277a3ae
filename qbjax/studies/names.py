"""Names of coordinates and of values, and attributes: those that a store can have, on any system.

One rule for sweeps in memory and in a store, so that either may become the other.
"""

import json
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from qbjax import _checks

LONGEST = 200
"""Most bytes of a name; file systems have 255, and zarr adds to them while it writes."""
STORE = ("axes", "zarr.json")
DATASET = ("point", "order")
NEWS = ("status", "truncation", "steps")
"""Names of the variables that every swept dataset has."""

_FORBIDDEN = '/\\:*?"<>|'
_DEVICES = {"con", "prn", "aux", "nul", *(f"{d}{i}" for d in ("com", "lpt") for i in range(1, 10))}


def fault(name: object) -> str | None:
    """Says what is wrong with a name; None for one that is right.

    Example:
        >>> fault("ergotropy"), fault("a/b")
        (None, "has '/' in it")
    """
    if not isinstance(name, str):
        return "is no text"
    if not name:
        return "is empty"
    control = [c for c in name if c in _FORBIDDEN or unicodedata.category(c) in ("Cc", "Cs")]
    if control:
        return f"has {control[0]!r} in it"
    if name[0] in ". " or name[-1] in ". " or name.startswith("__"):
        return "begins or ends as no file of data may (with a dot, a space, or two underscores)"
    if name in STORE or name.split(".")[0].casefold() in _DEVICES:
        return "is taken by files of another kind"
    if len(name.encode()) > LONGEST:
        return f"is longer than {LONGEST} bytes"
    return None


def check_coordinates(names: Iterable[object]) -> None:
    """Checks that coordinates can be called so."""
    names = list(names)
    for name in names:
        if (wrong := fault(name)) is not None:
            kind = ValueError if isinstance(name, str) else TypeError
            raise kind(
                f"Argument `grid` must have names that files can have, but {_checks.show(name)} "
                f"{wrong}."
            )
        if name in (*DATASET, *NEWS):
            raise ValueError(
                f"Argument `{name}` must have another name, but that of a result is taken."
            )
    check_distinct("grid", names)


def check_distinct(argument: str, names: Iterable[object]) -> None:
    """Checks that names differ, also for file systems that compose accents in their own way."""
    seen: dict[str, object] = {}
    for name in names:
        other = seen.setdefault(unicodedata.normalize("NFC", str(name)), name)
        if other is not name and other != name:
            raise ValueError(
                f"Argument `{argument}` must have names that differ, but {other!r} and {name!r} "
                "are the same letters."
            )


def check_json(name: str, value: Any) -> None:
    """Refuses a value that JSON cannot hold."""
    try:
        _check_keys(value)
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"Argument `{name}` must be what JSON can hold, but: {error}.") from None


def _check_keys(value: Any) -> None:
    """Refuses keys that are no text: JSON would make a text of any, and 1 and "1" the same."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise TypeError(f"the key {key!r} is no text")
            _check_keys(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check_keys(inner)
