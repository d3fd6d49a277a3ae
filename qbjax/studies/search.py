"""`search`: `qb.maximize` in rounds that a store keeps and the workers of a client can take.

A round takes the search from every start some steps further, and keeps its whole state:
coordinates, optimizer, best. So a search that was killed goes on from the last rounds that were
finished, and ends as it would have, to the last bit.
"""

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np

from qbjax import _checks
from qbjax.protocols import coordinates
from qbjax.strategies import trials
from qbjax.strategies.best import Best
from qbjax.strategies.gradient import LBFGS, checked_optimizer, maximize
from qbjax.strategies.scipy_bridge import Method
from qbjax.strategies.search import VERY_BAD, Search, explained
from qbjax.strategies.trials import Climbed, Elsewhere, Record, refuse_nowhere, survivors
from qbjax.strategies.under import Found, Question, found, places
from qbjax.studies import agreement, arguments, cluster
from qbjax.studies.outputs import Output
from qbjax.studies.program import Program, local_devices
from qbjax.studies.search_ledger import Compute, Ledger, chunk_of
from qbjax.studies.search_tasks import Steps, Whole


def search(
    objective: Any,
    protocol: Any,
    store: str | Path | Any = None,
    *,
    optimizer: Any = LBFGS,
    steps_per_round: int | Any = 10,
    chunk: int | Any = None,
    devices: Sequence[jax.Device] | Any = None,
    lanes: int | Any = None,
    client: Any = None,
    configuration: Mapping[str, Any] | Any = None,
    accept: str | Collection[str] | Any = (),
    **how: Any,
) -> Best:
    """Maximises an objective as `qb.maximize`, in rounds that are kept in a store.

    Kill the process, and the same call goes on where it was and ends the same, bit for bit. The
    store is that of a sweep over rounds and starts (`qbjax.studies.archive.read`). What it is made
    for is told by objective, protocol, battery, optimizer and all else that decides the search.

    Starts are judged, where `keep` says so, after 1, 2, 4, … rounds. Under constraints, for an
    ensemble's statistic, and by a method of SciPy's the search from a start is one piece: a kill
    costs the starts that were not finished (with `keep`, those of one trial).

    Args:
        objective, protocol, optimizer: as of `qb.maximize`.
        store: a zarr store that is made or continued; None for a search in memory alone. With
            `refine="during"` every further size of the battery has its own: "name-2.zarr", ….
        steps_per_round: what a kill costs at most, in steps of the starts of a chunk.
        chunk: starts that are searched from, and written, together; divides `starts`. A hundredth
            of all starts in all rounds by default; a store that exists keeps its own.
        devices, lanes, client, configuration, accept: as of `qb.sweep`.
        **how: other arguments of `qb.maximize`; `progress` is called after every round.

    Returns:
        A `Best`.

    Raises:
        ValueError, TypeError: as `qb.maximize` and `qb.sweep`; for a store of another search.
        OSError: if the store cannot be read or written.

    Example:
        >>> import tempfile, qbjax as qb
        >>> def height(x):
        ...     return -((x - 1.0) ** 2)
        >>> best = qb.studies.search(height, qb.free(0.0, -3.0, 3.0), tempfile.mkdtemp(), starts=4)
        >>> round(float(best.protocol), 6)
        1.0
    """
    _checks.function("objective", objective, "objective(protocol)")
    arguments.check(objective, store, devices, client, None, configuration, None)
    rounds = InRounds(
        checked_optimizer(optimizer),
        store,
        _checks.integer("steps_per_round", steps_per_round, low=1),
        None if chunk is None else _checks.integer("chunk", chunk, low=1),
        local_devices(devices),
        None if lanes is None else _checks.integer("lanes", lanes, low=1),
        client,
        {"configuration": configuration, "accept": agreement.checked(accept)},
    )
    return maximize(objective, protocol, optimizer=rounds, **how)


class InRounds(Elsewhere):
    """An optimizer whose rounds are kept in a store; made by `search`."""

    def __init__(self, optimizer, store, count, chunk, devices, lanes, client, options):
        self.optimizer = optimizer
        self._stores = None if store is None else _stores(Path(store))
        self._count, self._chunk = count, chunk
        self._devices, self._lanes, self._client = devices, lanes, client
        self._options = options

    def climb_all(self, problem, battery, stacked, threshold, steps, look, keep) -> Climbed:
        """Climbs as `loop.climb_all`, in rounds of some steps."""
        if isinstance(self.optimizer, Method):
            question = Question(problem, (), None, battery, steps, float(threshold))
            us = [[u[i] for u in stacked] for i in range(len(stacked[0]))]
            return _climbed_by(self._found(question, us, False, keep, look))
        count = min(self._count, steps)
        task = Steps(problem, self.optimizer, battery, threshold, stacked, steps, count, keep)
        state, rounds = task.begin(), -(-steps // count)
        scores, values = _Scores(len(state)), []
        with self._ledger(task, rounds, len(state), _outputs(state.shape[1], count)) as ledger:
            compute = self._compiled(task, ledger.chunk, state.shape[1])
            for number in range(rounds):
                live = scores.live
                columns = {"at": state, "live": live.astype(float)}
                rows = ledger.round(number, columns, live, compute)
                state = np.where(live[:, None], rows["state"], state)
                scores.learn(np.where(live, rows["best"], scores.best), rows["settled"])
                values.append(rows["value"].T)
                searches = jax.vmap(task.search_at)(jnp.asarray(state))
                if number == 0:
                    refuse_nowhere(-values[0][0], np.asarray(searches.size))
                _tell(look, min((number + 1) * count, steps) - 1, steps, scores.best, searches)
                if not scores.go_on(number, rounds, keep):
                    break
        return _climbed(searches, scores, np.concatenate(values))

    def search_all_under(self, question, candidates, is_kinked, keep, look) -> Found:
        """Searches as `under.search_all_under`, each start in one piece."""
        us = [coordinates(p)[0] for p in candidates]
        return self._found(question, us, is_kinked, keep, look)

    def _found(self, question: Question, us: list, is_kinked: bool, keep, look) -> Found:
        task = Whole(question._replace(optimizer=self.optimizer), is_kinked, keep, us)
        judged, outputs, scores = task.judged, task.outputs(), _Scores(len(us))
        latest = {name: np.zeros((len(us), *o.shape), o.dtype) for name, o in outputs.items()}
        with self._ledger(task, len(judged), len(us), outputs) as ledger:
            for number in range(len(judged)):
                live = scores.live
                columns = {"start": np.arange(len(us)), "live": live.astype(float)}
                columns["round"] = np.full(len(us), number)
                rows = ledger.round(number, columns, live, self._hosted(task))
                new = live & rows["found"]
                for name, known in latest.items():
                    known[new] = rows[name][new]
                kept = [task.kept({n: x[i] for n, x in latest.items()}) for i in range(len(us))]
                if not any(kept):
                    task.refuse_start()
                scores.learn(-places(kept), rows["ended"])
                answer = found(kept, scores.alive)
                if look is not None:
                    best = float(np.max(answer.values))
                    look(number, len(judged), best, best, answer.best.us)
                if not scores.go_on(number, len(judged), keep):
                    break
        return found(kept, scores.alive)

    def _ledger(self, task, rounds: int, starts: int, outputs) -> Ledger:
        chunk = chunk_of(rounds, starts) if self._chunk is None else self._chunk
        if starts % chunk:
            raise ValueError(f"Argument `chunk` must divide the {starts} starts, but is {chunk}.")
        store = None if self._stores is None else next(self._stores)
        return Ledger(store, task, rounds, starts, outputs, chunk, **self._options)

    def _compiled(self, task: Steps, chunk: int, size: int) -> Compute:
        names, shapes = ("at", "live"), {"at": (size,)}
        if self._client is not None:
            sent = cluster.Task(task, names, chunk, self._lanes, shapes)
            return partial(cluster.computed, self._client, sent)
        made: list[Program] = []

        def compute(pieces) -> Iterator:
            for index, columns in pieces:
                if not made:  # only where there is something to compute
                    program = explained(partial(Program, shapes=shapes), task.mode)
                    made.append(program(task, names, chunk, self._devices, self._lanes))
                yield index, explained(made[0], task.mode)(columns).get()

        return compute

    def _hosted(self, task: Whole) -> Compute:
        if self._client is not None:
            return partial(cluster.computed, self._client, task)
        return lambda pieces: ((index, task(columns)) for index, columns in pieces)


def _stores(first: Path) -> Iterator[Path]:
    """The stores of one search after the other, each of another battery or other starts."""
    yield first
    for number in itertools.count(2):
        yield first.with_name(f"{first.stem}-{number}{first.suffix}")


class _Scores:
    """The standing of all starts after a round.

    Attributes:
        best: of each; larger is better.
        alive: which were not pruned.
        ended: which came to their end.
    """

    def __init__(self, starts: int):
        self.best = np.full(starts, -np.inf)
        self.alive, self.ended = np.ones(starts, bool), np.zeros(starts, bool)

    @property
    def live(self) -> np.ndarray:
        """Starts that are searched on."""
        return self.alive & ~self.ended

    def learn(self, best: np.ndarray, ended: np.ndarray) -> None:
        """Takes down the standing of all, and which of those that were searched on have ended."""
        self.best = best
        self.ended = self.ended | (self.live & ended)

    def go_on(self, number: int, rounds: int, keep: int | None) -> bool:
        """Prunes after a round, and says whether there is another."""
        if not np.any(self.live) or number + 1 == rounds:
            return False
        if trials.is_rung(number + 1, 1):
            self.alive = survivors(-self.best, self.alive, keep)
        return bool(np.any(self.live))


def _outputs(size: int, count: int) -> dict[str, Output]:
    real = np.dtype(float)
    return {
        "state": Output((size,), real),
        "value": Output((count,), real),
        "best": Output((), real),
        "settled": Output((), np.dtype(bool)),
    }


def _tell(look, step: int, steps: int, best: np.ndarray, searches: Search) -> None:
    if look is not None:
        leader = int(np.argmax(best))
        value = float(best[leader])
        look(step, steps, value, value, [u[leader] for u in searches.best])


def _climbed(searches: Search, scores: _Scores, values: np.ndarray) -> Climbed:
    values = values[: int(np.max(np.flatnonzero(np.any(~np.isnan(values), axis=1)))) + 1]
    nowhere = -scores.best >= VERY_BAD * np.asarray(searches.size)
    ends = tuple(
        trials.PRUNED if not on
        else trials.NOWHERE if lost
        else trials.SETTLED if ended
        else trials.UNSETTLED
        for on, lost, ended in zip(scores.alive, nowhere, scores.ended)
    )  # fmt: skip
    stopped = not np.any(scores.live)
    return Climbed(searches, _filled(values), stopped, Record(values, ends))


def _climbed_by(answer: Found) -> Climbed:
    """The answers of a method of SciPy's, as those of other optimizers."""
    first = next(each for each in answer.kept if each is not None)
    kept = [first if each is None else each for each in answer.kept]
    best = jax.tree.map(lambda *u: jnp.stack(u), *[each.us for each in kept])
    _, unravel = jax.flatten_util.ravel_pytree(first.us)
    each_slope = [unravel(jnp.asarray(-each.seen.slope)) for each in kept]
    slopes = jax.tree.map(lambda *u: jnp.stack(u), *each_slope)
    losses = [VERY_BAD if known is None else -known.seen.value for known in answer.kept]
    reached, one = jnp.asarray(losses), jnp.ones(len(kept))
    searches = Search(best, None, best, slopes, reached, reached, one, jnp.array(0))
    stopped = trials.UNSETTLED not in answer.record.ends
    return Climbed(searches, _filled(answer.record.values), stopped, answer.record)


def _filled(values: np.ndarray) -> np.ndarray:
    """Values with the last one of each start in the place of what comes after."""
    known = np.where(~np.isnan(values), np.arange(len(values))[:, None], 0)
    return np.take_along_axis(values, np.maximum.accumulate(known, axis=0), axis=0)
