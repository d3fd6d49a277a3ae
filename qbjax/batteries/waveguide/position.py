r"""The best places of charger and battery in the waveguide, and their best frequency.

Three questions about $(\omega_0, \Delta_z)$ in a box:

* **ergotropy** that comes back for ever: the bound states' $\omega_0(2p - 1)$ with
  $p = (Z_+ + Z_-)^2$, not cut off at zero, so that it has a slope where no work can be drawn. It
  grows as the emitters approach; without a least distance there is no optimum;
* **energy** that comes back for ever, $\omega_0p$: what can be sent a given distance;
* **power**: the largest $\omega_0|c_2(t)|^2/t$, jointly with the time. High frequencies have no
  memory, and where the wave fits, $k_0d = n\pi$, their power is
  $\Gamma_{11}(1-e^{-y})^2/4y \le 0.1018\,\Gamma_{11}$, $y = \Gamma_{11}t/\omega_0$. Near each other
  the emitters do better at a finite frequency; far apart the box decides, and holds a comb of
  frequencies that fit: narrow it to a few teeth.

A lattice finds the hill, a gradient its top. `designs` looks into the continuum.

Reference: W.-L. Song et al., "Remote charging and degradation suppression for the quantum battery",
Phys. Rev. Lett. 132, 090401 (2024), who look along lines of the plane, without the continuum.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from qbjax import _checks
from qbjax._types import Scalar
from qbjax.batteries.waveguide import _resolvent as resolvent
from qbjax.batteries.waveguide._self_energy import WAVELENGTH, decay_rate
from qbjax.batteries.waveguide.spectrum import bound_states
from qbjax.protocols import Free, free
from qbjax.strategies.gradient import Best, Progress, check_search, maximize

LATTICE = 600
"""Number of points of the lattice in a box, at most `SIDE` along a side."""

SIDE = 128

DECADES = 1000.0
"""Ratio of bounds from which the lattice between them is logarithmic."""

LIGHT_CROSSINGS, SETTLING, TURNS = 4.0, 15.0, 2.0
"""The first charge is looked for up to so many crossings of the largest distance, so many 1/ω₁₁,
and so many ω₀/Γ₁₁ of the highest frequency (the formula above has its peak at 1.26)."""


class Place(NamedTuple):
    """Two emitters in a waveguide: `frequency`, `distance`, `decay` as in `Waveguide`."""

    frequency: Any
    distance: Any
    decay: Any


class Moment(NamedTuple):
    """A `Place` and a time."""

    place: Place
    time: Any


def steady_margin(place: Place) -> Scalar:
    """The margin $\\omega_0(2p - 1)$ at the beats' best phase: ergotropy where positive."""
    return place.frequency * (2 * _kept(place) - 1)


def steady_energy(place: Place) -> Scalar:
    """The energy $\\omega_0p$ at the beats' best phase, without states in the continuum."""
    return place.frequency * _kept(place)


def best_steady_ergotropy(
    frequency: Any = (0.05, 3.0), distance: Any = 0.1, decay: Any = 0.5, **how: Any
) -> Best:
    """Finds the largest ergotropy that comes back for ever.

    Args:
        frequency: $\\omega_0$ in units of $\\omega_{11}$: a pair of bounds, or a number.
        distance: $\\Delta_z$ in units of $\\lambda_{11}$: a pair of bounds, or a number.
        decay: $\\Gamma_{11}$.
        how: `progress` of `maximize`.

    Returns:
        A `Best` whose protocol is a `Place`; a negative value means that no work can be drawn.

    Raises:
        ValueError, TypeError: for bounds out of range or order, or nothing to choose.

    Example:
        >>> best = best_steady_ergotropy()
        >>> round(float(best.protocol.frequency), 4), round(float(best.value), 8)
        (0.6612, 0.32163202)
    """
    return climb(steady_margin, _place(frequency, distance, decay), **how)


def best_steady_energy(
    frequency: Any = (0.05, 3.0), distance: Any = (0.3, 3.0), decay: Any = 0.5, **how: Any
) -> Best:
    """Finds the largest energy that comes back for ever, at a distance or at least so far.

    Returns a `Best` whose protocol is a `Place`; arguments and errors are those of
    `best_steady_ergotropy`.
    """
    return climb(steady_energy, _place(frequency, distance, decay), **how)


def best_power(
    frequency: Any = (0.5, 3.0),
    distance: Any = 0.1,
    decay: Any = 0.5,
    *,
    until: float | Any | None = None,
    progress: Callable[[Progress], None] | Any | None = None,
) -> Best:
    """Finds where, and for how long, charging has the largest power.

    Args:
        frequency, distance, decay: as in `best_steady_ergotropy`.
        until: latest time, in units of $1/\\omega_{11}$; by default late enough for any first
            charge in the box.
        progress: as in `maximize`.

    Returns:
        A `Best` whose protocol is a `Moment`.

    Raises:
        ValueError, TypeError: as `best_steady_ergotropy`.
    """
    place = _place(frequency, distance, decay, chosen=True)
    last = _latest(place) if until is None else until
    last = _checks.plain("until", last, low=0, open_low=True)
    moment = Moment(place, free(last / 2, 1e-3 * last, last))
    power = _power(resolvent.horizon_of(last), largest(place.distance))
    return climb(power, moment, progress=progress)


def _latest(place: Place) -> float:
    crossing = LIGHT_CROSSINGS * WAVELENGTH * largest(place.distance)
    weakest = place.decay.low if isinstance(place.decay, Free) else float(place.decay)
    return crossing + SETTLING + TURNS * largest(place.frequency) / weakest


def _kept(place: Place) -> Scalar:
    return jnp.sum(bound_states(*place).residues) ** 2


@functools.cache
def _power(horizon: float, farthest: float) -> Callable[[Moment], Scalar]:
    """The power of a moment: one function for each horizon, so that it is compiled once."""
    nodes = resolvent.route(horizon, farthest)

    def power(moment: Moment) -> Scalar:
        _, c2 = resolvent.amplitudes_along(nodes, *moment.place, moment.time[None])
        return moment.place.frequency * jnp.abs(c2[0]) ** 2 / moment.time

    return power


def climb(objective: Callable, box: Any, progress: Callable | Any | None = None) -> Best:
    """Climbs from the lattice's best point by gradient; forward mode, for the numbers are few.

    Args:
        objective: as in `maximize`; the same object gives the same program.
        box: a pytree with `Free` numbers, each within two bounds.
        progress: as in `maximize`.

    Returns:
        A `Best`.
    """
    how = {"steps": 200, "tolerance": 1e-12, "progress": progress}
    check_search(**how)
    return maximize(objective, _from_lattice(objective, box), mode="forward", **how)


def pair(name: str, value: Any) -> tuple[float, float]:
    """Two bounds, checked to be positive and in order."""
    low, high = map(float, _checks.array(name, value, shape=(2,), low=0.0))
    if not 0 < low < high:
        raise ValueError(
            f"Argument `{name}` must be positive bounds in order, but is ({low:g}, {high:g})."
        )
    return low, high


def largest(side: Array | Free) -> float:
    """The number, or the upper of its bounds."""
    return float(side.high) if isinstance(side, Free) else float(side)


def side(name: str, value: Any, number: Callable[[Any], Array] | None = None) -> Array | Free:
    """A number, checked by `number`, or free between a pair of positive bounds."""
    number = number or functools.partial(_checks.scalar, name, low=0, open_low=True)
    if _checks.axes(value) == 0:
        return number(value)
    low, high = pair(name, value)
    number(high)
    return free((low + high) / 2, low, high)


def _from_lattice(objective: Callable, box: Any) -> Any:
    leaves, tree = jax.tree.flatten(box, is_leaf=lambda leaf: isinstance(leaf, Free))
    places = tuple(i for i, leaf in enumerate(leaves) if isinstance(leaf, Free))
    # Middles of equal parts: maxima like to sit on bounds, where a search would not move.
    count = min(SIDE, round(LATTICE ** (1 / len(places))))
    parts = (np.arange(count) + 0.5) / count
    axes = [_axis(leaves[i].low, leaves[i].high, parts) for i in places]
    points = np.stack([axis.ravel() for axis in np.meshgrid(*axes)], axis=1)
    numbers = [leaf.value if isinstance(leaf, Free) else leaf for leaf in leaves]
    values = np.asarray(_values(objective, tree, places, numbers, jnp.asarray(points)))
    for i, value in zip(places, points[int(np.nanargmax(values))]):
        leaves[i] = free(value, leaves[i].low, leaves[i].high)
    return jax.tree.unflatten(tree, leaves)


def _axis(low: float, high: float, parts: np.ndarray) -> np.ndarray:
    """Numbers between bounds; in equal ratios where these are decades apart."""
    return low * (high / low) ** parts if 0 < DECADES * low < high else low + (high - low) * parts


@functools.partial(jax.jit, static_argnames=("objective", "tree", "places"))
def _values(objective, tree, places, numbers, points):
    def at(point):
        filled = list(numbers)
        for i, value in zip(places, point):
            filled[i] = value
        return objective(jax.tree.unflatten(tree, filled))

    return jax.lax.map(at, points, batch_size=64)


def _place(frequency, distance, decay, *, chosen: bool = False) -> Place:
    sides = side("frequency", frequency), side("distance", distance)
    place = Place(*sides, side("decay", decay, decay_rate))
    if not chosen and not any(isinstance(number, Free) for number in place):
        raise ValueError(
            "Argument `frequency` or `distance` must be a pair of bounds, but both are numbers."
        )
    return place
