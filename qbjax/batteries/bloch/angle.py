r"""The point of the Bloch sphere that charges best: polar angle and time, jointly.

Energy alone would always start from θ = π. Three questions where it is not so clear; `bloch_band`
has a fourth:

* **power**: $t_{\mathcal P}(\theta)$ and $\mathcal P(t_{\mathcal P})$, beside the paper's formulas;
* **steadiness**: the largest ergotropic power with fluctuation $\sigma_E \le s$. As
  $\sigma_E^2 = \omega^2p(1-p)$ with the population p, this is $p \le p_s$ or $p \ge 1 - p_s$,
  $p_s = \frac12(1 - \sqrt{1 - 4s^2/\omega^2})$: two rivals, a battery that is hardly charged and
  one that is nearly full;
* **thrift**: the largest ergotropy for a given energy $\omega\sin^2\frac\theta2$ in the charger at
  the start; with the time free, all of it has left the charger at the optimum, $g(t_E) = 0$.

Times end at $t_E$ of `batteries.bloch.optima`: later ones only repeat a swing $f^2$, and with it
energy, ergotropy, and fluctuation, more slowly.

Reference: C. A. Downing and M. S. Ukhtary, "Charging a quantum battery from the Bloch sphere"
(2026), which asks the first.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from qbjax import _checks
from qbjax._types import ScalarLike, TensorLike
from qbjax.batteries.bloch._swing import check_charger
from qbjax.batteries.bloch.approximations import Approximation
from qbjax.batteries.bloch.approximations import ergotropic_power as hyperbolic
from qbjax.batteries.bloch.approximations import ergotropic_power_time as sigmoid
from qbjax.batteries.bloch.battery import BlochCharger
from qbjax.batteries.bloch.exact import energy, energy_variance, ergotropic_power, ergotropy
from qbjax.batteries.bloch.optima import best_ergotropic_power, energy_time
from qbjax.strategies.constrained import Constrained, lattice_starts, maximize_under

ANGLES = np.linspace(0.0, np.pi, 33)
PARTS = np.concatenate([np.geomspace(1e-6, 0.1, 41), np.linspace(0.125, 1.0, 29)])
"""Lattice of θ and t/t_E whose peaks the searches start from."""
LOW, HIGH = (0.0, float(np.log(PARTS[0]))), (float(np.pi), 0.0)
"""Bounds of the searches, of θ and of ln(t/t_E): small fluctuations are met early."""


class Curve(NamedTuple):
    """Optimal ergotropic power, angle by angle; arrays (n,).

    Attributes:
        theta: angles.
        time, power: the optimum.
        slope: what is left of d𝒫/dt there.
        sigmoid: `time` by Eq. (43), with its error.
        hyperbolic: `power` by Eq. (45), with its error.
    """

    theta: Float[Array, " n"]
    time: Float[Array, " n"]
    power: Float[Array, " n"]
    slope: Float[Array, " n"]
    sigmoid: Approximation
    hyperbolic: Approximation


class Steady(NamedTuple):
    """The most powerful preparation that fluctuates little.

    Attributes:
        theta, time, power: the optimum.
        fluctuation: σ_E there.
        price: d𝒫/ds, what a unit more of fluctuation would buy; 0 where the limit binds nothing.
        violation: by how much σ_E exceeds the limit.
        residual: of the optimality conditions, in the units of ωJ.
        branch: "high" for p ≥ 1/2, "low".
        rival: power of the other branch; NaN if it cannot meet the limit.
    """

    theta: float
    time: float
    power: float
    fluctuation: float
    price: float
    violation: float
    residual: float
    branch: str
    rival: float


class Front(NamedTuple):
    """Most ergotropy for energy spent, from little to as much as is of use; arrays (n,).

    Attributes:
        spent: charger energy at the start, the limit.
        theta, time: the optimum.
        ergotropy: there.
        price: dℰ/dspent.
        residual: of the optimality conditions, in the units of ω.
    """

    spent: Float[np.ndarray, " n"]
    theta: Float[np.ndarray, " n"]
    time: Float[np.ndarray, " n"]
    ergotropy: Float[np.ndarray, " n"]
    price: Float[np.ndarray, " n"]
    residual: Float[np.ndarray, " n"]


def ergotropic_power_curve(battery: BlochCharger | Any, thetas: TensorLike) -> Curve:
    """The best time and power at each angle, beside the paper's approximations.

    Args:
        battery: a Bloch-sphere charger.
        thetas: angles from 0 to π, (n,).

    Returns:
        A `Curve`.

    Raises:
        TypeError, ValueError: for another battery, angles out of range.

    Example:
        >>> curve = ergotropic_power_curve(BlochCharger(), [jnp.pi / 2])
        >>> round(float(curve.time[0]), 6), round(float(curve.hyperbolic.error[0]), 6)
        (1.323922, -0.011022)

    References: Downing and Ukhtary (2026), Eqs. (43), (45), Fig. 3.
    """
    check_charger(battery)
    thetas = _checks.array("thetas", thetas, shape=("n",), low=0.0, high=np.pi)
    return _curve(battery, thetas)


def best_under_fluctuation(battery: BlochCharger | Any, limit: ScalarLike) -> Steady:
    r"""Finds angle and time of the largest ergotropic power with $\sigma_E(t) \le s$.

    Args:
        battery: a Bloch-sphere charger.
        limit: s > 0, in the units of ω; from ω/2 on everything meets it.

    Returns:
        A `Steady`.

    Raises:
        TypeError, ValueError: for another battery, a limit that is not positive.

    Example:
        >>> found = best_under_fluctuation(BlochCharger(), 0.1)
        >>> found.branch, round(found.theta / np.pi, 6), round(found.power, 6)
        ('high', 1.0, 0.666475)

    References: Downing and Ukhtary (2026), Eqs. (9), (12).
    """
    check_charger(battery)
    share = float(_checks.scalar("limit", limit, low=0, open_low=True) / battery.frequency)
    root = np.sqrt(max(0.0, 1 - 4 * share**2))
    # (1 − root)/2 keeps no digits of small limits
    level = 2 * share**2 / (1 + root) if share < 0.5 else 0.5
    values = _lattice(_power, battery)
    populations = _lattice(_population, battery)
    found: dict[str, Constrained] = {}
    for name, sign, bound in (("high", 1.0, 1 - level), ("low", -1.0, level)):
        data = (battery, jnp.asarray(sign), jnp.asarray(bound))
        allowed = np.where(sign * (populations - bound) >= -1e-12, values, -np.inf)
        if np.isfinite(allowed).any():
            starts = lattice_starts(allowed, ANGLES, np.log(PARTS))
            found[name] = maximize_under(_power, _room, starts, LOW, HIGH, data)
    branch = max(found, key=lambda name: found[name].value)
    rivals = [best.value for name, best in found.items() if name != branch]
    return _steady(battery, found[branch], branch, rivals, share, root)


def ergotropy_energy_front(battery: BlochCharger | Any, count: int | Any = 20) -> Front:
    r"""Finds the most ergotropy for each of a ladder of charger energies.

    The charger starts with $\omega\sin^2\frac\theta2$. The ladder rises in equal steps to the
    energy that the best preparation of all needs; what lies beyond buys nothing.

    Args:
        battery: a Bloch-sphere charger.
        count: points, at least 1.

    Returns:
        A `Front`.

    Raises:
        TypeError, ValueError: for another battery, a count that is no positive integer.

    Example:
        >>> front = ergotropy_energy_front(BlochCharger(decay=2.0), 2)
        >>> front.spent.round(6).tolist(), front.ergotropy.round(6).tolist()
        ([0.298474, 0.596948], [0.070062, 0.096948])
    """
    check_charger(battery)
    count = _checks.integer("count", count, low=1)
    best = _most_ergotropy(battery, 1.0)
    shares = np.sin(best.x[0] / 2) ** 2 * np.arange(1, count + 1) / count
    found = [_most_ergotropy(battery, share) for share in shares[:-1]] + [best]
    theta, log_part = np.array([each.x for each in found]).T
    frequency, end = float(battery.frequency), float(energy_time(battery))
    return Front(
        spent=frequency * shares,
        theta=theta,
        time=np.exp(log_part) * end,
        ergotropy=frequency * np.array([each.value for each in found]),
        price=np.array([each.prices[0] for each in found]),
        residual=np.array([each.residual for each in found]),
    )


def _most_ergotropy(battery, share: float) -> Constrained:
    spent = np.sin(ANGLES / 2) ** 2
    allowed = np.where(spent[:, None] <= share, _lattice(_work, battery), -np.inf)
    starts = lattice_starts(allowed, ANGLES, np.log(PARTS))
    data = (battery, jnp.asarray(share))
    return maximize_under(_work, _unspent, starts, LOW, HIGH, data)


def _steady(battery, best: Constrained, branch, rivals, share, root) -> Steady:
    theta, time = float(best.x[0]), float(_time(best.x, battery))
    frequency, coupling = float(battery.frequency), float(battery.coupling)
    fluctuation = float(jnp.sqrt(energy_variance(battery, theta, time)))
    return Steady(
        theta=theta,
        time=time,
        power=frequency * coupling * best.value,
        fluctuation=fluctuation,
        # dp_s/ds = 2s/√(1 − 4s²) at ω = 1
        price=coupling * float(best.prices[0]) * 2 * share / root if root else 0.0,
        violation=max(0.0, fluctuation - share * frequency),
        residual=best.residual,
        branch=branch,
        rival=frequency * coupling * max(rivals, default=np.nan),
    )


@jax.jit
def _curve(battery, thetas):
    time, power = best_ergotropic_power(battery, thetas)
    slope = jax.vmap(jax.grad(ergotropic_power, 2), (None, 0, 0))(battery, thetas, time)
    near = sigmoid(battery, thetas), hyperbolic(battery, thetas)
    return Curve(thetas, time, power, slope, *near)


# Functions of x = (θ, ln(t/t_E)), in the units of ω and J, and of data that begin with a battery.


def _time(x, battery):
    return jnp.exp(x[1]) * energy_time(battery)


def _power(x, data):
    battery = data[0]
    power = ergotropic_power(battery, x[0], _time(x, battery))
    return power / (battery.frequency * battery.coupling)


def _population(x, data):
    battery = data[0]
    return energy(battery, x[0], _time(x, battery)) / battery.frequency


def _work(x, data):
    battery = data[0]
    return ergotropy(battery, x[0], _time(x, battery)) / battery.frequency


def _room(x, data):
    _, sign, bound = data
    return (sign * (_population(x, data) - bound))[None]


def _unspent(x, data):
    return (data[1] - jnp.sin(x[0] / 2) ** 2)[None]


@partial(jax.jit, static_argnums=0)
def _on_lattice(function, battery):
    points = jnp.stack(jnp.meshgrid(jnp.asarray(ANGLES), jnp.log(PARTS), indexing="ij"))
    return function(points, (battery,))


def _lattice(function, battery):
    return np.asarray(_on_lattice(function, battery))
