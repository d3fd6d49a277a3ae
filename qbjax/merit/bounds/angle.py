r"""A bound on the energy of every unitary charging: how far a state can turn in a time.

A state turns by at most

$$\Theta = \int\tfrac12\left(\lambda_\text{max} - \lambda_\text{min}\right)\!\Big[R_0
  + \sum_ku_k(t)R_k\Big]\,dt$$

in the angle of Bures, for $ds/dt = \Delta H \le (\lambda_\text{max} - \lambda_\text{min})/2$. R is
what is left of a Hamiltonian without its part between states of equal energy,
$\sum_\epsilon\Pi_\epsilon H\Pi_\epsilon$: in the picture that turns with the latter, which commutes
with $H_B$, no energy has changed, and no spectrum. (A drift that commutes with $H_B$ leaves
nothing.) The energy, between e and e + W, is that of a measurement, and a measurement is a
projection in a larger space (Naimark): $E = e + W\sin^2\alpha$ with α the angle to a subspace,
which moves by no more than the state. So

$$E(T) \le e + W\sin^2\min(\alpha_0 + \Theta, \pi/2), \qquad E(0) = e + W\sin^2\alpha_0 .$$

Mixed states are pure ones of a larger system in which nothing else is driven. Losses have no such
speed: a pure state leaves itself as $\sqrt t$.

References: L. Mandelstam and I. Tamm, J. Phys. USSR 9, 249 (1945); J. Anandan and Y. Aharonov,
Phys. Rev. Lett. 65, 1697 (1990); A. Uhlmann, Phys. Lett. A 161, 329 (1992).
"""

import itertools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from qbjax import _checks
from qbjax._types import Scalar
from qbjax.algebra import spectral
from qbjax.merit.bounds.driven import Driven

FEW = 6
"""Controls whose corners are all looked at; of more, every one counts for itself."""

ROUNDING = 16 * float(np.finfo(float).eps)
"""Share of the largest energy below which a start has none."""


class Reach(eqx.Module):
    """The signals that a protocol may have: the range of each in every stretch of time.

    Args:
        duration: of the stretches, (S,), or a number for one.
        low, high: least and largest $u_k$, (S, K); (K,) or a number are the same in all.
        area: largest $\\int|u_k|dt$ of the whole, (K,); None if the ranges are all there is.

    Raises:
        TypeError, ValueError: for other shapes, a duration that is negative, a low above its high.

    Example:
        >>> Reach(2.0, -1.0, 1.0).low.shape
        (1, 1)
    """

    duration: Float[Array, " S"]
    low: Float[Array, "S K"]
    high: Float[Array, "S K"]
    area: Float[Array, " K"] | None

    def __init__(self, duration: Any, low: Any, high: Any, area: Any = None):
        given = [duration] if _checks.axes(duration) == 0 else duration
        self.duration = _checks.array("duration", given, shape=("S",), low=0.0)
        stretches = self.duration.shape[0]
        self.low, self.high = _ranged("low", low, stretches), _ranged("high", high, stretches)
        if self.low.shape != self.high.shape:
            raise ValueError(
                f"Argument `high` must have the shape of `low`, {self.low.shape}, but has shape "
                f"{self.high.shape}."
            )
        ends = self.low, self.high
        if _checks.is_concrete(ends) and np.any(np.greater(*map(np.asarray, ends))):
            raise ValueError("Argument `high` must not be below `low`, but is somewhere.")
        self.area = None
        if area is not None:
            self.area = _checks.array("area", area, shape=(self.low.shape[1],), low=0.0)


def angle_energy(driven: Driven | Any, reach: Reach | Any) -> Scalar:
    r"""The largest energy that a unitary charging can have stored.

    $$E(T) \le e + W\sin^2\min(\alpha_0 + \Theta, \pi/2)$$

    Rigorous for every protocol whose signals keep to their ranges, and, if areas are given,
    $\int|u_k|dt$ to those: from a pulse's energy by $\int|u|dt \le \sqrt{T\int u^2dt}$. Tight for a
    qubit, and for whatever turns in two dimensions once it is cut down to them (`reachable`). Θ is
    the least of three: with R for all Hamiltonians, for the drift alone, for none.

    Args:
        driven: without noise.
        reach: the signals, one per control.

    Returns:
        a number, from the ground state.

    Raises:
        TypeError, ValueError: for noise, or another number of signals than controls.

    Example:
        A qubit, |u| ≤ 1, for a time of π/6: no pulse stores more than sin²(π/6).

        >>> import numpy as np
        >>> qubit = Driven(np.zeros((2, 2)), [np.eye(2)[::-1]], np.array([0.0, 1.0]))
        >>> round(float(angle_energy(qubit, Reach(np.pi / 6, -1.0, 1.0))), 9)
        0.25
    """
    check_pair(driven, reach)
    if driven.noise.shape[0]:
        raise ValueError(
            "Argument `driven` must have no noise for a bound on unitary charging, but has "
            f"{driven.noise.shape[0]} operators of it."
        )
    return _angle_energy(driven, reach)


def check_pair(driven: Any, reach: Any) -> None:
    """Checks that there is one signal per control."""
    _checks.instance("driven", driven, Driven, "a qb.merit.bounds.Driven")
    _checks.instance("reach", reach, Reach, "a qb.merit.bounds.Reach")
    if reach.low.shape[1] != driven.controls.shape[0]:
        raise ValueError(
            f"Argument `reach` must have {driven.controls.shape[0]} signals, one per control, but "
            f"has {reach.low.shape[1]}."
        )


@eqx.filter_jit
def _angle_energy(driven: Driven, reach: Reach) -> Scalar:
    levels, V = spectral.eigensystem(driven.stored)
    lowest, width = levels[0], levels[-1] - levels[0]
    wide = jnp.where(width > 0, width, 1.0)
    start = jnp.real(jnp.sum(driven.stored * driven.start.T)) - lowest
    share = jnp.clip(start / wide, 0.0, 1.0)
    share = jnp.where(share > ROUNDING, share, 0.0)
    first = jnp.arctan2(spectral.root(share), spectral.root(1 - share))
    label = spectral.clusters(levels, spectral.closeness(levels))
    between = (label[:, None] != label[None, :]).astype(complex)

    def changing(A):
        return between * spectral.rotated(V, A)

    drift, controls = driven.hamiltonian, driven.controls
    rest, moving = changing(drift), jax.vmap(changing)(controls)
    pairs = [(rest, moving), (V @ rest @ V.conj().T, controls), (drift, controls)]
    turned = jnp.min(jnp.stack([_turned(*pair, reach) for pair in pairs]))
    angle = jnp.minimum(first + turned, jnp.pi / 2)
    return lowest - driven.ground + width * jnp.sin(angle) ** 2


def _turned(drift, controls: Complex[Array, "K d d"], reach: Reach) -> Scalar:
    """The largest angle Θ."""
    widths = jax.vmap(_width)(controls)
    each = jax.vmap(lambda low, high: _widest(drift, controls, widths, low, high))
    found = jnp.sum(reach.duration * each(reach.low, reach.high)) / 2
    if reach.area is None:
        return found
    by_area = jnp.sum(reach.duration) * _width(drift) + jnp.sum(reach.area * widths)
    return jnp.minimum(found, by_area / 2)


def _widest(drift, controls, widths, low, high) -> Scalar:
    """The largest width of a spectrum; as it is convex in the signals, that of a corner."""
    count = controls.shape[0]
    if count > FEW:
        middle = drift + jnp.tensordot(((low + high) / 2).astype(complex), controls, 1)
        return _width(middle) + jnp.sum((high - low) / 2 * widths)
    picks = np.array(list(itertools.product((0.0, 1.0), repeat=count))).reshape(2**count, count)
    corners = (low[None, :] + picks * (high - low)[None, :]).astype(complex)
    return jnp.max(jax.vmap(lambda u: _width(drift + jnp.tensordot(u, controls, 1)))(corners))


def _width(A) -> Scalar:
    levels = spectral.eigenvalues(A)
    return levels[-1] - levels[0]


def _ranged(name: str, given: Any, stretches: int) -> Float[Array, "S K"]:
    axes = _checks.axes(given)
    if axes == 0:
        given = [given]
    found = _checks.array(name, given, shape=("K",) if axes < 2 else (stretches, "K"))
    return jnp.broadcast_to(found, (stretches, found.shape[-1])) if axes < 2 else found
