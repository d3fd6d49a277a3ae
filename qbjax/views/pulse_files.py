"""Pulses in files: TOML that makes a pulse again to the bit, or columns of samples."""

import inspect
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from qbjax import _checks
from qbjax.protocols import BoundedFourier, Fourier, PiecewiseConstant, Pulse, Sampled
from qbjax.views.report import is_number


def to_toml(pulse: Pulse) -> str:
    """Writes a real pulse as TOML, in numbers that read as the same bits.

    Example:
        >>> print(to_toml(PiecewiseConstant([0.5, 2.0], duration=4.0)), end="")
        # use with: qbjax charge dopo --pulse pulse.toml
        kind = "segments"
        amplitudes = [0.5, 2.0]
        duration = 4.0
        start = 0.0
    """
    if pulse.is_complex or not isinstance(pulse, (*_CLASSES.values(), BoundedFourier)):
        raise TypeError(
            "Argument `pulse` must be real segments, samples or cosines, but is "
            f"{'complex' if pulse.is_complex else f'a {type(pulse).__name__}'}."
        )
    kind, numbers = _described(pulse)
    lines = ["# use with: qbjax charge dopo --pulse pulse.toml", f'kind = "{kind}"']
    lines += [f"{name} = {np.asarray(value).tolist()!r}" for name, value in numbers.items()]
    return "\n".join(lines) + "\n"


def read(path: Path) -> Pulse:
    """Reads the pulse in a file: the TOML of `to_toml`, or else two columns.

    The columns, separated by commas, semicolons or blanks, are the times and amplitudes of a
    `Sampled` pulse. A first line of headings, and what follows a #, are left out.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        return _from_toml(text) if path.suffix.lower() == ".toml" else Sampled(*_columns(text))
    except UnicodeDecodeError as error:
        raise ValueError(f"Argument `pulse` must be a text file, but {path} is not.") from error
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"Argument `pulse` must be TOML, but {path} is not: {error}.") from error
    except (ValueError, TypeError) as error:
        raise ValueError(f"{str(error).rstrip('.')}, in {path}.") from error


def _bounded(coefficients, shift, duration, peak, start) -> BoundedFourier:
    return BoundedFourier((coefficients, shift), duration, peak, start)


_CLASSES = {"segments": PiecewiseConstant, "samples": Sampled, "cosines": Fourier}
_MAKERS: dict[str, Callable[..., Pulse]] = {**_CLASSES, "bounded cosines": _bounded}
_NUMBERS = {kind: tuple(inspect.signature(make).parameters) for kind, make in _MAKERS.items()}


def _described(pulse) -> tuple[str, dict[str, Any]]:
    if isinstance(pulse, BoundedFourier):
        values = (*pulse.series, pulse.duration, pulse.limit, pulse.start)
        return "bounded cosines", dict(zip(_NUMBERS["bounded cosines"], values, strict=True))
    kind = next(kind for kind, made in _CLASSES.items() if isinstance(pulse, made))
    return kind, {name: getattr(pulse, name) for name in _NUMBERS[kind]}


def _from_toml(text: str) -> Pulse:
    given = tomllib.loads(text)
    kind = _checks.choice("kind", given.pop("kind", None), list(_MAKERS))
    if set(given) != set(_NUMBERS[kind]):
        raise ValueError(
            f"Argument `pulse` must have {', '.join(_NUMBERS[kind])} as it is of the kind "
            f"{kind!r}, but has {', '.join(given) or 'nothing'}"
        )
    return _MAKERS[kind](**given)


def _columns(text: str) -> tuple[list[float], list[float]]:
    lines = [line.partition("#")[0] for line in text.splitlines()]
    split = [[w for w in re.split(r"[,;\s]+", line) if w] for line in lines]
    rows = [(number, words) for number, words in enumerate(split, start=1) if words]
    if rows and not any(map(is_number, rows[0][1])):
        rows = rows[1:]
    for number, words in rows:
        if len(words) != 2 or not all(map(is_number, words)):
            raise ValueError(
                "Argument `pulse` must have two columns of numbers, times and amplitudes, but "
                f"line {number} is {lines[number - 1].strip()[:40]!r}"
            )
    return [float(time) for _, (time, _) in rows], [float(value) for _, (_, value) in rows]
