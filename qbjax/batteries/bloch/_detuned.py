r"""The swing of an excitation with detuning, and with loss of the cell: complex amplitudes.

In the frame that rotates with the cell,

$$\dot a = -\left(\tfrac{\gamma_a}2 + i\delta\right)a - iJb, \qquad
  \dot b = -\tfrac{\gamma_b}2b - iJa, \qquad a(0) = 1, \quad b(0) = 0 .$$

With $m, \kappa = \tfrac14(\gamma_a \pm \gamma_b) + \tfrac i2\delta$, $s^2 = (\kappa^2 - J^2)t^2$:

$$b = -if, \qquad f = Jt\,e^{-mt}\,\frac{\sinh s}s, \qquad
  a = g = e^{-mt}\left(\cosh s - \kappa t\,\frac{\sinh s}s\right).$$

Of the two roots s that one is taken whose real part has the sign of κ's along it, so that in
$s - \kappa t = -J^2t^2/(s + \kappa t)$ nothing cancels.
"""

from typing import Any

import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Complex, Float

FACTORS = [1.0 / ((2 * k + 2) * (2 * k + 3)) for k in range(13)]
"""Quotients of neighbouring terms of sinh(s)/s, for |s| ≤ 1."""


def speed_and_rest(
    battery: Any, t: Float[Array, "..."]
) -> tuple[Complex[Array, "..."], Complex[Array, "..."]]:
    """The mean speed f/(Jt) and the remainder g, for a battery that need not be the paper's."""
    J, cell, charger, delta = (
        jnp.asarray(x, float)
        for x in (battery.coupling, battery.cell_decay, battery.decay, battery.detuning)
    )
    angle = lax.complex(J * t, jnp.zeros_like(t))
    x = lax.complex((charger - cell) / 4 * t, delta / 2 * t)
    squared = x**2 - angle**2
    near = jnp.abs(squared) < 1
    s = jnp.sqrt(jnp.where(near, 1.0, squared))
    s = jnp.where(jnp.real(s * jnp.conj(x)) < 0, -s, s)
    # where twice, for the branch not taken is differentiated as well
    less = -(angle**2) / jnp.where(near, 1.0, s + x)  # s − κt
    both = lax.complex((cell + charger) / 4 * t, delta / 2 * t)
    ahead = jnp.exp(less - (both - x))
    behind = jnp.exp(-less - (both + x))
    mean, small = jnp.exp(-both), jnp.where(near, squared, 0.0)
    sine = jnp.where(near, mean * _series(small), (ahead - behind) / (2 * s))
    far = less / s * ahead + (1 + x / s) * behind
    rest = jnp.where(near, mean * _cosine(small) - x * sine, far / 2)
    return sine, rest


def _series(squared):
    """The quotient sinh(s)/s, from s²."""
    total = jnp.ones_like(squared)
    for factor in reversed(FACTORS):
        total = 1 + factor * squared * total
    return total


def _cosine(squared):
    """The function cosh(s), from s²: 1 + 2 sinh²(s/2)."""
    return 1 + squared / 2 * _series(squared / 4) ** 2
