r"""Ergotropy of many copies: the work that a unitary on n equal batteries extracts from each.

$$W_n = \frac1n W\Big(\rho^{\otimes n}, \sum_{k=1}^n H_k\Big) \ge W_1, \qquad W_{mn} \ge W_n$$

The eigenvalues of $\rho^{\otimes n}$ are $\prod_i r_i^{k_i}$ and the levels $\sum_i k_i\epsilon_i$,
one of each for every way to share n copies among the d levels, $\sum_i k_i = n$; either is
$n!/\prod_i k_i!$ times degenerate. So the $d^n$ numbers are never written down: the passive state
is found by laying two staircases over one another.

References: R. Alicki, M. Fannes, Phys. Rev. E 87, 042123 (2013).
"""

import math
from functools import lru_cache
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

from qbjax import _checks
from qbjax._types import Levels, Scalar, TensorLike
from qbjax.algebra import spectral
from qbjax.merit import energetics

LARGEST = 5_000_000
"""Most numbers in the table of shares, which holds d for each of them."""

DEGENERACY = 1e300
"""Largest dimension dⁿ: a float must hold it."""


def ergotropy_per_copy(rho: TensorLike, H: TensorLike, copies: int | Any) -> Scalar:
    r"""Largest work that a unitary extracts from n copies, per copy.

    $$W_n = E - \frac1n E_\text{passive}(\rho^{\otimes n})$$

    For a qubit it does not depend on n; from three levels on a passive ρ that is not thermal may be
    worth something together with others like it. The limit n → ∞ is `total_ergotropy`.

    Args:
        rho: density matrix (d, d) of one copy.
        H: levels (d,) in any order, or Hamiltonian (d, d), of one copy.
        copies: n ≥ 1, a plain number.

    Returns:
        a number, in the units of H.

    Raises:
        TypeError, ValueError: if `rho` is not a state, or `H` does not fit it; if the copies can be
        shared among the levels in more than 5·10⁶/d ways (900 copies of a qubit have 901, 200 of a
        qutrit 20301, 12 of ten levels 293930), or $d^n > 10^{300}$.

    Example:
        A passive state that is not completely passive:

        >>> rho, levels = np.diag([0.5, 0.49, 0.01]), np.array([0.0, 0.9, 1.0])
        >>> [round(float(ergotropy_per_copy(rho, levels, n)), 4) for n in (1, 2, 10, 100)]
        [0.0, 0.094, 0.1757, 0.2065]

    References: Alicki, Fannes (2013).
    """
    state = _checks.density_matrix("rho", rho)
    d = state.shape[0]
    hamiltonian = _checks.hamiltonian("H", H, dim=d)
    n = _copies(copies, d)
    levels = hamiltonian if hamiltonian.ndim == 1 else spectral.eigenvalues(hamiltonian)
    passive = _passive_energy(spectral.eigenvalues(state), levels - jnp.min(levels), n)
    return energetics.energy(state, hamiltonian) - passive / n


def _copies(copies: int | Any, d: int) -> int:
    n = _checks.integer("copies", copies, low=1)
    ways = math.comb(n + d - 1, d - 1)
    if ways * d > LARGEST or n * math.log(d) > math.log(DEGENERACY):
        raise ValueError(
            f"Argument `copies` must leave at most {LARGEST // d} ways to share the copies among "
            f"{d} levels, and a dimension of at most {DEGENERACY:g}, but is {n}: {ways} ways, "
            f"dimension {d}**{n}; qb.merit.total_ergotropy is the limit."
        )
    return n


def _passive_energy(eigenvalues: Levels, levels: Levels, n: int) -> Scalar:
    """Passive energy of n copies, from the spectra of one; levels count from 0."""
    # Behind a barrier, or XLA would sort what it takes for constants while it compiles: minutes.
    shares, weights, levels = lax.optimization_barrier((*_shares(levels.shape[0], n), levels))
    populations = _products(eigenvalues, shares, n)
    energies = levels @ shares.astype(float)
    down, up = jnp.argsort(-populations), jnp.argsort(energies)
    # Where each stair of either staircase ends, counted in states of the whole.
    falls, rises = (jnp.cumsum(weights[order]) for order in (down, up))
    ends = jnp.sort(jnp.concatenate([falls, rises]))
    widths = jnp.diff(ends, prepend=0.0)
    last = len(weights) - 1
    at = [jnp.minimum(jnp.searchsorted(stairs, ends), last) for stairs in (falls, rises)]
    return jnp.sum(widths * populations[down][at[0]] * energies[up][at[1]])


def _products(values: Levels, shares: Int[Array, "d M"], n: int) -> Float[Array, " M"]:
    """Products of powers, read from a table: the derivative of 0⁰ is never asked for."""
    factors = jnp.broadcast_to(values[:, None], (values.shape[0], n))
    powers = jnp.concatenate([jnp.ones((values.shape[0], 1)), jnp.cumprod(factors, axis=1)], axis=1)

    def times(product, one):
        table, exponents = one
        return product * table[exponents], None

    return lax.scan(times, jnp.ones(shares.shape[1]), (powers, shares))[0]


@lru_cache(maxsize=8)
def _shares(d: int, n: int) -> tuple[Int[np.ndarray, "d M"], Float[np.ndarray, " M"]]:
    """All shares of n copies among d levels, and the number of states in which each is found."""
    shares, left, weights = np.zeros((0, 1), int), np.array([n]), np.ones(1)
    choose = [np.array([float(math.comb(m, k)) for k in range(m + 1)]) for m in range(n + 1)]
    for _ in range(d - 1):
        rows = np.repeat(np.arange(len(left)), left + 1)
        taken = np.concatenate([np.arange(m + 1) for m in left])
        weights = weights[rows] * np.concatenate([choose[m] for m in left])
        shares, left = np.vstack([shares[:, rows], taken]), left[rows] - taken
    return np.vstack([shares, left]), weights
