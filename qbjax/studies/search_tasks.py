"""The work of a search in rounds on one start: some steps of it, or all of it up to a round.

Both are functions of columns, as a sweep's, and can be sent to the workers of a client.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from qbjax import _setup
from qbjax.strategies.lagrangian import ROUNDS, Kept
from qbjax.strategies.limits import Seen
from qbjax.strategies.search import Problem, Search, begin, step_one, strong
from qbjax.strategies.trials import NotFinite
from qbjax.strategies.under import Question, way_of
from qbjax.studies.outputs import Output

FLAGS = ("settled", "endless", "ended", "found")


class Steps:
    """Some steps of the search from one start, as a function of its state: to be compiled.

    Args:
        problem, optimizer, battery, tolerance: as of `search.step_all`.
        stacked: coordinates of all starts.
        steps, count: most steps of all, and of this function.
        keep: starts that are left of the trials, which decides what the rows of a store mean.
    """

    def __init__(self, problem, optimizer, battery, tolerance, stacked, steps, count, keep):
        # One by one, since a refusal of another question names them.
        self.objective, self.protocol, self.mode = problem.objective, problem.template, problem.mode
        self.optimizer, self.battery, self.tolerance = optimizer, battery, float(tolerance)
        self.starts = [np.asarray(u) for u in stacked]
        self.steps, self.count, self.keep = steps, count, keep

    def begin(self) -> Float[np.ndarray, "starts n"]:
        """The states of all starts before the first step."""
        search = begin(self.optimizer, list(map(jnp.asarray, self.starts)))
        count = len(self.starts[0])
        rows = [np.asarray(x).reshape(count, -1).astype(float) for x in jax.tree.leaves(search)]
        return np.concatenate([*rows, np.zeros((count, 2))], axis=1)

    def search_at(self, at: Float[Array, " n"]) -> Search:
        """The search that numbers of a state are of."""
        one = [jnp.asarray(u[:1]) for u in self.starts]
        like = jax.eval_shape(lambda: begin(self.optimizer, one))
        leaves, tree = jax.tree.flatten(like)
        ends = np.cumsum([0] + [leaf.size for leaf in leaves])
        parts = [at[i:j] for i, j in itertools.pairwise(ends)]
        made = [p.reshape(x.shape[1:]).astype(x.dtype) for p, x in zip(parts, leaves)]
        return jax.tree.unflatten(tree, made)

    def __call__(self, at: Float[Array, " n"], live: Float[Array, ""]) -> dict[str, Array]:
        problem = Problem(self.objective, self.protocol, self.mode)

        def step(carry, _):
            def on(carry):
                search, taken, _ = carry
                search, loss, done = step_one(
                    problem, self.optimizer, self.battery, self.tolerance, search
                )
                return (strong(search), taken + 1, done), -loss

            _, taken, done = carry
            going = ~done & (taken < self.steps) & (live > 0)
            return lax.cond(going, on, lambda carry: (carry, jnp.array(jnp.nan)), carry)

        first = (self.search_at(at), at[-2], at[-1] > 0)
        (search, taken, done), values = lax.scan(step, first, length=self.count)
        state = [jnp.ravel(x).astype(float) for x in (*jax.tree.leaves(search), taken, done)]
        best = -search.best_loss * search.size
        return {"state": jnp.concatenate(state), "value": values, "best": best, "settled": done}


class Whole:
    """The whole search from one start, round after round on the host.

    A search that is at hand goes on; another begins anew, and comes to the same.
    """

    def __init__(self, question: Question, is_kinked: bool, keep: int | None, us: list):
        # One by one, since a refusal of another question names them.
        self.objective, self.protocol = question.problem.objective, question.problem.template
        self.mode, self.constraints = question.problem.mode, question.constraints
        self.optimizer, self.battery, self.steps = question[2:5]
        self.tolerance, self.is_kinked, self.keep = question.tolerance, is_kinked, keep
        self.starts = [[np.asarray(u) for u in each] for each in us]
        self._going: dict[int, tuple[Iterator[Kept], int]] = {}

    def __getstate__(self) -> dict[str, Any]:
        """The question alone, without what is at hand here."""
        return vars(self) | {"_going": {}}

    @property
    def judged(self) -> list[int]:
        """Numbers of rounds after which starts are compared, and of all."""
        return self._way()[1]

    def outputs(self) -> dict[str, Output]:
        """Shape and type of everything in a row."""
        n, m = sum(u.size for u in self.starts[0]), len(self.constraints)
        most = max(ROUNDS, self.steps + 2)
        shapes = {
            "flat": (n,), "value": (), "slope": (n,), "slacks": (m,), "slopes": (m, n),
            "blur": (), "violations": (m,), "prices": (m,), "history": (most,),
        }  # fmt: skip
        floats = {name: Output(shape, np.dtype(float)) for name, shape in shapes.items()}
        return floats | {name: Output((), np.dtype(bool)) for name in FLAGS}

    def __call__(self, columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        _setup.switch_on()  # in a worker that JAX was started in before
        pairs = zip(columns["start"], columns["round"], columns["live"])
        rows = [self._row(int(i), self.judged[int(number)], bool(on)) for i, number, on in pairs]
        return {name: np.stack([row[name] for row in rows]) for name in rows[0]}

    def kept(self, row: dict[str, np.ndarray]) -> Kept | None:
        """The best from a start, from its row."""
        if not row["found"]:
            return None
        _, unravel = jax.flatten_util.ravel_pytree([jnp.asarray(u) for u in self.starts[0]])
        numbers = (row["slope"], row["slacks"], row["slopes"], float(row["blur"]))
        seen = Seen(row["flat"], float(row["value"]), *numbers)
        history = row["history"][~np.isnan(row["history"])]
        us = unravel(jnp.asarray(row["flat"]))
        flags = (bool(row["settled"]), bool(row["endless"]))
        return Kept(us, seen, row["violations"], row["prices"], history, *flags)

    def refuse_start(self) -> None:
        """Refuses the first start, which has nothing to begin with, by beginning there once more.

        Raises:
            NotFinite: naming what has no value.
        """
        next(self._way()[0]([jnp.asarray(u) for u in self.starts[0]]))

    def _way(self):
        problem = Problem(self.objective, self.protocol, self.mode)
        how = (self.constraints, self.optimizer, self.battery, self.steps, self.tolerance)
        return way_of(Question(problem, *how), self.is_kinked, self.keep)

    def _row(self, start: int, until: int, live: bool) -> dict[str, np.ndarray]:
        row = {name: np.zeros(o.shape, o.dtype) for name, o in self.outputs().items()}
        if not live:
            return row
        us = [jnp.asarray(u) for u in self.starts[start]]
        search, taken = self._going.pop(start, (None, 0))
        if search is None or taken > until:
            search, taken = self._way()[0](us), 0
        kept = None
        try:
            for _ in range(until - taken):
                kept = next(search)
        except (StopIteration, NotFinite):
            row["ended"] = np.array(True)
        else:
            self._going[start] = (search, until)
        return row if kept is None else row | _packed(kept, row)


def _packed(kept: Kept, row: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The row of the best from a start."""
    seen = kept.seen
    history = np.full(row["history"].shape, np.nan)
    last = kept.history[-history.size :]
    history[: last.size] = last
    numbers = {
        "flat": seen.flat, "value": seen.value, "slope": seen.slope, "slacks": seen.slacks,
        "slopes": seen.slopes, "blur": seen.blur, "violations": kept.violations,
        "prices": kept.prices,
    }  # fmt: skip
    floats = {name: np.asarray(x, float).reshape(row[name].shape) for name, x in numbers.items()}
    ended = row["ended"] | kept.converged | kept.endless
    told = (kept.converged, kept.endless, ended, True)
    flags = dict(zip(FLAGS, map(np.array, told), strict=True))
    return floats | flags | {"history": history}
