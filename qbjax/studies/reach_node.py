"""One object as a label and named parts: what `reach` makes of everything."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

IMPORTED = {
    "__name__", "__doc__", "__package__", "__loader__", "__spec__", "__file__", "__cached__",
    "__path__", "__builtins__", "__annotations__", "__module__", "__qualname__",
}  # fmt: skip
"""Names that say where something comes from, and not what it does."""
HEAP = 1 << 9
"""Flag of a class that Python made; the others are written in C."""
PICKLED = "made"
"""Label of an object of a library that counts by what it gives to `pickle`."""


class Node(NamedTuple):
    """One object, taken apart into a label and parts.

    Attributes:
        label: all that it is but for its parts.
        parts: names and values.
        ordered: whether the order of the parts counts.
        library: module of the library that it belongs to, if it counts with a version.
    """

    label: str
    parts: Sequence[tuple[str, Any]] = ()
    ordered: bool = True
    library: str = ""


class Installed(NamedTuple):
    """A module of a library that may not have been imported yet."""

    name: str


class Opaque(Exception):
    """The error for an object that cannot be looked into; says what it is."""


def home(value: Any) -> str:
    """The module and name from which a class or function says that it comes."""
    return f"{value.__module__}.{value.__qualname__}"


def numbered(values: Iterable[Any]) -> list[tuple[str, Any]]:
    """Numbers parts that have no names of their own."""
    return [(str(i), value) for i, value in enumerate(values)]
