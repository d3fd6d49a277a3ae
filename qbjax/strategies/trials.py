"""Many starts: a trial for each, and more steps for those alone that did best in it.

After 5, 10, 20, 40, … steps the worse half of the starts ends, until as many are left as were asked
for (successive halving). What was spent on a start doubles before it is judged again, so that all
trials together cost about as much as the first.

Reference: K. Jamieson and A. Talwalkar, AISTATS (2016), arXiv:1502.07943.
"""

import abc
import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from qbjax.strategies.search import VERY_BAD, Problem, Search, step_all, step_one

FIRST = 5
"""Steps before starts are judged for the first time."""

SETTLED, UNSETTLED, PRUNED, NOWHERE = "settled", "out of steps", "pruned", "not finite"
STUCK = "stuck"
"""The ways in which the search from a start ends."""


Look = Callable[[int, int, float, float, list], None]
"""Sees the number of a step and of all, a value, the best of all starts, and where it was."""


NOT_FINITE = (
    "Argument `objective` must be finite at the start, but its value or gradient is not, at any "
    "start."
)


class NotFinite(ValueError):
    """The objective or its gradient is not finite at any start."""


class Record(NamedTuple):
    """The record of a search, start by start; the same for the same question and key.

    Attributes:
        values: objective at each iterate, NaN where a start had ended.
        ends: "settled", "out of steps", "pruned", "not finite", or "stuck" (without a better step
            before slopes or gains have vanished).
    """

    values: Float[np.ndarray, "steps starts"]
    ends: tuple[str, ...]

    @property
    def pruned(self) -> Bool[np.ndarray, " starts"]:
        """Whether each start was given up for others."""
        return np.array([end == PRUNED for end in self.ends])

    @property
    def steps(self) -> Int[np.ndarray, " starts"]:
        """Iterates of each start."""
        return np.count_nonzero(~np.isnan(self.values), axis=0)

    def to_dataframe(self) -> Any:
        """The record as a `pandas.DataFrame`: a row for each start.

        Example:
            >>> import qbjax as qb
            >>> best = qb.maximize(lambda x: -((x - 1.0) ** 2), qb.free(0.0, -3.0, 3.0), starts=2)
            >>> best.record.to_dataframe()["end"].tolist()
            ['settled', 'settled']
        """
        import pandas  # late: it takes as long as a first run

        best = np.max(self.values, axis=0, where=~np.isnan(self.values), initial=-math.inf)
        table = {"value": best, "steps": self.steps, "end": list(self.ends)}
        return pandas.DataFrame(table).rename_axis("start")


class Climbed(NamedTuple):
    """All starts after their last step.

    Attributes:
        search: their state.
        history: objective at each iterate.
        stopped: whether each that was not pruned has come to its end.
        record: the same, start by start.
    """

    search: Search
    history: Float[np.ndarray, "steps starts"]
    stopped: bool
    record: Record


class Elsewhere(abc.ABC):
    """An optimizer whose steps are taken elsewhere: kept in a store, or by the workers of a client.

    Attributes:
        optimizer: the optimizer itself.
    """

    optimizer: Any

    @abc.abstractmethod
    def climb_all(self, *question: Any) -> Climbed:
        """Climbs as `loop.climb_all`, which passes on its arguments but for the optimizer."""

    @abc.abstractmethod
    def search_all_under(self, question: Any, *more: Any) -> Any:
        """Searches as `under.search_all_under`, with this in the place of its optimizer."""


def is_rung(taken: int, first: int = FIRST) -> bool:
    """Whether starts are judged after some steps: the first time, and at its doubles.

    Example:
        >>> [taken for taken in range(50) if is_rung(taken)]
        [5, 10, 20, 40]
    """
    rung, rest = divmod(taken, first)
    return taken > 0 and not rest and not rung & (rung - 1)


def rungs(steps: int, keep: int | None, first: int = FIRST) -> list[int]:
    """Numbers of steps after which starts are judged, and the last."""
    judged = [] if keep is None else [taken for taken in range(steps) if is_rung(taken, first)]
    return [*judged, steps]


def survivors(
    losses: Float[np.ndarray, " starts"], alive: Bool[np.ndarray, " starts"], keep: int | None
) -> Bool[np.ndarray, " starts"]:
    """Chooses the starts that go on: the better half, but no fewer than are to be left.

    Example:
        >>> survivors(np.array([3.0, 1.0, 2.0, 0.0]), np.ones(4, bool), 1).tolist()
        [False, True, False, True]
    """
    if keep is None:
        return alive
    count = max(keep, -(-np.count_nonzero(alive) // 2))
    # What cannot be evaluated comes last, and of equals the earlier start goes on.
    order = np.argsort(np.where(alive, losses, np.inf), kind="stable")
    chosen = np.zeros(alive.size, bool)
    chosen[order[:count]] = True
    return chosen & alive


@eqx.filter_jit
def step_some(problem: Problem, optimizer, battery, search: Search, tolerance, alive):
    """Takes one step as `step_all`, but from the starts that are alive; NaN stands for the others.

    They go one after the other, so that the others cost nothing.
    """

    def one(row):
        search, alive = row
        step = partial(step_one, problem, optimizer, battery, tolerance)
        return jax.lax.cond(alive, step, lambda s: (s, jnp.array(jnp.nan), jnp.array(True)), search)

    return jax.lax.map(one, (search, alive))


def step_together(
    problem: Problem,
    optimizer: Any,
    battery: Any,
    search: Search,
    tolerance: Any,
    alive: Bool[np.ndarray, " starts"],
    keep: int,
) -> tuple[Search, Array, Array]:
    """Takes one step as `step_some`, all starts at once.

    Two programs do: of all starts, in which those that are pruned are idle, and of those that are
    left in the end.
    """
    rows = np.flatnonzero(alive) if np.count_nonzero(alive) <= keep else np.arange(alive.size)
    part = jax.tree.map(lambda x: x[rows], search)
    stepped, loss, done = step_all(problem, optimizer, battery, part, tolerance, True)
    on = rows[alive[rows]]

    def scattered(old, new):
        return old.at[on].set(new[alive[rows]])

    search = jax.tree.map(scattered, search, stepped)
    blank = (jnp.full(alive.size, jnp.nan), jnp.ones(alive.size, bool))
    return search, scattered(blank[0], loss), scattered(blank[1], done)


def refuse_nowhere(
    losses: Float[np.ndarray, " starts"],
    size: Float[np.ndarray, " starts"],
    why: Callable[[], str] = str,
) -> None:
    """Refuses starts none of which has a value and slopes.

    The reason that is known, if any, is the end of the message.

    Raises:
        NotFinite: if that is so.
    """
    if not np.any(losses < VERY_BAD * size):
        raise NotFinite(NOT_FINITE + why())


def recorded(
    losses: Float[np.ndarray, "steps starts"],
    done: Bool[np.ndarray, "steps starts"],
    alive: Bool[np.ndarray, " starts"],
    size: Float[np.ndarray, " starts"],
) -> Record:
    """Makes the record of losses; a start ends where it is done, or was pruned."""
    ended = np.cumsum(done, axis=0) > 1  # an iterate that is done still counts
    values = np.where(ended, np.nan, -losses)
    ends = [
        PRUNED if not alive[i]
        else NOWHERE if np.nanmin(losses[:, i]) >= VERY_BAD * size[i]
        else SETTLED if done[-1, i]
        else UNSETTLED
        for i in range(alive.size)
    ]  # fmt: skip
    return Record(values, tuple(ends))
