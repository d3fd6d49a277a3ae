r"""The first charge of a battery in a waveguide, until it is full for the first time.

$$\frac{d}{dt}|c_2(t)|^2 = 0, \qquad \mathcal{P} = \omega_0|c_2(t)|^2/t .$$

The peak is bracketed among equidistant times and found by Newton's method; its time and height are
differentiated implicitly, so that gradients are those of the peak, not of a grid.

Reference: W.-L. Song et al., Phys. Rev. Lett. 132, 090401 (2024), Eqs. (3), (4).
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from qbjax import _checks
from qbjax._types import Scalar
from qbjax.batteries.waveguide import _resolvent as resolvent
from qbjax.batteries.waveguide._roots import falling_root
from qbjax.batteries.waveguide._self_energy import WAVELENGTH, point

LOOKS = 401
"""Number of times among which the peak is bracketed."""

LATEST = 1e9
"""Latest time at which a peak is looked for."""

RIPPLE = 0.01
"""Part of the largest population below which a maximum is no peak, but the field's forerunner."""


class Peak(NamedTuple):
    """The first maximum of the stored energy; NaN where there is none.

    Attributes:
        time: in units of $1/\\omega_{11}$.
        energy: stored then, in units of $\\omega_{11}$.
        power: their quotient.
    """

    time: Scalar
    energy: Scalar
    power: Scalar


def first_peak(
    frequency: Any, distance: Any, decay: Any, until: float | Any | None = None, *, loss: Any = 0
) -> Peak:
    """The first maximum of the energy in the battery.

    Weakly coupled, it is flat, and light that leaves ever more slowly ripples it in the tenth
    digit: the height is certain, the time to four digits.

    Args:
        frequency, distance, decay: as in `bound_states`.
        until: latest time, a plain number; by default twice the light's crossing, and 20.
            Necessary when `distance` is traced.
        loss: γ ≥ 0 of each emitter, as in `Waveguide`.

    Returns:
        a `Peak`; differentiable.

    Raises:
        ValueError, TypeError: for numbers out of range.

    Example:
        >>> peak = first_peak(1.4, 0.1, 0.5)
        >>> round(float(peak.time), 4), round(float(peak.energy), 8)
        (6.3333, 0.51760785)
    """
    frequency, x, decay = point(frequency, distance, decay)
    if until is None:
        if not _checks.is_concrete(x):
            raise TypeError(
                "Argument `until` must be given where `distance` is traced, but is None."
            )
        until = 20.0 + 2 * WAVELENGTH * float(x)
    _checks.known("until", until)
    _checks.scalar("until", until, low=0, high=LATEST, open_low=True)
    loss = _checks.optional_scalar("loss", loss, low=0)
    nodes = resolvent.route(resolvent.horizon_of(float(until)), x)
    place = (resolvent.damped(frequency, loss), x, decay)
    return _peak(frequency, place, jnp.asarray(float(until)), nodes)


@jax.jit
def _peak(frequency, place, until, nodes: resolvent.Nodes) -> Peak:

    def population(times, place):
        damped, x, decay = place
        return jnp.abs(resolvent.amplitudes_along(nodes, damped, x, decay, times)[1]) ** 2

    def slope(time, place):
        rising = jax.jvp(lambda t: population(t[None], place)[0], (time,), (jnp.ones_like(time),))
        return rising[1]

    times = until * jnp.linspace(0.0, 1.0, LOOKS)
    seen = lax.stop_gradient(population(times, place))
    before, here, after = seen[:-2], seen[1:-1], seen[2:]
    peaks = (here >= before) & (here > after) & (here > RIPPLE * jnp.max(seen))
    index = jnp.argmax(peaks)
    time = falling_root(slope, place, times[index], times[index + 2])
    energy = frequency * population(time[None], place)[0]
    found = jnp.any(peaks)
    return Peak(*(jnp.where(found, x, jnp.nan) for x in (time, energy, energy / time)))
