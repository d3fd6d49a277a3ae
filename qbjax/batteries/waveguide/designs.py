r"""Designs of a waveguide battery with a bound state in the continuum, each order at its best.

Along the line $\omega_0 = \omega_\ast + \mathrm{Re}\,S_\pm(\omega_\ast)$, $k_\ast d = n\pi$, of an
order n the most energy that comes back for ever,

$$\omega_0\Big(Z_+ + Z_- + Z_n\Big)^2,$$

has its own optimum. Energies above the band edge pay off in $\omega_0$, and residues fall with the
distance: a box in the frequency keeps the first from winning always.

Reference: W.-L. Song et al., Phys. Rev. Lett. 132, 090401 (2024), whose Eq. (7) has these states;
they count none of them.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax._types import Scalar
from qbjax.batteries.waveguide._self_energy import WAVELENGTH, decay_rate
from qbjax.batteries.waveguide.continuum import designed, distance_of
from qbjax.batteries.waveguide.position import climb, largest, pair, side
from qbjax.batteries.waveguide.spectrum import bound_states
from qbjax.protocols import free
from qbjax.strategies.gradient import Progress, check_search

MOST_ORDERS = 1000
"""Largest number of orders that are searched."""


class Design(NamedTuple):
    """A bound state in the continuum.

    Attributes:
        order: half wavelengths between the emitters.
        frequency, distance: the place.
        residue: Z of the state.
        energy: the most that comes back, $\\omega_0(\\sum Z)^2$.
        ergotropy: likewise.
        width: detuning at which it decays at a rate of 10⁻³.
    """

    order: int
    frequency: float
    distance: float
    residue: float
    energy: float
    ergotropy: float
    width: float


class Range(NamedTuple):
    """The distances at which an order's design lies in a box, and a part of them.

    The bounds are numbers of the protocol, so that one program serves all orders.
    """

    order: Scalar
    frequency: tuple[Scalar, Scalar]
    distances: tuple[Scalar, Scalar]
    decay: Any
    part: Any

    @property
    def ends(self) -> tuple[Scalar, Scalar]:
        """The first and the last distance; in the wrong order where there is none."""
        # The frequency of a design falls with its distance; below the lowest there is none.
        low, high = (distance_of(self.order, x, self.decay) for x in self.frequency)
        near, far = self.distances
        return jnp.maximum(near, high), jnp.minimum(far, jnp.where(jnp.isnan(low), far, low))

    @property
    def distance(self) -> Scalar:
        first, last = self.ends
        return first + jnp.maximum(last - first, 0.0) * self.part


def continuum_designs(
    frequency: Any = (0.9, 2.0),
    distance: Any = (0.1, 3.0),
    decay: Any = 0.5,
    orders: int | Any = 3,
    *,
    progress: Callable[[Progress], None] | Any | None = None,
) -> list[Design]:
    """Finds, for each order, the bound state in the continuum that keeps the most energy.

    Args:
        frequency, distance: pairs of bounds.
        decay: $\\Gamma_{11}$: a number, or a pair of bounds.
        orders: how many orders, from the first, at most `MOST_ORDERS`.
        progress: as in `maximize`.

    Returns:
        Designs, the best first; orders without a design in the box are left out.

    Raises:
        ValueError, TypeError: for bounds out of range or order.
    """
    check_search(progress=progress)
    low, high = map(jnp.asarray, pair("frequency", frequency))
    near, far = map(jnp.asarray, pair("distance", distance))
    decay = side("decay", decay, decay_rate)
    strongest = jnp.asarray(largest(decay))
    found = []
    for order in range(1, _checks.integer("orders", orders, low=1, high=MOST_ORDERS) + 1):
        number = jnp.asarray(float(order))
        if not distance_of(number, high, strongest) < far:
            break  # Every higher order is farther still.
        range_ = Range(number, (low, high), (near, far), decay, free(0.5, 0.0, 1.0))
        best = climb(_energy, range_, progress)
        if float(best.value) > 0:
            found.append(_design(best.protocol))
    return sorted(found, key=lambda design: -design.energy)


def _energy(range_: Range) -> Scalar:
    frequency, residues = _residues(range_)
    first, last = range_.ends
    return jnp.where(first < last, frequency * jnp.sum(residues) ** 2, 0.0)


def _residues(range_: Range) -> tuple[Scalar, Float[Array, "3"]]:
    """The design's frequency; residues below the band, and that of the design last."""
    x, decay = range_.distance, range_.decay
    frequency, inside = designed(range_.order, x, decay)
    return frequency, jnp.append(bound_states(frequency, x, decay).residues, inside)


def _design(range_: Range) -> Design:
    frequency, residues = _residues(range_)
    p, Z, x = float(jnp.sum(residues)) ** 2, float(residues[-1]), float(range_.distance)
    d, k = WAVELENGTH * x, float(range_.order) / 2 / x
    bend = 4 * Z**3 * float(range_.decay) * d**2 * (1 + k * k) / k**3
    return Design(
        order=int(range_.order),
        frequency=float(frequency),
        distance=x,
        residue=Z,
        energy=float(frequency) * p,
        ergotropy=float(frequency) * max(0.0, 2 * p - 1),
        width=float(np.sqrt(1e-3 / bend)),
    )
