r"""The operators of an ensemble between the levels $|j, m\rangle|n\rangle$ that its states need.

Level k = m + N/2 counts quanta of the spins, q = N/2 − j names the block. What a start and the
terms leave alone splits the levels further: without counter-rotating terms a number k + n of
quanta, with them its parity; a ket then has the levels of one value alone. Levels are turned,
$|k\rangle \to i^k|k\rangle$, which makes the drive $-iH$ real and leaves every jump as it is.
"""

import functools
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from jaxtyping import Int

from qbjax.batteries.ensemble import _blocks as blocks
from qbjax.dynamics.generator.structure import Structure


class Model(NamedTuple):
    """The terms that an ensemble has: all that is known of it before any number.

    Attributes:
        spins: N.
        levels: of the cavity; 0 for none.
        counter_rotating: whether the coupling has terms that change the number of quanta.
        hamiltonians: "spins", "photons": energies that are left in the frame.
        jumps: "cavity", "collective", and those of `blocks.NOISE`.
        cut: whether photons may come to lie above the cavity's levels.
        lost: the most quanta that noise takes; None for all.
    """

    spins: int
    levels: int
    counter_rotating: bool
    hamiltonians: tuple[str, ...]
    jumps: tuple[str, ...]
    cut: bool
    lost: int | None = None

    @property
    def modes(self) -> tuple[str, ...]:
        """Names of the modes that are cut, and watched."""
        return (("cavity",) if self.cut else ()) + (("lost",) if self.lost is not None else ())

    @property
    def is_local(self) -> bool:
        """Whether single spins jump, so that states leave j = N/2."""
        return any(kind in blocks.NOISE for kind in self.jumps)

    @property
    def blocks(self) -> int:
        """Number of blocks j."""
        return self.spins // 2 + 1 if self.is_local else 1

    @property
    def room(self) -> int:
        """Levels of the cavity, 1 for none."""
        return max(self.levels, 1)

    @property
    def conserves(self) -> bool:
        """Whether the coupling conserves the number of quanta, or its parity."""
        return self.levels > 0


class Sector(NamedTuple):
    """The levels that a state has and comes to, by the values of what is conserved.

    Attributes:
        low, high: least and largest value.
        blocks: largest q at the largest value; one more for every value less, for no jump does
            both less and more. None where jumps take spins apart without taking quanta.
    """

    low: int
    high: int
    blocks: int | None = None


class Form(NamedTuple):
    """The form of a state: a ket, or a stack of packed blocks.

    Attributes:
        pure: whether it is a ket.
        sectored: whether a stack has a block for every value of what is conserved.
        sector: the levels that there are; None for all.
        real: whether it is real between turned levels, and stays so.
    """

    pure: bool
    sectored: bool
    sector: Sector | None
    real: bool


class Levels(NamedTuple):
    """Levels of a basis, in its order: block q, quanta k of the spins, photons n."""

    q: Int[np.ndarray, " d"]
    k: Int[np.ndarray, " d"]
    n: Int[np.ndarray, " d"]


def levels(model: Model, sector: Sector | None = None) -> Levels:
    """The levels of all blocks, or those that a state comes to."""
    N = model.spins
    grid = np.indices((model.blocks, N + 1, model.room)).reshape(3, -1)
    q, k, n = grid[:, (grid[0] <= grid[1]) & (grid[1] <= N - grid[0])]
    found = Levels(q, k, n)
    if sector is None:
        return found
    value = charge(model, k, n)
    inside = (sector.low <= value) & (value <= sector.high)
    if sector.blocks is not None:
        inside &= q <= sector.blocks + sector.high - value
    return Levels(*(x[inside] for x in found))


def charge(model: Model, k, n):
    """The conserved quantity of levels: the number of quanta, or its parity."""
    return (k + n) % 2 if model.counter_rotating else k + n


def stays_real(model: Model) -> bool:
    """Whether a real state between turned levels stays real."""
    return not model.hamiltonians


@functools.lru_cache(maxsize=64)
def structure(model: Model, sectored: bool, sector: Sector | None) -> Structure:
    """The structure in which states of a form move, one per process.

    Args:
        model: the terms.
        sectored: whether by the values of what is conserved.
        sector: the levels that there are; None for all.
    """
    basis = levels(model, sector)
    place = np.full((model.blocks, model.spins + 1, model.room), -1)
    place[tuple(basis)] = np.arange(basis.q.size)
    label = basis.q * (model.spins + model.room)
    label = label + (charge(model, basis.k, basis.n) if sectored else 0)
    order = np.argsort(label, kind="stable")
    sectors = np.split(order, np.flatnonzero(np.diff(label[order])) + 1)

    def moved(step: tuple[int, int, int], values) -> sp.csr_array:
        return _moved(place, basis, step, values)

    diagonal = {"spins": basis.k, "photons": basis.n}
    return Structure(
        [sp.diags_array(diagonal[name].astype(float)).tocsr() for name in model.hamiltonians],
        [jump for name in model.jumps for jump in _jumps(model, name, basis, moved)],
        [_control(model, basis, moved)],
        sectors,
    )


def repeats(model: Model) -> list[int]:
    """Numbers of operators that stand for the jumps, one each or three."""
    return [3 if name in blocks.NOISE else 1 for name in model.jumps]


def _jumps(model: Model, name: str, basis: Levels, moved) -> list[sp.csr_array]:
    q, k, n = basis
    if name == "cavity":
        return [moved((0, 0, -1), np.sqrt(n))]
    if name == "collective":
        return [moved((0, -1, 0), blocks.lowering(model.spins, q, k))]
    gained = blocks.NOISE[name]
    return [
        moved((step, gained, 0), blocks.local(model.spins, name, step, q, k)) for step in (0, 1, -1)
    ]


def _control(model: Model, basis: Levels, moved) -> sp.csr_array:
    """The operator of the protocol, between turned levels: $2J_x$, or the exchange of quanta."""
    q, k, n = basis
    down = blocks.lowering(model.spins, q, k)
    if not model.levels:
        up = moved((0, -1, 0), down).T
    else:
        up = moved((0, -1, 1), down * np.sqrt(n + 1)).T
        if model.counter_rotating:
            up = up + moved((0, -1, -1), down * np.sqrt(n)).T
    return sp.csr_array(-1j * up + 1j * up.T)


def _moved(place, basis: Levels, step: tuple[int, int, int], values) -> sp.csr_array:
    """The operator that takes every level some steps on, times a value of where it was."""
    target = np.stack(basis) + np.array(step)[:, None]
    inside = np.all((target >= 0) & (target < np.array(place.shape)[:, None]), axis=0)
    rows = np.where(inside, place[tuple(np.where(inside, target, 0))], -1)
    there = (rows >= 0) & (values != 0)
    size = basis.q.size
    entries = values[there].astype(float), (rows[there], np.arange(size)[there])
    return sp.csr_array(entries, shape=(size, size))


@functools.lru_cache(maxsize=64)
def spin_levels(model: Model) -> tuple[Int[np.ndarray, " D"], Int[np.ndarray, " D"]]:
    """Block q and quanta k of the levels of the spins, in the order of the cell."""
    q, k = np.indices((model.blocks, model.spins + 1)).reshape(2, -1)
    inside = (q <= k) & (k <= model.spins - q)
    return q[inside], k[inside]
