r"""The best protocol under constraints: an augmented Lagrangian, and a step back to the limits.

With slacks $c_i$, negative beyond a limit, a search climbs

$$L = F + \sum_=\left(\lambda_ic_i - \tfrac\mu2c_i^2\right)
    - \tfrac1{2\mu}\sum_\ge\left(\max(0, \lambda_i - \mu c_i)^2 - \lambda_i^2\right),$$

then the multipliers become $\lambda_i - \mu c_i$ (of an inequality not below 0) where the violation
shrank enough, else the weight μ grows. F is in units of its size at the start, each slack in those
of its limit, so that neither μ nor an accuracy knows a unit.

After every round Newton steps of least length lead back to the violated limits; the best protocol
that stands there is what is kept, whatever comes later. Prices are found at the end by non-negative
least squares over what is active, so that they judge the answer and not the algorithm.

Reference: J. Nocedal and S. J. Wright, "Numerical Optimization", 2nd ed., Sec. 17.3 and 17.4.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qbjax.strategies.constraints import Constraint
from qbjax.strategies.growth import is_bounded
from qbjax.strategies.limits import FEASIBLE, Limits, Seen, limits_of, seen_at, slacks
from qbjax.strategies.loop import climb_all
from qbjax.strategies.search import Problem, called
from qbjax.strategies.statistic import Weighed, again, nominal_of, unfit, weighed
from qbjax.strategies.trials import NOT_FINITE, NotFinite

ROUNDS = 25
"""Most rounds, each with its multipliers and weight."""

WEIGHT, GROWTH, HEAVIEST = 10.0, 5.0, 1e7
"""The first weight μ, its growth, and the largest."""

SHRUNK = 0.25
"""Share of its former size that the violation has to shrink to before the next prices."""

WORSE = 1e-4
"""Share of the value by which a round may end below the best, and yet end the search."""

CLOSE = 1e-6
"""Distance from what is active, in units of the limits, at which a search may end."""

STRAYED = 1.0
"""Violation, in units of the limit, at which a round has lost the feasible protocols: where F grows
faster than any parabola, a Lagrangian has no maximum, but near the limits."""


class Infeasible(ValueError):
    """No protocol was found that satisfies the constraints."""


class Priced(eqx.Module):
    """The numbers of a Lagrangian, in the place of the battery that they come with."""

    battery: Any
    constraints: tuple[Constraint, ...]
    units: Float[Array, " m"]
    prices: Float[Array, " m"]
    weight: Float[Array, ""]
    size: Float[Array, ""]


@dataclass(frozen=True)
class Lagrangian:
    """The augmented objective; one for each objective, so that a program is found again."""

    objective: Callable

    def __call__(self, protocol: Any, priced: Priced) -> Float[Array, ""]:
        value = called(self.objective, protocol, priced.battery) / priced.size
        apart = slacks(priced.constraints, protocol, priced.battery) / priced.units
        for slack, price, each in zip(apart, priced.prices, priced.constraints):
            pull = price - priced.weight * slack
            if not each.is_equality:
                pull = jnp.maximum(pull, 0.0)
            value = value - (pull**2 - price**2) / (2 * priced.weight)
        return value


class Kept(NamedTuple):
    """The best feasible protocol from one start, or the nearest to one.

    Attributes:
        us: its coordinates.
        seen: what is seen there.
        violations: of the constraints, in units of the limits.
        prices: multipliers of the slacks.
        history: objective after each round, −∞ where nothing feasible was known.
        converged: whether the last rounds gained nothing.
        endless: whether going as far again from the start gains as much again.
    """

    us: list
    seen: Seen
    violations: Float[np.ndarray, " m"]
    prices: Float[np.ndarray, " m"]
    history: Float[np.ndarray, " rounds"]
    converged: bool
    endless: bool = False

    @property
    def rank(self) -> tuple[float, float]:
        """Rank by value if feasible, behind that by violation."""
        beyond = float(np.max(self.violations, initial=0.0))
        return (0.0, self.seen.value) if beyond <= FEASIBLE else (-beyond, 0.0)


@dataclass
class Rounds:
    """The numbers that change from round to round: prices, weight, and the best so far."""

    limits: Limits
    tolerance: float
    first: float
    prices: Float[np.ndarray, " m"]
    best: Seen
    size: float
    weight: float = WEIGHT
    wanted: float = 0.1
    blur: float = 0.0
    quiet: int = 0
    history: list[float] = field(default_factory=list)

    @property
    def feasible(self) -> bool:
        """Whether anything feasible is known."""
        return self.limits.is_met(self.best)

    def learn(self, seen: Seen, back: Seen) -> None:
        """Keeps what is better back at the limits, then moves prices or weight."""
        met = self.limits.is_met(back)
        gained = back.value - self.best.value if self.feasible else np.inf
        nearer = self.limits.violation(back) < self.limits.violation(self.best)
        if (met and gained > 0) or (not self.feasible and nearer):
            self.best = back
        self.history.append(self.best.value if self.feasible else -np.inf)
        apart = self._apart(seen)
        scale = max(abs(self.best.value), 1e-3 * abs(self.best.value - self.first))
        # Another region, where less is to be had, is no end.
        quiet = met and -WORSE * scale <= gained <= self.tolerance * scale and apart <= CLOSE
        quiet = quiet and seen.blur <= self.tolerance * scale
        self.quiet = self.quiet + 1 if quiet else 0
        if apart <= self.wanted:
            pulls = self.prices - self.weight * seen.slacks / self.limits.units
            self.prices = np.where(self.limits.equal, pulls, np.maximum(pulls, 0.0))
            self.wanted *= SHRUNK
        elif self.weight < HEAVIEST:
            self.weight *= GROWTH

    def kept(self, unravel: Callable) -> Kept:
        """The best so far."""
        best, limits = self.best, self.limits
        return Kept(
            unravel(jnp.asarray(best.flat)), best, limits.beyond(best), limits.prices(best),
            np.array(self.history), self.quiet >= 2,
        )  # fmt: skip

    def onward(self, seen: Seen) -> Seen:
        """The start of the next round: the end of this one, or the best if it strayed."""
        astray = self.limits.violation(seen) > max(STRAYED, self.limits.violation(self.best))
        return self.best if astray else seen

    @property
    def gain(self) -> float:
        """The gain over the start, or over the first round that ended within the limits."""
        return self.best.value - min([self.first, *[x for x in self.history if np.isfinite(x)][:1]])

    def weighed(self, members: Any, seen: Seen) -> Any:
        """The members of an ensemble weighed anew, more sharply if the blur did not shrink."""
        if not isinstance(members, Weighed):
            return members
        grown = GROWTH if seen.blur > SHRUNK * self.blur else 1.0
        self.blur = seen.blur
        sharpness = min(grown * float(members.sharpness), HEAVIEST / self.size)
        return again(members, seen.values, sharpness)

    def _apart(self, seen: Seen) -> float:
        r"""The largest distance from activity: of an inequality $|\min(c, \lambda/\mu)|$."""
        scaled = seen.slacks / self.limits.units
        idle = np.minimum(scaled, self.prices / self.weight)
        apart = np.abs(np.where(self.limits.equal, scaled, idle))
        return float(np.max(np.where(np.isfinite(apart), apart, np.inf), initial=0.0))


def search_under(
    problem: Problem,
    constraints: tuple[Constraint, ...],
    optimizer: Any,
    battery: Any,
    steps: int,
    tolerance: float,
    us: list,
    tell: Callable[[int, float, float, list], None] = lambda *_: None,
) -> Iterator[Kept]:
    """Climbs from one start in rounds of `steps`, under constraints or for an ensemble's statistic.

    Yields the best after each; `tell` hears of it first, as `trials.Look` but for all steps.

    Raises:
        NotFinite: if the start has no value, slack or slopes.
    """
    flat, unravel = jax.flatten_util.ravel_pytree(us)
    seen = seen_at(problem, constraints, battery, unravel, np.asarray(flat))
    check_start(problem, constraints, battery, unravel, seen)
    size = max(abs(seen.value), np.abs(seen.slope).max()) or 1.0
    limits = limits_of(constraints, seen)
    augmented = Problem(Lagrangian(problem.objective), problem.template, problem.mode)
    rounds = Rounds(limits, tolerance, seen.value, np.zeros(len(constraints)), seen, size)
    if isinstance(battery, Weighed):
        battery = weighed(battery.ensemble, battery.nominal, WEIGHT / size)
    for done in range(ROUNDS):
        numbers = (limits.units, rounds.prices, rounds.weight, size)
        priced = Priced(battery, constraints, *(jnp.asarray(x, float) for x in numbers))
        accuracy = jnp.asarray(max(tolerance, 10.0 ** -(2 + done)))
        stacked = [u[None] for u in unravel(jnp.asarray(seen.flat))]
        climbed = climb_all(augmented, optimizer, priced, stacked, accuracy, steps)
        look = partial(seen_at, problem, constraints, battery, unravel)
        seen = look(np.concatenate([np.ravel(u[0]) for u in climbed.search.best]))
        rounds.learn(seen, limits.restored(look, seen))
        kept, last = rounds.kept(unravel), rounds.quiet >= 2 or done == ROUNDS - 1
        if last and not is_bounded(problem.template):
            kept = judged_far(kept, limits, look, flat, rounds.gain)
        tell(done, kept.history[-1], kept.history[-1], kept.us)
        yield kept
        if last:
            return
        battery = rounds.weighed(battery, seen)
        seen = rounds.onward(seen)


def check_start(problem, constraints, battery, unravel, seen: Seen) -> None:
    """Checks that a search can begin.

    Raises:
        NotFinite: if objective or a constraint has no value or no slopes at the start.
    """
    if _is_finite(seen):
        return
    # One by one: slopes that are NaN make all others of the same run back NaN.
    for each in constraints:
        alone = Problem(each.function, problem.template, problem.mode)
        if not _is_finite(seen_at(alone, (), nominal_of(battery), unravel, seen.flat)):
            raise NotFinite(
                "Argument `constraints` must be finite at the start, but the value or slopes of "
                f"{each.name} are not, at any start."
            )
    raise NotFinite(NOT_FINITE + unfit(seen.values))


def _is_finite(seen: Seen) -> bool:
    slopes = np.isfinite(seen.slope).all() and np.isfinite(seen.slopes).all()
    return bool(np.isfinite([seen.value, *seen.slacks]).all() and slopes)


def judged_far(kept: Kept, limits: Limits, look: Callable, start: Any, gain: float) -> Kept:
    """Judges whether as much again is gained, within the limits, by going as far again."""
    if not limits.is_met(kept.seen) or not np.isfinite(gain):
        return kept
    far = limits.restored(look, look(2 * kept.seen.flat - np.asarray(start)))
    endless = limits.is_met(far) and far.value - kept.seen.value > gain / 2 > 0
    return kept._replace(endless=endless, converged=kept.converged and not endless)
