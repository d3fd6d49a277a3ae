r"""The time for which a battery in a waveguide keeps what its bound states promise.

Bound states below the band never age; those in the continuum do, once the distance or the frequency
is a little off the design. With $\gamma$ the rates of such states, the most that the battery holds
in its beats at time t is

$$\mathcal{E}_\mathrm{max}(t) = \omega_0\Big(\sum_\pm Z_\pm +
  \sum_{\text{long-lived}} Z\,e^{-\gamma t/2}\Big)^2 .$$

Its departure from $\mathcal{E}_\mathrm{max}(0)$ is the ageing; light that has left during the first
charge is no part of either.
"""

from typing import Any

import jax
import jax.numpy as jnp

from qbjax import _checks
from qbjax._types import Scalar
from qbjax.batteries.waveguide._roots import falling_root
from qbjax.batteries.waveguide._self_energy import point
from qbjax.batteries.waveguide.continuum import continuum_states
from qbjax.batteries.waveguide.spectrum import bound_states

NARROW = 0.01
"""Largest γ in ω₁₁ of a state that counts as storage: it lives for fifteen periods."""

SLOWEST, LONGEST = 1e-200, 1e100
"""A rate that stands for 0, and a time for infinity."""


def ageing_free_time(
    frequency: Any, distance: Any, decay: Any, fraction: Any = 0.9, narrow: Any = NARROW
) -> Scalar:
    r"""The time for which $\mathcal{E}_\mathrm{max}(t)$ stays above a fraction of its first value.

    It is infinite if the states below the band alone keep the fraction. `narrow` is the largest
    $\gamma$ in $\omega_{11}$ of a state that counts as storage: one whose rate comes to this makes
    the time change at once, for it is no longer promised.

    Example:
        >>> bool(jnp.isinf(ageing_free_time(0.66, 0.1, 0.5)))
        True
        >>> round(float(ageing_free_time(1.4, 0.47, 0.5)), 2)
        3730.12
    """
    frequency, x, decay = point(frequency, distance, decay)
    fraction = _checks.scalar("fraction", fraction, low=0, high=1, open_low=True, open_high=True)
    narrow = _checks.scalar("narrow", narrow, low=0)
    below = bound_states(frequency, x, decay).residues
    resonances = continuum_states(frequency, x, decay)
    residues, rates = resonances.residues, resonances.rates
    counts = rates <= narrow
    kept, ageing = jnp.sum(below), jnp.sum(jnp.where(counts, residues, 0.0))
    return time_until(jnp.sqrt(fraction) * (kept + ageing), kept, residues, rates / 2, counts)


@jax.jit
def time_until(level: Scalar, kept: Scalar, residues, rates, counts) -> Scalar:
    """The time until kept + Σ Ze^(−rate·t), over those that count, has fallen to a level."""
    residues = jnp.where(counts, residues, 0.0)
    rates = jnp.where(counts, jnp.maximum(rates, SLOWEST), SLOWEST)
    ageing = jnp.sum(residues)
    allowed = level - kept
    ends = (allowed > 0) & (ageing > allowed)
    residues = jnp.where(ends, residues, 1.0)
    allowed = jnp.where(ends, allowed, 1.0)

    def left(log_time, parameters):
        residues, rates, allowed = parameters
        return jnp.sum(residues * jnp.exp(-rates * jnp.exp(log_time))) - allowed

    # Where both decay at once the one slower rate bounds the time from above.
    once = jnp.log(jnp.log(jnp.sum(residues) / allowed))
    fastest = jnp.max(jnp.where(counts, rates, 0.0), initial=SLOWEST)
    slowest = jnp.min(jnp.where(counts, rates, jnp.inf), initial=1.0)
    bracket = once - jnp.log(fastest), once - jnp.log(slowest)
    time = jnp.exp(falling_root(left, (residues, rates, allowed), *bracket))
    return jnp.where(ends & (time < LONGEST), time, jnp.inf)
