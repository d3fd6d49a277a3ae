r"""Light in a mode: quadratures and squeezing, second-order coherence, parity.

Level n of a ladder holds n quanta, $a|n\rangle = \sqrt n|n-1\rangle$. Quadratures are
$x_\vartheta = (ae^{-i\vartheta} + a^\dagger e^{i\vartheta})/\sqrt2$, so that the vacuum's variance
is ½. With the central moments $N = \langle a^\dagger a\rangle - |\langle a\rangle|^2$ and
$M = \langle a^2\rangle - \langle a\rangle^2$,

$$\mathrm{Var}\,x_\vartheta = \tfrac12 + N + \mathrm{Re}\,Me^{-2i\vartheta}
  \ge \tfrac12 + N - |M| .$$
"""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax._types import Rho, Scalar, ScalarLike, TensorLike
from qbjax.algebra.spectral import root

Parts = tuple[Any, Any]
"""Real and imaginary part of a moment."""


def quadrature_variance(rho: TensorLike, angle: ScalarLike = 0.0) -> Scalar:
    r"""Variance of a quadrature of a mode, ½ in the vacuum.

    $$\mathrm{Var}\,x_\vartheta, \qquad
      x_\vartheta = (ae^{-i\vartheta} + a^\dagger e^{i\vartheta})/\sqrt2$$

    Args:
        rho: density matrix (d, d) of a number ladder.
        angle: ϑ; 0 is x, π/2 is p.

    Returns:
        a number > 0.

    Raises:
        TypeError, ValueError: if `rho` is not a state, or `angle` not a real number.

    Example:
        >>> import numpy as np
        >>> quadrature_variance(np.diag([0.0, 1.0])).item()
        1.5
    """
    state = _checks.density_matrix("rho", rho)
    angle = _checks.scalar("angle", angle)
    photons, (re, im) = central(*moments(state))
    return 0.5 + photons + jnp.cos(2 * angle) * re + jnp.sin(2 * angle) * im


def squeezing(rho: TensorLike) -> Scalar:
    r"""Squeezing of a mode in decibels: its quietest quadrature's variance over the vacuum's.

    $$10\log_{10}\big(2\min_\vartheta\mathrm{Var}\,x_\vartheta\big)$$

    Negative where a quadrature is quieter than the vacuum. The derivative is 0 at states that have
    no quietest quadrature, where there is a kink.

    Args:
        rho: density matrix (d, d) of a number ladder.

    Returns:
        a number, in dB.

    Raises:
        TypeError, ValueError: if `rho` is not a state.

    Example:
        >>> import numpy as np
        >>> squeezed = np.array([np.sqrt(0.9), 0.0, np.sqrt(0.1)])
        >>> round(float(squeezing(np.outer(squeezed, squeezed))), 4)
        -2.5848
    """
    return squeezing_of_moments(*moments(_checks.density_matrix("rho", rho)))


def squeezing_of_moments(photons: Scalar | Any, pairs: Parts, amplitude: Parts) -> Scalar:
    r"""Squeezing in decibels, from the moments alone.

    The building block for modes that are not kept as one matrix. Nothing is checked.

    Args:
        photons: $\langle a^\dagger a\rangle$.
        pairs: real and imaginary part of $\langle a^2\rangle$.
        amplitude: those of $\langle a\rangle$.

    Example:
        >>> one = jnp.ones(())
        >>> squeezing_of_moments(one, (one, 0.0), (one, 0.0)).item()  # coherent light
        0.0
    """
    number, (re, im) = central(photons, pairs, amplitude)
    return 10 * jnp.log10(1 + 2 * number - 2 * root(re**2 + im**2))


def g2(rho: TensorLike) -> Scalar:
    r"""Second-order coherence at once: 1 for a coherent state, 2 for a thermal one.

    $$g^{(2)}(0) = \langle n(n-1)\rangle / \langle n\rangle^2$$

    In the ground state it is 0/0, and its limit depends on the way there: the value is NaN, with
    the gradient 0 (as for `fano_factor`).

    Args:
        rho: density matrix (d, d) of a number ladder.

    Returns:
        a number ≥ 0, or NaN.

    Raises:
        TypeError, ValueError: if `rho` is not a state.

    Example:
        >>> import numpy as np
        >>> g2(np.diag([0.5, 0.0, 0.5])).item()
        1.0
    """
    populations = jnp.real(jnp.diagonal(_checks.density_matrix("rho", rho)))
    n = np.arange(float(populations.shape[0]))
    return ratio(jnp.sum(populations * n * (n - 1)), jnp.sum(populations * n))


def ratio(pairs: Scalar | Any, photons: Scalar | Any) -> Scalar:
    r"""The ratio $\langle n(n-1)\rangle/\langle n\rangle^2$; NaN, slope 0, of no photons."""
    # where twice, as in `fano_factor_of_populations`
    lit = photons > 0
    return jnp.where(lit, pairs / jnp.where(lit, photons, 1.0) ** 2, jnp.nan)


def parity(rho: TensorLike) -> Scalar:
    r"""Parity of a mode, $\langle(-1)^n\rangle$: 1 for even numbers of quanta alone.

    It is π times the Wigner function at the origin.

    Args:
        rho: density matrix (d, d) of a number ladder.

    Returns:
        a number from −1 to 1.

    Raises:
        TypeError, ValueError: if `rho` is not a state.

    Example:
        >>> import numpy as np
        >>> parity(np.diag([0.25, 0.75])).item()
        -0.5
    """
    populations = jnp.real(jnp.diagonal(_checks.density_matrix("rho", rho)))
    return jnp.sum(populations[::2]) - jnp.sum(populations[1::2])


def moments(rho: Rho) -> tuple[Float[Array, ""], Parts, Parts]:
    r"""The moments $\langle a^\dagger a\rangle$, $\langle a^2\rangle$ and $\langle a\rangle$.

    Args:
        rho: density matrix (d, d) of a number ladder, unchecked.
    """
    n = np.arange(float(rho.shape[0]))
    photons = jnp.sum(n * jnp.real(jnp.diagonal(rho)))

    def below(k):
        band = jnp.diagonal(rho, -k)
        steps = np.sqrt(np.prod([n[k:] - j for j in range(k)], axis=0))
        return jnp.sum(steps * jnp.real(band)), jnp.sum(steps * jnp.imag(band))

    return photons, below(2), below(1)


def central(photons: Scalar | Any, pairs: Parts, amplitude: Parts) -> tuple[Any, Parts]:
    """The moments N and M about the mean, from those of `moments`."""
    x, p = amplitude
    return photons - x**2 - p**2, (pairs[0] - x**2 + p**2, pairs[1] - 2 * x * p)
