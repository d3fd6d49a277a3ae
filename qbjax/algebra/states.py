r"""States: kets (d,) and density matrices (d, d), differentiable in their parameters.

Conventions are those of `operators`: level 0 is the ground state. A ket is real when its
parameters are; a parameter given as the plain number 0 leaves no complex arithmetic behind.
"""

from typing import Any

import jax
import jax.numpy as jnp

from qbjax import _checks
from qbjax._types import Ket, Rho, ScalarLike, TensorLike

_MAX_MEAN_NUMBER = 700.0
"""Largest |α|² of a coherent state: above it the amplitudes αⁿ/√n! overflow."""


def fock(levels: int | Any, n: int | Any) -> Ket:
    r"""Number state $|n\rangle$.

    Args:
        levels: number of levels d, at least 1.
        n: which level, from 0 to d − 1.

    Returns:
        real ket (d,).

    Raises:
        TypeError, ValueError: if `levels` or `n` is not such an integer.

    Example:
        >>> fock(3, 1).tolist()
        [0.0, 1.0, 0.0]
    """
    d = _checks.levels("levels", levels)
    place = _checks.integer("n", n, low=0, high=d - 1)
    _checks.x64()
    return jnp.zeros(d).at[place].set(1.0)


def ground(levels: int | Any) -> Ket:
    r"""Ground state $|0\rangle$: real ket (d,)."""
    return fock(levels, 0)


def coherent(levels: int | Any, alpha: ScalarLike) -> Ket:
    r"""Coherent state of an oscillator.

    $$\langle n|\alpha\rangle \propto \alpha^n/\sqrt{n!}, \qquad n = 0, \ldots, d-1$$

    These are the exact Poisson amplitudes, cut at d levels and normalised again; the
    displaced vacuum of the truncated ladder is a slightly different state.

    Args:
        levels: number of levels d, at least 1; well above $|\alpha|^2$ for the cut not to
            matter.
        alpha: amplitude α, real or complex, with $|\alpha|^2 \le 700$.

    Returns:
        ket (d,), real if `alpha` is.

    Raises:
        TypeError, ValueError: if `levels` or `alpha` is out of range.

    Example:
        >>> coherent(3, 1.0).round(3).tolist()
        [0.632, 0.632, 0.447]
    """
    d = _checks.levels("levels", levels)
    a = _checks.scalar("alpha", alpha, complex_ok=True)
    _checks.scalar("|alpha|^2", jnp.real(a) ** 2 + jnp.imag(a) ** 2, high=_MAX_MEAN_NUMBER)
    # A running product, not a power: 0**n has a NaN derivative in α, a product of zeros has
    # none.
    ratios = a / jnp.sqrt(jnp.arange(1.0, d)).astype(a.dtype)
    amplitudes = jnp.cumprod(jnp.concatenate([jnp.ones(1, a.dtype), ratios]))
    norm = jnp.sqrt(jnp.sum(jnp.real(amplitudes) ** 2 + jnp.imag(amplitudes) ** 2))
    return amplitudes / norm.astype(a.dtype)


def thermal(levels: int | Any, mean_number: ScalarLike) -> Rho:
    r"""Thermal state of an oscillator.

    $$\langle n|\rho|n\rangle \propto \left(\frac{\bar n}{\bar n + 1}\right)^n,
      \qquad n = 0, \ldots, d-1$$

    Args:
        levels: number of levels d, at least 1.
        mean_number: mean number n̄ of the whole oscillator, at least 0; d levels hold
            slightly less.

    Returns:
        real diagonal matrix (d, d).

    Raises:
        TypeError, ValueError: if `levels` or `mean_number` is out of range.

    Example:
        >>> thermal(3, 1.0).diagonal().round(4).tolist()
        [0.5714, 0.2857, 0.1429]
    """
    d = _checks.levels("levels", levels)
    n = _checks.scalar("mean_number", mean_number, low=0)
    weights = jnp.cumprod(jnp.concatenate([jnp.ones(1), jnp.full(d - 1, n / (n + 1))]))
    return jnp.diag(weights / jnp.sum(weights))


def bloch(theta: ScalarLike, phi: ScalarLike = 0) -> Ket:
    r"""Pure state of a qubit at a point of the Bloch sphere.

    $$\cos\tfrac{\theta}{2}\,|0\rangle + e^{i\varphi}\sin\tfrac{\theta}{2}\,|1\rangle$$

    Args:
        theta: polar angle θ; 0 is the ground state, π the excited one.
        phi: azimuth φ; the plain number 0 keeps the ket real.

    Returns:
        ket (2,).

    Raises:
        TypeError, ValueError: if an angle is not a finite real number.

    Example:
        >>> bloch(jnp.pi / 2, jnp.pi).round(3).tolist()
        [(0.707+0j), (-0.707+0j)]
    """
    half = _checks.scalar("theta", theta) / 2
    azimuth = _checks.scalar("phi", phi)
    ket = jnp.stack([jnp.cos(half), jnp.sin(half)])
    if _checks.is_plain_zero(phi):
        return ket
    return jax.lax.complex(
        ket * jnp.stack([jnp.ones_like(azimuth), jnp.cos(azimuth)]),
        ket * jnp.stack([jnp.zeros_like(azimuth), jnp.sin(azimuth)]),
    )


def density(ket: TensorLike) -> Rho:
    r"""Density matrix of a pure state, $|\psi\rangle\langle\psi|$.

    Args:
        ket: ket (d,) of norm one.

    Returns:
        array (d, d), real if `ket` is.

    Raises:
        TypeError, ValueError: if `ket` is no vector or not normalised.

    Example:
        >>> density(bloch(jnp.pi / 2)).round(3).tolist()
        [[0.5, 0.5], [0.5, 0.5]]
    """
    psi = _checks.ket("ket", ket)
    return psi[:, None] * psi.conj()[None, :]
