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
from jaxtyping import Float

from qbjax.protocols import coordinates
from qbjax.strategies import trials
from qbjax.strategies.constraints import Constraint
from qbjax.strategies.growth import is_bounded
from qbjax.strategies.lagrangian import ROUNDS, Kept, check_start, judged_far, search_under
from qbjax.strategies.limits import limits_of, seen_at
from qbjax.strategies.scipy_bridge import Method, Trial
from qbjax.strategies.search import Problem, explained
from qbjax.strategies.trials import Look, NotFinite, Record, survivors

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
    optimizer, steps = question.optimizer, question.steps
    by_scipy = isinstance(optimizer, Method) and optimizer.takes_constraints and not is_kinked
    tell = _telling(look, steps if by_scipy else ROUNDS)
    search: Any = search_under
    is_rung: Callable[[int], bool] = partial(trials.is_rung, first=FIRST)
    if by_scipy:
        search = partial(_by_scipy, rungs=trials.rungs(steps, keep))
        is_rung = bool
    us = [coordinates(p)[0] for p in candidates]
    return _side_by_side([search(*question, u, tell) for u in us], keep, is_rung)


def _side_by_side(searches: list[Iterator[Kept]], keep: int | None, is_rung: Callable) -> Found:
    kept: list[Kept | None] = [None] * len(searches)
    alive, going = np.ones(len(searches), bool), np.ones(len(searches), bool)
    ends = [trials.UNSETTLED] * len(searches)
    nowhere: NotFinite | None = None
    for taken in itertools.count(1):
        for i in np.flatnonzero(alive & going):
            try:
                kept[i] = next(searches[i])
            except StopIteration:
                going[i] = False
            except NotFinite as error:
                ends[i], going[i], nowhere = trials.NOWHERE, False, nowhere or error
        if not np.any(alive & going):
            break
        if is_rung(taken):
            alive = survivors(_places(kept), alive, keep)
    if nowhere is not None and all(each is None for each in kept):
        raise nowhere
    ends = [trials.SETTLED if k is not None and k.converged else end for k, end in zip(kept, ends)]
    ends = [end if on else trials.PRUNED for end, on in zip(ends, alive)]
    return Found(kept, Record(_padded(kept), tuple(ends)))


def _by_scipy(problem, constraints, method, battery, steps, tolerance, us, tell, rungs):
    """Yields the best from one start at each rung of a method that knows constraints."""
    flat, unravel = jax.flatten_util.ravel_pytree(us)
    look = partial(explained(seen_at, problem.mode), problem, constraints, battery, unravel)
    first = look(np.asarray(flat))
    check_start(constraints, first)
    limits = limits_of(constraints, first)

    def heard(trial: Trial) -> None:
        here = trial.iterates[-1]
        best = trial.best.value if limits.is_met(trial.best) else -np.inf
        tell(len(trial.iterates) - 2, here.value, best, unravel(jnp.asarray(here.flat)))

    trial = Trial(look, method, first, limits, tolerance, heard)
    for rung in rungs:
        trial.advance(rung)
        best, seen = trial.best, [*trial.iterates, trial.best]
        history = np.array([each.value if limits.is_met(each) else -np.inf for each in seen])
        kept = Kept(
            unravel(jnp.asarray(best.flat)), best, limits.beyond(best), limits.prices(best),
            np.maximum.accumulate(history), trial.settled,
        )  # fmt: skip
        if not is_bounded(problem.template) and np.any(np.isfinite(history)):
            gain = best.value - history[np.isfinite(history)][0]
            kept = judged_far(kept, limits, look, flat, gain)
        yield kept
        if trial.ended:
            return


def _telling(look: Look | None, steps: int) -> Callable[[int, float, float, list], None]:
    """Makes what hears of a step, and tells it with the best of all starts."""
    best = -np.inf

    def tell(step: int, value: float, mine: float, us: list) -> None:
        nonlocal best
        best = max(best, mine)
        if look is not None:
            look(step, steps, value, best, us)

    return tell


def _places(kept: list[Kept | None]) -> Float[np.ndarray, " starts"]:
    """Places of the starts, the best first."""
    ranks = [(-np.inf, 0.0) if each is None else each.rank for each in kept]
    order = sorted(range(len(kept)), key=ranks.__getitem__, reverse=True)
    return np.argsort(order).astype(float)


def _padded(kept: list[Kept | None]) -> Float[np.ndarray, "rounds starts"]:
    histories = [np.zeros(0) if each is None else each.history for each in kept]
    longest = max(each.size for each in histories)
    padded = [np.pad(h, (0, longest - h.size), constant_values=np.nan) for h in histories]
    return np.stack(padded, axis=1)
