r"""Protocols of classical qubits that need no optimiser: full swap, and greedy.

All qubits come excited (q = 0). **Full swap** takes a step for certain as long as the ladder is
where it should be,

$$\theta_k = \frac{\pi}{2a_k}, \qquad k = 1 … K .$$

**Greedy** chooses each angle for the best power right after that collision, over
$\theta \in (0, 2/a_1]$: the average power $E_k/\tau_k$ (`"average"`), or the transient one
$(E_k - E_{k-1})/\theta_k$ (`"transient"`), an interior local maximum, the largest if there are
several. With populations $p_n$ before the collision and $w$ the energies that levels will have
after the loss,

$$E_k(\theta) = \sum_n w_np_n + \sum_n p_n(w_{n+1} - w_n)\sin^2\theta a_{n+1} .$$

Both assume the rotating wave. Neither is best: `optimize/swap_angles.py` is.

Reference: R. Salvia et al., "Quantum advantage in charging cavity and spin batteries by repeated
interactions" (2023), Sec. III.B (average) and the caption of Fig. 2 (transient). Full swap: text
before Eqs. (17) and (30).
"""

from typing import Any, Literal, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax._bisection import bisected
from qbjax.algebra.ladders import Ladder
from qbjax.batteries.collisional._channels import Collision, collide_populations
from qbjax.batteries.collisional._loss import Loss
from qbjax.batteries.collisional.battery import Collisional, check_collisional
from qbjax.protocols import Collisions, resolve

HALVINGS = 54
"""Number of bisections of a grid interval: to the last bit."""

ROUNDING = 1e-12
"""Relative error of a sum of angles."""


def full_swap(battery: Collisional | Any, count: int | Any) -> Collisions:
    r"""Makes every collision a full exchange with the level that the ladder should be on.

    Args:
        battery: a collisional battery; its loss is not looked at.
        count: K, at most as many as the ladder has steps.

    Returns:
        `Collisions` with $\theta_k = \pi/2a_k$ and excited qubits.

    Raises:
        TypeError, ValueError: for another battery, or one with counter-rotating terms; for a count
            out of range.

    Example:
        >>> import qbjax as qb
        >>> battery = qb.batteries.Collisional(qb.algebra.ladders.oscillator(5))
        >>> full_swap(battery, 2).theta.round(4).tolist()
        [1.5708, 1.1107]
    """
    ladder = _ladder(battery)
    count = _checks.integer("count", count, low=1, high=ladder.size - 1)
    return Collisions(np.pi / 2 / ladder.couplings[:count])


def greedy(
    battery: Collisional | Any,
    count: int | Any,
    criterion: Literal["average", "transient"] | str | Any = "average",
) -> Collisions:
    """Makes every collision the best one for the power right after it.

    Args:
        battery: a collisional battery, with its loss.
        count: K ≥ 1.
        criterion: "average" or "transient" power.

    Returns:
        `Collisions` with excited qubits.

    Raises:
        TypeError, ValueError: for another battery, or one with counter-rotating terms; for a bad
            count or criterion; when concrete, if at some step the power has no interior maximum:
            near full charge there is none.

    Example:
        >>> import qbjax as qb
        >>> battery = qb.batteries.Collisional(qb.algebra.ladders.oscillator(30))
        >>> [round(float(theta), 4) for theta in greedy(battery, 3).theta]
        [1.1656, 0.8976, 0.7584]
    """
    ladder = _ladder(battery)
    count = _checks.integer("count", count, low=1)
    if ladder.size < 2:
        raise ValueError("Argument `battery` must have at least two levels to climb, but has 1.")
    _checks.choice("criterion", criterion, ("average", "transient"))
    theta, found = _climb(battery, count, criterion == "average")
    if _checks.is_concrete(found) and not np.all(found):
        step = int(np.argmin(found)) + 1
        raise ValueError(
            f"Argument `count` must leave the {criterion} power an interior maximum at every "
            f"collision, but there is none at collision {step} of {count}: ask for fewer."
        )
    return Collisions(theta)


def in_time(protocol: Collisions | Any, duration: Any) -> Collisions:
    r"""Stops a stream at a charging time: its last collision is cut short.

    Args:
        protocol: a stream of collisions.
        duration: $\tau \ge 0$; collisions that would begin then or later are not made, nor is
            there any loss after them.

    Returns:
        As many collisions, `made` of them, $\sum\theta_k \le \tau$.

    Raises:
        ValueError, TypeError: for a duration that is negative or no number.

    Example:
        >>> cut = in_time(Collisions([1.0, 1.0, 1.0]), 1.5)
        >>> cut.theta.tolist(), int(cut.made)
        ([1.0, 0.5, 0.0], 2)
    """
    _checks.instance("protocol", protocol, Collisions, "qb.protocols.Collisions")
    duration = _checks.scalar("duration", duration, low=0)
    stream = resolve(protocol)
    theta, begins = jnp.asarray(stream.theta), stream.times()[:-1]
    # To rounding: a stream of just this duration needs no more.
    fits = begins < duration * (1 - ROUNDING)
    if stream.made is not None:
        fits &= jnp.arange(stream.count) < stream.made
    left = jnp.where(fits, jnp.minimum(duration - begins, theta), 0.0)
    return eqx.tree_at(
        lambda p: (p.theta, p.made), protocol, (left, jnp.sum(fits)), is_leaf=lambda x: x is None
    )


@eqx.filter_jit
def _climb(battery: Collisional, count: int, average: bool):
    """The greedy angles, and whether each was found."""
    ladder = battery.ladder
    loss = Loss(ladder, battery.loss, battery.thermal, populations_only=True)
    levels = jnp.asarray(ladder.levels)
    worth = loss.dual(levels)

    def step(carry, _):
        populations, tau, before = carry
        power = _Power(
            couplings=jnp.asarray(ladder.couplings),
            weights=populations[:-1] * jnp.diff(worth),
            start=worth @ populations - (0.0 if average else before),
            spent=tau if average else jnp.zeros(()),
        )
        theta, found = _first_choice(power, _grid(ladder))
        met = collide_populations(ladder.couplings, populations, Collision(theta, jnp.zeros(())))
        left = loss(met)
        return (left, tau + theta, levels @ left), (theta, found)

    ground = jnp.zeros(ladder.size).at[0].set(1.0)
    _, out = lax.scan(step, (ground, jnp.zeros(()), jnp.zeros(())), None, length=count)
    return out


class _Power(NamedTuple):
    r"""The power after a collision, as a function of its angle.

    $$(\text{start} + \sum_n g_n\sin^2\theta a_n)/(\text{spent} + \theta)$$
    """

    couplings: Float[Array, " links"]
    weights: Float[Array, " links"]
    start: Float[Array, ""]
    spent: Float[Array, ""]

    def gain(self, theta):
        """The numerator of the power."""
        return self.start + jnp.sin(theta * self.couplings) ** 2 @ self.weights

    def rising(self, theta):
        """A number of the sign of the power's slope."""
        slope = jnp.sin(2 * theta * self.couplings) @ (self.couplings * self.weights)
        return slope * (self.spent + theta) - self.gain(theta)


def _grid(ladder: Ladder) -> np.ndarray:
    """The angles to look at, at least a dozen per period of the fastest term."""
    longest = 2 / ladder.couplings[0]
    looks = max(512, int(4 * longest * ladder.couplings.max()))
    return longest * np.arange(1, looks + 1) / looks


def _first_choice(power: _Power, grid: np.ndarray):
    """The angle of the largest interior maximum, and whether there is any."""
    slopes = lax.map(power.rising, jnp.asarray(grid), batch_size=64)
    turns = (slopes[:-1] > 0) & (slopes[1:] <= 0)
    gains = lax.map(power.gain, jnp.asarray(grid[:-1]), batch_size=64)
    best = jnp.argmax(jnp.where(turns, gains / (power.spent + grid[:-1]), -jnp.inf))
    ends = jnp.asarray(grid)[best], jnp.asarray(grid)[best + 1]
    theta = bisected(lambda angle: power.rising(angle) > 0, *ends, HALVINGS)
    return jnp.where(jnp.any(turns), theta, jnp.nan), jnp.any(turns)


def _ladder(battery: Collisional | Any) -> Ladder:
    check_collisional(battery)
    if not battery.is_rotating_wave:
        raise ValueError(
            "Argument `battery` must be without counter-rotating terms, for these angles are those "
            "of the rotating-wave approximation, but has some: choose with qb.maximize."
        )
    if not battery.is_brief:
        raise ValueError(
            "Argument `battery` must lose between its collisions only, which these angles are for, "
            "but does so during them: choose with qb.maximize."
        )
    return battery.ladder
