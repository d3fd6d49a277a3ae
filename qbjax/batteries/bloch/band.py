r"""The safest point of the Bloch sphere, for couplings and decays known to a band only.

$$\max_{\theta, t}\;\min_{J, \gamma}\;\mathcal E_\theta(t; J, \gamma), \qquad
  J_1 \le J \le J_2, \quad \gamma_1 \le \gamma \le \gamma_2,$$

as the largest v with $\mathcal E \ge v$ in every scenario: at first the band's corners; then the
band's worst point joins the scenarios, until it is no worse (exchange, for semi-infinite programs).

There is an answer to compare with. The ergotropy rises with the swing, whatever θ
(`batteries.bloch.optima`), so that the worst scenario has the smallest $q = f^2$ and the time is
best where $\min q$ is largest; the angle is then `best_angle`'s, and

$$v = 2q - 1 \text{ for } q \ge \tfrac34, \qquad
  v = \frac1{2\sqrt{1 - q}} - \frac12 \text{ at } \sin^2\frac\theta2 = \frac1{2\sqrt{1-q}}
  \text{ below}:$$

a battery that cannot be filled for certain should keep some coherence.

References: C. A. Downing and M. S. Ukhtary, "Charging a quantum battery from the Bloch sphere"
(2026), Eq. (69); R. Hettich and K. O. Kortanek, SIAM Review 35, 380 (1993).
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from qbjax import _checks
from qbjax._types import TensorLike
from qbjax.batteries.bloch._swing import check_charger
from qbjax.batteries.bloch.angle import ANGLES, PARTS
from qbjax.batteries.bloch.battery import BlochCharger
from qbjax.batteries.bloch.exact import ergotropy
from qbjax.batteries.bloch.optima import energy_time
from qbjax.strategies.constrained import lattice_starts, maximize_under

BAND = 81
"""Couplings and decays, each, at which the band's worst point is looked for."""
COARSE = 21
"""Couplings and decays, each, on the lattice that the starts are looked for on."""
CLOSE = 1e-10
"""Largest excess, in ω, of the worst scenario over the band's worst point."""
ROUNDS = 20
"""Most exchanges of scenarios."""


class Safe(NamedTuple):
    """The preparation whose worst case is best.

    Attributes:
        theta, time: the optimum.
        ergotropy: the worst over the band.
        couplings, decays: the scenarios that were weighed, (n,).
        weights: their prices (n,), which sum to 1: the least favourable mixture.
        excess: by how much `ergotropy` overstates the worst of the band's lattice.
        residual: of the optimality conditions, in the units of ω.
        rounds: how often scenarios were added, and once.
    """

    theta: float
    time: float
    ergotropy: float
    couplings: Float[np.ndarray, " n"]
    decays: Float[np.ndarray, " n"]
    weights: Float[np.ndarray, " n"]
    excess: float
    residual: float
    rounds: int


def best_worst_case(battery: BlochCharger | Any, couplings: TensorLike, decays: TensorLike) -> Safe:
    """Finds the angle and the time whose smallest ergotropy over a band is largest.

    Args:
        battery: a Bloch-sphere charger, for its frequency.
        couplings: lowest and highest J > 0, (2,).
        decays: lowest and highest γ ≥ 0, (2,).

    Returns:
        A `Safe`.

    Raises:
        TypeError, ValueError: for another battery, bands in disorder or out of range.

    Example:
        >>> found = best_worst_case(BlochCharger(), [0.9, 1.1], [0.0, 0.5])
        >>> round(found.theta / np.pi, 4), round(found.ergotropy, 6)
        (0.7639, 0.368696)
    """
    check_charger(battery)
    J, decay = _band("couplings", couplings), _band("decays", decays)
    if J[0] <= 0:
        raise ValueError(
            f"Argument `couplings` must be greater than 0, but is {J[0]:g} at index 0."
        )
    frequency = jnp.asarray(battery.frequency, float)
    end = _end(J, decay[0])
    scenarios = np.array([(j, g) for j in np.unique(J) for g in np.unique(decay)])
    lattice = _lattice(J, decay, BAND)
    starts = _starts(_lattice(J, decay, COARSE), end)
    for rounds in range(1, ROUNDS + 1):
        best = _search(scenarios, starts, end)
        works = np.asarray(_works(best.x, (jnp.asarray(lattice), end)))
        excess = best.value - works.min()
        if excess <= CLOSE or rounds == ROUNDS:
            break
        scenarios = np.concatenate([scenarios, lattice[[works.argmin()]]])
    return Safe(
        theta=float(best.x[0]),
        time=float(best.x[1] * end),
        ergotropy=float(frequency) * best.value,
        couplings=scenarios[:, 0],
        decays=scenarios[:, 1],
        weights=best.prices,
        excess=float(frequency) * max(0.0, excess),
        residual=best.residual,
        rounds=rounds,
    )


def _band(name, value):
    ends = np.asarray(_checks.array(name, value, shape=(2,), low=0.0))
    if ends[0] > ends[1]:
        raise ValueError(
            f"Argument `{name}` must not decrease, but goes from {ends[0]:g} to {ends[1]:g}."
        )
    return ends


def _end(couplings, decay):
    """Latest time of the search: every swing of the band is past its maximum, or one is at 0.

    The first zero is at √(J² − γ²/16) t = π; it passes through all the band's couplings before the
    last of them is there. Later lobes are narrower in J, and lower.
    """
    last = energy_time(BlochCharger(couplings[0], decay))
    fastest = couplings[1] ** 2 - (decay / 4) ** 2
    return jnp.minimum(last, np.pi / np.sqrt(fastest) if fastest > 0 else np.inf)


def _lattice(couplings, decays, count):
    ends = (couplings, decays)
    axes = np.meshgrid(*(np.linspace(low, high, count) for low, high in ends), indexing="ij")
    return np.stack(axes, axis=-1).reshape(-1, 2)


def _starts(scenarios, end):
    """Points where the worst over a coarse lattice of the band is largest."""
    points = jnp.stack(
        jnp.meshgrid(jnp.asarray(ANGLES), jnp.asarray(PARTS), indexing="ij"), axis=-1
    )
    worst = _worst(points.reshape(-1, 2), jnp.asarray(scenarios), end)
    return lattice_starts(worst.reshape(ANGLES.size, PARTS.size), ANGLES, PARTS)


def _search(scenarios, starts, end):
    scenarios = jnp.asarray(scenarios)
    starts = np.column_stack([starts, _worst(jnp.asarray(starts), scenarios, end)])
    bounds = [0.0, 0.0, 0.0], [np.pi, 1.0, 1.0]
    return maximize_under(_level, _margins, starts, *bounds, (scenarios, end))


# Functions of x = (θ, t over the latest t_E, v), in the units of ω.


def _level(x, data):
    return x[2]


def _margins(x, data):
    return _works(x, data) - x[2]


@jax.jit
def _works(x, data):
    scenarios, end = data
    return jax.vmap(lambda s: ergotropy(BlochCharger(s[0], s[1]), x[0], x[1] * end))(scenarios)


@jax.jit
def _worst(points, scenarios, end):
    return jax.lax.map(lambda x: jnp.min(_works(x, (scenarios, end))), points)
