r"""Loss of an oscillator to a cold bath, as the binomial map.

Of m quanta l are lost with the probability $p_l(m) = \binom ml\gamma^l(1-\gamma)^{m-l}$, where
$\gamma = 1 - e^{-\ell}$. The Kraus operators $\sum_m \sqrt{p_l(m)}\,|m-l\rangle\langle m|$ make

$$\rho'_{nm} = \sum_l \sqrt{p_l(n+l)\,p_l(m+l)}\;\rho_{n+l,m+l} :$$

for each l a shift along the diagonals with an outer product as factor. The powers in Eq. (21) of
the paper overflow for large ℓ, and factorials do; probabilities do not.

Reference: R. Salvia et al., "Quantum advantage in charging cavity and spin batteries by repeated
interactions" (2023), Eq. (21).
"""

import math

import equinox as eqx
import equinox.internal as eqxi
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

from qbjax._types import Scalar

Packed = Float[Array, "N N"] | Float[Array, " N"]
"""A packed state (`algebra.packing`), or populations."""

ROUNDING = 2.0**-54
"""Probability of the terms that are left out."""

GROUP = 8
"""Shifts in one kernel: with fewer, the state would be read and written more often."""


class Binomial(eqx.Module):
    r"""The numbers that depend on the loss alone, (N, N) and zeros up to a multiple of `GROUP`.

    Attributes:
        leaving: $\sqrt{p_l(m)}$ at [l, m].
        staying: $\sqrt{p_l(n+l)}$ at [l, n].
        count: how many l matter.
    """

    leaving: Float[Array, "L N"]
    staying: Float[Array, "L N"]
    count: Int[Array, ""]


@eqx.filter_jit
def binomial(size: int, loss: Scalar) -> Binomial:
    """Prepares the numbers of a loss ℓ ≥ 0 from N levels; its derivative is not in them."""
    lost, had = np.arange(size)[:, None], np.arange(size)[None, :]
    law = jnp.where(lost <= had, _law(size, loss), 0.0)
    law = law / jnp.sum(law, axis=0, keepdims=True)
    # The highest level's losses have the longest tail.
    tail = jnp.cumsum(law[::-1, -1])
    root = jnp.pad(jnp.sqrt(law), ((0, -size % GROUP), (0, 0)))
    source = np.arange(root.shape[0])[:, None] + had
    staying = jnp.take_along_axis(root, np.minimum(source, size - 1), axis=1)
    staying = jnp.where(source < size, staying, 0.0)
    return Binomial(root, staying, eqxi.unvmap_max(jnp.sum(tail > ROUNDING)))


def shifted(plan: Binomial, state: Packed, dual: bool) -> Packed:
    """A state after the loss, or (dual) an observable before it, by the plan of `binomial`."""
    n = state.shape[0]
    table = plan.leaving if dual else plan.staying
    # Zeros behind, or before; what a slice carries over from row to row meets a factor zero.
    rows, step = n + GROUP, (n + 1 if state.ndim == 2 else 1)
    edges = [(rows, 0, 0) if dual else (0, rows, 0)] + [(0, 0, 0)] * (state.ndim - 1)
    line = lax.pad(state, 0.0, edges).ravel()
    first, sign = (line.size - state.size, -1) if dual else (0, 1)

    def group(g, total):
        rows = lax.dynamic_slice_in_dim(table, g * GROUP, GROUP)
        for k in range(GROUP):
            start = first + sign * (g * GROUP + k) * step
            part = lax.dynamic_slice(line, (start,), (state.size,)).reshape(state.shape)
            total = total + product(rows[k], state.ndim) * part
        return total

    groups = (plan.count + GROUP - 1) // GROUP
    return lax.fori_loop(0, groups, group, jnp.zeros_like(state))


def product(row: Float[Array, " N"], ndim: int) -> Packed:
    """The factors $v_nv_m$ of a state, or $v_n^2$ of populations."""
    return row[:, None] * row[None, :] if ndim == 2 else row * row


def _law(size: int, loss) -> Float[Array, "N N"]:
    r"""The law $p_l(m) = \sqrt{m/2\pi ln}\,e^{\delta_m-\delta_l-\delta_n-D}$, n = m − l, at [l, m].

    D is the deviance from the mean and δ the error of Stirling's formula, all of them small
    where p is not (C. Loader, "Fast and accurate computation of binomial probabilities", 2000);
    logarithms of factorials would cost digits.
    """
    lost, had = np.arange(size)[:, None], np.arange(size)[None, :]
    left = np.maximum(had - lost, 0)
    errors = _stirling_errors(size)
    both = (lost > 0) & (left > 0)
    spread = np.where(both, had / (2 * np.pi * np.where(both, lost * left, 1)), 1.0)
    stirling = np.where(both, errors[had] - errors[lost] - errors[left], 0.0)
    part_lost = np.log(np.maximum(lost, 1) / np.maximum(had, 1))
    part_left = np.log(np.maximum(left, 1) / np.maximum(had, 1))
    gamma = -jnp.expm1(-loss)
    expected = jnp.log(jnp.where(gamma > 0, gamma, 1.0))
    deviance = lost.astype(float) * (part_lost - expected) + left.astype(float) * (part_left + loss)
    law = np.sqrt(spread) * jnp.exp(stirling - deviance)
    return jnp.where((lost > 0) & (gamma == 0), 0.0, law)


def _stirling_errors(size: int) -> np.ndarray:
    r"""The errors $\ln n! - \ln(\sqrt{2\pi n}\,(n/e)^n)$ of Stirling's formula, n < size.

    The first, of 0, is not used.
    """
    n = np.arange(1.0, max(size, 17))
    series = (1 / 12 - (1 / 360 - (1 / 1260 - 1 / 1680 / n**2) / n**2) / n**2) / n
    for k in range(1, 17):
        exact = math.lgamma(k + 1) - 0.5 * math.log(2 * math.pi * k) - k * math.log(k) + k
        series[k - 1] = exact
    return np.concatenate([[0.0], series])[:size]
