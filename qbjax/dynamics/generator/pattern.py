"""Shifts of a generator as a program takes them: a pattern that it knows, and tables it is given.

A program is compiled for a `Pattern`: planes, offsets, which number multiplies what. The values of
the operators are tables, arguments like a state, so that other operators of the same pattern, and
other sizes padded to the same room, share the program.
"""

import functools
from typing import Any, NamedTuple

import equinox as eqx
import numpy as np
from jaxtyping import Array, Bool, Float

from qbjax import _checks
from qbjax.dynamics.generator.alignment import Slice, slices
from qbjax.dynamics.generator.structure import Jump, Sector, Structure


class Column(NamedTuple):
    """A diagonal of the drift in all sectors, and the weights that it is a sum of."""

    offset: int
    imaginary: bool
    weights: tuple[int, ...]


class Leap(NamedTuple):
    """A pair of diagonals of a jump into all sectors: slices (`alignment.slices`) and its rate."""

    slices: tuple[tuple[int, int, tuple[int, int]], ...]
    rate: int
    imaginary: bool


class Pattern(NamedTuple):
    """All of a generator's shifts but their values; hashable, compared by content.

    Attributes:
        planes, levels: of the stack, some of which may be empty.
        margins: rows of zeros that slices reach into, before the stack and behind it.
        columns, leaps: what is read.
        hamiltonians, rates, controls: how many there are: weights come in this order.
    """

    planes: int
    levels: int
    margins: tuple[int, int]
    columns: tuple[Column, ...]
    leaps: tuple[Leap, ...]
    hamiltonians: int
    rates: int
    controls: int

    @property
    def weights(self) -> int:
        """The number of weights."""
        return self.hamiltonians + self.rates + self.controls


class Shifts(eqx.Module):
    """The shifts of a generator, of all sectors together.

    Attributes:
        drifts: every column is `weights @ drifts`.
        rows, columns: factors of every leap.
        there: which places of the stack's diagonals are levels; the rest is padding.
        dual: the shifts of the dual generator, likewise; None for a dual.
        pattern: how these are used.
    """

    drifts: Float[Array, "W D S n"]
    rows: Float[Array, "L S n"]
    columns: Float[Array, "L S n"]
    there: Bool[Array, "S n"]
    dual: Any
    pattern: Pattern = eqx.field(static=True)

    @property
    def imaginary(self) -> bool:
        """Whether a real density matrix becomes complex."""
        columns, leaps = self.pattern.columns, self.pattern.leaps
        return any(x.imaginary for x in columns) or any(x.imaginary for x in leaps)


@functools.lru_cache(maxsize=64)
def shifts_of(structure: Structure, room: tuple[int, int] | None = None) -> Shifts:
    """Joins the shifts of all sectors.

    Args:
        structure: compared by identity: keep it.
        room: planes and levels of the stack; None for what the sectors take.
    """
    dual = _joined(structure, structure.dual, room or structure.room, None)
    return _joined(structure, structure.sectors, room or structure.room, dual)


def there(structure: Structure, room: tuple[int, int]) -> Bool[np.ndarray, "S n"]:
    """Places of a stack's diagonals that are levels."""
    found = np.zeros(room, bool)
    for s, span in enumerate(structure.spans):
        found[s, span] = True
    return found


def _joined(structure: Structure, sectors: tuple[Sector, ...], room, dual) -> Shifts:
    count, n = room
    weights = len(structure.drift_operators())
    tables: dict[tuple[int, bool], np.ndarray] = {}
    leaps: dict[tuple[int, bool, int], list[tuple[int, Jump]]] = {}
    for s, sector in enumerate(sectors):
        for drift in sector.drifts:
            table = tables.setdefault((drift.offset, drift.imaginary), np.zeros((weights, *room)))
            table[drift.weights, s, structure.spans[s]] = drift.table
        seen: dict[tuple, int] = {}
        for jump in sector.jumps:
            kind = (jump.rate, jump.imaginary)
            order = seen[kind] = seen.get(kind, -1) + 1
            leaps.setdefault((*kind, order), []).append((s, jump))
    kinds = sorted(tables)
    columns = tuple(Column(*kind, _nonzero(tables[kind])) for kind in kinds)
    rows, columns_of, read = _leaps(structure, leaps, room)
    return Shifts(
        drifts=_checks.settled(np.stack([tables[kind] for kind in kinds], axis=1))
        if kinds else _checks.settled(np.zeros((weights, 0, count, n))),
        rows=_checks.settled(rows),
        columns=_checks.settled(columns_of),
        there=_checks.settled(there(structure, room)),
        dual=dual,
        pattern=Pattern(
            count, n, _margins(columns, read, count, n), columns, read,
            len(structure.hamiltonians), len(structure.jumps), len(structure.controls),
        ),
    )  # fmt: skip


def _nonzero(table) -> tuple[int, ...]:
    return tuple(np.flatnonzero(table.any(axis=(1, 2))).tolist())


def _leaps(structure: Structure, leaps, room):
    """Factors of rows and of columns, and the patterns of all leaps."""
    rows, columns = np.zeros((2, len(leaps), *room))
    patterns = []
    for i, kind in enumerate(sorted(leaps)):
        reads: list[Slice | None] = [None] * room[0]
        for s, jump in leaps[kind]:
            step = structure.origins[jump.source] - structure.origins[s]
            k, m = jump.offsets
            reads[s] = jump.source, (k + step, m + step)
            rows[i, s, structure.spans[s]] = jump.rows
            columns[i, s, structure.spans[s]] = jump.columns
        rate, imaginary, _ = kind
        patterns.append(Leap(slices(reads), rate, imaginary))
    return rows, columns, tuple(patterns)


def _margins(columns, leaps, count: int, n: int) -> tuple[int, int]:
    """Rows before and behind a stack that its slices reach, one more for what columns do."""
    offsets = [abs(c.offset) for c in columns]
    parts = [part for leap in leaps for part in leap.slices]
    offsets += [abs(k) for _, _, shifts in parts for k in shifts]
    width = max(offsets, default=0) + 1
    before = max([0, *(-first for first, _, _ in parts)])
    behind = max([0, *(end - count for _, end, _ in parts)])
    return before * n + width, behind * n + width
