"""Checks of arguments that are no numbers, and values as sentences show them; part of `_checks`."""

import contextlib
import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

LONGEST = 60
"""Largest number of characters that show a value in a sentence."""


def show(value: Any) -> str:
    """Shows a value in a few characters, on one line, whatever it is.

    Example:
        >>> show([1.0, 2.0]), show(np.zeros((2, 3))), show(np.sin)
        ('[1.0, 2.0]', 'an array of float64 with shape (2, 3)', "<ufunc 'sin'>")
    """
    try:
        shape = tuple(value.shape) if hasattr(value, "dtype") else ()
        if shape:
            return f"an array of {value.dtype} with shape {shape}"
        text = " ".join(repr(value).split())
    except Exception:  # any object may fail to be shown, or be too large a number
        text = f"of type {type(value).__name__}"
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def instance(name: str, value: Any, kinds: type | tuple[type, ...], expected: str) -> None:
    """Checks that an argument is an instance of some class; `expected` says so in words."""
    if not isinstance(value, kinds):
        raise TypeError(f"Argument `{name}` must be {expected}, but is {show(value)}.")


def function(name: str, value: Any, call: str) -> None:
    """Checks that an argument can be called, like "save(t, state)"."""
    if not callable(value):
        raise TypeError(f"Argument `{name}` must be callable as {call}, but is {show(value)}.")


def flag(name: str, value: Any) -> bool:
    """Checks a True or False, of Python or NumPy; returns Python's."""
    instance(name, value, (bool, np.bool_), "True or False")
    return bool(value)


def sequence(name: str, value: Any) -> None:
    """Checks a list, tuple or array: something with a length and places."""
    try:
        len(value)
        listed = hasattr(value, "__getitem__") and not isinstance(value, str | bytes | Mapping)
    except Exception:  # what has no length says so in its own words
        listed = False
    if not listed:
        raise TypeError(f"Argument `{name}` must be a list, but is {show(value)}.")


def axes(value: Any) -> int:
    """Counts the axes of the array that a value would make: 0 for neither array nor list.

    Example:
        >>> axes(1.0), axes([[1.0], [1.0, 2.0]]), axes(np.zeros((2, 3)))
        (0, 2, 2)
    """
    if isinstance(value, list | tuple):
        return 1 + (axes(value[0]) if value else 0)
    shape = getattr(value, "shape", ())
    return len(shape) if isinstance(shape, tuple) else 0


def several(name: str, value: Any) -> list:
    """Returns the list of a sequence's elements, or of the one thing that is no sequence."""
    value = list(value) if isinstance(value, range) else value
    if axes(value) == 0 and not isinstance(value, str | bytes | Mapping):
        return [value]
    sequence(name, value)
    with contextlib.suppress(Exception):  # it is traced, which the check of its elements says
        # On the host, where it is known: each element of a JAX array would be a program.
        value = value if isinstance(value, list | tuple) else np.asarray(value)
    return list(value)


def choice(name: str, value: Any, options: Sequence[str]) -> str:
    """Checks one of a few words; the error for a near miss names the word that is near."""
    if isinstance(value, str) and value in options:
        return value
    hint = meant(value, options) if isinstance(value, str) else ""
    listed = ", ".join(repr(option) for option in options)
    raise ValueError(f"Argument `{name}` must be one of {listed}, but is {show(value)}{hint}.")


def meant(word: str, known: Iterable[str], spelled: Callable[[str], str] = repr) -> str:
    """Asks whether a word was to be another that is known and near; empty if there is none."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {spelled(near[0])}?)" if near else ""


def bounds_of(
    low: float | int | None, high: float | int | None, open_low: bool, open_high: bool
) -> str:
    """Spells bounds in words, such as "at least 0 and less than 1"."""
    below = None if low is None else f"{'greater than' if open_low else 'at least'} {low:g}"
    above = None if high is None else f"{'less than' if open_high else 'at most'} {high:g}"
    return " and ".join(part for part in (below, above) if part)
