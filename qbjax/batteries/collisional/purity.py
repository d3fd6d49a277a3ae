r"""Much energy in an almost pure state: a micromaser with a goal for its purity.

$$\max_{\theta, q} E_K \quad\text{with}\quad \operatorname{Tr}\rho_K^2 \ge P$$

for K equal qubits of coherence c, by augmented Lagrangians: with a price λ of purity and a weight
μ,

$$L = E - \frac{\max(0, \lambda + \mu(P - \operatorname{Tr}\rho^2))^2 - \lambda^2}{2\mu}$$

is maximised, and then $\lambda \leftarrow \max(0, \lambda + \mu(P - \operatorname{Tr}\rho^2))$,
until the purity is what was asked for.

References: V. Shaghaghi et al., "Lossy micromaser battery: almost pure states in the
Jaynes–Cummings regime" (2023), which takes θ and q as they come; J. Nocedal and S. J. Wright,
"Numerical Optimization", 2nd ed., Sec. 17.3.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jax import Array

from qbjax import _checks
from qbjax._types import Scalar, ScalarLike
from qbjax.batteries.collisional.battery import Collisional, check_collisional
from qbjax.cycle import charge
from qbjax.protocols import Collisions, free
from qbjax.strategies.gradient import Progress, check_search, maximize

WEIGHT, GROWTH = 1e4, 3.0
"""μ at first, when a hundredth of purity is worth half a quantum of energy; and its growth."""
ROUNDS = 12
"""Largest number of prices that are tried."""
CLOSE = 1e-7
"""Largest distance of the purity below its goal."""


class Tuned(NamedTuple):
    """Equal qubits, and what purity costs.

    Attributes:
        theta: swap angle.
        ground_population: q.
        price: λ.
        weight: μ.
        goal: P.
    """

    theta: Any
    ground_population: Any
    price: Any
    weight: Any
    goal: Any


class Pure(NamedTuple):
    """The qubits that `best_pure_energy` found.

    Attributes:
        protocol: the stream.
        energy, purity: after its last collision.
        verified_energy, verified_purity: the same with `battery.refined()`.
    """

    protocol: Collisions
    energy: Scalar
    purity: Scalar
    verified_energy: Scalar
    verified_purity: Scalar


def best_pure_energy(
    battery: Collisional | Any,
    count: int | Any,
    purity: ScalarLike = 0.99,
    *,
    coherence: ScalarLike = 1.0,
    theta: tuple[float, float, float] | Any = (0.8, 0.1, 1.5),
    starts: int | Any = 1,
    key: Array | Any | None = None,
    progress: Callable[[Progress], None] | Any | None = None,
) -> Pure:
    r"""Finds K equal qubits that store the most energy in a state of given purity.

    What is chosen are their swap angle and their population.

    Args:
        battery: a collisional battery, with its loss.
        count: K ≥ 1.
        purity: P, in (0, 1].
        coherence: c of the qubits.
        theta: first guess, lowest and highest swap angle.
        starts, key, progress: as in `maximize`.

    Returns:
        A `Pure`; its purity is P to 1e-7, or more where that costs nothing.

    Raises:
        TypeError, ValueError: for a bad argument; if no such state was found.

    Example:
        >>> import qbjax as qb
        >>> found = best_pure_energy(qb.batteries.micromaser(4), 1, 0.9, theta=(1.0, 0.1, 2.0))
        >>> round(float(found.energy), 3)
        1.0
    """
    check_collisional(battery)
    check_search(progress=progress, starts=starts, key=key)
    count = _checks.integer("count", count, low=1)
    goal = _checks.scalar("purity", purity, low=0, high=1, open_low=True)
    objective = _Objective(count, _checks.plain("coherence", coherence, low=0, high=1))
    first, low, high = _checks.array("theta", theta, shape=(3,), low=0.0).tolist()
    q, price, weight = 0.3, jnp.asarray(0.0), jnp.asarray(WEIGHT)
    for turn in range(ROUNDS):
        tuned = Tuned(free(first, low, high), free(q, 1e-4, 0.5), price, weight, goal)
        best = maximize(
            objective, tuned, battery=battery, steps=200, starts=starts if turn == 0 else 1,
            key=key, progress=progress,
        )  # fmt: skip
        first, q = best.protocol.theta, best.protocol.ground_population
        missing = goal - _purity(objective, best.protocol, battery)
        # Either the goal binds, and is met, or it costs nothing.
        if abs(missing) < CLOSE or (price == 0 and missing < 0):
            runs = [objective.end(best.protocol, b) for b in (battery, battery.refined())]
            ends = [x for run in runs for x in (run.energy[-1], run.purity[-1])]
            return Pure(objective.stream(best.protocol), *ends)
        price, weight = jnp.maximum(0.0, price + weight * missing), GROWTH * weight
    raise ValueError(
        f"Argument `purity` must be reachable with {count} qubits, but the best state found is "
        f"{float(missing):.1e} below {float(goal):g}; try more starts, more qubits or less purity."
    )


@dataclass(frozen=True)
class _Objective:
    """The Lagrangian of the module's docstring; equal objectives share their compiled program."""

    count: int
    coherence: float

    def __call__(self, tuned: Tuned, battery: Collisional) -> Array:
        run = self.end(tuned, battery)
        due = jnp.maximum(0.0, tuned.price + tuned.weight * (tuned.goal - run.purity[-1]))
        return run.energy[-1] - (due**2 - tuned.price**2) / (2 * tuned.weight)

    def end(self, tuned: Tuned, battery: Collisional):
        """The run of a stream, looked at after its last collision."""
        return charge(battery, self.stream(tuned))

    def stream(self, tuned: Tuned) -> Collisions:
        """The stream of equal qubits."""
        theta = jnp.broadcast_to(jnp.asarray(tuned.theta), (self.count,))
        return Collisions(theta, tuned.ground_population, self.coherence, save_every=self.count)


@eqx.filter_jit
def _purity(objective: _Objective, tuned: Tuned, battery: Collisional) -> Scalar:
    return objective.end(tuned, battery).purity[-1]
