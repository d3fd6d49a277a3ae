"""The host's loop over the steps of a search: it looks on, prunes, and ends it."""

from functools import partial
from typing import Any

import jax.numpy as jnp
import numpy as np

from qbjax.dynamics.where import platform_of
from qbjax.strategies.scipy_bridge import Method, climb_by
from qbjax.strategies.search import Problem, begin, explained, step_all
from qbjax.strategies.statistic import Statistic, unfit
from qbjax.strategies.trials import (
    Climbed,
    Elsewhere,
    Look,
    is_rung,
    recorded,
    refuse_nowhere,
    step_some,
    step_together,
    survivors,
)


def climb_all(
    problem: Problem,
    optimizer: Any,
    battery: Any,
    stacked: list,
    threshold: Any,
    steps: int,
    look: Look | None = None,
    keep: int | None = None,
) -> Climbed:
    """Steps from every row of the coordinates, until each has come to its end.

    Args:
        problem, optimizer, battery, threshold: of `search.step_all`.
        stacked: coordinates, one row per start.
        steps: most steps.
        look: called after every step.
        keep: starts that are left of the trials (`trials.survivors`); None for all.

    Raises:
        NotFinite: if no start has a value and slopes.
    """
    if isinstance(optimizer, Elsewhere):
        return optimizer.climb_all(problem, battery, stacked, threshold, steps, look, keep)
    if isinstance(optimizer, Method):
        return climb_by(optimizer, problem, battery, stacked, threshold, steps, look, keep)
    mode = problem.mode
    search = explained(begin, mode)(optimizer, stacked)
    parallel = platform_of((stacked, problem, battery)) != "cpu"
    alive = np.ones(len(stacked[0]), bool)
    losses, ends = [], []
    for step in range(steps):
        tried = search.coordinates
        given = (problem, optimizer, battery, search, threshold)
        if keep is None:
            search, loss, done = explained(step_all, mode)(*given, parallel)
        elif parallel:
            search, loss, done = explained(step_together, mode)(*given, alive, keep)
        else:
            search, loss, done = explained(step_some, mode)(*given, jnp.asarray(alive))
        losses.append(np.asarray(loss))
        ends.append(np.asarray(done))
        if step == 0:
            why = partial(_unfit, problem, battery, stacked)
            refuse_nowhere(losses[0], np.asarray(search.size), why)
        reached = np.asarray(search.best_loss * search.size)
        if look is not None:
            leader = int(np.argmin(reached))
            at = [u[leader] for u in tried]
            look(step, steps, -float(losses[-1][leader]), -float(reached[leader]), at)
        if np.all(ends[-1]):
            break
        if is_rung(step + 1) and step + 1 < steps:
            alive = survivors(reached, alive, keep)
    record = recorded(np.array(losses), np.array(ends), alive, np.asarray(search.size))
    return Climbed(search, -np.array(losses), bool(np.all(ends[-1])), record)


def _unfit(problem: Problem, battery: Any, stacked: list) -> str:
    """Names the members of an ensemble that have no value at the first start."""
    if not isinstance(problem.objective, Statistic):
        return ""
    return unfit(problem.objective.values(problem.protocol([u[0] for u in stacked]), battery))
