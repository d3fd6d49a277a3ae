r"""The Bloch-sphere charger in closed form: charger, phases and entanglement.

With the amplitudes −if(t) and g(t) of `_swing`, every moment that is not zero by the
number of excitations:

$$\langle\sigma_a\rangle = \tfrac12e^{i\phi}\sin\theta\,g\,e^{-i\omega t}, \qquad
  \langle\sigma_b\rangle = -\tfrac i2e^{i\phi}\sin\theta\,f\,e^{-i\omega t},$$

$$\langle\sigma_a^\dagger\sigma_a\rangle = \sin^2\tfrac\theta2\,g^2, \qquad
  \langle\sigma_a^\dagger\sigma_b\rangle = -i\sin^2\tfrac\theta2\,fg.$$

With loss too: what has jumped is in the vacuum, which has no coherence with what has not. With
detuning or loss of the cell f and g are complex, and g* stands for g in the last. A mixed charger
has $\tfrac r2\sin\theta$ for $\tfrac12\sin\theta$ and $r\sin^2\tfrac\theta2 + \tfrac{1-r}2$ for
$\sin^2\tfrac\theta2$. Symbols, shapes, and errors as in `bloch_exact`; φ is `phi`, a number or an
array.

Reference: C. A. Downing and M. S. Ukhtary, "Charging a quantum battery from the Bloch sphere"
(2026). Eqs. (24) and (28) are printed without the factor i.
"""

from typing import Any, TypeAlias

import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Complex

from qbjax import _checks
from qbjax._types import TensorLike
from qbjax.batteries.bloch import _prepared as start
from qbjax.batteries.bloch._swing import Elementwise, amplitudes, remainder, swing
from qbjax.batteries.bloch.battery import BlochCharger

ComplexElementwise: TypeAlias = Complex[Array, "..."]


def concurrence(
    battery: BlochCharger | Any, theta: TensorLike, t: TensorLike, length: TensorLike = 1.0
) -> Elementwise:
    r"""Entanglement of charger and battery, $C = 2\sin^2\frac\theta2|fg|$.

    Without loss $\sin^2\frac\theta2|\sin2Jt|$. Its derivative is taken as 0 at its zeros.

    Args:
        battery: a Bloch-sphere charger.
        theta, t, length: polar angle, time ≥ 0, r; shapes that broadcast.

    Returns:
        array of their common shape, from 0 to 1.

    Raises:
        TypeError, ValueError: see `bloch_exact`.

    Example:
        >>> float(concurrence(BlochCharger(), jnp.pi, jnp.pi / 4).round(9))
        1.0

    References: Downing and Ukhtary (2026), Eq. (59), lossless.
    """
    return 2 * jnp.abs(start.population(theta, length) * swing(battery, t) * remainder(battery, t))


def charger_energy(
    battery: BlochCharger | Any, theta: TensorLike, t: TensorLike, length: TensorLike = 1.0
) -> Elementwise:
    r"""Energy left in the charger, $(\omega + \delta)\sin^2\frac\theta2g^2$; at t = 0 all of it.

    Returns an array, in the units of ω; arguments and errors are those of `concurrence`. Source:
    Downing and Ukhtary (2026), Eq. (22), lossless.

    Example:
        >>> float(charger_energy(BlochCharger(), jnp.pi / 2, 0.0).round(9))
        0.5
    """
    left = start.population(theta, length) * remainder(battery, t) ** 2
    return jnp.asarray(battery.charger_frequency, float) * left


def charger_lowering(
    battery: BlochCharger | Any,
    theta: TensorLike,
    t: TensorLike,
    phi: TensorLike = 0.0,
    length: TensorLike = 1.0,
) -> ComplexElementwise:
    r"""The charger's $\langle\sigma_a\rangle = \frac12e^{i\phi}\sin\theta\,g\,e^{-i\omega t}$.

    Args:
        battery, theta, t, length: as in `concurrence`.
        phi: azimuth.

    Returns:
        complex array of the common shape.

    Raises:
        TypeError, ValueError: see `bloch_exact`.

    Example:
        >>> complex(charger_lowering(BlochCharger(), jnp.pi / 2, 0.0))
        (0.5+0j)

    References: Downing and Ukhtary (2026), Eq. (27), lossless.
    """
    _, rest = amplitudes(battery, t)
    return _turned(battery, start.coherence(theta, length), rest, t, phi, 0.0)


def battery_lowering(
    battery: BlochCharger | Any,
    theta: TensorLike,
    t: TensorLike,
    phi: TensorLike = 0.0,
    length: TensorLike = 1.0,
) -> ComplexElementwise:
    r"""The battery's $\langle\sigma_b\rangle = -\frac i2e^{i\phi}\sin\theta\,f\,e^{-i\omega t}$.

    Returns a complex array of the common shape; arguments and errors are those of
    `charger_lowering`. Source: Downing and Ukhtary (2026), Eq. (28), corrected.

    Example:
        >>> value = battery_lowering(BlochCharger(), jnp.pi / 4, 1.0, 0.3)
        >>> round(float(value.real), 9), round(float(value.imag), 9)
        (-0.191657931, -0.227544314)
    """
    arrived, _ = amplitudes(battery, t)
    return _turned(battery, start.coherence(theta, length), arrived, t, phi, -jnp.pi / 2)


def exchange(
    battery: BlochCharger | Any, theta: TensorLike, t: TensorLike, length: TensorLike = 1.0
) -> ComplexElementwise:
    r"""The exchange $\langle\sigma_a^\dagger\sigma_b\rangle = -i\sin^2\frac\theta2\,fg$.

    The flow of energy is $-2\omega J$ times its imaginary part.

    Returns a complex array of the common shape, without a real part; arguments and errors are those
    of `concurrence`. Source: Downing and Ukhtary (2026), Eq. (24), corrected.

    Example:
        >>> complex(exchange(BlochCharger(), jnp.pi, jnp.pi / 4).round(9))
        -0.5j
    """
    arrived, rest = amplitudes(battery, t)
    if not jnp.iscomplexobj(arrived):
        size = start.population(theta, length) * arrived * rest
        return lax.complex(jnp.zeros_like(size), -size)
    both = arrived * jnp.conj(rest)
    sizes = [start.population(theta, length) * x for x in (jnp.imag(both), jnp.real(both))]
    return lax.complex(sizes[0], -sizes[1])


def _turned(battery, coherence, amplitude, t, phi, quarter):
    """Gives the product of a coherence and an amplitude the further phase φ − ωt + quarter."""
    angle = (
        _checks.array("phi", phi) + quarter - jnp.asarray(battery.frequency, float) * jnp.asarray(t)
    )
    if not jnp.iscomplexobj(amplitude):
        size = coherence * amplitude
        real, imaginary = jnp.broadcast_arrays(size * jnp.cos(angle), size * jnp.sin(angle))
        return lax.complex(real, imaginary)
    x, y = (coherence * part for part in (jnp.real(amplitude), jnp.imag(amplitude)))
    real = x * jnp.cos(angle) - y * jnp.sin(angle)
    return lax.complex(real, x * jnp.sin(angle) + y * jnp.cos(angle))
