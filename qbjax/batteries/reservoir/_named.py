"""A named density in a reservoir: what it must fit to, and the mesh that it needs."""

import dataclasses
from typing import Any

import numpy as np

from qbjax import _checks
from qbjax.batteries.reservoir import _band as bands
from qbjax.batteries.reservoir._response import Scale
from qbjax.batteries.reservoir._uniform import PHASE
from qbjax.batteries.reservoir.densities import NamedDensity
from qbjax.interface.info import number


def checked(density: NamedDensity, emitters: int, band: Any) -> NamedDensity:
    """Checks that a density fits to emitters, and that nobody gave it another band.

    Raises:
        ValueError: if not.
    """
    if bands.checked(band) != bands.EVERY:
        raise ValueError(
            "Argument `band` must be left out for a density that has a name, and a band of its "
            f"own, but is {band}."
        )
    size = density.patterns(emitters).shape[1]
    if size != emitters:
        raise ValueError(
            f"Argument `J` must have one site for each of {emitters} emitters, but has {size}."
        )
    return density


def told(density: NamedDensity | None) -> dict[str, str]:
    """The row of `info` about a named density; none for another."""
    if density is None:
        return {}
    values = {f.name: getattr(density, f.name) for f in dataclasses.fields(density)}
    words = {
        n: x if isinstance(x, bool | tuple) else number(x)
        for n, x in values.items()
        if x is not None
    }
    numbers = (f"{name}={word}" for name, word in words.items())
    return {"density": f"{type(density).__name__}({', '.join(numbers)})"}


def scale(density: NamedDensity, frequencies: Any, couplings: Any) -> Scale | None:
    """Reads the fastest rate and the strength off numbers, on the host; None if they are traced."""
    if not _checks.is_concrete((density, frequencies, couplings)):
        return None
    strength = float(np.sum(np.asarray(couplings) ** 2)) * float(density.weight)
    fastest = max(float(np.max(np.asarray(frequencies))), float(density.fastest))
    return Scale(fastest, strength)


def longest_step(step: float | None, known: Scale | None) -> float:
    """The step that was given, or else what turns by `PHASE` at the fastest rate, bare or dressed.

    Raises:
        TypeError: if there is no step, and nothing is known.
    """
    if step is not None:
        return step
    if known is None:
        raise TypeError(
            "Argument `step` must be given where a density's numbers, frequencies or couplings are "
            "traced (under grad or vmap, in a sweep), e.g. 2 over the fastest rate, but is None."
        )
    return PHASE / (known.highest + np.sqrt(known.strength))
