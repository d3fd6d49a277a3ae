r"""A collision and the loss after it as blocks between diagonals, and their resolvent.

Let $d_k$ be the k-th diagonal of a real symmetric state, $d_k[n] = r_{n,n+k}$, k = 0 … N−1. Loss
moves each diagonal by itself, a collision moves it to itself and its two neighbours: in the
$d_k$ the map Λ is block tridiagonal, with blocks of N − k rows. So

$$(\Lambda - \sigma)x = y, \qquad
  S_k = \Lambda_{kk} - \sigma - \Lambda_{k,k+1}S_{k+1}^{-1}\Lambda_{k+1,k},$$

eliminated from the corner to the populations, costs $O(N^4)$ where a dense matrix of the map would
cost $O(N^6)$. What a state of populations can become is symmetric and real in the gauge of
`_channels`; classical qubits never leave the populations, and one block is enough.
"""

from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Float

from qbjax.algebra.ladders import Ladder
from qbjax.batteries.collisional import _channels as channels

Columns = Float[np.ndarray, "D m"]
"""States in columns, each as its diagonals $d_0, d_1, …$ one after the other."""

Blocks = dict[tuple[int, int], Float[np.ndarray, "_ _"]]


class Diagonals(NamedTuple):
    """The map of a collision and the loss after it, in blocks; sizes are lengths of diagonals."""

    blocks: Blocks
    sizes: tuple[int, ...]

    def __call__(self, columns: Columns, *, dual: bool = False) -> Columns:
        """The map, or its transpose, applied to each column."""
        parts = self.split(columns)
        moved = [np.zeros_like(part) for part in parts]
        for (k, j), block in self.blocks.items():
            if dual:
                moved[j] += block.T @ parts[k]
            else:
                moved[k] += block @ parts[j]
        return np.concatenate(moved)

    def split(self, columns: Columns) -> list[Float[np.ndarray, "_ m"]]:
        """The parts of columns, one for each diagonal."""
        return np.split(columns, np.cumsum(self.sizes)[:-1])


class Resolvent:
    """The resolvent of a map, $(\\Lambda - \\sigma)^{-1}$, factorised once; σ is the shift."""

    def __init__(self, diagonals: Diagonals, shift: float):
        self._diagonals = diagonals
        self._inverses: list[Float[np.ndarray, "_ _"]] = []
        for k in reversed(range(len(diagonals.sizes))):
            block = diagonals.blocks[k, k] - shift * np.eye(diagonals.sizes[k])
            if self._inverses:
                right, down = diagonals.blocks[k, k + 1], diagonals.blocks[k + 1, k]
                block = block - right @ self._inverses[-1] @ down
            self._inverses.append(np.linalg.inv(block))
        self._inverses.reverse()

    def __call__(self, columns: Columns, *, dual: bool = False) -> Columns:
        """The resolvent, or its transpose, applied to each column."""
        parts = self._diagonals.split(columns)
        for k in reversed(range(len(parts) - 1)):
            parts[k] = parts[k] - self._block(k, k + 1, dual) @ self._solved(k + 1, parts, dual)
        solved = [self._solved(0, parts, dual)]
        for k in range(1, len(parts)):
            parts[k] = parts[k] - self._block(k, k - 1, dual) @ solved[-1]
            solved.append(self._solved(k, parts, dual))
        return np.concatenate(solved)

    def _block(self, k, j, dual):
        return self._diagonals.blocks[j, k].T if dual else self._diagonals.blocks[k, j]

    def _solved(self, k, parts, dual):
        return (self._inverses[k].T if dual else self._inverses[k]) @ parts[k]


def diagonals(ladder: Ladder, collision: channels.Collision, lose: Callable | None) -> Diagonals:
    """The map of one collision and the loss after it.

    The collision's numbers are concrete scalars, x is real; without it, the qubit being classical,
    the populations are all there is. `lose` is the loss of a packed state (`_loss`).

    Example:
        >>> from qbjax.algebra import ladders
        >>> swap = channels.Collision(jnp.array(jnp.pi / 2), jnp.array(0.25))
        >>> diagonals(ladders.oscillator(2), swap, None).blocks[0, 0].round(6).tolist()
        [[0.25, 0.25], [0.75, 0.75]]
    """
    size = ladder.size
    sizes = tuple(size - k for k in range(1 if collision.overlap is None else size))
    blocks = _colliding(ladder, collision, sizes)
    if lose is not None:
        lost = _losing(lose, size, len(sizes))
        blocks = {(k, j): lost[k] @ block for (k, j), block in blocks.items()}
    return Diagonals(blocks, sizes)


def _colliding(ladder: Ladder, collision, sizes: tuple[int, ...]) -> Blocks:
    """The blocks of a collision: the formula of `_channels`, read as their entries."""
    size, depth = ladder.size, len(sizes)
    near = [(k, j) for k in range(depth) for j in (k - 1, k, k + 1) if 0 <= j < depth]
    blocks = {(k, j): np.zeros((sizes[k], sizes[j])) for k, j in near}
    terms = channels._terms(ladder.couplings, collision)
    for row, column, down, right, _ in terms:
        factors = np.outer(row, column)
        for k in range(depth):
            n = np.arange(sizes[k])
            fro, to = n + down, n + k + right
            inside = (fro >= 0) & (to >= 0) & (fro < size) & (to < size)
            # Left of the diagonal the state is its own mirror image.
            j, start = abs(k + right - down), np.minimum(fro, to)
            if j < depth:
                where = (n[inside], start[inside])
                np.add.at(blocks[k, j], where, factors[n, n + k][inside])
    return blocks


def _losing(lose: Callable, size: int, depth: int) -> list[Float[np.ndarray, "_ _"]]:
    """The loss of every diagonal as a matrix: one state of a single full row tells of all."""
    if depth == 1:
        return [np.asarray(_mapped(lose, jnp.eye(size))).T]
    rows = jnp.eye(size)[:, :, None] * jnp.triu(jnp.ones((size, size)))[None]
    moved = np.asarray(_mapped(lose, rows))
    return [np.diagonal(moved, k, axis1=1, axis2=2)[: size - k].T for k in range(depth)]


@eqx.filter_jit
def _mapped(lose: Callable, states):
    return lax.map(lose, states)
