"""Facts that a battery found in what it was given, as data that prints as a table."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from qbjax import _checks, _setup
from qbjax.dynamics.generator import kets
from qbjax.dynamics.generator.lindblad import Generator
from qbjax.dynamics.record.provenance import environment
from qbjax.dynamics.solve import automatic


class Info(dict[str, Any]):
    """A dictionary whose text is a table, a row per entry.

    Example:
        >>> Info({"levels": 12, "arithmetic": "real"})
        levels      12
        arithmetic  real
    """

    def __repr__(self):
        width = max(map(len, self), default=0)
        return "\n".join(f"{name:{width}}  {value}" for name, value in self.items())


def info() -> Info:
    """Versions, device and precision of this process, and the folder of its compiled programs.

    Example:
        >>> info()["dtype"]
        'float64'
    """
    folder = _setup.cache_folder()
    return Info(environment() | {"cache_folder": "none" if folder is None else str(folder)})


def of(battery: Any, facts: Mapping[str, Any]) -> Info:
    """Joins the rows that every battery has with those of its own."""
    rows = {"battery": type(battery).__name__, "numbers": _numbers(battery)}
    known = facts["cell"] if "cell" in facts else f"{battery.cell_hamiltonian.shape[0]} levels"
    rows |= {"cell": known, **facts}
    rows.setdefault("method", "Tsit5")
    return Info(rows)


def of_generator(generator: Generator, *, real: bool, ket: bool = False) -> dict[str, str]:
    """Rows about a Lindblad generator.

    Args:
        generator: with the structure that is looked at.
        real: whether the state it moves is real.
        ket: whether that is a ket.
    """
    structure = generator.structure
    if kets.by_shifts(structure) if ket else generator.banded:
        offsets = {d.offset for s in structure.sectors for d in s.drifts}
        padded = len(structure.sizes) * max(structure.sizes) ** 2
        shifts = len(structure.sectors[0].drifts) if ket else structure.reads // padded
        storage = f"banded: {plural(len(offsets), 'diagonal')}, {plural(shifts, 'shift')}"
    else:
        storage = "dense: matrix products"
    arithmetic = "real" if real and generator.real else "complex, as two real parts"
    return {"storage": storage, "arithmetic": arithmetic}


def method(size: int, *, linear: bool, driven: bool) -> str:
    """The method that solves an equation by default (`dynamics.solve.automatic`), in words.

    Args:
        size: real numbers in the state that is moved.
        linear: whether it is linear, and constant in time wherever the protocol is.
        driven: whether there is a protocol.

    Example:
        >>> method(400, linear=True, driven=True)
        'Chebyshev for protocols constant between edges, else Tsit5'
    """
    if not linear:
        return "Tsit5"
    known = automatic.Linear(lambda t, y: y, lambda t: (0.0, 0.0))
    name = type(automatic.method(None, size, 1, known, "reverse")).__name__
    if driven and name == "Exponential":  # many different spans are too many exponentials
        name = "Exponential or Chebyshev"
    return f"{name} for protocols constant between edges, else Tsit5" if driven else name


def number(value: Any) -> str:
    """Writes a number as text, if it is known.

    Example:
        >>> number(np.float64(0.5))
        '0.5'
    """
    return f"{value:g}" if _checks.is_concrete(value) else "traced"


def plural(count: int, noun: str) -> str:
    """Counts a noun in words.

    Example:
        >>> plural(1, "jump"), plural(2, "jump")
        ('1 jump', '2 jumps')
    """
    return f"{count} {noun}" + ("" if count == 1 else "s")


def _numbers(battery) -> str:
    """Lists the scalars among a battery's fields."""
    fields = {f.name: getattr(battery, f.name) for f in dataclasses.fields(battery)}
    found = {name: value for name, value in fields.items() if _is_scalar(value)}
    return ", ".join(f"{name}={number(value)}" for name, value in found.items()) or "none"


def _is_scalar(value: Any) -> bool:
    kinds = (int, float, np.number, np.ndarray, jax.Array)
    return isinstance(value, kinds) and not isinstance(value, bool) and np.ndim(value) == 0
