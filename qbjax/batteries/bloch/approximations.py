r"""The paper's approximations of the Bloch-sphere charger's optima, each with its error.

| function | Eq. | meant for | error |
|---|---|---|---|
| `ergotropic_power_time` | (43) | no loss | at most 0.0054/J, 0.39 % |
| `ergotropic_power` | (45) | no loss | at most 0.0181 ωJ; +38 % at θ = 0.1π |
| `energy_time` | (65) | γ ≪ J | $-\pi\gamma^2/64J^3$, the leading term |
| `energy` | (66) | γ ≪ J | $-(\frac18 + \frac{\pi^2}{32})\omega s^2\gamma^2/J^2$ |
| `power_time` | (67) | γ ≪ J | $-0.0585\,\gamma^2/J^3$ |
| `power` | (68) | γ ≪ J | $-0.2012\,\omega s^2\gamma^2/J$ |

Where θ → 0 the exact power is quadratic, $B\omega J\theta^2/4$, and (45) is linear: its relative
error has no bound. Symbols, shapes and errors raised as in `bloch_optima`, to whose answer for the
same battery, with its loss, everything is compared.

Reference: C. A. Downing and M. S. Ukhtary, "Charging a quantum battery from the Bloch sphere"
(2026).
"""

from typing import Any, NamedTuple

import jax.numpy as jnp

from qbjax import _checks
from qbjax._types import TensorLike
from qbjax.batteries.bloch import optima
from qbjax.batteries.bloch._swing import Elementwise, check_charger
from qbjax.batteries.bloch.battery import BlochCharger


class Approximation(NamedTuple):
    """An approximation and what it approximates; one shape.

    Attributes:
        value: approximate.
        exact: exact.
        error: value − exact.
    """

    value: Elementwise
    exact: Elementwise
    error: Elementwise


def ergotropic_power_time(battery: BlochCharger | Any, theta: TensorLike) -> Approximation:
    r"""Sigmoid for the time of the largest ergotropic power.

    $$Jt_{\mathcal P} \simeq \frac75\,
      \frac{\frac56 + (\frac16 + k\pi^{5/2})(\theta/\pi)^{5/2}}{1 + k\theta^{5/2}}, \qquad
      k = \frac{9\sqrt3}{32}$$

    Args:
        battery: a Bloch-sphere charger.
        theta: polar angles from 0 to π, any shape.

    Returns:
        an `Approximation`, of times.

    Raises:
        TypeError, ValueError: for another battery, angles out of range.

    Example:
        >>> found = ergotropic_power_time(BlochCharger(), jnp.pi / 2)
        >>> round(float(found.error), 6)
        -0.000558

    References: Downing and Ukhtary (2026), Eq. (43).
    """
    theta = _checks.array("theta", theta, low=0.0, high=jnp.pi)
    k = 9 * jnp.sqrt(3.0) / 32
    top = 5 / 6 + (1 / 6 + k * jnp.pi**2.5) * (theta / jnp.pi) ** 2.5
    value = 7 / 5 * top / (1 + k * theta**2.5) / check_charger(battery)
    return _beside(value, optima.best_ergotropic_power(battery, theta).time)


def ergotropic_power(battery: BlochCharger | Any, theta: TensorLike) -> Approximation:
    r"""Hyperbolic tangent for the largest ergotropic power.

    $$\mathcal P(t_{\mathcal P}) \simeq \frac{\omega J}3
      \left(\frac{\tanh(\theta - \pi/2)}{\tanh(\pi/2)} + 1\right)$$

    Returns an `Approximation`, of powers; arguments and errors are those of
    `ergotropic_power_time`. Source: Downing and Ukhtary (2026), Eq. (45).

    Example:
        >>> found = ergotropic_power(BlochCharger(), 0.1 * jnp.pi)
        >>> round(float(found.error / found.exact), 2)
        0.38
    """
    theta = _checks.array("theta", theta, low=0.0, high=jnp.pi)
    scale = _frequency(battery) * check_charger(battery) / 3
    value = scale * (jnp.tanh(theta - jnp.pi / 2) / jnp.tanh(jnp.pi / 2) + 1)
    return _beside(value, optima.best_ergotropic_power(battery, theta).value)


def energy_time(battery: BlochCharger | Any) -> Approximation:
    r"""The time of the largest energy, $t_E \simeq \frac\pi{2J}(1 - \frac\gamma{2\pi J})$.

    Args:
        battery: a Bloch-sphere charger.

    Returns:
        an `Approximation`, of a time.

    Raises:
        TypeError: for another battery.

    Example:
        >>> round(float(energy_time(BlochCharger(decay=0.1)).error), 7)
        -0.0004807

    References: Downing and Ukhtary (2026), Eq. (65).
    """
    J = check_charger(battery)
    return _beside(
        jnp.pi / (2 * J) * (1 - _loss(battery) / (2 * jnp.pi)), optima.energy_time(battery)
    )


def energy(battery: BlochCharger | Any, theta: TensorLike) -> Approximation:
    r"""The largest energy, $E(t_E) \simeq \omega\sin^2\frac\theta2(1 - \frac{\pi\gamma}{4J})$.

    Args:
        battery: a Bloch-sphere charger.
        theta: polar angles, any shape.

    Returns:
        an `Approximation`, of energies.

    Raises:
        TypeError, ValueError: for another battery, angles that are no numbers.

    Example:
        >>> round(float(energy(BlochCharger(decay=0.1), jnp.pi).error), 5)
        -0.00414

    References: Downing and Ukhtary (2026), Eq. (66).
    """
    value = _start(battery, theta) * (1 - jnp.pi / 4 * _loss(battery))
    return _beside(value, optima.best_energy(battery, theta).value)


def power_time(battery: BlochCharger | Any) -> Approximation:
    r"""The time of the largest power, $t_P \simeq \frac AJ(1 - L\frac\gamma J)$.

    Returns an `Approximation`, of a time; arguments and errors are those of `energy_time`. Source:
    Downing and Ukhtary (2026), Eq. (67).

    Example:
        >>> found = power_time(BlochCharger(decay=0.1))
        >>> bool(abs(found.error) < 0.1**2)
        True
    """
    value = optima.POWER_TIME / check_charger(battery)
    value = value * (1 - optima.POWER_TIME_SLOPE * _loss(battery))
    return _beside(value, optima.best_charging_power(battery, jnp.pi).time)


def power(battery: BlochCharger | Any, theta: TensorLike) -> Approximation:
    r"""The largest power, $P(t_P) \simeq B\omega J\sin^2\frac\theta2(1 - \frac A2\frac\gamma J)$.

    Returns an `Approximation`, of powers; arguments and errors are those of `energy`. Source:
    Downing and Ukhtary (2026), Eq. (68).

    Example:
        >>> found = power(BlochCharger(decay=0.1), jnp.pi)
        >>> bool(abs(found.error) < 0.1**2)
        True
    """
    value = _start(battery, theta) * check_charger(battery)
    value = optima.POWER * value * (1 - optima.POWER_TIME / 2 * _loss(battery))
    return _beside(value, optima.best_charging_power(battery, theta).value)


def _start(battery, theta):
    """Energy of the charger at first."""
    s = jnp.sin(_checks.array("theta", theta) / 2)
    return _frequency(battery) * s**2


def _frequency(battery):
    check_charger(battery)
    return jnp.asarray(battery.frequency, float)


def _loss(battery):
    coupling = check_charger(battery)
    return jnp.asarray(battery.decay, float) / coupling


def _beside(value, exact):
    return Approximation(value, exact, value - exact)
