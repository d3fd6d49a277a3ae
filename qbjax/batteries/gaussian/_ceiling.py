r"""The most that any unitary can extract of several modes: energy above a thermal state.

Of all states of one entropy S the thermal one has the least energy. Unitaries keep S, so that none
reaches less: with a single $\beta$, and
$s(\nu) = (\nu + \tfrac12)\ln(\nu + \tfrac12) - (\nu - \tfrac12)\ln(\nu - \tfrac12)$,

$$\sum_ks\big(\tfrac12\coth\tfrac{\beta\omega_k}2\big) = S = \sum_ks(\nu_k), \qquad
  E_\text{thermal} = \sum_k\frac{\omega_k}{e^{\beta\omega_k} - 1}, \qquad
  dE_\text{thermal} = \frac{dS}\beta + \sum_kn_k\,d\omega_k .$$

Reference: W. Pusz and S. L. Woronowicz, Commun. Math. Phys. 58, 273 (1978).
"""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

HALVINGS = 64
"""Halvings of a range of 37 in the logarithm of β, down to rounding."""

RANGE = (-30.0, 7.0)
"""Logarithms of β in units of the mean frequency: from 1e13 quanta in a mode to none."""

PURE = 1e-15
"""Least excess of a symplectic eigenvalue over ½ that has a slope: that of the entropy diverges."""


def thermal_energy(values: Float[Array, " k"], frequencies: Float[Array, " k"]) -> Float[Array, ""]:
    """Energy of the thermal state that has the entropy of these symplectic eigenvalues."""
    return _least(jnp.sum(_entropy(values - 0.5)), frequencies)


def _entropy(quanta):
    """Entropy of a thermal mode of so many mean quanta."""
    some = quanta > PURE
    n = jnp.where(some, quanta, 1.0)
    return jnp.where(some, (n + 1) * jnp.log1p(n) - n * jnp.log(n), 0.0)


def _occupations(log_beta, frequencies):
    scaled = frequencies / jnp.mean(frequencies) * jnp.exp(log_beta)
    return 1 / jnp.expm1(scaled)


@jax.custom_jvp
def _least(entropy, frequencies):
    return jnp.sum(frequencies * _occupations(_log_beta(entropy, frequencies), frequencies))


@_least.defjvp
def _least_jvp(primals, tangents):
    (entropy, frequencies), (more, faster) = primals, tangents
    log_beta = _log_beta(entropy, frequencies)
    n = _occupations(log_beta, frequencies)
    temperature = jnp.where(entropy > 0, jnp.mean(frequencies) * jnp.exp(-log_beta), 0.0)
    return jnp.sum(frequencies * n), temperature * more + jnp.sum(n * faster)


def _log_beta(entropy, frequencies):
    """The temperature of an entropy, by halving."""

    def halve(_, bounds):
        low, high = bounds
        middle = (low + high) / 2
        colder = jnp.sum(_entropy(_occupations(middle, frequencies))) > entropy
        return jnp.where(colder, middle, low), jnp.where(colder, high, middle)

    bounds = (jnp.full((), RANGE[0]), jnp.full((), RANGE[1]))
    low, high = lax.fori_loop(0, HALVINGS, halve, bounds)
    return (low + high) / 2
