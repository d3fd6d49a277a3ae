r"""Numbers read off a state while it moves: $\mathrm{Tr}(O\rho)$ of banded operators.

A real linear functional of the packed blocks, $\sum_{s,ij} D_{s,ij} R_{s,ij}$, whose matrices
D have few diagonals: those are cut out of the stacked state, one slice for all sectors, and
meet their weights in one product. So few kernels per evaluation matter: XLA:CPU runs up to
eight in a row on one thread, and hands more of them to a pool, which costs as much as a small
generator.
"""

from collections.abc import Sequence
from functools import cached_property, partial

import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
from jax import lax
from jaxtyping import Array, Float

from qbjax.dynamics.generator.shifts import Stack
from qbjax.dynamics.generator.structure import diagonals


class Functionals:
    r"""Real linear functionals of a stacked state, sorted by diagonals on the host.

    Compared by identity, as static arguments must be: keep them.

    Args:
        matrices: per functional, per sector, the real matrix D.

    Example:
        The trace, and $\rho_{01} + \rho_{10}$, of two sectors of two levels:

        >>> import jax.numpy as jnp, numpy as np
        >>> one, flip = np.eye(2), np.eye(2)[::-1]
        >>> both = Functionals([[one, one], [flip, 0 * flip]])
        >>> both(jnp.arange(8.0).reshape(2, 2, 2)).tolist()
        [14.0, 3.0]
    """

    def __init__(self, matrices: Sequence[Sequence]):
        self.matrices = [[sp.csr_array(m) for m in sectors] for sectors in matrices]
        self.levels = max(m.shape[0] for m in self.matrices[0])
        bands = [[diagonals(m) for m in sectors] for sectors in self.matrices]
        found = {k for sectors in bands for band in sectors for k in band}
        self.offsets = tuple(sorted(found)) or (0,)
        self.table = np.stack([self._row(sectors) for sectors in bands])
        self.count = len(bands)

    def __call__(self, state: Stack, *, backwards: bool = False) -> Float[Array, " F"]:
        """The values of the functionals.

        Args:
            state: packed blocks, stacked.
            backwards: whether reverse mode alone will differentiate it: cheaper then, for
                JAX would transpose each slice into a padded stack of its own.
        """
        return (_with_dual if backwards else _values)(self, state)

    @cached_property
    def dense(self) -> Float[np.ndarray, "F S n n"]:
        """The matrices D, padded."""
        n = self.levels
        padded = [
            [np.pad(m.toarray(), (0, n - m.shape[0])) for m in sectors] for sectors in self.matrices
        ]
        return np.array(padded, dtype=float)

    def _row(self, bands) -> np.ndarray:
        """Weights in the order in which `_values` lines diagonals up."""
        line = []
        for k in self.offsets:
            some = np.zeros((len(bands), self.levels - abs(k)))
            for s, band in enumerate(bands):
                if k in band:
                    values = band[k][max(0, -k) : len(band[k]) - max(0, k)]
                    some[s, : values.size] = values
            line.append(some.ravel())
        return np.concatenate(line)


def parts(sectors: Sequence) -> tuple[list, list]:
    r"""The matrices D of $\mathrm{Re}$ and $\mathrm{Im}\,\mathrm{Tr}(O\rho)$.

    With $\rho = S + iA$ and $R = S + A$ they are $(O^T \pm O)/2$.

    Args:
        sectors: the real operator O, sector by sector.
    """
    return [(o.T + o) / 2 for o in sectors], [(o.T - o) / 2 for o in sectors]


@partial(jax.jit, static_argnums=0)  # traced once, however many stages call it
def _values(functionals: Functionals, state):
    flat = state.reshape(state.shape[0], -1)
    n = functionals.levels
    line = [_diagonal(flat, k, n).ravel() for k in functionals.offsets]
    # Two at least: a single row would be no product to XLA but a sum, which compiles to a tree.
    table = np.resize(functionals.table, (max(2, functionals.count), functionals.table.shape[1]))
    return (jnp.asarray(table) @ jnp.concatenate(line))[: functionals.count]


def _diagonal(flat, k, n):
    """Diagonal k of every sector (`jnp.diagonal` gathers, ten times slower)."""
    start = k if k >= 0 else -k * n
    stop = start + (n - abs(k) - 1) * (n + 1) + 1
    return lax.slice(flat, (0, start), (flat.shape[0], stop), (1, n + 1))


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _with_dual(functionals, state):
    return _values(functionals, state)


_with_dual.defvjp(
    lambda functionals, state: (_values(functionals, state), None),
    lambda functionals, _, cotangent: (jnp.tensordot(cotangent, functionals.dense, 1),),
)
