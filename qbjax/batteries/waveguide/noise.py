r"""Loss and dephasing of the emitters, against what the bound states of a waveguide promise.

**Loss** at a rate γ into anything but the waveguide is exact in the sector of one excitation: it
makes the emitters' frequency $\omega_0 - i\gamma/2$. A bound state, an emitter for a share $2Z$ of
it, then has $E_\pm$ below the real axis and a population that decays at

$$\gamma_\pm = -2\,\mathrm{Im}\,E_\pm = 2Z_\pm\gamma + O(\gamma^3) .$$

**Dephasing** at a rate κ of both emitters (jumps $\sqrt\kappa\,\sigma_+\sigma_-$, the same as
$\sqrt{\kappa/4}\,\sigma_z$) is exact too, although the waveguide remembers. A jump of emitter j
leaves the excitation there and the field empty, as at a first time: with the populations
$K_{ij}(t) = |c_{i\leftarrow j}|^2$ until a jump, of emitters at $\omega_0 - i(\gamma + \kappa)/2$,

$$P_{ij}(t) = K_{ij}(t) + \kappa\sum_l\int_0^t P_{il}(t - s)K_{lj}(s)\,ds .$$

Sum and difference of the two emitters' populations decouple. Detunings that do not change during a
run are an average over `Waveguide`s; noise with a finite memory is not here.

Reference: W.-L. Song et al., Phys. Rev. Lett. 132, 090401 (2024), without either.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax._types import Scalar
from qbjax.batteries.waveguide import _late as late
from qbjax.batteries.waveguide import _resolvent as resolvent
from qbjax.batteries.waveguide._ageing import time_until
from qbjax.batteries.waveguide._self_energy import point
from qbjax.batteries.waveguide.spectrum import bound_states

HALF = 0.5**0.5
"""Sum of residues at which the battery is half full at best."""

MOST_POINTS = 20000
"""Largest number of steps of the renewal equation; its cost grows as their square."""


class Dephased(NamedTuple):
    """Populations of dephased emitters.

    Attributes:
        times: in units of $1/\\omega_{11}$.
        charger, battery: populations.
        doubt: the largest difference to half as many steps, over three: an estimate of the error.
    """

    times: Float[Array, " T"]
    charger: Float[Array, " T"]
    battery: Float[Array, " T"]
    doubt: Float[Array, ""]


def loss_rates(frequency: Any, distance: Any, decay: Any, loss: Any) -> Float[Array, "2"]:
    r"""The rates $\gamma_\pm$ at which the populations of the bound states decay.

    Args:
        frequency, distance, decay: as in `bound_states`.
        loss: γ ≥ 0 of each emitter, in units of $\omega_{11}$.

    Returns:
        Both rates, in units of $\omega_{11}$ and to 1e-15 of it; 0 where there is no state, NaN
        where so large a loss has carried it away from the gap.

    Raises:
        ValueError, TypeError: for numbers out of range.

    Example:
        >>> [round(float(rate), 8) for rate in loss_rates(0.6, 0.1, 0.5, 1e-3)]
        [0.00078176, 0.00096704]
    """
    place = point(frequency, distance, decay)
    return late.bound_rates(*place, _checks.scalar("loss", loss, low=0))


def ergotropy_time(frequency: Any, distance: Any, decay: Any, loss: Any) -> Scalar:
    r"""The time for which loss leaves some ergotropy at the beats' best phases.

    Until $\big(\sum_\pm Z_\pm e^{-\gamma_\pm t/2}\big)^2 = \tfrac12$, in units of $1/\omega_{11}$;
    0 where there is none at first, infinite without loss. States in the continuum are left out.
    Arguments and errors are those of `loss_rates`.

    Example:
        >>> round(float(ergotropy_time(0.66, 0.1, 0.5, 1e-3)), 1)
        454.7
    """
    rates = loss_rates(frequency, distance, decay, loss)
    residues = bound_states(frequency, distance, decay).residues
    counts = residues > 0
    time = time_until(HALF, jnp.zeros(()), residues, rates / 2, counts)
    return jnp.where(jnp.sum(residues) > HALF, time, 0.0)


def dephased(
    frequency: Any,
    distance: Any,
    decay: Any,
    dephasing: Any,
    until: float | Any,
    *,
    loss: Any = 0.0,
    points: int | Any = 1000,
) -> Dephased:
    r"""The populations of charger and battery whose phases are noisy, from an excited charger.

    Args:
        frequency, distance, decay: as in `Waveguide`.
        dephasing: κ ≥ 0 of each emitter, in units of $\omega_{11}$; coherences with an emitter
            decay at κ/2.
        until: the last time, a plain number up to 1e6.
        loss: γ ≥ 0 of each emitter.
        points: even number of equal steps up to `until`, at most `MOST_POINTS`.

    Returns:
        `Dephased`; differentiable in all numbers but `until`.

    Raises:
        ValueError, TypeError: for numbers out of range.

    Example:
        >>> run = dephased(0.66, 0.1, 0.5, 0.01, 20.0)
        >>> round(float(run.battery.max()), 4), bool(run.doubt < 1e-4)
        (0.7188, True)
    """
    frequency, x, decay = point(frequency, distance, decay)
    dephasing = _checks.scalar("dephasing", dephasing, low=0)
    loss = _checks.scalar("loss", loss, low=0)
    until = _checks.plain("until", until, low=0, high=1e6, open_low=True)
    points = _checks.integer("points", points, low=2, high=MOST_POINTS)
    if points % 2:
        raise ValueError(f"Argument `points` must be even, but is {points}.")
    nodes = resolvent.route(resolvent.horizon_of(until), x)
    return _dephased(nodes, frequency, x, decay, dephasing, loss, until, points)


@partial(jax.jit, static_argnames="points")
def _dephased(nodes, frequency, x, decay, dephasing, loss, until, points: int) -> Dephased:
    times = until * jnp.linspace(0.0, 1.0, points + 1)
    damped = resolvent.damped(frequency, loss + dephasing)
    both = resolvent.amplitudes_along(nodes, damped, x, decay, times)
    stays, goes = (jnp.abs(c) ** 2 for c in both)
    kernels = jnp.stack([stays + goes, stays - goes])
    step = times[1]

    def solved(kernels, step):
        return jax.vmap(lambda kernel: _renewed(kernel, dephasing * step))(kernels)

    fine, coarse = solved(kernels, step), solved(kernels[:, ::2], 2 * step)
    # The trapezoidal rule errs by the square of the step.
    change = (fine[:, ::2] - coarse) / 3
    middles = (change[:, 1:] + change[:, :-1]) / 2
    change = jnp.append(jnp.stack([change[:, :-1], middles], 2).reshape(2, -1), change[:, -1:], 1)
    total, difference = fine + change
    seen = (total + difference) / 2, (total - difference) / 2
    return Dephased(times, *seen, jnp.max(jnp.abs(change)))


def _renewed(kernel: Float[Array, " T"], weight: Scalar) -> Float[Array, " T"]:
    """The solution of P = K + κ K∗P by the trapezoidal rule, `weight` being κ times the step."""
    count = kernel.size
    # Slices of it are K(t_n − s_j) for all j, zero from s_n on.
    backwards = jnp.concatenate([kernel[:0:-1], jnp.zeros(count)])

    def advance(found, n):
        known = lax.dynamic_slice(backwards, (count - 1 - n,), (count,))
        # Both ends of the rule count half, and one of them is unknown.
        past = known @ found - known[0] * found[0] / 2
        value = (kernel[n] + weight * past) / (1 - weight * kernel[0] / 2)
        return found.at[n].set(value), None

    start = jnp.zeros(count).at[0].set(kernel[0])
    return lax.scan(advance, start, jnp.arange(1, count))[0]
