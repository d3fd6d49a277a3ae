r"""The Bloch-sphere charger's best times, and the energy, ergotropy and power there.

With $r = \gamma/4J$ the swing has its largest value where no excitation is left in the charger,

$$t_E = \frac{T(r)}J, \quad T = \frac{\arccos r}{\sqrt{1-r^2}}
    = \frac{\operatorname{arcosh}r}{\sqrt{r^2-1}}, \qquad f^2(t_E) = e^{-\gamma t_E/2},$$

and later maxima are lower. $t_E$ is best for the ergotropy too, for every θ and γ: at fixed θ,
with $\rho^2 = 1 - 4s^4q(1-q)$ of $q = f^2$,
$\mathcal E'(q) = \omega s^2[1 - s^2(1-2q)/\rho] \ge 0$, as $\rho^2 - s^4(1-2q)^2 = 1 - s^4$.

Powers are largest where the elasticities of $f^2$ in t and of the merit in $q = f^2$ multiply to 1:

$$h(t)\,e(q) = 1, \qquad h = \frac{2t\dot f}f, \quad e = \frac{q\,\mathcal E'(q)}{\mathcal E}
  \quad (e = 1 \text{ for the energy}).$$

h falls from 2 to 0 at $t_E$. With e = 1 the root is the only one; with the ergotropy's e no second
one was seen on fine grids of θ and γ/J ≤ 12, so that the root is the global maximum. It is found by
bisection, and differentiated implicitly: forward, in reverse, to any order, under `vmap`.

Where θ = π and γ/J > `INVERSION_DECAY` there is no ergotropy; the time is the limit θ → π then.

Functions of (battery, theta) work element by element of `theta`. Symbols and errors as in
`bloch_exact`.

Reference: C. A. Downing and M. S. Ukhtary, "Charging a quantum battery from the Bloch sphere"
(2026), Eqs. (31)–(44), (63), (64), and Sec. 8.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax

from qbjax import _checks
from qbjax._bisection import bisected
from qbjax._types import Scalar, TensorLike
from qbjax.batteries.bloch import exact as bloch_exact
from qbjax.batteries.bloch._swing import Elementwise, check_charger, mean_speed, remainder, swing
from qbjax.batteries.bloch.battery import BlochCharger

POWER_TIME = 1.1655611852072112
"""The number A, tan A = 2A: $Jt_P$ without loss, Eq. (34)."""
POWER = 0.7246113537767085
r"""The number B = sin²A/A: the largest power over $\omega J\sin^2(\theta/2)$, Eq. (35)."""
ERGOTROPIC_POWER_TIME = 1.3991930228919436
r"""The number C, 1 + 2C tan 2C = 0: $Jt_{\mathcal P}$ at θ = π without loss, Eq. (42)."""
ERGOTROPIC_POWER = 0.6730168338367906
"""The number D = −cos(2C)/C: the largest ergotropic power over ωJ, Eq. (44)."""
POWER_TIME_SHIFT = 0.3063808267008694
r"""The number K = −A tan(2A)/4: $Gt_P = A - K\gamma/G + …$, Sec. 8."""
POWER_TIME_SLOPE = 0.26286121276971103
"""The number L = K/A, Eq. (67)."""
INVERSION_DECAY = 1.0211025505946072
"""Ratio γ/J where $f^2(t_E) = 1/2$: from there on θ = π never has ergotropy."""

_NEAR = 0.2
_RATIOS = np.cumprod(np.append(1.0, np.arange(1, 20) / (np.arange(1, 20) + 0.5)))
"""Coefficients of ₂F₁(1, 1; 3/2; x) = T(1 − 2x), to rounding where |x| < 0.1."""


class Optimum(NamedTuple):
    """A best time, and the merit at it; the same shape.

    Attributes:
        time: when.
        value: how much.
    """

    time: Elementwise
    value: Elementwise


def energy_time(battery: BlochCharger | Any) -> Scalar:
    r"""The time $t_E$ at which energy and ergotropy are largest, whatever θ.

    Args:
        battery: a Bloch-sphere charger.

    Returns:
        a number, $\pi/2J$ without loss, falling with γ.

    Raises:
        TypeError: for another battery.

    Example:
        >>> round(float(energy_time(BlochCharger(coupling=2.0, decay=8.0))), 9)
        0.5

    References: Downing and Ukhtary (2026), Eqs. (31), (40), (63).
    """
    J, ratio = check_charger(battery), _ratio(battery)
    near, over = jnp.abs(1 - ratio) < _NEAR, ratio > 1
    x = jnp.where(near, (1 - ratio) / 2, 0.0)
    series = jnp.polyval(jnp.asarray(_RATIOS[::-1]), x)
    low = jnp.where(near | over, 0.5, ratio)
    high = jnp.where(near | ~over, 2.0, ratio)
    below = jnp.arccos(low) / jnp.sqrt(1 - low**2)
    above = jnp.arccosh(high) / jnp.sqrt(high**2 - 1)
    return jnp.where(near, series, jnp.where(over, above, below)) / J


def best_energy(battery: BlochCharger | Any, theta: TensorLike) -> Optimum:
    r"""Largest stored energy, $\omega s^2e^{-\gamma t_E/2}$.

    Args:
        battery: a Bloch-sphere charger.
        theta: polar angles, any shape.

    Returns:
        an `Optimum`.

    Raises:
        TypeError, ValueError: see `bloch_exact`.

    Example:
        >>> best = best_energy(BlochCharger(), jnp.pi / 2)
        >>> round(float(best.time), 9), round(float(best.value), 9)
        (1.570796327, 0.5)

    References: Downing and Ukhtary (2026), Eqs. (32), (64).
    """
    s, _ = _halves(theta)
    time = jnp.broadcast_to(energy_time(battery), s.shape)
    frequency = jnp.asarray(battery.frequency, float)
    return Optimum(time, frequency * s**2 * jnp.exp(-2 * _ratio(battery) * battery.coupling * time))


def best_ergotropy(battery: BlochCharger | Any, theta: TensorLike) -> Optimum:
    r"""Largest ergotropy, at $t_E$ as well; without loss it is all of the energy.

    Returns an `Optimum`; arguments and errors are those of `best_energy`. Source: Downing and
    Ukhtary (2026), Eqs. (40), (41).

    Example:
        >>> round(float(best_ergotropy(BlochCharger(), jnp.pi / 2).value), 9)
        0.5
    """
    time = jnp.broadcast_to(energy_time(battery), _halves(theta)[0].shape)
    return Optimum(time, bloch_exact.ergotropy(battery, theta, time))


def best_charging_power(battery: BlochCharger | Any, theta: TensorLike) -> Optimum:
    r"""Largest mean charging power $E/t$, at the same $t_P$ for every θ.

    $$\left(1 + \frac{\gamma x}{2G}\right)\tan x = 2x, \qquad x = Gt_P$$

    Returns an `Optimum`; arguments and errors are those of `best_energy`. Source: Downing and
    Ukhtary (2026), Eqs. (34), (35), and above (67).

    Example:
        >>> best = best_charging_power(BlochCharger(), jnp.pi)
        >>> round(float(best.time), 9), round(float(best.value), 9)
        (1.165561185, 0.724611354)
    """
    shape = _halves(theta)[0].shape
    time = _root(lambda t: _elasticity(battery, t) - 1, energy_time(battery))
    time = jnp.broadcast_to(time, shape)
    return Optimum(time, bloch_exact.charging_power(battery, theta, time))


def best_ergotropic_power(battery: BlochCharger | Any, theta: TensorLike) -> Optimum:
    r"""Largest mean ergotropic power $\mathcal E/t$: $t_{\mathcal P}$ rises with θ.

    Returns an `Optimum`; arguments and errors are those of `best_energy`. Source: Downing and
    Ukhtary (2026), Eqs. (13), (42)–(44).

    Example:
        >>> best = best_ergotropic_power(BlochCharger(), jnp.pi / 2)
        >>> round(float(best.time), 9), round(float(best.value), 9)
        (1.323921657, 0.344355406)
    """
    s, c = _halves(theta)

    def excess(t):
        gain = _ergotropy_elasticity(s**2, c**2, swing(battery, t) ** 2)
        return _elasticity(battery, t) * gain - 1

    time = _root(excess, jnp.broadcast_to(energy_time(battery), s.shape))
    return Optimum(time, bloch_exact.ergotropic_power(battery, theta, time))


def best_angle(battery: BlochCharger | Any, t: TensorLike) -> Elementwise:
    r"""The θ of the most ergotropy at a given time: π is best for large swings only.

    $$\sin^2\frac\theta2 = \min\left(1, \frac1{2\sqrt{1 - f^2}}\right): \qquad
      \frac{\mathcal E}\omega = \frac1{2\sqrt{1 - f^2}} - \frac12 \text{ for } f^2 \le \tfrac34,
      \text{ else } 2f^2 - 1$$

    where $\partial\mathcal E/\partial s^2 = \omega q[1 - 2s^2(1-q)/\rho]$ vanishes. Its slope
    grows without bound towards $f^2 = 3/4$, where the angle arrives at π.

    Args:
        battery: a Bloch-sphere charger.
        t: times ≥ 0, any shape.

    Returns:
        angles from π/2 to π.

    Raises:
        TypeError, ValueError: see `bloch_exact`.

    Example:
        >>> round(float(best_angle(BlochCharger(), 0.9) / jnp.pi), 6)
        0.708319
    """
    late = (q := swing(battery, t) ** 2) >= 0.75
    share = 1 / (2 * jnp.sqrt(jnp.where(late, 0.25, 1 - q)))
    # where twice, for the branch not taken is differentiated as well
    return jnp.where(late, jnp.pi, 2 * jnp.arcsin(jnp.sqrt(jnp.where(late, 0.5, share))))


def _elasticity(battery, t):
    """The elasticity h, one factor of t taken out of both f and its derivative."""
    return 2 * remainder(battery, t) / mean_speed(battery, t)


def _ergotropy_elasticity(u, v, q):
    r"""The elasticity e(q) of the ergotropy for u = s², v = c².

    As sums of terms of one sign only, and no c² left to vanish.
    """
    z, tilt = 2 * u * q - 1, u * (1 - 2 * q)
    length = jnp.sqrt(z**2 + 4 * u * v * q)
    early, late = q < 0.5, z >= 0
    growth = jnp.where(early, (1 + u) / jnp.where(early, length + tilt, 1.0), 0.0)
    growth = jnp.where(early, growth, (length - tilt) / jnp.where(early | late, 1.0, v))
    inverted = 2 * u * q * (length - tilt) / jnp.where(late, length + z, 1.0)
    return jnp.where(late, inverted, growth * (length - z) / 2) / length


def _root(excess: Callable, high):
    """The first zero, below `high`, of a function that starts positive, with derivatives.

    At the ergotropy's kink `excess` is infinite or NaN: before the maximum, like positive ones.
    """

    def search(function, high):
        return bisected(lambda x: ~(function(x) <= 0), jnp.zeros_like(high), high, 52)

    return lax.custom_root(excess, high, search, lambda slope, y: y / slope(jnp.ones_like(y)))


def _halves(theta):
    half = _checks.array("theta", theta) / 2
    return jnp.sin(half), jnp.cos(half)


def _ratio(battery):
    return jnp.asarray(battery.decay, float) / (4 * jnp.asarray(battery.coupling, float))
