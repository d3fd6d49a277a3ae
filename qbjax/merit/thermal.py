r"""Total ergotropy: the work per copy when infinitely many copies are at hand.

Only the entropy then limits the work: what stays behind is the Gibbs state of the same entropy,

$$W_\infty = \lim_{n\to\infty} W_n = E - E_\text{th}, \qquad
  E_\text{th} = \frac1Z\sum_i e^{-\beta\epsilon_i}(\epsilon_i - \epsilon_0), \qquad
  S(\beta) = S(\rho),$$

whose derivative is $dE_\text{th} = \beta^{-1}dS + \sum_i p_i\,d\epsilon_i$: that of the inverse
temperature is not needed. Instead of S the root is taken of $N = \ln d - S$, written so that it
keeps its digits near the maximally mixed state, where S loses half of them:

$$N = \frac1d\sum_i h(d\,r_i - 1), \qquad h(x) = (1+x)\ln(1+x) - x.$$

References: R. Alicki, M. Fannes, Phys. Rev. E 87, 042123 (2013).
"""

import jax
import jax.numpy as jnp
import numpy as np

from qbjax import _checks
from qbjax._bisection import bisected
from qbjax._types import Levels, Scalar, TensorLike
from qbjax.algebra import spectral
from qbjax.merit import energetics

FLOOR = 1e-13
"""Eigenvalue below which the slope −ln r of the entropy grows no more: it is infinite at zero."""

COLDEST, HOTTEST = 1e13, 1e-20
"""Inverse temperatures between which the root is sought, in units of one over the width of the
levels: gaps of 10⁻¹² and states 10⁻¹⁶ from the maximally mixed one are told apart."""

HALVINGS = 70
"""Bisections of the bracket of inverse temperatures, on a logarithmic scale: its width of 76 ends
at rounding."""


def total_ergotropy(rho: TensorLike, H: TensorLike) -> Scalar:
    r"""Largest work that unitaries extract from many copies, per copy.

    $$W_\infty = \mathrm{Tr}\,\rho H - \mathrm{Tr}\,\rho_\beta H, \qquad S(\rho_\beta) = S(\rho)$$

    Its first derivatives are finite everywhere. They are right where W∞ has some: at full rank, but
    for the maximally mixed state (a cone: what is given lies among its slopes). At lower rank they
    are right along states of that rank; the slope with which W∞ falls in a new direction is
    infinite but logarithmically so, and the one given is that at an eigenvalue of `FLOOR`. Where S
    is below the entropy of a degenerate ground level, E_th is 0. Second derivatives exist at full
    rank.

    Args:
        rho: density matrix (d, d).
        H: levels (d,) in any order, or Hamiltonian (d, d), degenerate or not.

    Returns:
        a number from the ergotropy of one copy to the energy, in the units of H; 0 for Gibbs states
        alone.

    Raises:
        TypeError, ValueError: if `rho` is not a state, or `H` does not fit it.

    Example:
        A passive state that is not thermal is worth something; a qubit's ergotropy is total:

        >>> rho, levels = np.diag([0.5, 0.49, 0.01]), np.array([0.0, 0.9, 1.0])
        >>> round(float(total_ergotropy(rho, levels)), 4)
        0.2106
        >>> round(float(total_ergotropy(np.diag([0.2, 0.8]), np.array([0.0, 1.0]))), 6)
        0.6

    References: Alicki, Fannes (2013).
    """
    state = _checks.density_matrix("rho", rho)
    hamiltonian = _checks.hamiltonian("H", H, dim=state.shape[0])
    levels = hamiltonian if hamiltonian.ndim == 1 else spectral.eigenvalues(hamiltonian)
    left = _thermal_energy(spectral.eigenvalues(state), levels - jnp.min(levels))
    return energetics.energy(state, hamiltonian) - left


@jax.custom_jvp
def _thermal_energy(eigenvalues: Levels, levels: Levels) -> Scalar:
    """Energy of the Gibbs state with the entropy of a spectrum; levels count from 0."""
    p = _gibbs(_inverse_temperature(_negentropy(eigenvalues), levels), levels)[0]
    return jnp.sum(p * levels)


@_thermal_energy.defjvp
def _thermal_energy_jvp(primals, tangents) -> tuple[Scalar, Scalar]:
    (r, levels), (dr, dlevels) = primals, tangents
    d = r.shape[0]
    beta = _inverse_temperature(_negentropy(r), levels)
    # At a pure state 0·∞: both factors are taken where the missing eigenvalues are FLOOR.
    nearly_pure = np.append(np.full(d - 1, FLOOR), 1 - (d - 1) * FLOOR)
    warmest = _inverse_temperature(_negentropy(jnp.asarray(nearly_pure)), levels)
    slopes = -jnp.log(d * jnp.maximum(r, FLOOR))
    p = _gibbs(beta, levels)[0]
    return jnp.sum(p * levels), jnp.sum(slopes * dr) / jnp.minimum(beta, warmest) + jnp.sum(
        p * dlevels
    )


@jax.custom_jvp
def _inverse_temperature(negentropy: Scalar, levels: Levels) -> Scalar:
    """Finds β of the Gibbs state with ln d − S = N; an end of the bracket where there is none."""
    width = jnp.max(levels)
    unit = jnp.where(width > 0, width, 1.0)

    def is_hotter(log_beta):
        return jnp.mean(_h(_gibbs(jnp.exp(log_beta), levels / unit)[1])) < negentropy

    return jnp.exp(bisected(is_hotter, jnp.log(HOTTEST), jnp.log(COLDEST), HALVINGS)) / unit


@_inverse_temperature.defjvp
def _inverse_temperature_jvp(primals, tangents) -> tuple[Scalar, Scalar]:
    """Differentiates β implicitly: dN = β Cov(ε, dε) β + β Var(ε) dβ."""
    (N, levels), (dN, dlevels) = primals, tangents
    beta = _inverse_temperature(N, levels)
    p = _gibbs(beta, levels)[0]
    centred = levels - jnp.sum(p * levels)
    variance = jnp.sum(p * centred**2)
    there = variance > 0
    slope = (dN / beta - beta * jnp.sum(p * centred * dlevels)) / jnp.where(there, variance, 1.0)
    return beta, jnp.where(there, slope, 0.0)


def _gibbs(beta: Scalar, levels: Levels) -> tuple[Levels, Levels]:
    """Gibbs populations p, and d p − 1 with all its digits where the levels are hot."""
    p = jax.nn.softmax(-beta * levels)
    mean = jnp.mean(levels)
    hot = beta * jnp.max(levels) < 1
    small = jnp.expm1(jnp.where(hot, -beta * (levels - mean), 0.0))
    average = jnp.mean(small)
    excess = jnp.where(hot, (small - average) / (1 + average), p.shape[0] * p - 1)
    return p, excess


def _negentropy(eigenvalues: Levels) -> Scalar:
    return jnp.mean(_h(eigenvalues.shape[0] * eigenvalues - 1))


def _h(x: Levels) -> Levels:
    """The function (1 + x) ln(1 + x) − x, with its digits at small x; below −1 it is that at −1."""
    near, empty = jnp.abs(x) < 0.01, x <= -1
    y = jnp.where(near, x, 0.0)
    # Σ (−x)^k / k(k − 1) from k = 2: the next term is below 1e-17 of the first.
    series = sum(((-1.0) ** k / (k * (k - 1)) * y ** (k - 2) for k in range(9, 2, -1)), 0.5)
    z = jnp.where(near | empty, 1.0, x)
    far = jnp.where(empty, -x, (1 + z) * jnp.log1p(z) - z)
    return jnp.where(near, y**2 * series, far)
