"""Batteries and protocols from plain arguments: tables of a sweep file, options of a command.

In a sweep some of the numbers are coordinates of its grid.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp

from qbjax import _checks
from qbjax.batteries import Battery
from qbjax.interface import catalogue
from qbjax.interface.catalogue import Maker
from qbjax.studies import own
from qbjax.studies.described_tables import listed

HERE = Path()


class Part(NamedTuple):
    """A call whose arguments are numbers, or the names of coordinates.

    Attributes:
        maker: what is called.
        fixed: argument to value.
        swept: argument to coordinate, or to a list with coordinates among its numbers.
        word: what the part is, for errors.
        file: where a part of one's own is from; None for one of the catalogue.
    """

    maker: Maker
    fixed: dict[str, Any]
    swept: dict[str, Any]
    word: str = ""
    file: Path | None = None

    def at(self, point: Mapping[str, Any]) -> Any:
        """Makes the call at a point: coordinate to value."""
        arguments = self.fixed | {name: _value(said, point) for name, said in self.swept.items()}
        if self.file is None:
            return self.maker.make(**arguments)
        with own.blaming(self.word, self.file):
            made = self.maker.make(**arguments)
        if self.word == "battery":
            expected = f"a Battery, or a function that returns one, in {self.file}"
            _checks.instance("battery", made, Battery, expected)
        return made

    @property
    def coordinates(self) -> set[str]:
        """The coordinates that it uses."""
        return {name for said in self.swept.values() for name in _texts_in(said)}


class Together(NamedTuple):
    """Parts that make a tuple: one pump per control."""

    parts: tuple[Part, ...]

    def at(self, point: Mapping[str, Any]) -> tuple[Any, ...]:
        """Makes every call at a point."""
        return tuple(part.at(point) for part in self.parts)

    @property
    def coordinates(self) -> set[str]:
        """The coordinates that any part uses."""
        return set().union(*(part.coordinates for part in self.parts))


class Reader(NamedTuple):
    """A reader of tables, which turns them into parts.

    Attributes:
        names: of the coordinates; empty where every number is fixed.
        folder: that files of one's own are in, unless their path is absolute.
        looks: how often a stream of qubits is looked at; None for always.
    """

    names: Sequence[str] = ()
    folder: Path = HERE
    looks: int | None = None

    def battery(self, kind: str | Any, given: Mapping[str, Any], argument: str = "kind") -> Part:
        """Reads a battery of the catalogue, or one of one's own.

        Args:
            kind: its name, or FILE.py:NAME.
            given: the arguments of its maker.
            argument: what the kind was given for, for errors.

        Raises:
            ValueError, TypeError: as `call`; for an unknown kind.
        """
        makers = {entry.name: entry.battery for entry in catalogue.entries()}
        return self._part("battery", kind, given, makers, argument)

    def protocol(
        self,
        battery: str,
        said: Sequence[tuple[str | Any, Mapping[str, Any]]],
        *,
        together: bool,
        argument: str = "kind",
    ) -> "Part | Together":
        """Reads a protocol, or one for each control.

        Args:
            battery: the kind of battery it is for.
            said: kinds and arguments; none if the protocol is left out, where that can be.
            together: whether there may be several.
            argument: what the kinds were given for, for errors.

        Raises:
            ValueError, TypeError: as `call`; for a kind that does not charge such a battery.
        """
        kinds = protocols_of(battery)
        if not said and "none" not in kinds:
            raise ValueError("Argument `protocol` must be given, but is left out.")
        parts = [self._part("protocol", kind, given, kinds, argument) for kind, given in said]
        if together:
            return Together(tuple(parts))
        return parts[0] if parts else self.call(kinds["none"], {})

    def call(self, maker: Maker, given: Mapping[str, Any]) -> Part:
        """Reads the arguments of a maker.

        Args:
            maker: what is called.
            given: argument to number, to the name of a coordinate, or to a list of such.

        Raises:
            ValueError, TypeError: for an argument that is not known or that is missing, a size
                that is no integer, a name that no coordinate has.
        """
        hidden = {"looks": self.looks} if maker.stream else {}
        parameters = {n: p for n, p in arguments_of(maker).items() if n not in hidden}
        listed(given, list(parameters))
        for name, parameter in parameters.items():
            if parameter.default is parameter.empty and name not in given:
                raise ValueError(f"Argument `{name}` must be given, but is left out.")
        fixed: dict[str, Any] = dict(hidden)
        swept = {}
        for name, value in given.items():
            if name in maker.sizes:
                fixed[name] = _size(name, value)
            elif name in maker.functions:
                fixed[name] = self._function(name, value)
            elif name not in maker.words and (texts := _texts_in(value)):
                for text in texts:
                    _check_coordinate(name, text, self.names)
                swept[name] = value
            else:
                fixed[name] = value
        return Part(maker, fixed, swept)

    def _part(self, word, kind, given, makers: Mapping[str, Maker], argument) -> Part:
        maker, file = maker_of(word, kind, makers, argument, self.folder)
        return self.call(maker, given)._replace(word=word, file=file)

    def _function(self, name: str, value: Any) -> Callable[..., Any]:
        place = own.place(value, name, self.folder)
        function = value if place is None else own.found(name, place)
        _checks.function(name, function, f"{name}(x), and written FILE.py:NAME")
        return function


def maker_of(
    word: str, kind: Any, makers: Mapping[str, Maker], argument: str = "kind", folder: Path = HERE
) -> tuple[Maker, Path | None]:
    """Finds the maker of a kind, and the file that it is from if it is one's own.

    Args:
        word: what it makes: "battery" or "protocol".
        kind: one of the makers, or FILE.py:NAME: a thing, or a function that returns one.
        makers: by kind.
        argument: what the kind was given for, for errors.
        folder: of files.

    Raises:
        ValueError: for an unknown kind, or as `own.found`.
    """
    place = own.place(kind, word, folder)
    if place is None:
        return makers[_checks.choice(argument, kind, list(makers))], None
    thing = own.found(word, place)
    if callable(thing):
        return Maker(thing, words=_words_of(thing)), place.path
    return Maker(lambda: thing), place.path


def check_end(protocol: Part | Together, given: bool, argument: str) -> None:
    """Checks that a run's end is given where it needs one; of one's own protocols nothing is known.

    Args:
        protocol: of the run.
        given: whether there is an end.
        argument: its name, for errors.

    Raises:
        ValueError: if it must be given, or left out.
    """
    if isinstance(protocol, Part) and protocol.file is not None:
        return
    stream = isinstance(protocol, Part) and protocol.maker.stream
    if not stream and not given:
        raise ValueError(f"Argument `{argument}` must be given, but is left out.")
    if stream and given:
        raise ValueError(
            f"Argument `{argument}` must be left out for collisions, which end of themselves, but "
            "is given."
        )


def arguments_of(maker: Maker) -> dict[str, inspect.Parameter]:
    """Finds the arguments of a maker that can be given by their names."""
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = inspect.signature(maker.make).parameters
    return {name: parameter for name, parameter in parameters.items() if parameter.kind in named}


def protocols_of(battery: str) -> Mapping[str, Maker]:
    """Finds the kinds of protocol for a kind of battery; one's own says itself what fits."""
    if own.place(battery, "battery") is not None:
        return catalogue.protocols()
    return catalogue.entry(battery).protocols


def _size(name: str, value: Any) -> int | tuple[int, ...]:
    if isinstance(value, list | tuple):
        return tuple(_checks.integer(name, one, low=0) for one in value)
    return _checks.integer(name, value, low=0)


def _words_of(function: Callable[..., Any]) -> tuple[str, ...]:
    """Finds the arguments of a function that are texts, by their annotation or default."""
    parameters = inspect.signature(function).parameters.values()
    return tuple(
        p.name for p in parameters if p.annotation in (str, "str") or isinstance(p.default, str)
    )


def _texts_in(said: Any) -> list[str]:
    """Finds the texts in a value, which may be one itself, or a list with some."""
    if isinstance(said, list | tuple):
        return [text for one in said for text in _texts_in(one)]
    return [said] if isinstance(said, str) else []


def _value(said: Any, point: Mapping[str, Any]) -> Any:
    """Puts numbers in place of coordinates."""
    if isinstance(said, list | tuple):
        return jnp.stack([jnp.asarray(_value(one, point), float) for one in said])
    return point[said] if isinstance(said, str) else said


def _check_coordinate(argument: str, name: str, names: Sequence[str]) -> None:
    if name in names:
        return
    if not names:
        raise ValueError(f"Argument `{argument}` must be a number, but is {name!r}.")
    raise ValueError(
        f"Argument `{argument}` must be a number or a coordinate of the grid ({', '.join(names)}), "
        f"but is {name!r}{_checks.meant(name, names)}."
    )
