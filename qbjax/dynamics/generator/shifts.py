r"""A banded generator at work: shifts of the padded state, and their transpose.

The sectors of the state lie in one array, (sectors, n, n), smaller ones padded by zeros. One
application lays its rows in a line, with zeros before and behind, and adds static slices of
that, times row and column vectors: a single kernel (sector by sector, XLA:CPU needs twice the
time). What a slice carries over from one row to the next, and from sector to sector, meets a
factor zero: there the operator would lead out of the basis. JAX would transpose each slice into
a padded sum of its own, six to ten times the work; but the dual of a shift is a shift, so
`shifted_with_dual` says so, and a reverse pass costs about as much as the run.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from qbjax.dynamics.generator.structure import Jump, Sector, Structure

Blocks = tuple[Float[Array, "_ _"], ...]
Stack = Float[Array, "S n n"]


class Column(NamedTuple):
    """One diagonal of the drift of all sectors: at `offset` it is `weights @ table`, (S, n)."""

    offset: int
    table: np.ndarray
    imaginary: bool


class Leap(NamedTuple):
    """One pair of diagonals of a jump into all sectors: sources, offsets, factors (S, n)."""

    sources: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]
    rate: int
    rows: np.ndarray
    columns: np.ndarray
    imaginary: bool

    @property
    def uniform(self) -> bool:
        """Whether every sector does the same within itself."""
        return self.sources == tuple(range(len(self.sources))) and len(set(self.offsets)) == 1

    def runs(self) -> list[tuple[tuple[int, int], tuple[int, int]]]:
        """Joins neighbours that read neighbours with one pair of offsets into one slice each.

        As (first, end) of their sources and the offsets, however many sectors there are.
        """
        found: list[tuple[tuple[int, int], tuple[int, int]]] = []
        for source, offsets in zip(self.sources, self.offsets, strict=True):
            (first, end), before = found[-1] if found else ((0, -1), (0, 0))
            if (source, offsets) == (end, before):
                found[-1] = (first, end + 1), offsets
            else:
                found.append(((source, source + 1), offsets))
        return found


class Shifts(NamedTuple):
    """The shifts of all sectors together.

    `width`: how far the state must be padded.
    """

    width: int
    drifts: tuple[Column, ...]
    leaps: tuple[Leap, ...]


def stack(structure: Structure, blocks: Blocks) -> Stack:
    """Stacks all blocks of a state in one array."""
    n = max(structure.sizes)
    return jnp.stack([jnp.pad(b, (0, n - b.shape[0])) for b in blocks])


def unstack(structure: Structure, stacked: Stack) -> Blocks:
    """Takes the blocks out of a stack."""
    return tuple(s[:n, :n] for s, n in zip(stacked, structure.sizes, strict=True))


@partial(jax.jit, static_argnums=0)  # traced once, however many stages call it
def shifted(structure: Structure, state: Stack, weights, rates) -> Stack:
    """Applies the generator to a stacked state.

    Args:
        structure: the shifts.
        state: packed blocks, stacked.
        weights: of the drift operators, in the order of `Structure.drift_operators`.
        rates: of the jumps.
    """
    return _apply(shifts_of(structure, structure.sectors), state, weights, rates)


@partial(jax.jit, static_argnums=0)
def shifted_dual(structure: Structure, state: Stack, weights, rates) -> Stack:
    """Applies the dual generator, `Structure.dual`, to a stacked state: the transpose."""
    return _apply(shifts_of(structure, structure.dual), state, weights, rates)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def shifted_with_dual(structure: Structure, state: Stack, weights, rates) -> Stack:
    """Applies `shifted`, to be differentiated in reverse mode only."""
    return shifted(structure, state, weights, rates)


def _forward(structure, state, weights, rates):
    return shifted(structure, state, weights, rates), (state, weights, rates)


@partial(jax.jit, static_argnums=0)
def _backward(structure, kept, cotangent):
    state, weights, rates = kept
    back = shifted_dual(structure, cotangent, weights, rates)
    forth = shifts_of(structure, structure.sectors)
    return back, *_slopes(forth, state, cotangent, weights.size, rates.size)


shifted_with_dual.defvjp(_forward, _backward)


def shifts_of(structure: Structure, sectors: tuple[Sector, ...]) -> Shifts:
    """Joins the shifts of all sectors, of a generator or of its transpose.

    Its `sectors` are `structure.sectors`, or `structure.dual` for the transpose.
    """
    count, n = len(sectors), max(structure.sizes)
    weights = len(structure.drift_operators())
    columns: dict[tuple[int, bool], np.ndarray] = {}
    leaps: dict[tuple, list[tuple[int, Jump]]] = {}
    for s, sector in enumerate(sectors):
        for drift in sector.drifts:
            key = (drift.offset, drift.imaginary)
            table = columns.setdefault(key, np.zeros((weights, count, n)))
            table[drift.weights, s, : drift.table.shape[1]] = drift.table
        seen: dict[tuple, int] = {}
        for jump in sector.jumps:
            kind = (jump.rate, jump.imaginary)
            order = seen[kind] = seen.get(kind, -1) + 1
            leaps.setdefault((*kind, order), []).append((s, jump))
    drifts = tuple(Column(k, table, imaginary) for (k, imaginary), table in columns.items())
    return Shifts(
        structure.reach, drifts, tuple(_leap(jumps, count, n) for jumps in leaps.values())
    )


def _leap(jumps: list[tuple[int, Jump]], count: int, n: int) -> Leap:
    sources, offsets = list(range(count)), [jumps[0][1].offsets] * count
    rows, columns = np.zeros((count, n)), np.zeros((count, n))
    for s, jump in jumps:
        sources[s], offsets[s] = jump.source, jump.offsets
        rows[s, : jump.rows.size], columns[s, : jump.columns.size] = jump.rows, jump.columns
    first = jumps[0][1]
    return Leap(tuple(sources), tuple(offsets), first.rate, rows, columns, first.imaginary)


def _apply(shifts: Shifts, state, weights, rates) -> Stack:
    read, read_leap = readers(shifts, state)
    total = jnp.zeros_like(state)
    for drift, values in zip(shifts.drifts, factors(shifts, weights), strict=True):
        sign = -1.0 if drift.imaginary else 1.0
        total = total + values[:, :, None] * read(drift.imaginary, drift.offset, 0)
        total = total + sign * values[:, None, :] * read(drift.imaginary, 0, drift.offset)
    for leap in shifts.leaps:
        rows = rates[leap.rate] * leap.rows
        total = total + rows[:, :, None] * leap.columns[:, None, :] * read_leap(leap)
    return total


def factors(shifts: Shifts, weights):
    """Diagonals of all drifts, in one product: each would be a call of its own."""
    if not shifts.drifts:
        return ()
    tables = np.stack([d.table for d in shifts.drifts], axis=1)
    return jnp.tensordot(weights, jnp.asarray(tables), 1)


def _slopes(shifts: Shifts, state, cotangent, weights: int, rates: int):
    """Cotangents of weights and rates, each a sum of its own so that unused ones vanish."""
    read, read_leap = readers(shifts, state)
    moved = drifted(shifts, read, [jnp.zeros_like(state)] * weights)
    by_rate = [jnp.zeros(())] * rates
    for leap in shifts.leaps:
        term = leap.rows[:, :, None] * leap.columns[:, None, :] * read_leap(leap)
        by_rate[leap.rate] = by_rate[leap.rate] + inner(cotangent, term)
    by_weight = [inner(cotangent, m) for m in moved]
    return tuple(jnp.stack(x) if x else jnp.zeros(0) for x in (by_weight, by_rate))


def drifted(shifts: Shifts, read, moved: list[Stack]) -> list[Stack]:
    """Adds what each drift operator, taken alone, makes of a state to `moved`."""
    moved = list(moved)
    for drift in shifts.drifts:
        left = read(drift.imaginary, drift.offset, 0)
        right = read(drift.imaginary, 0, drift.offset)
        sign = -1.0 if drift.imaginary else 1.0
        for j in np.flatnonzero(drift.table.any(axis=(1, 2))):
            row = drift.table[j]
            moved[j] = moved[j] + row[:, :, None] * left + sign * row[:, None, :] * right
    return moved


def inner(a, b):
    """The sum of all products $ab$ of two arrays whose last axis is the longest."""
    # A matrix-vector product is vectorised, a plain sum over everything is not: 2.5 times.
    product = (a * b).reshape(-1, a.shape[-1])
    return jnp.sum(jnp.ones(product.shape[0]) @ product)


def norm(a):
    """Frobenius norm of an array."""
    return jnp.sqrt(inner(a, a))


def readers(shifts: Shifts, state):
    """Functions that read the shifted state: `read(turned, k, m)`, and `read_leap(leap)`."""
    count, n, _ = state.shape
    rows = shifts.width + 1
    imaginary = [x.imaginary for x in shifts.drifts] + [x.imaginary for x in shifts.leaps]

    def line(planes):
        # Rows of zeros before and behind: only the outermost loop then asks whether it is
        # inside, which a pad of the columns would for every element, at the price of all shifts.
        edges = ((rows, rows, 0), (0, 0, 0))
        return lax.pad(planes.reshape(count * n, n), 0.0, edges).ravel()

    straight = line(state)
    turned = line(state.swapaxes(1, 2)) if any(imaginary) else straight

    def read(imaginary, k, m, planes=(0, count)):
        start = (rows + planes[0] * n + k) * n + m
        size = (planes[1] - planes[0]) * n * n
        part = lax.slice(turned if imaginary else straight, (start,), (start + size,))
        return part.reshape(-1, n, n)

    def read_leap(leap: Leap):
        if leap.uniform:
            return read(leap.imaginary, *leap.offsets[0])
        parts = [read(leap.imaginary, *offsets, planes) for planes, offsets in leap.runs()]
        return jnp.concatenate(parts)

    return read, read_leap
