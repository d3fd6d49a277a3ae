r"""Ladders of equally spaced levels, and the couplings of neighbours.

A ladder has levels n = 0 … N−1, a unit apart, and a lowering operator
$A|n\rangle = a_n|n-1\rangle$:

| ladder | $a_n$ | levels |
|---|---|---|
| `oscillator(N)` | $\sqrt n$ | the lowest N of infinitely many |
| `spin(j)` | $\sqrt{n(2j + 1 - n)}$ | all 2j + 1, counted from $|j,-j\rangle$ |
| `uniform(N)` | 1 | all N |

The $a_n^2$ are whole numbers, so that couplings are exact for any size. Spins and uniform ladders
are whole: batteries of so many levels. An oscillator is cut off, and results depend on where.

Reference: R. Salvia, M. Perarnau-Llobet, G. Haack, N. Brunner and S. Nimmrichter, "Quantum
advantage in charging cavity and spin batteries by repeated interactions" (2023), Secs. II, V and
App. B (uniform).
"""

from typing import Any

import equinox as eqx
import numpy as np
from jaxtyping import Float

from qbjax import _checks
from qbjax._types import Operator


class Ladder(eqx.Module):
    """Equally spaced levels; made by `oscillator`, `spin` or `uniform`.

    Attributes:
        kind: "oscillator", "spin" or "uniform".
        size: N, the number of levels.
    """

    kind: str = eqx.field(static=True)
    size: int = eqx.field(static=True)

    @property
    def squared_couplings(self) -> Float[np.ndarray, " links"]:
        """Squared couplings $a_n^2$ for n = 1 … N−1: whole numbers."""
        n = np.arange(1, self.size)
        squares = {"oscillator": n, "spin": n * (self.size - n), "uniform": np.ones_like(n)}
        return squares[self.kind].astype(float)

    @property
    def couplings(self) -> Float[np.ndarray, " links"]:
        """Couplings $a_n$ of neighbouring levels for n = 1 … N−1."""
        return np.sqrt(self.squared_couplings)

    @property
    def levels(self) -> Float[np.ndarray, " N"]:
        """Energies above the ground state, in units of the level spacing."""
        return np.arange(float(self.size))

    @property
    def lowering(self) -> Operator:
        """The lowering operator A, (N, N).

        Example:
            >>> oscillator(3).lowering.round(4).tolist()
            [[0.0, 1.0, 0.0], [0.0, 0.0, 1.4142], [0.0, 0.0, 0.0]]
        """
        return np.diag(self.couplings, 1)

    @property
    def is_whole(self) -> bool:
        """Whether the ladder ends by itself, so that no truncation is involved."""
        return self.kind != "oscillator"

    def resized(self, size: int) -> "Ladder":
        """Makes a ladder of the same kind with another number of levels.

        Raises:
            TypeError: for a whole ladder, which is another system then.
        """
        if self.is_whole:
            raise TypeError(
                f"Argument `size` must be left alone for a {self.kind} ladder: {self.size} levels "
                "are all there are."
            )
        return Ladder(self.kind, size)


def oscillator(size: int | Any) -> Ladder:
    r"""The lowest levels of a harmonic oscillator, $a_n = \sqrt n$.

    Args:
        size: number of levels N ≥ 1.

    Raises:
        ValueError, TypeError: if it is no such integer.

    Example:
        >>> oscillator(5).squared_couplings.tolist()
        [1.0, 2.0, 3.0, 4.0]
    """
    return Ladder("oscillator", _size(size))


def spin(j: float | Any) -> Ladder:
    r"""A spin in a field: $a_n = \sqrt{j(j+1) - m(m-1)}$ with m = n − j.

    Args:
        j: 0, 1/2, 1, 3/2, …: 2j + 1 levels.

    Raises:
        ValueError, TypeError: if 2j is no natural number.

    Example:
        >>> spin(3 / 2).squared_couplings.tolist()
        [3.0, 4.0, 3.0]
    """
    twice = _checks.doubled("j", j, low=0)
    _checks.room("j", j, twice + 1, "one population per level")
    return Ladder("spin", twice + 1)


def uniform(size: int | Any) -> Ladder:
    """A ladder of N levels whose neighbours all couple alike, $a_n = 1$.

    Arguments and errors are those of `oscillator`.

    Example:
        >>> uniform(3).couplings.tolist()
        [1.0, 1.0]
    """
    return Ladder("uniform", _size(size))


def _size(size: Any) -> int:
    number = _checks.integer("size", size, low=1)
    _checks.room("size", number, number, "one population per level")
    return number
