r"""The largest ergotropy that a waveguide battery keeps, against the time of its first full charge.

The weaker the coupling $\Gamma_{11}$, the more of the excitation the bound states hold, and the
slower they exchange it: it is in the battery after half a beat,

$$\tau = \frac{\pi}{E_- - E_+}, \qquad W_\infty = \omega_0\big(2(Z_+ + Z_-)^2 - 1\big) .$$

Self-energies are proportional to the coupling, $S_\pm = \Gamma_{11}s_\pm$. So at a distance the two
energies decide the emitters, without a root,

$$\Gamma_{11} = \frac{E_- - E_+}{s_+(E_+) - s_-(E_-)}, \qquad
  \omega_0 = E_- + \Gamma_{11}s_-(E_-),$$

and the front is the largest $W_\infty$ over $E_-$ and the distance, time by time. Light that has
not left at τ makes the true ergotropy differ a little when τ is a few periods (`Waveguide`).

Reference: W.-L. Song et al., Phys. Rev. Lett. 132, 090401 (2024), Eqs. (5), (7), (8), who keep
$\Gamma_{11}$.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp

from qbjax import _checks
from qbjax._types import Scalar
from qbjax.batteries.waveguide._self_energy import STRONGEST_DECAY, gap_sectors
from qbjax.batteries.waveguide.position import Place, climb, side
from qbjax.batteries.waveguide.spectrum import bound_states, residues_at
from qbjax.protocols import free
from qbjax.strategies.gradient import Best, Progress

BINDINGS = 1e-6, 1.5
"""Bounds of 1 − E₋ in ω₁₁."""

NOWHERE = -100.0
"""Margin that stands for that of no place."""


class Timed(NamedTuple):
    """Two emitters, by the binding 1 − E₋ > 0, the distance in λ₁₁ and the time τ in 1/ω₁₁."""

    binding: Any
    distance: Any
    time: Any

    @property
    def place(self) -> Place:
        """Frequency and coupling at the distance; NaN where Γ₁₁ > 3, ω₀ ≤ 0 or E₊ ≤ −1."""
        return _place(*self)


def half_beat(frequency: Any, distance: Any, decay: Any) -> Scalar:
    r"""The time π/(E₋ − E₊) at which the bound states have exchanged charger and battery.

    Returns the time in units of $1/\omega_{11}$, infinite where one state is missing; arguments and
    errors are those of `bound_states`.

    Example:
        >>> round(float(half_beat(0.95, 0.1, 0.001)))
        1302
    """
    return jnp.pi / bound_states(frequency, distance, decay).splitting


def best_in_time(
    time: Any,
    distance: Any = (0.1, 1.0),
    *,
    progress: Callable[[Progress], None] | Any | None = None,
) -> Best:
    """Finds the largest ergotropy that comes back for ever and is there after a time.

    Frequency and coupling are free.

    Args:
        time: τ, half a beat, in units of $1/\\omega_{11}$.
        distance: $\\Delta_z$ in units of $\\lambda_{11}$: a pair of bounds, or a number.
        progress: as in `maximize`.

    Returns:
        A `Best` whose protocol is a `Timed`: its `place` has frequency and coupling. A negative
        value means that no work can be drawn.

    Raises:
        ValueError, TypeError: for bounds out of range or order, or a time that no coupling up to 3
            is fast enough for.

    Example:
        >>> best = best_in_time(46.6, 0.1)
        >>> round(float(best.value), 3), [round(float(x), 3) for x in best.protocol.place]
        (0.538, [0.815, 0.1, 0.085])
    """
    time = _checks.scalar("time", time, low=0, open_low=True)
    binding = free(sum(BINDINGS) / 2, *BINDINGS)
    best = climb(timed_margin, Timed(binding, side("distance", distance), time), progress)
    if float(best.value) <= NOWHERE:
        raise ValueError(
            f"Argument `time` must be long enough for a coupling up to {STRONGEST_DECAY:g}, but is "
            f"{float(time):g}."
        )
    return best


def timed_margin(timed: Timed) -> Scalar:
    """The margin $\\omega_0(2p - 1)$ at the beats' best phase: ergotropy where positive."""
    place = timed.place
    residues = residues_at(_angles(timed.binding, timed.time), *place)
    margin = place.frequency * (2 * jnp.sum(residues) ** 2 - 1)
    return jnp.where(jnp.isnan(margin), NOWHERE, margin)


def _angles(binding: Scalar, time: Scalar) -> tuple[Scalar, Scalar]:
    """The angles of E₊ and E₋."""
    bindings = jnp.stack([binding + jnp.pi / time, binding])
    return tuple(2 * jnp.arcsin(jnp.sqrt(jnp.minimum(bindings / 2, 1 - 1e-9))))


def _place(binding: Scalar, distance: Scalar, time: Scalar) -> Place:
    plus, minus = _angles(binding, time)
    one = jnp.ones_like(distance)
    above = gap_sectors(plus, distance, one)[0] / jnp.sin(plus)
    below = gap_sectors(minus, distance, one)[1]
    decay = jnp.pi / time / (above - below)
    frequency = (1 - binding) + decay * below
    good = (
        (decay > 0) & (decay <= STRONGEST_DECAY) & (frequency > 0) & (binding + jnp.pi / time < 2)
    )
    return Place(*(jnp.where(good, x, jnp.nan) for x in (frequency, distance, decay)))
