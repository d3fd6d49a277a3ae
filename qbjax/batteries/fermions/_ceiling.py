r"""The most that any unitary can extract of many modes: energy above a thermal state.

Of all states of one entropy S the thermal one has the least energy, and unitaries keep S. With
$n_k = 1/(e^{\beta\epsilon_k} + 1)$ and $s(n) = -n\ln n - (1 - n)\ln(1 - n)$,

$$\sum_ks(n_k) = S, \qquad E_\text{thermal} = \sum_k\epsilon_kn_k, \qquad
  dE_\text{thermal} = \frac{dS}\beta + \sum_kn_k\,d\epsilon_k .$$

Close to the maximally mixed state, where S is flat, half of the digits are left.

Reference: W. Pusz and S. L. Woronowicz, Commun. Math. Phys. 58, 273 (1978).
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from qbjax._bisection import bisected
from qbjax.merit.entropy import entropy_of_spectrum

HALVINGS = 64
"""Halvings of a range of 60 in the logarithm of β, down to rounding."""

RANGE = (-25.0, 35.0)
"""Logarithms of β in units of the largest energy of a mode."""


@jax.custom_jvp
def thermal_energy(entropy: Float[Array, ""], energies: Float[Array, " k"]) -> Float[Array, ""]:
    """Energy of the thermal state of some modes that has an entropy."""
    return jnp.sum(energies * _occupations(_log_beta(entropy, energies), energies))


@thermal_energy.defjvp
def _thermal_energy_jvp(primals, tangents):
    (entropy, energies), (more, higher) = primals, tangents
    log_beta = _log_beta(entropy, energies)
    n = _occupations(log_beta, energies)
    temperature = jnp.where(entropy > 0, _unit(energies) * jnp.exp(-log_beta), 0.0)
    return jnp.sum(energies * n), temperature * more + jnp.sum(n * higher)


def occupied_entropy(occupations: Float[Array, " k"]) -> Float[Array, ""]:
    """Entropy of modes that are filled with these probabilities."""
    return entropy_of_spectrum(jnp.concatenate([occupations, 1 - occupations]))


def _occupations(log_beta, energies):
    return jax.nn.sigmoid(-energies / _unit(energies) * jnp.exp(log_beta))


def _unit(energies):
    most = jnp.max(energies)
    return jnp.where(most > 0, most, 1.0)


def _log_beta(entropy, energies):
    """The temperature of an entropy, by halving."""

    def is_hotter(log_beta):
        return occupied_entropy(_occupations(log_beta, energies)) > entropy

    return bisected(is_hotter, jnp.full((), RANGE[0]), jnp.full((), RANGE[1]), HALVINGS)
