r"""The Bloch-sphere charger in closed form: energy, ergotropy and power of the battery.

With $s = \sin\frac\theta2$, $c = \cos\frac\theta2$, the swing f(t) of `_swing`, and a charger that
starts with a Bloch vector of length r, which is 1 in the paper,

$$p = \left(rs^2 + \tfrac{1-r}2\right)f^2, \qquad \mathcal I = p - \tfrac12, \qquad
  \mathcal C = r|scf|, \qquad R = \sqrt{\mathcal I^2 + \mathcal C^2},$$

$$E = \omega p, \quad \sigma_E^2 = \omega^2p(1-p), \quad \mathcal E = \omega(\mathcal I + R), \quad
  \mathcal A = \omega(\mathcal I - R), \quad \mathcal K = 2\omega R,$$

the sum or difference that cancels written as $\mathcal C^2/(R \mp \mathcal I)$. All hold with and
without loss of either qubit, at every γ/J, and with detuning.

Functions of (battery, theta, t, length) work element by element: θ, t and r are numbers or arrays
of shapes that broadcast. Gradients are finite everywhere. Where one does not exist, at R = 0
(θ = π, f² = 1/2: the ergotropy's kink) and at f = 0 of $\mathcal C$, it is the subgradient in which
the square root or the modulus counts nothing.

| symbol | argument |
|---|---|
| θ | `theta`, any real number |
| t | `t` ≥ 0, in units of 1/J or of whatever J is measured in |
| r | `length`, from 0 to 1 |
| J, γ, ω | `coupling`, `decay`, `frequency` of the battery |
| γ_b, δ | its `cell_decay`, `detuning` |

Every function raises a TypeError or a ValueError for another battery, for one with dephasing, heat
or counter-rotating terms, and for angles, times and lengths that are no numbers, not finite, or out
of range.

Reference: C. A. Downing and M. S. Ukhtary, "Charging a quantum battery from the Bloch sphere"
(2026). Eq. (36) is printed with $\sin^2(2Jt)$ where $\sin^2(Jt)$ belongs, as its Eq. (37) needs.
"""

from typing import Any

import jax.numpy as jnp

from qbjax import _checks
from qbjax._types import TensorLike
from qbjax.algebra.spectral import root
from qbjax.batteries.bloch import _prepared as start
from qbjax.batteries.bloch._swing import Elementwise, check_solvable, mean_speed, swing
from qbjax.batteries.bloch.battery import BlochCharger


def energy(
    battery: BlochCharger | Any, theta: TensorLike, t: TensorLike, length: TensorLike = 1.0
) -> Elementwise:
    r"""Stored energy, $E = \omega p$.

    Args:
        battery: a Bloch-sphere charger.
        theta, t, length: polar angle, time, r; shapes that broadcast.

    Returns:
        array of their common shape, in the units of ω.

    Raises:
        TypeError, ValueError: see the module.

    Example:
        >>> round(float(energy(BlochCharger(), jnp.pi, jnp.pi / 2)), 9)
        1.0

    References: Downing and Ukhtary (2026), Eqs. (30), (62).
    """
    return _frequency(battery) * start.qubit(battery, theta, t, length)[0]


def energy_variance(
    battery: BlochCharger | Any, theta: TensorLike, t: TensorLike, length: TensorLike = 1.0
) -> Elementwise:
    r"""Fluctuation squared, $\sigma_E^2 = \omega^2p(1 - p)$.

    Returns an array, in the units of ω²; arguments and errors are those of `energy`. Source:
    Downing and Ukhtary (2026), Eq. (36), corrected.

    Example:
        >>> round(float(energy_variance(BlochCharger(), jnp.pi / 2, jnp.pi / 2)), 9)
        0.25
    """
    p, _ = start.qubit(battery, theta, t, length)
    return _frequency(battery) ** 2 * p * (1 - p)


def inversion(
    battery: BlochCharger | Any, theta: TensorLike, t: TensorLike, length: TensorLike = 1.0
) -> Elementwise:
    r"""Population inversion, $\mathcal I = p - \frac12$.

    Returns an array, from −1/2 to 1/2; arguments and errors are those of `energy`. Source: Downing
    and Ukhtary (2026), Eq. (55).

    Example:
        >>> float(inversion(BlochCharger(), 1.0, 0.0))
        -0.5
    """
    return start.qubit(battery, theta, t, length)[0] - 0.5


def coherence(
    battery: BlochCharger | Any, theta: TensorLike, t: TensorLike, length: TensorLike = 1.0
) -> Elementwise:
    r"""Size of the coherence, $\mathcal C = |\langle\sigma_b\rangle| = \frac r2|f\sin\theta|$.

    Returns an array, from 0 to 1/2; arguments and errors are those of `energy`. Source: Downing and
    Ukhtary (2026), Eq. (56).

    Example:
        >>> round(float(coherence(BlochCharger(), jnp.pi / 2, jnp.pi / 2)), 9)
        0.5
    """
    return jnp.abs(start.qubit(battery, theta, t, length)[1])


def ergotropy(
    battery: BlochCharger | Any, theta: TensorLike, t: TensorLike, length: TensorLike = 1.0
) -> Elementwise:
    r"""Extractable work, $\mathcal E = \omega(\mathcal I + R)$.

    $$\frac{\mathcal E}\omega = p - \tfrac12\left(1 - \sqrt{1 - 4s^4f^2(1 - f^2)}\right)
      \quad (r = 1)$$

    Returns an array, from 0 to ω; arguments and errors are those of `energy`. Source: Downing and
    Ukhtary (2026), Eqs. (38), (69).

    Example:
        >>> battery = BlochCharger()
        >>> round(float(ergotropy(battery, jnp.pi / 2, 1.3239216568) / 1.3239216568), 12)
        0.344355406198
    """
    p, c = start.qubit(battery, theta, t, length)
    return _frequency(battery) * _half_sum(2 * p - 1, c)


def antiergotropy(
    battery: BlochCharger | Any, theta: TensorLike, t: TensorLike, length: TensorLike = 1.0
) -> Elementwise:
    r"""The least work, $\mathcal A = \omega(\mathcal I - R) \le 0$: what the active state lacks.

    Returns an array, from −ω to 0; arguments and errors are those of `energy`. Source: Downing and
    Ukhtary (2026), Eqs. (19), (51).

    Example:
        >>> float(antiergotropy(BlochCharger(), 1.0, 0.0))
        -1.0
    """
    p, c = start.qubit(battery, theta, t, length)
    return -_frequency(battery) * _half_sum(1 - 2 * p, c)


def capacity(
    battery: BlochCharger | Any, theta: TensorLike, t: TensorLike, length: TensorLike = 1.0
) -> Elementwise:
    r"""Work between the active and the passive state, $\mathcal K = 2\omega R$.

    Returns an array, from 0 to ω; arguments and errors are those of `energy`. Source: Downing and
    Ukhtary (2026), Eqs. (57), (70).

    Example:
        >>> float(capacity(BlochCharger(), 1.0, 0.0))
        1.0
    """
    p, c = start.qubit(battery, theta, t, length)
    return _frequency(battery) * root((2 * p - 1) ** 2 + 4 * c**2)


def charging_power(
    battery: BlochCharger | Any, theta: TensorLike, t: TensorLike, length: TensorLike = 1.0
) -> Elementwise:
    r"""Mean charging power $E/t$, at t = 0 its limit, 0.

    Returns an array, in the units of ωJ; arguments and errors are those of `energy`. Source:
    Downing and Ukhtary (2026), Eq. (33).

    Example:
        >>> round(float(charging_power(BlochCharger(), jnp.pi, 1.1655611852)), 9)
        0.724611354
    """
    return _frequency(battery) * start.population(theta, length) * _swing_rate(battery, t)


def ergotropic_power(
    battery: BlochCharger | Any, theta: TensorLike, t: TensorLike, length: TensorLike = 1.0
) -> Elementwise:
    r"""Mean ergotropic power $\mathcal P = \mathcal E/t$, at t = 0 its limit, 0.

    Returns an array, in the units of ωJ; arguments and errors are those of `energy`. Source:
    Downing and Ukhtary (2026), Eq. (12).

    Example:
        >>> round(float(ergotropic_power(BlochCharger(), jnp.pi, 1.3991930229)), 9)
        0.673016834
    """
    p, c = start.qubit(battery, theta, t, length)
    z = 2 * p - 1
    size = root(z**2 + 4 * c**2)
    inverted = z >= 0  # so that t > 0
    product = start.coherence(theta, length) ** 2
    passive_side = 2 * product * _swing_rate(battery, t) / jnp.where(inverted, 1.0, size - z)
    active_side = (size + z) / 2 / jnp.where(inverted, _checks.array("t", t), 1.0)
    return _frequency(battery) * jnp.where(inverted, active_side, passive_side)


def passive_energy(
    battery: BlochCharger | Any, theta: TensorLike, t: TensorLike, length: TensorLike = 1.0
) -> Elementwise:
    r"""Energy that no unitary extracts, $E - \mathcal E = \omega\lambda_-$.

    $$\lambda_- = \frac{f^2}{\lambda_+}\left(q^2(1 - f^2) + \tfrac{1-r^2}4\right), \qquad
      q = rs^2 + \tfrac{1-r}2, \qquad \lambda_+ = \tfrac12 + R$$

    Returns an array, from 0 to ω/2; arguments and errors are those of `energy`. Source: Downing and
    Ukhtary (2026), Eqs. (16), (18), Fig. 3.

    Example:
        >>> round(float(passive_energy(BlochCharger(), jnp.pi, jnp.pi / 4)), 9)
        0.5
    """
    share = _passive_share(battery, theta, t, length)
    return _frequency(battery) * swing(battery, t) ** 2 * share


def active_energy(
    battery: BlochCharger | Any, theta: TensorLike, t: TensorLike, length: TensorLike = 1.0
) -> Elementwise:
    r"""The largest energy that a unitary gives, $E - \mathcal A = \omega\lambda_+$.

    Returns an array, from ω/2 to ω; arguments and errors are those of `energy`. Source: Downing and
    Ukhtary (2026), Eqs. (16), (19).

    Example:
        >>> float(active_energy(BlochCharger(), 1.0, 0.0))
        1.0
    """
    p, c = start.qubit(battery, theta, t, length)
    return _frequency(battery) * _high(p, c)


def passive_power(
    battery: BlochCharger | Any, theta: TensorLike, t: TensorLike, length: TensorLike = 1.0
) -> Elementwise:
    r"""Passive energy per time, $E/t - \mathcal P$, at t = 0 its limit, 0.

    Returns an array, in the units of ωJ; arguments and errors are those of `energy`. Source:
    Downing and Ukhtary (2026), Fig. 3 (b), (d).

    Example:
        >>> round(float(passive_power(BlochCharger(), jnp.pi, jnp.pi / 4)), 9)
        0.636619772
    """
    share = _passive_share(battery, theta, t, length)
    return _frequency(battery) * _swing_rate(battery, t) * share


def _passive_share(battery, theta, t, length):
    """The lower eigenvalue over f², without the difference of large numbers."""
    high = _high(*start.qubit(battery, theta, t, length))
    rest = start.population(theta, length) ** 2 * (1 - swing(battery, t) ** 2)
    return (rest + start.disorder(length)) / high


def _high(p, c):
    """The higher eigenvalue of the battery's state."""
    return (1 + root((2 * p - 1) ** 2 + 4 * c**2)) / 2


def _swing_rate(battery, t):
    """The swing per time, f²/t, without the quotient 0/0."""
    return jnp.asarray(battery.coupling, float) * swing(battery, t) * mean_speed(battery, t)


def _half_sum(z, c):
    """The half sum (√(z² + 4c²) + z)/2, with all digits for z < 0 as well."""
    length = root(z**2 + 4 * c**2)
    positive = z >= 0
    quotient = 2 * c**2 / jnp.where(positive, 1.0, length - z)
    return jnp.where(positive, (length + z) / 2, quotient)


def _frequency(battery):
    check_solvable(battery)
    return jnp.asarray(battery.frequency, float)
