r"""Numbers read off a state while it moves: $\mathrm{Tr}(O\rho)$ of banded operators.

A real linear functional of the packed blocks, $\sum_{s,ij} D_{s,ij} R_{s,ij}$, whose matrices
D have few diagonals: those are cut out of the stacked state, one slice for all sectors, and
meet their weights in one product. So few kernels per evaluation matter: XLA:CPU runs up to
eight in a row on one thread, and hands more of them to a pool, which costs as much as a small
generator.
"""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax.dynamics.generator.shifts import Stack
from qbjax.dynamics.generator.structure import diagonals


class Functionals(eqx.Module):
    """Real linear functionals of a stacked state, sorted by diagonals.

    Attributes:
        table: weights in the order in which `_values` lines diagonals up; two rows at least.
        offsets: of the diagonals.
        levels: n.
        count: how many functionals there are.
    """

    table: Float[Array, "_ line"]
    offsets: tuple[int, ...] = eqx.field(static=True)
    levels: int = eqx.field(static=True)
    count: int = eqx.field(static=True)

    def __call__(self, state: Stack, *, backwards: bool = False) -> Float[Array, " F"]:
        """The values of the functionals.

        Args:
            state: packed blocks, stacked.
            backwards: whether reverse mode alone will differentiate it: cheaper then, for
                JAX would transpose each slice into a padded stack of its own.
        """
        return (_with_dual if backwards else _values)(self, state)


def functionals(matrices: Sequence[Sequence], levels: int | None = None) -> Functionals:
    r"""The functionals of real matrices.

    Args:
        matrices: per functional, per sector, the real matrix D.
        levels: of every plane of the stack; None for those of the largest matrix.

    Example:
        The trace, and $\rho_{01} + \rho_{10}$, of two sectors of two levels:

        >>> import jax.numpy as jnp, numpy as np
        >>> one, flip = np.eye(2), np.eye(2)[::-1]
        >>> both = functionals([[one, one], [flip, 0 * flip]])
        >>> both(jnp.arange(8.0).reshape(2, 2, 2)).tolist()
        [14.0, 3.0]
    """
    levels = max(m.shape[0] for m in matrices[0]) if levels is None else levels
    bands = [[diagonals(m) for m in sectors] for sectors in matrices]
    offsets = tuple(sorted({k for sectors in bands for band in sectors for k in band})) or (0,)
    rows = [_row(sectors, offsets, levels) for sectors in bands]
    # A single row would be no product to XLA but a sum, which compiles to a tree.
    rows += rows[:1] if len(rows) == 1 else []
    return Functionals(_checks.settled(np.stack(rows)), offsets, levels, len(bands))


def _row(bands, offsets, levels: int) -> np.ndarray:
    line = []
    for k in offsets:
        some = np.zeros((len(bands), levels - abs(k)))
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


@jax.jit  # traced once, however many stages call it
def _values(functionals: Functionals, state):
    flat = state.reshape(state.shape[0], -1)
    n = functionals.levels
    line = [lax.slice(flat, *_places(flat.shape, k, n)).ravel() for k in functionals.offsets]
    return (functionals.table @ jnp.concatenate(line))[: functionals.count]


def _places(shape, k, n):
    """Start, stop and stride of diagonal k of every sector.

    `jnp.diagonal` gathers, ten times slower.
    """
    start = k if k >= 0 else -k * n
    return (0, start), (shape[0], start + (n - abs(k) - 1) * (n + 1) + 1), (1, n + 1)


@jax.custom_vjp
def _with_dual(functionals, state):
    return _values(functionals, state)


@jax.jit
def _dual(functionals: Functionals, cotangent):
    """The sum of the matrices D, weighted: every diagonal is put back where it was."""
    line, n = cotangent @ functionals.table[: functionals.count], functionals.levels
    lengths = [n - abs(k) for k in functionals.offsets]
    count = line.size // sum(lengths)
    total, first = jnp.zeros((count, n * n)), 0
    for k, length in zip(functionals.offsets, lengths, strict=True):
        (_, start), (_, stop), _ = _places((count,), k, n)
        part = line[first : first + count * length].reshape(count, length)
        total = total + lax.pad(part, 0.0, ((0, 0, 0), (start, n * n - stop, n)))
        first += count * length
    return total.reshape(count, n, n)


_with_dual.defvjp(
    lambda functionals, state: (_values(functionals, state), functionals),
    lambda functionals, cotangent: (None, _dual(functionals, cotangent)),
)
