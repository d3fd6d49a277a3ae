"""Matrices that leave sectors of a basis apart, kept and applied sector by sector.

A collision that conserves excitations joins as many levels of a ladder and an ancilla as the
ancilla has; a loss by a lowering operator joins the elements of one diagonal. With S sectors of b
states, D in all, a matrix takes Sb² numbers instead of D², and a product with m columns Sb²m steps.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
from jaxtyping import Array, Complex, Inexact, Int
from scipy.sparse.csgraph import connected_components

Blocks = Complex[Array, "S b b"]
"""The blocks of a matrix, one for each sector, filled up with zeros to one size."""


class Sectors(NamedTuple):
    """Sectors of a basis, hashable.

    Attributes:
        size: D, the number of basis states.
        states: of every sector; shorter ones are filled up with D.
    """

    size: int
    states: tuple[tuple[int, ...], ...]

    @property
    def widest(self) -> int:
        """The largest number of states in a sector."""
        return len(self.states[0])

    def blocks_of(self, matrix: Any) -> Inexact[np.ndarray, "S b b"]:
        """The blocks of a matrix, dense or sparse, on the host."""
        here = sp.coo_array(matrix)
        sector, place = self._places()
        blocks = np.zeros((len(self.states), self.widest, self.widest), here.dtype)
        blocks[sector[here.row], place[here.row], place[here.col]] = here.data
        return blocks

    def applied(self, blocks: Blocks, columns: Complex[Array, "D m"]) -> Complex[Array, "D m"]:
        """The product of a matrix, given by its blocks, with some columns."""
        if len(self.states) == 1:
            return blocks[0] @ columns
        taken = np.asarray(self.states)
        behind = jnp.pad(columns, ((0, 1), (0, 0)))
        moved = blocks @ behind[taken]
        order = np.argsort(taken.ravel(), kind="stable")[: self.size]
        return moved.reshape(-1, columns.shape[1])[order]

    def _places(self) -> tuple[Int[np.ndarray, " D"], Int[np.ndarray, " D"]]:
        """The sector of every basis state, and its place there."""
        found = np.zeros((2, self.size + 1), int)
        taken = np.asarray(self.states)
        found[:, taken] = np.indices(taken.shape)
        return found[0, :-1], found[1, :-1]


def whole(size: int) -> Sectors:
    """One sector of all basis states.

    Example:
        >>> whole(3).states
        ((0, 1, 2),)
    """
    return Sectors(size, (tuple(range(size)),))


def sectors_of(*matrices: Any) -> Sectors:
    """The sectors that some matrices, dense or sparse, leave apart: one if several cost more.

    Example:
        >>> sectors_of(np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0]])).states
        ((0, 2), (1, 3))
    """
    joined: Any = sum(abs(sp.csr_array(matrix)) for matrix in matrices)
    size = joined.shape[0]
    count, label = connected_components(joined, directed=False)
    widest = int(np.bincount(label).max())
    if count * widest**2 >= size**2:
        return whole(size)
    states = np.full((count, widest), size)
    for sector in range(count):
        inside = np.flatnonzero(label == sector)
        states[sector, : inside.size] = inside
    return Sectors(size, tuple(map(tuple, states.tolist())))
