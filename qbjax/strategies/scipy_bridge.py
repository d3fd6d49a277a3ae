"""Methods of `scipy.optimize.minimize` by name: the host's loop over a compiled value and slopes.

SciPy's methods cannot be halted and go on. But they are deterministic, so that a search which is to
go further runs again from its start, on what is remembered of the evaluations it has made.
"""

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float
from scipy.optimize import BFGS, NonlinearConstraint, minimize

from qbjax import _checks
from qbjax.strategies import trials
from qbjax.strategies.limits import Limits, Seen, seen_at
from qbjax.strategies.search import VERY_BAD, Problem, Search, explained
from qbjax.strategies.trials import Climbed, Look, Record, refuse_nowhere, survivors

METHODS = ("L-BFGS-B", "SLSQP", "trust-constr")

CLOSE = 1e-6
"""Violation, in units of the limits, at which a search may end; Newton steps take what is left."""

ROUNDING = 1e3
"""Slopes, in units of the tolerance, below which a method that finds no more steps has settled."""

OPTIONS: dict[str, Callable[[float], dict]] = {
    # Their own criteria know no relative size; so they are sharp, and `Trial` has its own.
    "L-BFGS-B": lambda tolerance: {"ftol": 0.0, "gtol": 0.0, "maxfun": 10**9},
    "SLSQP": lambda tolerance: {"ftol": 0.01 * tolerance},
    "trust-constr": lambda tolerance: {"gtol": 0.0, "xtol": 1e-12},
}


class Method(NamedTuple):
    """A method of SciPy's; made by `method_of`."""

    name: str

    @property
    def takes_constraints(self) -> bool:
        """Whether it knows constraints itself, and needs no augmented Lagrangian."""
        return self.name != "L-BFGS-B"


def method_of(name: str) -> Method:
    """Looks up a method by its name.

    Raises:
        ValueError: for a name that is not in `METHODS`.

    Example:
        >>> method_of("SLSQP").takes_constraints
        True
    """
    if name not in METHODS:
        known = ", ".join(map(repr, METHODS))
        raise ValueError(
            f"Argument `optimizer` must be an optax optimiser or one of {known}, but is "
            f"{_checks.show(name)}{_checks.meant(name, METHODS)}."
        )
    return Method(name)


class _Settled(Exception):
    """The end that a search's own tolerance sets."""


class Trial:
    """The search from one start, as far as it has gone.

    Attributes:
        iterates: what was seen at the start and after each step.
        best: the best feasible protocol of all evaluations, or the nearest to one.
        settled: whether the search has come to its end.
        ended: whether more steps would change nothing.
    """

    def __init__(
        self,
        look: Callable[[Any], Seen],
        method: Method,
        first: Seen,
        limits: Limits,
        tolerance: float,
        tell: Callable[["Trial"], None] = lambda trial: None,
    ):
        self._look, self._method, self._tell = look, method, tell
        self._first, self._limits, self._tolerance = first, limits, tolerance
        self._known = {first.flat.tobytes(): first}
        size = max(abs(first.value), np.abs(first.slope).max())
        self.size = float(size) if _is_sound(first) and size > 0 else 1.0
        self.iterates, self.best = [first], first
        self.settled, self.ended = False, not _is_sound(first)
        self._told, self._stalled, self._left = 0, 0, np.inf

    def advance(self, steps: int) -> None:
        """Goes on until so many steps are taken in all."""
        if self.ended:
            return
        self.iterates, self._stalled = [self._first], 0
        options = OPTIONS[self._method.name](self._tolerance) | {"maxiter": steps}
        try:
            with warnings.catch_warnings():
                # Where the objective is as good as linear there is no curvature to learn.
                warnings.filterwarnings("ignore", message="delta_grad == 0.0")
                warnings.filterwarnings("ignore", message="Singular Jacobian matrix")
                found = minimize(
                    self._loss, self._first.flat, method=self._method.name, jac=True,
                    constraints=self._constraints(), callback=self._looked, options=options,
                )  # fmt: skip
            # An interior point of trust-constr may have success far from the limits.
            doubtful = self._method.name == "trust-constr"
            near = self._left <= ROUNDING * self._tolerance if doubtful else found.success
            self.settled = bool(near) and _is_sound(self.iterates[-1])
            self.ended = self.settled or len(self.iterates) <= steps
        except _Settled:
            self.settled = self.ended = True
        if self._limits.units.size:
            self._better(self._limits.restored(self._seen, self.iterates[-1]))

    @property
    def values(self) -> list[float]:
        """Objective at each iterate."""
        return [seen.value if _is_sound(seen) else -VERY_BAD for seen in self.iterates]

    @property
    def rank(self) -> tuple[float, float]:
        """Rank of the best: by value if feasible, behind that by violation."""
        return self._rank(self.best)

    def _rank(self, seen: Seen) -> tuple[float, float]:
        if not _is_sound(seen):
            return (-np.inf, 0.0)
        met = self._limits.is_met(seen)
        return (0.0, seen.value) if met else (-self._limits.violation(seen), 0.0)

    def _seen(self, flat: Float[np.ndarray, " n"]) -> Seen:
        key = np.asarray(flat, float).tobytes()
        if key not in self._known:
            self._known[key] = self._look(np.array(flat, float))
            self._better(self._known[key])
        return self._known[key]

    def _better(self, seen: Seen) -> None:
        if self._rank(seen) > self.rank:
            self.best = seen

    def _loss(self, flat):
        seen = self._seen(flat)
        if not _is_sound(seen):
            return VERY_BAD, np.zeros(seen.flat.size)
        return -seen.value / self.size, -seen.slope / self.size

    def _constraints(self) -> list[NonlinearConstraint]:
        """Slacks in units of the limits, equalities apart."""
        units, equal = self._limits.units, self._limits.equal

        def those(which, most) -> NonlinearConstraint:
            def slacks(flat):
                seen = self._seen(flat)
                bad = np.full(units.size, -VERY_BAD)
                return (seen.slacks / units if _is_sound(seen) else bad)[which]

            def slopes(flat):
                seen = self._seen(flat)
                flat_there = np.zeros(seen.slopes.shape)
                return (seen.slopes / units[:, None] if _is_sound(seen) else flat_there)[which]

            return NonlinearConstraint(slacks, 0.0, most, jac=slopes, hess=BFGS())

        kinds = ((equal, 0.0), (~equal, np.inf))
        return [those(which, most) for which, most in kinds if np.any(which)]

    def _looked(self, flat, *_):
        """Hears of a step, and ends the search where the slopes or the gains have vanished."""
        seen, last = self._seen(flat), self.iterates[-1]
        gained = seen.value - max(each.value for each in self.iterates)
        self.iterates.append(seen)
        if len(self.iterates) - 1 > self._told:
            self._told = len(self.iterates) - 1
            self._tell(self)
        if not _is_sound(seen):
            return
        far = max(abs(seen.value), 1e-3 * abs(seen.value - self._first.value))
        prices = self._limits.prices(seen)
        # What is gained by going on: along the slopes, and up to the limits that have a price.
        promised = max(np.max(np.abs(seen.slope + prices @ seen.slopes)), abs(prices @ seen.slacks))
        # SLSQP tells of trials of its line search, too, and has a criterion of its own for gains.
        monotone = self._method.name != "SLSQP" and not self._limits.units.size
        if monotone and np.any(seen.flat != last.flat):
            self._stalled = 0 if gained > 0.1 * self._tolerance * far else self._stalled + 1
        met = self._limits.violation(seen) <= CLOSE
        self._left = promised / far if met and far > 0 else np.inf
        if (met and promised <= self._tolerance * far) or self._stalled >= 2:
            raise _Settled


def climb_by(
    method: Method,
    problem: Problem,
    battery: Any,
    stacked: list,
    threshold: Any,
    steps: int,
    look: Look | None,
    keep: int | None,
) -> Climbed:
    """Climbs from every row of the coordinates, one after the other; as `loop.climb_all`.

    Raises:
        NotFinite: if no start has a value and slopes.
    """
    _, unravel = jax.flatten_util.ravel_pytree([u[0] for u in stacked])
    flats = np.concatenate([np.reshape(u, (len(u), -1)) for u in stacked], axis=1)
    seen = partial(explained(seen_at, problem.mode), problem, (), battery, unravel)
    everything: list[Trial] = []

    def tell(trial: Trial) -> None:
        if look is not None:
            here = trial.iterates[-1]
            best = max(each.best.value for each in everything if _is_sound(each.best))
            at = unravel(jnp.asarray(here.flat))
            look(len(trial.iterates) - 2, steps, here.value, best, at)

    free = Limits(np.zeros(0), np.zeros(0, bool))
    for flat in flats:
        everything.append(Trial(seen, method, seen(flat), free, float(threshold), tell))
    losses, size = _losses(everything), np.array([each.size for each in everything])
    refuse_nowhere(losses, size)
    alive = np.ones(len(flats), bool)
    for judged, rung in enumerate(trials.rungs(steps, keep)):
        if judged:
            if all(each.ended for each, on in zip(everything, alive) if on):
                break
            alive = survivors(_losses(everything), alive, keep)
        for i in np.flatnonzero(alive):
            everything[i].advance(rung)
    return _climbed(everything, alive, unravel)


def _is_sound(seen: Seen) -> bool:
    """Whether all numbers at some coordinates are finite."""
    numbers = (seen.value, seen.slope, seen.slacks, seen.slopes)
    return all(bool(np.all(np.isfinite(each))) for each in numbers)


def _losses(everything: list[Trial]) -> Float[np.ndarray, " starts"]:
    """Minus the best value of every start."""
    return np.array([-t.best.value if _is_sound(t.best) else VERY_BAD for t in everything])


def _climbed(everything: list[Trial], alive: Bool[np.ndarray, " starts"], unravel) -> Climbed:
    longest = max(len(trial.iterates) for trial in everything)
    history = np.empty((longest, len(everything)))
    values = np.full(history.shape, np.nan)
    for i, trial in enumerate(everything):
        each = trial.values
        history[:, i] = np.pad(each, (0, longest - len(each)), mode="edge")
        values[: len(each), i] = each
    ends = tuple(
        trials.PRUNED if not on
        else trials.NOWHERE if not _is_sound(trial.best)
        else trials.SETTLED if trial.settled
        else trials.STUCK if trial.ended
        else trials.UNSETTLED
        for trial, on in zip(everything, alive)
    )  # fmt: skip

    def stacked(rows):
        return jax.tree.map(lambda *x: jnp.stack(x), *[unravel(jnp.asarray(r)) for r in rows])

    best = stacked([trial.best.flat for trial in everything])
    slopes = stacked([-trial.best.slope for trial in everything])
    losses, one = jnp.asarray(_losses(everything)), jnp.ones(len(everything))
    first = jnp.asarray(-values[0])
    search = Search(best, None, best, slopes, losses, first, one, jnp.array(0))
    stopped = all(end not in (trials.UNSETTLED, trials.STUCK) for end in ends)
    return Climbed(search, history, stopped, Record(values, ends))
