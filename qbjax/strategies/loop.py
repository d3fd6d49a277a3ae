"""The host's loop over the steps of a search: it looks on, and ends it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from qbjax.dynamics.where import platform_of
from qbjax.strategies.ensemble import Statistic, unfit
from qbjax.strategies.search import VERY_BAD, Problem, Search, begin, explained, step_all

NOT_FINITE = (
    "Argument `objective` must be finite at the start, but its value or gradient is not, at any "
    "start."
)


class NotFinite(ValueError):
    """The objective or its gradient is not finite at any start."""


class Climbed(NamedTuple):
    """All starts after their last step.

    Attributes:
        search: their state.
        history: objective at each iterate.
        stopped: whether each has come to its end.
    """

    search: Search
    history: Float[np.ndarray, "steps starts"]
    stopped: bool


def climb_all(
    problem: Problem,
    optimizer: Any,
    battery: Any,
    stacked: list,
    threshold: Any,
    steps: int,
    look: Callable[[int, Search, list, Any], None] | None = None,
) -> Climbed:
    """Steps from every row of the coordinates, until each has come to its end.

    Args:
        problem, optimizer, battery, threshold: of `search.step_all`.
        stacked: coordinates, one row per start.
        steps: most steps.
        look: called after every step with its number, the searches, the coordinates that were
            looked at, and their losses.

    Raises:
        NotFinite: if no start has a value and slopes.
    """
    mode = problem.mode
    search = explained(begin, mode)(optimizer, stacked)
    parallel = platform_of((stacked, problem, battery)) != "cpu"
    losses, stopped = [], False
    for step in range(steps):
        tried = search.coordinates
        search, loss, done = explained(step_all, mode)(
            problem, optimizer, battery, search, threshold, parallel
        )
        losses.append(np.asarray(loss))
        if step == 0 and not np.any(losses[0] < VERY_BAD * np.asarray(search.size)):
            raise NotFinite(NOT_FINITE + unfit(_values(problem, battery, stacked)))
        if look is not None:
            look(step, search, tried, losses[-1])
        stopped = bool(np.all(done))
        if stopped:
            break
    return Climbed(search, -np.array(losses), stopped)


def _values(problem: Problem, battery: Any, stacked: list) -> Any:
    """Objective of every member of an ensemble at the first start; None without one."""
    if not isinstance(problem.objective, Statistic):
        return None
    return problem.objective.values(problem.protocol([u[0] for u in stacked]), battery)
