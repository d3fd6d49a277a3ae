r"""The loss, and the length of collisions, that a quantum advantage survives.

Equal qubits of angle θ charge a ladder in steps; they have the lead wherever the energy after a
collision exceeds what classical qubits can have stored by then,

$$\Lambda(\theta, \gamma) = \max_{k\theta\le\tau}\frac{E_k}{E_\text{cl}(k\theta)} - 1 > 0 .$$

Long collisions dephase, and with loss short ones take too many rests: the lead is lost at two
critical angles, which meet at the critical loss.

Reference: R. Salvia et al., "Quantum advantage in charging cavity and spin batteries by repeated
interactions" (2023), Figs. 4–6, Secs. III.D and IV.C; by default energies after the loss meet the
bound *without* loss, Eq. (15), as there.
"""

import warnings
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int
from scipy.optimize import brentq, minimize, minimize_scalar

from qbjax import _checks
from qbjax.algebra.ladders import Ladder
from qbjax.batteries.collisional.battery import Collisional, check_collisional
from qbjax.cycle import charge
from qbjax.dynamics.record.doubt import TRUNCATION_LIMIT
from qbjax.dynamics.record.trajectory import TruncationWarning
from qbjax.merit import bounds
from qbjax.protocols import Collisions

Against = Literal["lossless", "lossy"]
LOOKS = 16
"""Number of angles at which the lead is looked at first, to find its peak."""
CHOSEN = 0.4
"""The population at which the search for the best begins."""
SETTLED = 1e-4
"""Relative accuracy of the angle of the critical loss, where the loss itself is flat."""


class Lead(NamedTuple):
    """The lead of coherent qubits over classical ones.

    Attributes:
        excess: Λ.
        collisions, time: K and Ωτ at which it is reached.
        first_collisions, first_time: when the bound is exceeded first; 0 and NaN if never.
        truncation: largest population of the top level on the way.
    """

    excess: Float[Array, ""]
    collisions: Int[Array, ""]
    time: Float[Array, ""]
    first_collisions: Int[Array, ""]
    first_time: Float[Array, ""]
    truncation: Float[Array, ""]


class Critical(NamedTuple):
    """The point at which the last lead is lost.

    Attributes:
        theta: the angle.
        damping: $\\gamma = 1 - e^{-\\kappa t_0}$.
        loss: $\\kappa t_0$.
        time: Ωτ at which the energy touches the bound.
        ground_population: q of the qubits.
    """

    theta: float
    damping: float
    loss: float
    time: float
    ground_population: float


def lead(
    battery: Collisional | Any,
    theta: Any,
    duration: Any,
    *,
    collisions: int | Any,
    ground_population: Any = 0.5,
    coherence: Any = 1.0,
    against: Against | str | Any = "lossless",
) -> Lead:
    r"""The lead of equal qubits, in a form for `jax.vmap` and `jax.lax.map`.

    One program serves many angles and losses.

    Args:
        battery: a collisional battery; its loss may be traced.
        theta: θ > 0.
        duration: longest Ωτ to look at.
        collisions: most collisions to make, at least duration/θ to see all of it.
        ground_population, coherence: q and c of the qubits.
        against: "lossless" or "lossy": which bound.

    Returns:
        A `Lead`.

    Raises:
        TypeError, ValueError: for a bad argument, or a "lossy" bound that is not known.

    Example:
        >>> import qbjax as qb
        >>> battery = qb.batteries.Collisional(qb.algebra.ladders.oscillator(60))
        >>> found = lead(battery, 0.02 * jnp.pi, 8.0, collisions=130)
        >>> bool(found.excess > 0), int(found.first_collisions)
        (True, 100)
    """
    check_collisional(battery)
    theta = _checks.scalar("theta", theta, low=0, open_low=True)
    duration = _checks.scalar("duration", duration, low=0, open_low=True)
    count = _checks.integer("collisions", collisions, low=1)
    _checks.choice("against", against, ("lossless", "lossy"))
    # The slack is for k·(τ/k).
    inside = np.arange(1.0, count + 1) * theta <= duration * (1 + 1e-12)
    angles = jnp.where(inside, theta, 0.0)
    protocol = Collisions(angles, ground_population, coherence, made=jnp.sum(inside))
    return _lead(battery, protocol, inside, against)


@eqx.filter_jit
def _lead(battery: Collisional, protocol: Collisions, inside: Bool[Array, " K"], against) -> Lead:
    run = charge(battery, protocol)
    energy, times = run.energy[1:], run.times[1:]
    lossy: dict[str, Any] = {}
    if against == "lossy":
        lossy = {"loss": battery.loss, "thermal": battery.thermal}
    bound = jax.vmap(lambda tau: bounds.incoherent_energy(battery.ladder, tau, **lossy))(times)
    ahead = jnp.where(inside, energy / jnp.where(inside, bound, 1.0) - 1, -jnp.inf)
    best, ever = jnp.argmax(ahead), jnp.any(ahead > 0)
    first = jnp.argmax(ahead > 0)
    tops = run.truncation[1:].max(axis=1, initial=0.0)
    return Lead(
        excess=ahead[best],
        collisions=best + 1,
        time=times[best],
        first_collisions=jnp.where(ever, first + 1, 0),
        first_time=jnp.where(ever, times[first], jnp.nan),
        truncation=jnp.max(jnp.where(inside, tops, 0.0), initial=0.0),
    )


def critical_angles(
    battery: Collisional | Any,
    low: Any = 0.005 * np.pi,
    high: Any = 0.1 * np.pi,
    duration: Any = 20.0,
    **qubits: Any,
) -> tuple[float, float]:
    """The angles between which equal coherent qubits beat every classical stream.

    Args:
        battery: a collisional battery, with its loss.
        low, high: where to look; about half of that for a spin per √(2j).
        duration: longest Ωτ to look at; the lead should peak earlier.
        qubits: `ground_population`, `coherence`, `against` of `lead`.

    Returns:
        Lower and upper critical angle; the lower is `low` if the lead still holds there, and the
        upper is `high`.

    Raises:
        TypeError, ValueError: as `lead`; if there is no lead at any angle looked at.
        TruncationWarning: (warned) if the ladder is too short for the duration.

    Example:
        >>> import qbjax as qb
        >>> spin = qb.batteries.Collisional(qb.algebra.ladders.spin(5))
        >>> 0.01 < critical_angles(spin, 0.005, 0.3, duration=2.5)[1] < 0.3
        True
    """
    excess = _Excess(battery, low, high, duration, qubits)
    looks, heights = _looks(excess, low, high)
    peak = int(np.argmax(heights))
    if heights[peak] <= 0:
        raise ValueError(
            f"Argument `battery` must leave coherent qubits a lead at some angle from {low:g} to "
            f"{high:g}, but at best they are {-heights[peak]:.2%} behind."
        )
    behind = np.flatnonzero(heights <= 0)
    below, above = behind[behind < peak], behind[behind > peak]
    first = brentq(excess, looks[below[-1]], looks[peak]) if below.size else looks[0]
    last = brentq(excess, looks[peak], looks[above[0]]) if above.size else looks[-1]
    return float(first), float(last)


def critical_loss(
    ladder: Ladder | Any,
    low: Any = 0.01 * np.pi,
    high: Any = 0.05 * np.pi,
    duration: Any = 20.0,
    *,
    ground_population: Any = 0.5,
    **qubits: Any,
) -> Critical:
    """The loss from which on no angle lets equal coherent qubits beat the classical bound.

    Args:
        ladder: what is charged.
        low, high, duration: as for `critical_angles`.
        ground_population: q; None for the q that survives most.
        qubits: `coherence`, `against` of `lead`.

    Returns:
        A `Critical`.

    Raises:
        TypeError, ValueError: as `critical_angles`, without loss.
        TruncationWarning: (warned) if the ladder is too short for the duration.
    """
    q = CHOSEN
    if ground_population is not None:
        q = _checks.plain("ground_population", ground_population, low=0, high=1)
    how = qubits | {"ground_population": q}
    excess = _Excess(Collisional(ladder, jnp.asarray(0.0)), low, high, duration, how)
    looks, heights = _looks(excess, low, high)
    if np.max(heights) <= 0:
        raise ValueError(
            f"Argument `ladder` must leave coherent qubits a lead without loss, but at best they "
            f"are {-np.max(heights):.2%} behind."
        )
    ahead = looks[heights > 0]
    within, closely = (ahead[0], ahead[-1]), SETTLED * ahead[-1]
    if ground_population is None:
        found = minimize(
            lambda x: -excess.survived(*x), (looks[np.argmax(heights)], q), method="Nelder-Mead",
            bounds=[within, (0.0, 1.0)], options={"xatol": closely, "fatol": 1e-8},
        )  # fmt: skip
        theta, q = (float(x) for x in found.x)
    else:
        theta = float(minimize_scalar(
            lambda theta: -excess.survived(theta, q), bounds=within, method="bounded",
            options={"xatol": closely},
        ).x)  # fmt: skip
    loss = excess.survived(theta, q)
    end = excess.at(theta, loss, q)
    return Critical(theta, float(-np.expm1(-loss)), loss, float(end.time), q)


class _Excess:
    """The excess Λ as a function of angle and loss, one program for all of them."""

    def __init__(self, battery, low, high, duration, qubits):
        check_collisional(battery)
        low = _checks.plain("low", low, low=0, open_low=True)
        high = _checks.plain("high", high, low=0, open_low=True)
        if not low < high:
            raise ValueError(
                f"Argument `high` must be greater than low = {low:g}, but is {high:g}."
            )
        duration = _checks.plain("duration", duration, low=0, open_low=True)
        self._battery = battery
        self._how = {"collisions": int(np.ceil(duration / low)), "duration": duration, **qubits}

    def at(self, theta: float, loss: Any = None, q: Any = None) -> Lead:
        """The lead at one point; of the battery's own loss, the qubits' own q if none is given."""
        battery, how = self._battery, self._how
        if loss is not None:
            battery = eqx.tree_at(lambda b: b.loss, battery, jnp.asarray(loss, float))
        if q is not None:
            how = how | {"ground_population": q}
        found = lead(battery, theta, **how)
        if found.truncation > TRUNCATION_LIMIT:
            warnings.warn(
                f"Too few levels: the top one holds {float(found.truncation):.1e} (limit "
                f"{TRUNCATION_LIMIT:.0e}), so the lead depends on where the ladder was cut.",
                TruncationWarning,
                stacklevel=4,
            )
        return found

    def __call__(self, theta: float, loss: Any = None, q: Any = None) -> float:
        return float(self.at(theta, loss, q).excess)

    def survived(self, theta: float, q: float) -> float:
        """The loss at which qubits lose their lead; 0 if they have none without."""
        if self(theta, 0.0, q) <= 0:
            return 0.0
        most = 1e-3
        while self(theta, most, q) > 0:
            most *= 2
        return brentq(lambda loss: self(theta, loss, q), 0.0, most, xtol=1e-14, rtol=1e-12)


def _looks(excess: Callable[[float], float], low, high) -> tuple[np.ndarray, np.ndarray]:
    looks = np.geomspace(float(low), float(high), LOOKS)
    return looks, np.array([excess(theta) for theta in looks])
