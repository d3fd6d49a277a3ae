r"""Energy against time when power is a concave function of energy, in closed form.

$$\dot x = r(x), \quad x(0) = 0; \qquad \dot y = \max_{[\max(y-1, 0),\,y]} r, \quad y(0) = 0.$$

The first equation is the flow of r. The second, `widened`, needs nothing new: y is x until x
reaches $x_p$, where r is largest (or 0, if r falls from the start), then climbs one quantum at
the constant rate $r(x_p)$, and then is one quantum above x:

$$y(t) = x(t - g/r(x_p)) + g, \qquad g = \min(r(x_p)\max(t - t_p, 0), 1), \qquad x(t_p) = x_p .$$

| ladder | r(x) | $x_p$ |
|---|---|---|
| oscillator | $R_0(1-\gamma)\sqrt{x+1} - 2\gamma x/\pi$ | $[\pi R_0(1-\gamma)/4\gamma]^2 - 1$ |
| spin | $R_0\sqrt{(x+1)(2j-x)}$ | $j - 1/2$ |
| uniform | $R_0$ | none |

What the rates are for is said in `bounds`. Times are Ωτ, energies are in level spacings.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax

from qbjax._types import Scalar

X0 = 1.1655611852072114
r"""The angle at which $\sin^2x/x$ is largest: the positive root of $\tan x = 2x$."""

R0 = 0.7246113537767085
r"""The largest value of $\sin^2x/x$."""

FAINT = 1e-75
"""Smallest fraction kept, and smallest loss, that is told from zero: its inverse is finite."""

NEWTON = 6
"""Newton steps from the first guess to rounding; three did for all v and all targets to 1e6."""


class Flow(NamedTuple):
    """Energy as a function of time, and time as a function of energy: one equation solved.

    Attributes:
        energy: x of t.
        time: t of x, infinite where x never comes.
        peak, peak_time, peak_rate: $x_p, t_p, r(x_p)$; None if r never falls.
        top: where the energy stays once it is there; None if there is no such place.
    """

    energy: Callable[[Scalar], Scalar]
    time: Callable[[Scalar], Scalar]
    peak: Scalar | None = None
    peak_time: Scalar | None = None
    peak_rate: Scalar | None = None
    top: float | None = None


def widened(flow: Flow) -> Flow:
    """Makes the flow whose rate is the largest that another has within one quantum below."""
    peak, peak_time, peak_rate = flow.peak, flow.peak_time, flow.peak_rate
    if peak is None or peak_time is None or peak_rate is None:
        return flow

    # Every choice is a `where`: at t = 0, where the peak may be, the derivative of a maximum of
    # equals is a half.
    def energy(t):
        due = peak_rate * jnp.where(t < peak_time, 0.0, t - peak_time)
        waits = due < 1
        since = t - 1 / jnp.where(waits, 1.0, peak_rate)
        x = flow.energy(jnp.where(t < peak_time, t, jnp.where(waits, peak_time, since)))
        return _at_most(x + jnp.where(waits, due, 1.0), flow.top)

    def time(x):
        over = jnp.where(x < peak, 0.0, x - peak)
        climbed = jnp.where(over < 1, over, 1.0)
        return flow.time(x - climbed) + climbed / peak_rate

    return flow._replace(energy=energy, time=time)


def uniform() -> Flow:
    """The flow of a uniform ladder, whose rate does not depend on the energy."""
    return Flow(energy=lambda t: R0 * t, time=lambda x: x / R0)


def oscillator() -> Flow:
    r"""The flow of an oscillator without loss, $x = R_0t(1 + R_0t/4)$."""
    return Flow(
        energy=lambda t: R0 * t * (1 + R0 * t / 4),
        time=lambda x: 2 / R0 * x / (jnp.sqrt(x + 1) + 1),
    )


def spin(j: float) -> Flow:
    r"""The flow of a spin of size j.

    With $\varphi = R_0t \le \pi/2 + A$ and $\sin A = (2j-1)/(2j+1)$,

    $$x = (2j - 1)\sin^2(\varphi/2) + \sqrt{2j}\sin\varphi
        = j - \tfrac12 + (j + \tfrac12)\sin(\varphi - A),$$

    of which the first keeps its digits when x is small.
    """
    half, radius, link = j - 0.5, j + 0.5, np.sqrt(2 * j)
    start = np.arcsin(half / radius)

    def energy(t):
        phi = _at_most(R0 * t, np.pi / 2 + start)
        return _at_most(2 * half * jnp.sin(phi / 2) ** 2 + link * jnp.sin(phi), 2 * j)

    def time(x):
        reached = x <= 2 * j
        x = jnp.where(reached, x, 0.0)
        # Two roots and no 0 · ∞, so that the derivative at full charge is infinite and not NaN.
        coupling = jnp.sqrt(x + 1) * jnp.sqrt(2 * j - x)
        bend = half * (2 * j - 1 - x) / (coupling + link) if half else 0.0
        sine = x * (link + bend)
        cosine = coupling * link - (x - half) * half
        return jnp.where(reached, jnp.arctan2(sine, cosine) / R0, jnp.inf)

    return Flow(
        energy,
        time,
        peak=jnp.asarray(half),
        peak_time=jnp.asarray(start / R0),
        peak_rate=jnp.asarray(R0 * radius),
        top=2 * j,
    )


def lossy_oscillator(loss: Scalar) -> Flow:
    r"""The flow of an oscillator with loss.

    With $b = R_0(1-\gamma)$, $c = 2\gamma/\pi$, $D = \sqrt{b^2 + 4c^2}$, $v = 2c/(b + D)$
    and $s = \sqrt{x+1} - 1$,

    $$\frac{D}{2}t = y - v\ln\left(1 + \frac{s}{1+v}\right), \qquad
      s = (1 - v)\frac{1 - e^{-vy}}{v} .$$

    This is $t = \int\mathrm dx/r$ with the logarithm that diverges where r vanishes, at
    $\sqrt{x+1} = 1/v$, taken as the unknown: without loss v is 0 and nothing is singular. The
    left side of y is convex and its slope within 0.17 of one, so that Newton's method arrives
    from anywhere.
    """
    kept = jnp.exp(-loss)
    b = R0 * jnp.where(kept < FAINT, FAINT, kept)
    c = -2 / np.pi * jnp.expm1(-loss)
    D = jnp.sqrt(b**2 + 4 * c**2)
    v = 2 * c / (b + D)
    room = b * (1 + b / (D + 2 * c)) / (b + D)  # 1 − v, to the last digit when v is near 1

    def scaled_time(y, s):
        return y - v * jnp.log1p(s / (1 + v))

    def energy(t):
        s = room * _decayed(v, _root(v, room, D * t / 2))
        return s * (s + 2)

    def time(x):
        s = x / (jnp.sqrt(x + 1) + 1)
        z = v * s / room
        reached = z < 1
        y = s / room * _stretched(jnp.where(reached, z, 0.0))
        return jnp.where(reached, 2 / D * scaled_time(y, s), jnp.inf)

    rises = v < np.sqrt(2) - 1
    width = jnp.where(v < FAINT, FAINT, v)
    s = jnp.where(rises, (1 - v**2 - 2 * v) / (2 * width), 0.0)
    peak = jnp.square(s) + 2 * s
    return Flow(
        energy,
        time,
        peak=peak,
        peak_time=time(peak),
        peak_rate=jnp.where(rises, D * (1 + v**2) / (4 * width), b),
    )


def _root(v, room, target):
    """Solves the equation of `lossy_oscillator` for y, with implicit derivatives of all orders."""

    def excess(y):
        return y - v * jnp.log1p(room * _decayed(v, y) / (1 + v)) - target

    def newton(function, y):
        def step(_, y):
            slope = 1 - v * room * jnp.exp(-v * y) / (1 + v + room * _decayed(v, y))
            return y - function(y) / slope

        return lax.fori_loop(0, NEWTON, step, y)

    return lax.custom_root(excess, target, newton, lambda slope, y: y / slope(jnp.ones(())))


def _decayed(v, y):
    """The quotient (1 − exp(−vy))/v, which is y if v is 0."""
    x = v * y
    small = x < SMALL
    series = jnp.polyval(jnp.asarray(DECAYED), jnp.where(small, x, 0.0))
    safe = jnp.where(small, 1.0, x)
    return y * jnp.where(small, series, -jnp.expm1(-safe) / safe)


def _stretched(z):
    """The quotient −ln(1 − z)/z, which is 1 if z is 0."""
    small = z < SMALL
    series = jnp.polyval(jnp.asarray(STRETCHED), jnp.where(small, z, 0.0))
    safe = jnp.where(small, 0.5, z)
    return jnp.where(small, series, -jnp.log1p(-safe) / safe)


SMALL = 0.03
"""Argument below which the two quotients are series: their derivatives would lose digits."""

STRETCHED = 1 / np.arange(11.0, 0.0, -1)
DECAYED = np.array([(-1.0) ** k / np.prod(np.arange(1.0, k + 2)) for k in range(10, -1, -1)])


def _at_most(x, top):
    return x if top is None else jnp.where(x < top, x, top)
