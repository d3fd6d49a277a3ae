r"""The emitters of a waveguide without memory, to compare the exact amplitudes with.

$$c_{1,2}^\mathrm{MA}(t) = e^{-(i\omega_0 + \Upsilon_0)t}\,
  \frac{e^{-\Upsilon_1 t} \pm e^{\Upsilon_1 t}}{2}, \qquad
  \Upsilon_j = \pi J_j(\omega_0) + i\delta_j, \qquad \delta_j = -\mathrm{Re}\,S_j(\omega_0) .$$

Above the band edge everything is damped unless $k_0d = n\pi$; below it $J_j = 0$ and nothing is.

Reference: W.-L. Song et al., "Remote charging and degradation suppression for the quantum battery",
Phys. Rev. Lett. 132, 090401 (2024), Eq. (6).
"""

from typing import Any

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Complex

from qbjax import _checks
from qbjax.batteries.waveguide._self_energy import point, self_energies, spectral_densities


def markov_rates(
    frequency: Any, distance: Any, decay: Any
) -> tuple[Complex[Array, ""], Complex[Array, ""]]:
    r"""The rates $\Upsilon_0$ and $\Upsilon_1$: real part decay, imaginary Lamb shift and exchange.

    In units of $\omega_{11}$; NaN at $\omega_0 = 1$, where they diverge.

    Example:
        >>> [f"{complex(rate):.6f}" for rate in markov_rates(1.4, 0.1, 0.5)]
        ['0.255155+0.070418j', '0.208312+0.175874j']
    """
    frequency, x, decay = point(frequency, distance, decay)
    densities = spectral_densities(frequency, x, decay)
    shifts = self_energies(frequency, x, decay)
    alone, cross = (lax.complex(jnp.pi * J, -S) for J, S in zip(densities, shifts))
    return alone, cross


def markov_amplitudes(
    frequency: Any, distance: Any, decay: Any, times: Any
) -> tuple[Complex[Array, "T"], Complex[Array, "T"]]:
    r"""The amplitudes $c_1^\mathrm{MA}(t)$ and $c_2^\mathrm{MA}(t)$ without memory.

    From $c_1(0) = 1$, $c_2(0) = 0$.

    Example:
        >>> _, c2 = markov_amplitudes(1.4, 0.1, 0.5, [5.0, 10.0])
        >>> [round(float(p), 9) for p in abs(c2) ** 2]
        [0.166206167, 0.100814229]

    References: W.-L. Song et al. (2024), Eq. (6).
    """
    elapsed = _checks.times("times", times).astype(complex)
    alone, cross = markov_rates(frequency, distance, decay)
    turning = lax.complex(alone.real, alone.imag + _checks.scalar("frequency", frequency))
    # Exponents added first: each alone may overflow, their sum never grows.
    plus, minus = jnp.exp(-(turning + cross) * elapsed), jnp.exp(-(turning - cross) * elapsed)
    return (plus + minus) / 2, (plus - minus) / 2
