"""Checks of a table's keys and kind, with errors that name the table."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from qbjax import _checks


@contextmanager
def naming(table: str) -> Iterator[None]:
    """Adds the table that an error is about to its sentence."""
    try:
        yield
    except (ValueError, TypeError) as error:
        kind = ValueError if isinstance(error, ValueError) else TypeError
        raise kind(f"{str(error).rstrip('.')}, in {table}.") from error


def listed(given: Collection[str], known: Sequence[str]) -> None:
    """Checks that every key is known.

    Args:
        given, known: keys.

    Raises:
        ValueError: for the first that is not, with one that is like it.
    """
    for name in given:
        if name not in known:
            hint = _checks.meant(name, known, "`{}`".format)
            raise ValueError(
                f"Argument `{name}` must be one of {', '.join(known)}, but is none of them{hint}."
                if known
                else f"Argument `{name}` must be left out where nothing is asked for, but is given."
            )


def kind_of(table: Mapping[str, Any], kinds: Iterable[str]) -> tuple[Any, dict[str, Any]]:
    """Takes the kind out of a table, and gives the rest beside it.

    Args:
        table: with `kind`.
        kinds: that there are, for the error.

    Raises:
        ValueError: if there is no `kind`.
    """
    if "kind" not in table:
        raise ValueError(f"Argument `kind` must be one of {', '.join(kinds)}, but is left out.")
    return table["kind"], {name: value for name, value in table.items() if name != "kind"}
