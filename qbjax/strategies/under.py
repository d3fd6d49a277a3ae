"""Many starts under constraints, or for an ensemble's statistic: side by side, and pruned.

Every start is searched in rounds, of an augmented Lagrangian or of a method of SciPy's that knows
constraints. All starts take a round before any takes the next, so that they can be compared.
"""

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from qbjax.protocols import coordinates
from qbjax.strategies import trials
from qbjax.strategies.constraints import Constraint
from qbjax.strategies.growth import is_bounded
from qbjax.strategies.lagrangian import ROUNDS, Kept, check_start, judged_far, search_under
from qbjax.strategies.limits import Limits, limits_of, seen_at
from qbjax.strategies.scipy_bridge import Method, Trial
from qbjax.strategies.search import Problem, explained
from qbjax.strategies.trials import Elsewhere, Look, NotFinite, Record, survivors

FIRST = 2
"""Rounds before starts are judged for the first time."""


class Question(NamedTuple):
    """The question to every start; as `lagrangian.search_under`."""

    problem: Problem
    constraints: tuple[Constraint, ...]
    optimizer: Any
    battery: Any
    steps: int
    tolerance: float


class Found(NamedTuple):
    """The answers from all starts.

    Attributes:
        kept: the best of each, None where the objective or a slack is not finite.
        record: of all.
    """

    kept: list[Kept | None]
    record: Record

    @property
    def best(self) -> Kept:
        """The best of all."""
        best = self.kept[self.winner]
        assert best is not None
        return best

    @property
    def winner(self) -> int:
        """The number of the start that led to the best."""
        ranks = {i: each.rank for i, each in enumerate(self.kept) if each is not None}
        return max(ranks, key=ranks.__getitem__)

    @property
    def values(self) -> Float[np.ndarray, " starts"]:
        """Objective of the best from every start, −∞ where nothing feasible is known."""
        return np.array([-np.inf if each is None else each.history[-1] for each in self.kept])

    def rivals(self, candidates: list) -> list[tuple[list, Float[np.ndarray, " rounds"], Any]]:
        """Coordinates, history and report of every start; where nothing is known, as it began."""
        return [
            (coordinates(start)[0], np.array([-np.inf]), None) if each is None
            else (each.us, each.history, each)
            for start, each in zip(candidates, self.kept)
        ]  # fmt: skip


def search_all_under(
    question: Question,
    candidates: list,
    is_kinked: bool,
    keep: int | None = None,
    look: Look | None = None,
) -> Found:
    """Searches from every start, of which some may be given up after a trial.

    Args:
        question: for every start.
        candidates: protocols to start from.
        is_kinked: whether the objective has the kinks of an ensemble's statistic, which only the
            rounds of the Lagrangian smooth.
        keep: starts that are left of the trials; None for all.
        look: called after every round.

    Raises:
        NotFinite: if no start has a value, slacks and slopes.
    """
    if isinstance(question.optimizer, Elsewhere):
        return question.optimizer.search_all_under(question, candidates, is_kinked, keep, look)
    search, judged = way_of(question, is_kinked, keep, look)
    return _side_by_side([search(coordinates(p)[0]) for p in candidates], keep, judged)


def way_of(
    question: Question, is_kinked: bool, keep: int | None, look: Look | None = None
) -> tuple[Callable[[list], Iterator[Kept]], list[int]]:
    """Chooses how a start is searched: a generator of the best after each round, from coordinates.

    With it the numbers of rounds after which starts are judged, and of all rounds.
    """
    optimizer, steps = question.optimizer, question.steps
    knows = isinstance(optimizer, Method) and (
        optimizer.takes_constraints or not question.constraints
    )
    if knows and not is_kinked:
        rungs = trials.rungs(steps, keep)
        search = partial(_by_scipy, *question, tell=_telling(look, steps), rungs=rungs)
        return search, list(range(1, len(rungs) + 1))
    search = partial(search_under, *question, tell=_telling(look, ROUNDS))
    return search, trials.rungs(ROUNDS, keep, FIRST)


def _side_by_side(searches: list[Iterator[Kept]], keep: int | None, judged: list[int]) -> Found:
    kept: list[Kept | None] = [None] * len(searches)
    alive, going = np.ones(len(searches), bool), np.ones(len(searches), bool)
    nowhere: NotFinite | None = None
    for taken in itertools.count(1):
        for i in np.flatnonzero(alive & going):
            try:
                kept[i] = best = next(searches[i])
                going[i] = not best.converged
            except StopIteration:
                going[i] = False
            except NotFinite as error:
                going[i], nowhere = False, nowhere or error
        if not np.any(alive & going):
            break
        if taken in judged[:-1]:
            alive = survivors(places(kept), alive, keep)
    if nowhere is not None and all(each is None for each in kept):
        raise nowhere
    return found(kept, alive)


def found(kept: list[Kept | None], alive: Bool[np.ndarray, " starts"]) -> Found:
    """Joins the answers from all starts, of which some were pruned."""
    ends = tuple(
        trials.PRUNED if not on
        else trials.NOWHERE if each is None
        else trials.SETTLED if each.converged
        else trials.UNSETTLED
        for each, on in zip(kept, alive)
    )  # fmt: skip
    return Found(kept, Record(_padded(kept), ends))


def _by_scipy(problem, constraints, method, battery, steps, tolerance, us, tell, rungs):
    """Yields the best from one start at each rung of a method that knows constraints."""
    flat, unravel = jax.flatten_util.ravel_pytree(us)
    look = partial(explained(seen_at, problem.mode), problem, constraints, battery, unravel)
    first = look(np.asarray(flat))
    check_start(problem, constraints, battery, unravel, first)
    limits = limits_of(constraints, first)

    def heard(trial: Trial) -> None:
        here = trial.iterates[-1]
        best = trial.best.value if limits.is_met(trial.best) else -np.inf
        tell(len(trial.iterates) - 2, here.value, best, unravel(jnp.asarray(here.flat)))

    trial = Trial(look, method, first, limits, tolerance, heard)
    for rung in rungs:
        trial.advance(rung)
        best = trial.best
        kept = Kept(
            unravel(jnp.asarray(best.flat)), best, limits.beyond(best), limits.prices(best),
            _history(trial, limits) if constraints else np.array(trial.values), trial.settled,
        )  # fmt: skip
        last, known = trial.ended or rung == rungs[-1], kept.history[np.isfinite(kept.history)]
        if constraints and last and known.size and not is_bounded(problem.template):
            kept = judged_far(kept, limits, look, flat, best.value - known[0])
        yield kept
        if last:
            return


def _history(trial: Trial, limits: Limits) -> Float[np.ndarray, " steps"]:
    """The best feasible objective after each step, −∞ before there is any."""
    everything = [*trial.iterates, trial.best]
    met = [seen.value if limits.is_met(seen) else -np.inf for seen in everything]
    return np.maximum.accumulate(met)


def _telling(look: Look | None, steps: int) -> Callable[[int, float, float, list], None]:
    """Makes what hears of a step, and tells it with the best of all starts."""
    best = -np.inf

    def tell(step: int, value: float, mine: float, us: list) -> None:
        nonlocal best
        best = max(best, mine)
        if look is not None:
            look(step, steps, value, best, us)

    return tell


def places(kept: list[Kept | None]) -> Float[np.ndarray, " starts"]:
    """Places of the starts, the best first."""
    ranks = [(-np.inf, 0.0) if each is None else each.rank for each in kept]
    order = sorted(range(len(kept)), key=ranks.__getitem__, reverse=True)
    return np.argsort(order).astype(float)


def _padded(kept: list[Kept | None]) -> Float[np.ndarray, "rounds starts"]:
    histories = [np.zeros(0) if each is None else each.history for each in kept]
    longest = max(each.size for each in histories)
    padded = [np.pad(h, (0, longest - h.size), constant_values=np.nan) for h in histories]
    return np.stack(padded, axis=1)
