r"""The field of a hollow waveguide, as two emitters feel it: densities and self-energies.

In units of $\omega_{11} = c = 1$, with $d = 2\pi x$ the distance of the emitters,
$k = \sqrt{\omega^2 - 1}$ and $\kappa = \sqrt{1 - E^2}$,

$$J_0 = \frac{\Gamma}{2\pi k}, \qquad J_1 = J_0\cos kd \quad (\omega > 1), \qquad
  S_j(E) = \mathrm{P}\!\int_1^\infty \frac{J_j(\omega)}{\omega - E}\,d\omega .$$

Below the band edge 1, where $E = \cos\beta$, $\kappa = \sin\beta$ and $\arccos(-E) = \pi - \beta$,

$$S_0 = \frac{\Gamma}{2\pi}\frac{\arccos(-E)}{\kappa}, \qquad
  S_1 = e^{-\kappa d}S_0 + \frac{\Gamma E}{2\pi}
  \int_0^\infty \frac{e^{-\kappa d} - e^{-d\cosh v}}{\sinh^2 v + E^2}\,dv ,$$

and in the band, with $k = \sinh u$,

$$S_0 = -\frac{\Gamma}{2\pi}\frac uk, \qquad
  S_1 = -\frac{\Gamma}{2\pi}\left[\frac{\pi\sin kd}{k} +
  \omega\int_0^\infty \frac{e^{-d\cosh v}}{\sinh^2 v + \omega^2}\,dv\right] .$$

Both integrands are even and analytic for |Im v| < π/2, so that equidistant midpoints are exact to
rounding. The angle β is the coordinate in which bound states near the edge keep all their digits.

Reference: W.-L. Song et al., "Remote charging and degradation suppression for the quantum battery",
Phys. Rev. Lett. 132, 090401 (2024), Eqs. (2), (7).
"""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax._types import Number, Scalar

WAVELENGTH = 2 * np.pi
"""The wavelength λ₁₁ in units of c/ω₁₁."""

STRONGEST_DECAY = 3.0
"""Largest Γ₁₁: up to π no state falls below −1, where the closed forms end and the rotating-wave
model has lost its meaning."""

STEP = 0.27
RAPIDITIES = (np.arange(74) + 0.5) * STEP
CIRCULAR = np.cosh(RAPIDITIES)
"""Midpoints v of the integrals over v, and cosh v: the error is e^(−π²/STEP) for functions that are
analytic for |Im v| < π/2. (Midpoints, because v = 0 would be 0/0 at E = 0.)"""

MEAN_NODES, MEAN_WEIGHTS = (a / 2 for a in np.polynomial.legendre.leggauss(10))
"""Gauss–Legendre rule of a mean over [−1/2, 1/2]."""


def point(frequency: Any, distance: Any, decay: Any) -> tuple[Scalar, Scalar, Scalar]:
    """The three numbers of a waveguide, checked."""
    return (
        _checks.scalar("frequency", frequency, low=0, open_low=True),
        _checks.scalar("distance", distance, low=0, open_low=True),
        decay_rate(decay),
    )


def decay_rate(decay: Any) -> Scalar:
    """The decay $\\Gamma_{11}$, checked to be positive and at most `STRONGEST_DECAY`."""
    return _checks.scalar("decay", decay, low=0, open_low=True, high=STRONGEST_DECAY)


def spectral_densities(energy: Any, distance: Any, decay: Any) -> tuple[Scalar, Scalar]:
    r"""The spectral densities $J_0$ and $J_1$ at an energy ω; zero up to the band edge.

    Example:
        >>> [round(float(J), 6) for J in spectral_densities(1.4, 0.1, 0.5)]
        [0.081218, 0.066308]

    References: W.-L. Song et al. (2024), Eq. (2).
    """
    _, x, decay = point(1.0, distance, decay)
    energy = _checks.scalar("energy", energy)
    inside = energy > 1
    k = jnp.sqrt(jnp.where(inside, energy, 2.0) ** 2 - 1)
    alone = jnp.where(inside, decay / (WAVELENGTH * k), 0.0)
    return alone, alone * jnp.cos(k * WAVELENGTH * x)


def self_energies(energy: Any, distance: Any, decay: Any) -> tuple[Scalar, Scalar]:
    r"""The self-energies $S_0$ and $S_1$ at E > −1, in the band their principal values.

    At E = 1 they diverge, and are NaN.

    Example:
        >>> [round(float(S), 6) for S in self_energies(0.5, 0.1, 0.5)]
        [0.19245, 0.122028]

    References: W.-L. Song et al. (2024), Eq. (7).
    """
    _, x, decay = point(1.0, distance, decay)
    energy = _checks.scalar("energy", energy, low=-1, open_low=True)
    angle = jnp.arccos(jnp.where(energy < 1, energy, 0.0))
    rapidity = jnp.arccosh(jnp.where(energy > 1, energy, 2.0))
    above, below = jnp.array([energy > 1] * 2), jnp.array([energy < 1] * 2)
    inside, outside = _band(rapidity, x, decay), gap_energies(angle, x, decay)
    alone, cross = jnp.where(above, inside, jnp.where(below, outside, jnp.nan))
    return alone, cross


def gap_sectors(angle: Scalar, distance: Scalar, decay: Scalar) -> tuple[Scalar, Scalar]:
    r"""The self-energies $\kappa S_+$ and $S_-$ at $E = \cos\beta$, finite up to the edge, β = 0.

    $$\kappa S_+ = \frac{\Gamma}{2\pi}\left[(\pi-\beta)(1 + e^{-\kappa d}) + \kappa B\right], \qquad
      S_- = \frac{\Gamma}{2\pi}\left[(\pi-\beta)\frac{1 - e^{-\kappa d}}{\kappa} - B\right],$$

    B the subtracted integral times E. Nothing is checked.
    """
    d, kappa, away = WAVELENGTH * distance, jnp.sin(angle), jnp.pi - angle
    bridge = _bridge(angle, d)
    plus = away * (1 + jnp.exp(-kappa * d)) + kappa * bridge
    minus = away * d * fading(kappa * d) - bridge
    return decay / WAVELENGTH * plus, decay / WAVELENGTH * minus


def evanescent(energy: Number, distance: Number) -> Number:
    r"""The evanescent part $\omega\int_0^\infty e^{-d\cosh v}/(\sinh^2 v + \omega^2)\,dv$ of $S_1$.

    Analytic for Re ω > 0, complex ω in particular. Nothing is checked.
    """
    across = jnp.asarray(CIRCULAR, energy.dtype)
    weights = jnp.exp(-WAVELENGTH * distance.astype(energy.dtype) * across)
    return STEP * energy * jnp.sum(weights / (across**2 - 1 + energy**2))


def fading(x: Scalar) -> Scalar:
    r"""The quotient $(1 - e^{-x})/x$ for x ≥ 0, with all derivatives.

    The NaN it avoids: at 0 the quotient is 0/0, and near 0 its derivatives are differences of
    large numbers; there it is computed as the mean of $e^{-xs}$ over s from 0 to 1.
    """
    small = x < 1
    mean = jnp.sum(MEAN_WEIGHTS * jnp.exp(-jnp.where(small, x, 0.0) * (0.5 + MEAN_NODES)))
    far = jnp.where(small, 1.0, x)
    return jnp.where(small, mean, -jnp.expm1(-far) / far)


def gap_energies(angle: Scalar, distance: Scalar, decay: Scalar) -> Float[Array, "2"]:
    """The self-energies $S_0$ and $S_1$ at $E = \\cos\\beta$. Nothing is checked."""
    d, kappa = WAVELENGTH * distance, jnp.sin(angle)
    alone = decay / WAVELENGTH * (jnp.pi - angle) / kappa
    bridge = decay / WAVELENGTH * _bridge(angle, d)
    return jnp.stack([alone, jnp.exp(-kappa * d) * alone + bridge])


def _band(rapidity: Scalar, distance: Scalar, decay: Scalar):
    k, d = jnp.sinh(rapidity), WAVELENGTH * distance
    waves = jnp.pi * jnp.sin(k * d) / k
    cross = waves + evanescent(jnp.cosh(rapidity), distance)
    return -decay / WAVELENGTH * jnp.stack([rapidity / k, cross])


def _bridge(angle: Scalar, d: Scalar) -> Scalar:
    """The subtracted integral of $S_1$ times E.

    Its numerator keeps its digits where cosh v is near κ; at v = 0, where E = 0 would give 0/0,
    lies no node.
    """
    kappa = jnp.sin(angle)
    apart = CIRCULAR - kappa
    integrand = -jnp.expm1(-d * apart) / apart / (CIRCULAR + kappa)
    return STEP * jnp.cos(angle) * jnp.exp(-kappa * d) * jnp.sum(integrand)
