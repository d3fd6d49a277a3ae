"""The batteries that there are, as data: how to make each from plain numbers, and charge it.

A wing lists an `Entry` for each of its batteries; `qbjax.batteries` adds them. Commands, sweep
files, the recipes of `qb.strategies` and the tests of all batteries read them here, and know of no
system.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from qbjax import _checks
from qbjax.protocols import Constant, Fourier, PiecewiseConstant, Sampled, SwitchOff

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Maker(NamedTuple):
    """A function of plain keyword arguments, which are numbers that may vary unless named here.

    Attributes:
        make: the function.
        sizes: arguments that are plain integers, or lists of them.
        words: texts, and numbers or lists that decide what is compiled.
        functions: functions, written FILE.py:NAME in files and commands.
        stream: whether it makes a protocol that ends of itself: a run is then given no times, and
            `looks`, an argument that nobody needs to know, says how often it is looked at.
    """

    make: Callable[..., Any]
    sizes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    stream: bool = False


class Example(NamedTuple):
    """A run of a battery that takes little time.

    Attributes:
        battery: arguments of its maker.
        protocol: kind of the protocol.
        settings: arguments of the protocol's maker.
        until: the end of the run; None for a stream.
        slope: an argument of the battery to differentiate by; None for none.
    """

    battery: Mapping[str, Any]
    protocol: str
    settings: Mapping[str, Any]
    until: float | None
    slope: str | None


class Entry(NamedTuple):
    """A battery of the catalogue.

    Attributes:
        name: in commands and files.
        battery: what makes it.
        protocols: kind to what makes such a protocol. Who takes one pump per control takes a list
            of them, too.
        example: a small run.
        recipes: name to a strategy of `qb.strategies`.
    """

    name: str
    battery: Maker
    protocols: Mapping[str, Maker]
    example: Example
    recipes: Mapping[str, Callable[..., Any]] = NOTHING


def _nothing() -> None:
    """Makes the protocol of a battery that nothing drives."""


UNDRIVEN: dict[str, Maker] = {"none": Maker(_nothing)}
"""The protocol that is left out."""

PUMPS: dict[str, Maker] = {
    "constant": Maker(Constant),
    "switch_off": Maker(SwitchOff),
    "segments": Maker(PiecewiseConstant),
    "samples": Maker(Sampled),
    "cosines": Maker(Fourier),
}
"""The protocols of a battery with a pump."""

_ENTRIES: dict[str, Entry] = {}


def add(*new: Entry) -> None:
    """Puts entries at the end of the catalogue.

    Args:
        new: entries with names that are not taken, and recipes likewise.

    Raises:
        ValueError: for a name that is taken.
    """
    for entry in new:
        if _ENTRIES.get(entry.name) is entry:  # its module ran twice
            continue
        if entry.name in _ENTRIES:
            raise ValueError(
                f"Argument `name` must be new, but {entry.name!r} is in the catalogue."
            )
        for recipe in entry.recipes:
            if recipe in recipes():
                raise ValueError(
                    f"Argument `recipes` must have new names, but {recipe!r} is in the catalogue."
                )
        _ENTRIES[entry.name] = entry


def entries() -> tuple[Entry, ...]:
    """Lists all entries, in the order in which they were added."""
    return tuple(_ENTRIES.values())


def entry(name: str | Any, argument: str = "battery") -> Entry:
    """Looks an entry up by its name.

    Args:
        name: of a battery.
        argument: what it was given for, for the error.

    Raises:
        ValueError: if there is no such entry.
    """
    return _ENTRIES[_checks.choice(argument, name, list(_ENTRIES))]


def protocols() -> dict[str, Maker]:
    """Collects the kinds of protocol that some battery takes."""
    return {kind: maker for entry in entries() for kind, maker in entry.protocols.items()}


def recipes() -> dict[str, Callable[..., Any]]:
    """Collects all recipes, by name."""
    return {name: recipe for entry in entries() for name, recipe in entry.recipes.items()}
