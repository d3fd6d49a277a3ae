r"""Loss for a random time: qubits that arrive as Poisson's law has it.

The time between two arrivals is exponentially distributed, of mean $t_0$; so the mean loss is, with
$\ell = \kappa t_0$ and the generator of `_loss`,

$$\rho' = \int_0^\infty e^{-s}\,e^{s\ell\mathcal G}\rho\,\mathrm ds
        = (1 - \ell\mathcal G)^{-1}\rho .$$

Element (n, m) meets (n ± 1, m ± 1) alone: one tridiagonal system per diagonal, all of them solved
together, row by row. Nothing cancels, whatever ℓ: a population lost is one that came.

Reference: P. Filipowicz, J. Javanainen and P. Meystre, Phys. Rev. A 34, 3077 (1986).
"""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import lax

from qbjax._types import Scalar
from qbjax.algebra.ladders import Ladder
from qbjax.batteries.collisional._binomial import Packed


class RandomLoss(eqx.Module):
    """Loss for an exponentially distributed time; call it with a state after every collision.

    Attributes:
        ladder: whose lowering operator is A.
        loss: its mean ℓ ≥ 0.
        thermal: occupation of the bath.

    Example:
        >>> from qbjax.algebra import ladders
        >>> half = RandomLoss(ladders.uniform(2), jnp.array(1.0), jnp.array(0.0))
        >>> half(jnp.array([0.0, 1.0])).tolist()
        [0.5, 0.5]
    """

    ladder: Ladder
    loss: Scalar
    thermal: Scalar

    def __call__(self, state: Packed) -> Packed:
        """The mean state after the loss: packed (N, N), or populations (N,)."""
        a = np.concatenate([[0.0], self.ladder.couplings, [0.0]])
        down, up = self.loss * (self.thermal + 1), self.loss * self.thermal
        leaving = down * a[:-1] ** 2 + up * a[1:] ** 2
        if state.ndim == 1:
            rows = 1 + leaving, down * a[1:] ** 2, up * a[:-1] ** 2
            return _solved(rows, state, lambda x: x, lambda x: x)
        kept = 1 + (leaving[:, None] + leaving[None, :]) / 2
        rows = kept, down * np.outer(a[1:], a[1:]), up * np.outer(a[:-1], a[:-1])
        return _solved(rows, state, _left, _right)


def _solved(rows, state, left, right):
    r"""Solves $b_nx_n - u_nx_{n+1} - l_nx_{n-1} = \rho_n$ for rows n, whose neighbours are moved.

    From the last row on $x_n = d_n + g_nx_{n-1}$; then from the first one back.
    """

    def eliminate(below, row):
        d, g = below
        kept, from_above, from_below, rho = row
        pivot = kept - from_above * left(g)
        d = (rho + from_above * left(d)) / pivot
        return (d, from_below / pivot), (d, from_below / pivot)

    nothing = jnp.zeros_like(state[0])
    _, (d, g) = lax.scan(eliminate, (nothing, nothing), (*rows, state), reverse=True)

    def substitute(before, row):
        x = row[0] + row[1] * right(before)
        return x, x

    return lax.scan(substitute, nothing, (d, g))[1]


def _left(row):
    return jnp.concatenate([row[1:], jnp.zeros(1)])


def _right(row):
    return jnp.concatenate([jnp.zeros(1), row[:-1]])
