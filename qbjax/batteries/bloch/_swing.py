r"""The swing of an excitation from the charger to the battery, and what remains behind.

One excitation, amplitude a on the charger, b on the battery; the frame of both frequencies:

$$\dot a = -\tfrac\gamma2 a - iJb, \qquad \dot b = -iJa, \qquad a(0) = 1, \quad b(0) = 0:$$

$$b = -if(t), \quad a = g(t), \qquad
  f = \frac JG\sin(Gt)\,e^{-\gamma t/4}, \qquad
  g = \frac{\dot f}J
    = \left[\cos(Gt) - \frac\gamma{4G}\sin(Gt)\right]e^{-\gamma t/4},$$

$G^2 = J^2 - (\gamma/4)^2$ of either sign. Both are entire in $z = G^2t^2$: for $z \le -1$ the
hyperbolic functions are joined with the exponential before either can overflow, for $|z| < 1$ the
power series stands, so that values and derivatives are smooth through $\gamma = 4J$. With detuning
or loss of the cell both are complex (`_detuned`), and f and g stand for their sizes.

| symbol | field of the battery |
|---|---|
| J | `coupling` |
| γ | `decay` |

Reference: C. A. Downing and M. S. Ukhtary, "Charging a quantum battery from the Bloch sphere"
(2026), Eqs. (61), (69).
"""

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from qbjax import _checks
from qbjax._types import Scalar, TensorLike
from qbjax.algebra.spectral import root
from qbjax.batteries.bloch import _detuned as detuned
from qbjax.batteries.bloch.battery import BlochCharger

Elementwise = Float[Array, "..."]
"""One number per element of the arguments' common shape."""

CLOSED = ("cell_decay", "detuning")
"""Numbers beyond the paper's with which there are closed forms."""

_ORDER = np.arange(14)
_SINE = [(-1) ** k / math.factorial(2 * k + 1) for k in _ORDER.tolist()]
_COSINE = [(-1) ** k / math.factorial(2 * k) for k in _ORDER.tolist()]
"""Series in z of sin(√z)/√z and cos(√z): at |z| = 1, four derivatives to rounding."""


def swing(battery: BlochCharger | Any, t: TensorLike) -> Elementwise:
    r"""The swing f(t): size of the amplitude that has arrived in the battery.

    Args:
        battery: a Bloch-sphere charger.
        t: times ≥ 0, any shape.

    Returns:
        array of that shape, from −1 to 1; from 0 with detuning or loss of the cell.

    Raises:
        TypeError, ValueError: for another battery, one that has no closed form, times that are
            negative or no numbers.

    Example:
        >>> import qbjax as qb
        >>> battery = qb.batteries.BlochCharger(coupling=1.0, decay=4.0)  # critical: t exp(−t)
        >>> round(float(swing(battery, 2.0)), 9) == round(2 * math.exp(-2), 9)
        True

    References: Downing and Ukhtary (2026), Eq. (69).
    """
    J, t = _arguments(battery, t)
    return J * t * mean_speed(battery, t)


def mean_speed(battery: BlochCharger | Any, t: TensorLike) -> Elementwise:
    r"""The mean speed $f(t)/(Jt)$: one at first, where the quotient would be 0/0.

    Args:
        battery: a Bloch-sphere charger.
        t: times ≥ 0, any shape.

    Returns:
        array of that shape.

    Raises:
        TypeError, ValueError: as `swing`.

    Example:
        >>> import qbjax as qb
        >>> float(mean_speed(qb.batteries.BlochCharger(), 0.0))
        1.0
    """
    J, t = _arguments(battery, t)
    if battery.further:
        return _size(detuned.speed_and_rest(battery, t)[0])
    if _checks.is_plain_zero(battery.decay):
        angle = J * t
        return _where_small(angle**2, _SINE, lambda w: jnp.sin(w) / w)
    z, x = _exponents(battery, J, t)
    near, over, w, left = _regimes(z, x, J * t)
    wave = jnp.where(over, (1 - jnp.exp(-2 * w)) / 2, jnp.sin(w)) / w
    return left * jnp.where(near, _polynomial(_SINE, z), wave)


def remainder(battery: BlochCharger | Any, t: TensorLike) -> Elementwise:
    r"""The remainder g(t): the amplitude that is left in the charger, $\dot f = Jg$.

    Args:
        battery: a Bloch-sphere charger.
        t: times ≥ 0, any shape.

    Returns:
        array of that shape, from −1 to 1.

    Raises:
        TypeError, ValueError: as `swing`.

    Example:
        >>> import qbjax as qb
        >>> battery = qb.batteries.BlochCharger(coupling=1.0, decay=4.0)
        >>> round(float(remainder(battery, 2.0)), 9) == round(-math.exp(-2), 9)
        True
    """
    J, t = _arguments(battery, t)
    if battery.further:
        return _size(detuned.speed_and_rest(battery, t)[1])
    if _checks.is_plain_zero(battery.decay):
        return jnp.cos(J * t)
    z, x = _exponents(battery, J, t)
    near, over, w, left = _regimes(z, x, J * t)
    # 1 − x/w of the growing part cancels at strong damping; z = w² − x² of it does not.
    grown = -((J * t) ** 2) / (jnp.where(over, x + w, 1.0) * w)
    falling = (grown + (1 + x / w) * jnp.exp(-2 * w)) / 2
    wave = jnp.where(over, falling, jnp.cos(w) - x * jnp.sin(w) / w)
    return left * jnp.where(near, _polynomial(_COSINE, z) - x * _polynomial(_SINE, z), wave)


def amplitudes(battery: BlochCharger | Any, t: TensorLike) -> tuple[Any, Any]:
    """The pair f(t), g(t) with their phases: real for the paper's battery, else complex."""
    J, t = _arguments(battery, t)
    if not battery.further:
        return swing(battery, t), remainder(battery, t)
    speed, rest = detuned.speed_and_rest(battery, t)
    return (J * t).astype(complex) * speed, rest


def check_charger(battery: BlochCharger | Any) -> Scalar:
    """Checks that a battery is the paper's, with no more than loss of the charger; returns its J.

    Raises:
        TypeError: for anything else. ValueError: for a Bloch-sphere charger with more numbers.
    """
    return _coupling(battery, (), "numbers of the paper alone")


def check_solvable(battery: BlochCharger | Any) -> Scalar:
    """Checks a Bloch-sphere charger that has closed forms, and returns its J.

    Raises:
        TypeError: for anything else. ValueError: for one that has none.
    """
    return _coupling(battery, CLOSED, "no dephasing, heat or counter-rotating terms")


def _coupling(battery, allowed: tuple[str, ...], expected: str) -> Scalar:
    if not isinstance(battery, BlochCharger):
        raise TypeError(
            "Argument `battery` must be a battery such as qb.batteries.BlochCharger(), "
            f"but is {_checks.show(battery)}."
        )
    more = [name for name in battery.further if name not in allowed]
    if more:
        raise ValueError(
            f"Argument `battery` must have {expected} for a formula, but has `{more[0]}`: "
            "qb.charge has an answer."
        )
    return jnp.asarray(battery.coupling, float)


def _arguments(battery, t):
    return check_solvable(battery), _checks.array("t", t, low=0.0)


def _size(amplitude) -> Elementwise:
    return root(jnp.real(amplitude) ** 2 + jnp.imag(amplitude) ** 2)


def _exponents(battery, J, t):
    """The exponents z = G²t² and x = γt/4."""
    quarter = jnp.asarray(battery.decay, float) / 4
    return (J - quarter) * (J + quarter) * t**2, quarter * t


def _regimes(z, x, angle):
    """Masks of the series and of the hyperbolic functions, √|z|, and the exponential of each.

    That is e^{w − x} where the hyperbolic functions stand, e^{−x} elsewhere.

    The root is safe inside the series' range too, for the branch not taken is differentiated
    as well.
    """
    near, over = jnp.abs(z) < 1, z <= -1
    w = jnp.sqrt(jnp.where(near, 1.0, jnp.abs(z)))
    # w − x = −(Jt)²/(w + x), without the difference of large numbers
    return near, over, w, jnp.exp(-jnp.where(over, angle**2 / jnp.where(over, w + x, 1.0), x))


def _where_small(z, coefficients, otherwise):
    near = z < 1
    w = jnp.sqrt(jnp.where(near, 1.0, z))
    return jnp.where(near, _polynomial(coefficients, z), otherwise(w))


def _polynomial(coefficients, z):
    total = jnp.full_like(z, coefficients[-1])
    for c in reversed(coefficients[:-1]):
        total = total * z + c
    return total
