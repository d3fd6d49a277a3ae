"""The tables `[battery]`, `[protocol]` and `[charge]` of a described sweep: what is called, with
numbers that are fixed and numbers that are coordinates of the grid."""

import difflib
import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from qbjax import _checks
from qbjax.algebra import ladders
from qbjax.batteries import DOPO, Battery, Collisional, micromaser
from qbjax.protocols import Collisions, Constant, SwitchOff


class Numbers(NamedTuple):
    """Which arguments are anything but numbers that may vary.

    Attributes:
        sizes: plain integers.
        words: texts, or numbers that decide what is compiled.
    """

    sizes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


class Part(NamedTuple):
    """A call whose arguments are numbers, or the names of coordinates.

    Attributes:
        make: what is called.
        fixed: argument to value.
        swept: argument to coordinate.
    """

    make: Callable
    fixed: dict[str, Any]
    swept: dict[str, str]

    @classmethod
    def read(
        cls,
        make: Callable,
        numbers: Numbers,
        table: Mapping[str, Any],
        names: Sequence[str],
        hidden: Mapping[str, Any] | None = None,
    ) -> "Part":
        """The call that a table describes.

        Args:
            make: what is called.
            numbers: which of its arguments are no varying numbers.
            table: argument to number, or to the name of a coordinate; `kind` is passed over.
            names: of the coordinates.
            hidden: arguments that the table does not say.

        Raises:
            ValueError, TypeError: for an argument that `make` does not know or that is missing,
                a size that is no integer, a name that no coordinate has.
        """
        parameters = inspect.signature(make).parameters
        known = [name for name in parameters if name not in (hidden or {})]
        given = {name: value for name, value in table.items() if name != "kind"}
        listed(given, known)
        empty = inspect.Parameter.empty
        for name in known:
            if parameters[name].default is empty and name not in given:
                raise ValueError(f"Argument `{name}` must be given, but is left out.")
        fixed, swept = dict(hidden or {}), {}
        for name, value in given.items():
            if name in numbers.sizes:
                fixed[name] = _checks.integer(name, value, low=1)
            elif isinstance(value, str) and name not in numbers.words:
                swept[name] = _coordinate(name, value, names)
            else:
                fixed[name] = value
        return cls(make, fixed, swept)

    def at(self, point: Mapping[str, Any]) -> Any:
        """The call at a point: coordinate to value."""
        return self.make(**self.fixed, **{name: point[c] for name, c in self.swept.items()})


@contextmanager
def naming(table: str) -> Iterator[None]:
    """Errors say which table they are about."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise _plain(error)(f"{str(error).rstrip('.')}, in {table}.") from error


def _plain(error: ValueError | TypeError) -> type[ValueError] | type[TypeError]:
    return ValueError if isinstance(error, ValueError) else TypeError


def listed(given: Collection[str], known: Sequence[str]) -> None:
    """Whether every key is known.

    Args:
        given, known: keys.

    Raises:
        ValueError: for the first that is not, with one that is like it.
    """
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" (did you mean `{near[0]}`?)" if near else ""
            raise ValueError(
                f"Argument `{name}` must be one of {', '.join(known)}, but is none of them{hint}."
            )


def kind_of(table: Mapping[str, Any], kinds: Iterable[str]) -> str:
    """The kind that a table says.

    Args:
        table: with `kind`.
        kinds: that there are.

    Raises:
        ValueError: for another, or none.
    """
    if "kind" not in table:
        raise ValueError(f"Argument `kind` must be one of {', '.join(kinds)}, but is left out.")
    return _checks.choice("kind", table["kind"], list(kinds))


def battery_part(table: Mapping[str, Any], names: Sequence[str]) -> Part:
    """The battery.

    Args:
        table: `kind` and the arguments of that battery.
        names: of the coordinates.

    Raises:
        ValueError, TypeError: as `Part.read`; for an unknown kind.
    """
    make, numbers = BATTERIES[kind_of(table, BATTERIES)]
    return Part.read(make, numbers, table, names)


def protocol_part(table: Mapping[str, Any], battery: str, names: Sequence[str], looks: int) -> Part:
    """The protocol.

    Args:
        table: `kind` and the arguments of that protocol.
        battery: the kind of battery it is for.
        names: of the coordinates.
        looks: how often a stream of qubits is looked at.

    Raises:
        ValueError, TypeError: as `Part.read`; for a kind that does not charge such a battery.
    """
    kinds = ["constant", "switch_off"] if battery == "dopo" else ["collisions"]
    make, numbers = _PROTOCOLS[kind_of(table, kinds)]
    hidden = {"looks": looks} if make is _collisions else {}
    return Part.read(make, numbers, table, names, hidden)


def _coordinate(argument: str, name: str, names: Sequence[str]) -> str:
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    raise ValueError(
        f"Argument `{argument}` must be a number or a coordinate of the grid ({', '.join(names)}), "
        f"but is {name!r}{hint}."
    )


def _collisional(
    ladder="oscillator", levels=None, spin=None, loss=0, thermal=0, counter_rotating=0,
    clock="restarts",
) -> Battery:  # fmt: skip
    _checks.choice("ladder", ladder, ("oscillator", "spin", "uniform"))
    wanted, other = ("spin", "levels") if ladder == "spin" else ("levels", "spin")
    size, excess = (spin, levels) if ladder == "spin" else (levels, spin)
    if size is None:
        raise ValueError(f"Argument `{wanted}` must be given for the ladder, but is left out.")
    if excess is not None:
        raise ValueError(f"Argument `{other}` must be left out for the ladder, but is {excess!r}.")
    made = {"oscillator": ladders.oscillator, "spin": ladders.spin, "uniform": ladders.uniform}
    # Inside a trace even a plain j = 2.5 would be traced.
    with jax.ensure_compile_time_eval():
        whole = made[ladder](size)
    return Collisional(whole, loss, thermal, counter_rotating, clock)


def _collisions(theta, count, looks, ground_population=0, coherence=0, phase=0) -> Collisions:
    angle = _checks.scalar("theta", theta, low=0)
    every = max(1, count // looks)
    return Collisions(jnp.full(count, angle), ground_population, coherence, phase, every)


BATTERIES: dict[str, tuple[Callable, Numbers]] = {
    "dopo": (DOPO, Numbers(("signal_levels", "pump_levels"), ("frame",))),
    "collisional": (_collisional, Numbers(("levels",), ("ladder", "spin", "clock"))),
    "micromaser": (micromaser, Numbers(("levels",))),
}
_PROTOCOLS: dict[str, tuple[Callable, Numbers]] = {
    "constant": (Constant, Numbers()),
    "switch_off": (SwitchOff, Numbers()),
    "collisions": (_collisions, Numbers(("count",))),
}
