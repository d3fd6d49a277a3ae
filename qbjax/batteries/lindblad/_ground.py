r"""Lowest energies of sparse Hamiltonians: by Lanczos on the host, with a certificate.

An eigenvalue lies within $\lVert Hv - Ev\rVert$ of E, and the error of E is the square of that over
the gap: a residual that is not small is refused, not used.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from jaxtyping import Complex, Float
from scipy.sparse.linalg import ArpackError, eigsh

RESIDUAL = 1e-7
"""Largest residual of an eigenvector, as a share of the largest element of the matrix."""

DENSE = 200
"""Levels up to which a matrix is diagonalised whole."""


class Lowest(NamedTuple):
    """The lowest levels, ascending, and the vector of the first."""

    levels: Float[np.ndarray, " k"]
    vector: Complex[np.ndarray, " d"] | Float[np.ndarray, " d"]


def lowest(matrix: sp.csr_array) -> float:
    """The lowest energy of a sparse Hermitian matrix."""
    return float(bottom(matrix, 1).levels[0])


def bottom(matrix: sp.csr_array, count: int) -> Lowest:
    """Some of the lowest levels of a sparse Hermitian matrix, and the vector of the first.

    Raises:
        ValueError: if Lanczos did not converge.

    Example:
        >>> bottom(sp.csr_array(np.diag([2.0, 1.0, 3.0])), 2).levels.tolist()
        [1.0, 2.0]
    """
    d = matrix.shape[0]
    real = sp.csr_array(matrix.real) if not np.any(matrix.data.imag) else matrix
    if d <= DENSE:
        levels, vectors = np.linalg.eigh(real.toarray())
        return Lowest(levels[:count], vectors[:, 0])
    start = np.random.default_rng(0).normal(size=d)
    try:
        levels, vectors = eigsh(real, k=count, which="SA", v0=start, ncv=max(24, 2 * count + 1))
    except ArpackError as error:
        raise ValueError(_unknown(f"Lanczos says: {error}")) from None
    order = np.argsort(levels)
    levels, vectors = levels[order], vectors[:, order]
    missed = np.max(np.linalg.norm(real @ vectors - vectors * levels, axis=0))
    if missed > RESIDUAL * max(np.max(np.abs(real.data), initial=0.0), np.max(np.abs(levels))):
        raise ValueError(_unknown(f"Lanczos misses it by {missed:.2g}"))
    return Lowest(levels, vectors[:, 0])


def in_sectors(matrix: sp.csr_array, sectors: Sequence[np.ndarray]) -> Lowest:
    """The two lowest levels of a matrix that has blocks, each of which is looked at alone.

    What is lowest in no block is missed by none: Lanczos finds levels of blocks that its start has
    no share in late, or never.

    Args:
        matrix: Hermitian, (d, d).
        sectors: the basis states of every block.
    """
    found = []
    for states in sectors:
        block = sp.csr_array(matrix[states][:, states])
        part = bottom(block, min(2, states.size))
        found += [(level, k == 0, states, part.vector) for k, level in enumerate(part.levels)]
    found.sort(key=lambda one: one[0])
    _, _, states, vector = next(one for one in found if one[1])
    whole = np.zeros(matrix.shape[0], vector.dtype)
    whole[states] = vector
    return Lowest(np.array([one[0] for one in found[:2]]), whole)


def _unknown(why: str) -> str:
    return (
        "Argument `cell_hamiltonian` must have a lowest energy to count energies from "
        f"that can be found, but {why}."
    )


def is_bare(fields: Any, hopping: Any, anisotropy: Any, xp: Any) -> Any:
    r"""Whether a chain's one ground state surely has no flipped spin.

    $\sigma^+_k\sigma^-_{k+1} + \text{h.c.} \ge -(n_k + n_{k+1} - 2n_kn_{k+1})$, so that with
    $p_k = 2|J_k| + J_k\Delta$

    $$H \ge \sum_k\Big(B_k - |J_{k-1}| - |J_k|\Big)n_k + \sum_kp_kn_kn_{k+1},$$

    and $n_kn_{k+1} \le (n_k + n_{k+1})/2$ where $p_k$ is negative. Enough if every field that is
    left is positive: $B > 2|J|$ for a long chain with $\Delta \ge -2$, which is sharp.

    Args:
        fields: $B_k$, (N,).
        hopping: $J_k$, (N − 1,).
        anisotropy: Δ.
        xp: NumPy, or JAX where numbers are traced.
    """
    cost = xp.abs(hopping) + xp.maximum(-(2 * xp.abs(hopping) + hopping * anisotropy), 0.0) / 2
    nothing = xp.zeros(1)
    left = fields - xp.concatenate([nothing, cost]) - xp.concatenate([cost, nothing])
    return xp.all(left > 0)
