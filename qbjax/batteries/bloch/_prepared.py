r"""The charger as it was prepared, mixed or pure, and the battery qubit that it makes.

With the length r of its Bloch vector the charger starts with the population
$q = r\sin^2\frac\theta2 + \frac{1-r}2$ and the coherence $\frac r2\sin\theta$; of these the battery
has $p = qf^2$ and $c = \frac r2f\sin\theta$.
"""

import jax.numpy as jnp

from qbjax import _checks
from qbjax.batteries.bloch._swing import swing


def population(theta, length):
    """The charger's population q at the start."""
    s2 = jnp.sin(_checks.array("theta", theta) / 2) ** 2
    return s2 if _is_pure(length) else (r := _checked(length)) * s2 + (1 - r) / 2


def coherence(theta, length):
    """The charger's coherence at the start."""
    half = _checks.array("theta", theta) / 2
    whole = jnp.sin(half) * jnp.cos(half)
    return whole if _is_pure(length) else _checked(length) * whole


def disorder(length):
    """Determinant (1 − r²)/4 of the charger's state: 0 for a pure one."""
    return 0.0 if _is_pure(length) else (1 - _checked(length) ** 2) / 4


def qubit(battery, theta, t, length):
    """Population p of the battery, and the coherence with its sign."""
    f = swing(battery, t)
    if not _is_pure(length):
        return population(theta, length) * f**2, coherence(theta, length) * f
    half = _checks.array("theta", theta) / 2
    s = jnp.sin(half)
    return (s * f) ** 2, s * jnp.cos(half) * f


def _is_pure(length):
    """Whether the length is the plain number 1, as by default."""
    return type(length) in (int, float) and length == 1


def _checked(length):
    return _checks.array("length", length, low=0.0, high=1.0)
