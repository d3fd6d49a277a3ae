r"""A given energy under a given peak: the constraint that a pulse's amplitudes share.

Under a peak P, write an amplitude as $a = P\sin\varphi$. The flow
$d\varphi/d\tau = \tfrac12\sin 2\varphi$ has the solution $\tan\varphi' = e^\tau\tan\varphi$, so

$$a' = P\frac{e^\tau\sin\varphi}{\sqrt{\cos^2\varphi + e^{2\tau}\sin^2\varphi}}:$$

every $q = (a/P)^2$ moves by $\mathrm{logit}\,q' = \mathrm{logit}\,q + 2\tau$. The energy grows
with τ, from what sits at the peak already to the peak wherever the amplitude is not zero, so
one scalar root gives every choice of angles its energy exactly. Signs stay, the peak is
reached at finite angles, and what has the energy already is left alone. Without a peak the
amplitudes are scaled. (P → ∞ is that limit: $a' = e^\tau a$.)
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float

from qbjax._bisection import bisected
from qbjax.protocols.free import NUDGE, Choice

ROUNDING = 1e-12
"""Relative distance of a pulse's energy from the one asked for that counts as rounding."""

FARTHEST = 400.0
"""Bound on the shift |τ|: e^{2τ} squared is still a double."""

NODES = 2048
"""Points of the midpoint rule over a cosine series. A function of one is even and periodic when
mirrored, so that the rule converges exponentially: to 1e-12 as long as F takes more than a 400th of
the pulse to change sign."""


class Scaled(Choice):
    """Amplitudes on the ellipsoid of one energy, $\\sum_i w_i a_i^2 = E$.

    Attributes:
        value: the amplitudes, shape (n,).
        weights: $w_i$, shape (n,).
        energy: E.
    """

    value: Float[Array, " n"]
    weights: Float[Array, " n"]
    energy: Float[Array, ""]

    def coordinate(self):
        return self.value / jnp.max(jnp.abs(self.value))  # any multiple is as good

    def at(self, coordinate):
        return scaled(coordinate, self.weights, self.energy)

    def drawn(self, key):
        """Draws amplitudes uniformly on the sphere of the $\\sqrt{w_i}a_i$."""
        direction = jax.random.normal(key, self.value.shape) / jnp.sqrt(self.weights)
        return Scaled(self.at(direction), self.weights, self.energy)


class Shifted(Choice):
    """Amplitudes of n equal segments with one mean square and a peak.

    Attributes:
        value: the amplitudes, shape (n,).
        peak: P.
        level: mean square over P².
    """

    value: Float[Array, " n"]
    peak: Float[Array, ""]
    level: Float[Array, ""]

    def coordinate(self):
        # Off zero too: with the others at the peak, an amplitude of 0 would be stuck.
        size = jnp.clip(jnp.abs(self.value) / self.peak, NUDGE, 1 - NUDGE)
        return jnp.arcsin(jnp.where(self.value < 0, -size, size))

    def at(self, coordinate):
        return self.peak * filled(self.level, jnp.sin(coordinate), jnp.cos(coordinate) ** 2)

    def drawn(self, key):
        """Draws amplitudes uniformly between the peaks, then shifts them to the mean square."""
        sine = jax.random.uniform(key, self.value.shape, minval=-1.0, maxval=1.0)
        value = self.peak * filled(self.level, sine, 1 - sine**2)
        return Shifted(value, self.peak, self.level)


class ShiftedSeries(Choice):
    r"""A cosine series of $P\varphi$ and its shift τ, with one mean square of $P\sin\varphi'$.

    Attributes:
        value: the coefficients, shape (K+1,), and τ.
        peak: P.
        level: mean square over P².
    """

    value: tuple[Float[Array, " K"], Float[Array, ""]]
    peak: Float[Array, ""]
    level: Float[Array, ""]

    def coordinate(self):
        return self.value[0] / self.peak

    def at(self, coordinate):
        return shifted_series(self.peak * coordinate, self.peak, self.level)

    def drawn(self, key):
        """Draws angles up to a right one, the k-th cosine's within a (k+1)-th of it."""
        size = np.pi / 2 / np.arange(1, self.value[0].size + 1)
        unit = jax.random.uniform(key, self.value[0].shape, minval=-1.0, maxval=1.0)
        return ShiftedSeries(self.at(size * unit), self.peak, self.level)


def scaled(amplitudes, weights, energy) -> Float[Array, " n"]:
    """Scales amplitudes to the multiple of them that has an energy."""
    return amplitudes * jnp.sqrt(energy / jnp.sum(weights * amplitudes**2))


def shifted(sine, cosine2, shift) -> Float[Array, "..."]:
    """The sine of an angle after the flow, smooth at the peak and at zero.

    The angle is given by $\\sin\\varphi$ and $\\cos^2\\varphi$.
    """
    grown = jnp.exp(shift / 2)
    found = sine * grown / jnp.sqrt(cosine2 / grown**2 + (sine * grown) ** 2)
    # Only removes a last bit beyond the peak, and leaves the derivative alone.
    return found + lax.stop_gradient(jnp.clip(found, -1, 1) - found)


@jax.jit
def filled(level, sine, cosine2) -> Float[Array, " n"]:
    """Sines after the flow to a mean square; NaN where no flow leads there.

    All at the peak they are constant: the derivatives there are 0, that with respect to the level
    included.
    """
    full = _is_full(level)
    shift = _root(jnp.where(full, 0.5, level), sine, cosine2)
    found = jnp.where(full, jnp.sign(sine), shifted(sine, cosine2, shift))
    return jnp.where(_met(level, found), found, jnp.nan)


@jax.jit
def shifted_series(coefficients, peak, level) -> tuple[Float[Array, " K"], Float[Array, ""]]:
    """The coefficients and the shift that gives them the mean square, NaN where none does."""
    sine, cosine2 = _sines(coefficients, peak, NODES)
    full = _is_full(level)
    shift = _root(jnp.where(full, 0.5, level), sine, cosine2)
    # All at the peak, a continuous pulse is constant.
    constant = jnp.zeros_like(coefficients).at[0].set(peak * jnp.pi / 2)
    flat = jnp.where(jnp.sum(sine) < 0, -constant, constant)
    met = full | _met(level, shifted(sine, cosine2, shift))
    shift = jnp.where(met, jnp.where(full, 0.0, shift), jnp.nan)
    return jnp.where(full, flat, coefficients), shift


def mean_square(coefficients, shift, peak, nodes: int) -> Float[Array, ""]:
    """Mean of F² over the pulse of a shifted series, by the midpoint rule."""
    sine, cosine2 = _sines(coefficients, peak, nodes)
    return peak**2 * jnp.mean(shifted(sine, cosine2, shift) ** 2)


def series_weights(count: int) -> Float[np.ndarray, " K"]:
    """Mean squares of the cosines of a series: 1, ½, ½, …"""
    return np.where(np.arange(count) == 0, 1.0, 0.5)


def _sines(coefficients, peak, nodes: int):
    """Evaluates sin φ and cos² φ at the midpoints of equal parts of a pulse."""
    angle = _cosines(coefficients.size, nodes) @ coefficients / peak
    return jnp.sin(angle), jnp.cos(angle) ** 2


def _cosines(count: int, nodes: int) -> Float[np.ndarray, "nodes K"]:
    """Evaluates cos kπx for k = 0 … count − 1 at the midpoints of equal parts of [0, 1]."""
    x = (np.arange(nodes) + 0.5) / nodes
    return np.cos(np.pi * np.outer(x, np.arange(count)))


def _root(level, sine, cosine2) -> Float[Array, ""]:
    """Finds the shift to a mean square; its derivatives, of all orders, are the implicit ones."""

    def excess(shift):
        return jnp.mean(shifted(sine, cosine2, shift) ** 2) - level

    def bisect(function, _):
        farthest = FARTHEST * jnp.ones(())
        return bisected(lambda shift: function(shift) < 0, -farthest, farthest, 80)

    def divide(slope, y):
        # Only where every amplitude is at the peak, or zero, is the slope zero: there no
        # shift moves any of them.
        slope = slope(jnp.ones(()))
        return y / jnp.where(slope == 0, jnp.inf, slope)

    return lax.custom_root(excess, jnp.zeros(()), bisect, divide)


def _is_full(level) -> Bool[Array, ""]:
    return jnp.abs(level - 1) <= ROUNDING


def _met(level, sines) -> Bool[Array, ""]:
    return jnp.abs(jnp.mean(sines**2) - level) <= ROUNDING * level
