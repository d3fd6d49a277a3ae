"""The ledger of a search in rounds: a row for every start in every round, in memory or in a store.

In a store it is a sweep over rounds and starts (`archive`), whose chunks are some starts of one
round. A start that has ended, or was pruned, has nothing in later rounds.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Bool

from qbjax.studies import archive, grids
from qbjax.studies.archive_plan import fill
from qbjax.studies.fingerprint import fingerprint
from qbjax.studies.origin import attributes
from qbjax.studies.outputs import Output, dimensions

Rows = dict[str, np.ndarray]
Pieces = Iterable[tuple[int, Rows]]
Compute = Callable[[Pieces], Iterator[tuple[int, Rows]]]
"""Computes the rows of chunks, each from its number and the columns of its starts."""


class Ledger:
    """Rows by round and start; a context manager, which lets go of the store at the end.

    Args:
        store: a path, or None for rows in memory alone.
        question: whatever decides the rows; a store of another question is refused.
        rounds, starts: how many.
        outputs: shape and type of everything in a row.
        chunk: starts per chunk, which divides their number; a store that exists keeps its own.
        configuration, accept: as of `sweep`.
    """

    def __init__(
        self,
        store: Any,
        question: Callable,
        rounds: int,
        starts: int,
        outputs: Mapping[str, Output],
        chunk: int,
        configuration: Mapping[str, Any] | None = None,
        accept: Collection[str] = (),
    ):
        self._starts, self._outputs, self.chunk = starts, outputs, chunk
        self._known: xr.Dataset | None = None
        self._archive: archive.Archive | None = None
        if store is None:
            return
        grid = grids.product(round=np.arange(rounds), start=np.arange(starts))
        digests = fingerprint(question, grid, configuration)
        plan = _plan(grid, chunk, outputs, digests, attributes(configuration))
        self._archive = archive.Archive(store, plan, accept=accept)
        self.chunk = self._archive.chunk
        self._missing = set(self._archive.missing())
        self._known = archive.read(store)

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *_: object) -> None:
        if self._archive is not None:
            self._archive.close()

    def round(
        self, number: int, columns: Rows, live: Bool[np.ndarray, " starts"], compute: Compute
    ) -> Rows:
        """The rows of one round, of which those that the store lacks are computed.

        Args:
            number: of the round.
            columns: what a row is computed from, one for each start.
            live: which starts are searched in this round.
            compute: how.
        """
        whole = {
            name: np.full((self._starts, *o.shape), fill(o.dtype), o.dtype)
            for name, o in self._outputs.items()
        }
        spans, lacking = self._spans(live), []
        for index, span in spans.items():
            if self._known is not None and self._at(number, index) not in self._missing:
                for name in whole:
                    whole[name][span] = self._known[name].values[number, span]
            else:
                lacking.append(index)
        pieces = ((i, {name: c[spans[i]] for name, c in columns.items()}) for i in lacking)
        for index, rows in compute(pieces):
            for name in whole:
                at = whole[name][spans[index]]
                at[live[spans[index]]] = rows[name][live[spans[index]]]
            if self._archive is not None:
                mine = {name: values[spans[index]] for name, values in whole.items()}
                self._archive.write(self._at(number, index), mine)
        return whole

    def _at(self, number: int, index: int) -> int:
        return number * (self._starts // self.chunk) + index

    def _spans(self, live: Bool[np.ndarray, " starts"]) -> dict[int, slice]:
        """The starts of each chunk that has any to be searched from."""
        chunks = range(self._starts // self.chunk)
        spans = {i: slice(i * self.chunk, (i + 1) * self.chunk) for i in chunks}
        return {i: span for i, span in spans.items() if np.any(live[span])}


def chunk_of(rounds: int, starts: int) -> int:
    """Starts per chunk: about a hundredth of all rows, and a divisor of the number of starts.

    Example:
        >>> chunk_of(10, 64), chunk_of(5, 7)
        (4, 1)
    """
    most = max(1, rounds * starts // 100)
    return max(size for size in range(1, starts + 1) if starts % size == 0 and size <= most)


def _plan(grid, chunk: int, outputs: Mapping[str, Output], digests, facts) -> archive.Plan:
    order = np.arange(grid.count)
    points = {name: ("point", c) for name, c in grid.columns(order).items()}
    variables = {
        name: archive.Variable(o.shape, o.dtype, dimensions(name, len(o.shape)), {})
        for name, o in outputs.items()
    }
    return archive.Plan(
        points=grid.count,
        chunk=chunk,
        variables=variables,
        coordinates=xr.Dataset(coords={**points, "order": ("point", order)}),
        sizes=grid.sizes,
        axes=xr.Dataset(coords={n: (n, axis.values) for n, axis in grid.axes.items()}),
        attributes=facts,
        fingerprint=digests,
    )
