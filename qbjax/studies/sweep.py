"""`sweep`: a function of named scalars at thousands of points, as a labelled dataset.

Every point has a `status`, so that one that fails is marked and harms no other. With a store
nothing that was computed is lost: kill the process, and the same call goes on where it was.
"""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import xarray as xr

from qbjax import _checks
from qbjax.dynamics.forgetting import forget_in_time
from qbjax.dynamics.record import witness
from qbjax.studies import agreement, archive, arguments, cluster, doubtful
from qbjax.studies.doubtful import advice
from qbjax.studies.fingerprint import fingerprint
from qbjax.studies.grids import Grid, as_grid
from qbjax.studies.origin import Watch, attributes
from qbjax.studies.outputs import check_room, dimensions, labelled, status
from qbjax.studies.partition import partition
from qbjax.studies.program import Program, check_names, local_devices, outputs_of
from qbjax.studies.sharing import Sharing


class SweepProgress(NamedTuple):
    """Progress of a sweep after a chunk, as a `progress` callback sees it.

    Attributes:
        done, total: points, those of earlier runs included.
        failures: points that ended early (status 1, 2, 3), of this run.
        rate: points per second of this run.
        remaining: seconds left at this rate; infinite while a clock stands still.
        doubtful: points that are complete, but not to be believed (status 4, 5), of this run.
    """

    done: int
    total: int
    failures: int
    rate: float
    remaining: float
    doubtful: int = 0


def sweep(
    function: Callable | Any,
    grid: Grid | Mapping[str, Any] | Any,
    store: str | Path | Any = None,
    *,
    chunk: int | Any = None,
    devices: Sequence[jax.Device] | Any = None,
    client: Any = None,
    lanes: int | Any = None,
    cost: Callable | Any = None,
    task: tuple[int, int] | Any = None,
    configuration: Mapping[str, Any] | Any = None,
    accept: str | Collection[str] | Any = (),
    progress: Callable[[SweepProgress], None] | Any = None,
) -> xr.Dataset:
    """Evaluates a function at every point of a grid.

    Args:
        function: takes scalars by the names of the grid, gives a pytree of real arrays; it is
            traced and compiled once, and for an accelerator traced before, to see what memory it
            takes. A point has the status and truncation of the runs that the function makes, and
            steps if there is a `run.summary()` among its values; without runs status 2 says that a
            value is not finite. Runs within a `jit`, `vmap` or `grad` of the function's own are
            not heard: give their summary. The function's attribute `units`, where it has one, maps
            names of values to units.
        grid: name to coordinate, meaning every combination (`qb.studies.grids.product`), or what
            `zipped`, `random`, `sobol` make.
        store: a zarr store to keep every chunk in; one that exists is continued, and mended
            where it is damaged. None for a result in memory alone.
        chunk: points per chunk: what is lost at most when the process dies. By default a
            hundredth of the points, 256 at most, and on an accelerator as many as fit into half of
            its memory; a store that exists keeps its own.
        devices: to share each chunk; all accelerators of this process by default, else one CPU.
        client: a `dask.distributed.Client`, whose workers then compute the chunks.
        lanes: points at once on a device; one on a CPU by default, all that fit elsewhere.
        cost: `cost(**columns)` of arrays, an estimate per point: points of like cost then share
            a chunk. Without it that is guessed on an accelerator, where lanes wait for the slowest
            of a chunk: if there are eight chunks or more, from the steps of 64 points.
        task: `(i, n)`, 0 ≤ i < n: only every n-th chunk, for n processes on one store.
        configuration: more that identifies the sweep; a store made with another is refused. An
            entry named like a part of the function, such as "function.lib", says the version of
            what cannot be looked into.
        accept: differences for which a store is continued all the same: "versions" of qbjax, JAX
            and what else computes, "function" for code that differs or cannot be compared.
        progress: called after every chunk with a `SweepProgress`.

    Returns:
        A dataset on the grid with coordinates, units and attributes; points that other tasks
        have yet to compute have status −1.

    Warns:
        TruncationWarning: once, if points are doubtful: how many, in which mode, and which levels
            to use. TraceWarning: if they merely lost their trace.

    Raises:
        RuntimeError: if double precision is off.
        ValueError, TypeError: for a bad argument, before anything is compiled; a function that
            cannot be traced, with its line; names, numbers or sizes that no store or memory holds;
            a store of another function or other versions; with a store, a function that reaches
            what cannot be looked into.
        OSError: if the store cannot be read or written.

    Warns:
        DamageWarning: if files of the store were damaged, and have been mended.

    Example:
        >>> import jax.numpy as jnp, qbjax as qb
        >>> data = qb.sweep(lambda F, t: {"work": F * t}, {"F": [1.0, 2.0], "t": [1.0, 3.0]})
        >>> data["work"].values.tolist(), data["status"].values.tolist()
        ([[1.0, 3.0], [2.0, 6.0]], [[0, 0], [0, 0]])
    """
    started = Watch()
    forget_in_time()
    arguments.check(function, store, devices, client, task, configuration, progress)
    chosen = local_devices(devices)
    grid = as_grid(grid)
    check_names(function, grid.names)
    order = arguments.order(grid, cost)
    chunk = None if chunk is None else _checks.integer("chunk", chunk, low=1)
    accepted = agreement.checked(accept)
    lanes = None if lanes is None else _checks.integer("lanes", lanes, low=1)
    begun = None if store is None else archive.begun(store, grid.count)
    # Before the function is traced, which may change what it has been told to remember.
    digests = None if store is None else fingerprint(function, grid, configuration)
    place = chosen if client is None else jax.local_devices(backend="cpu")
    tasks = 1 if task is None else task[1]
    size, order = begun or partition(function, grid, chunk, order, place, tasks)
    work = _Work(function, grid, order, size, chosen, lanes, client, begun is not None)
    if store is None:
        rows: list = [None] * -(-grid.count // size)
        for index, arrays in _reported(work, range(len(rows)), grid.count, 0, progress):
            rows[index] = arrays
        joined = {name: np.concatenate([r[name] for r in rows]) for name in rows[0]}
        data = labelled(grid, order, joined, work.units)
        data = data.assign_attrs(attributes(configuration, started) | advice(work.levels))
        doubtful.warn(data, work.unheard)
        return data
    plan = _plan(work, digests, configuration)
    with archive.Archive(store, plan, task=task, accept=accepted) as kept:
        work = work.as_in(kept)
        missing = kept.missing()
        points = _points(kept, missing)
        before = _points(kept, kept.mine) - points
        for index, arrays in _reported(work, missing, points, before, progress):
            kept.write(index, arrays)
        spent = started.seconds() + kept.attributes.get("wall_seconds", 0.0)
        accepted_now = _accepted(kept) if missing else {}
        kept.finish({"wall_seconds": spent} | advice(work.levels) | accepted_now)
    data = archive.read(store)
    doubtful.warn(data, work.unheard)
    return data


class _Work:
    """Chunks of points, computed here or by the workers of a client."""

    def __init__(self, function, grid, order, chunk, devices, lanes, client, resumed=False):
        self.grid, self.order, self.chunk = grid, order, chunk
        self.columns = grid.columns(order)
        self.units = arguments.units_of(function)
        self._client = client
        self._task = cluster.Task(function, grid.names, chunk, lanes)
        asks = function.sized_by if isinstance(function, Sharing) else "function"
        look = partial(check_room, coordinates=grid.names, points=grid.count, argument=asks)
        self._compiled = partial(Program, function, grid.names, chunk, devices, lanes, look)
        self._program: Program | None = None
        with witness.listening() as heard:
            if client is None and not resumed:
                self._program = self._compiled()
                self.outputs = self._program.outputs
            else:  # There may be nothing to compile for.
                self.outputs = outputs_of(function, grid.names)
                look(self.outputs)
        self.levels, self.unheard = heard.levels, heard.unheard
        self._again = partial(_Work, function, grid, devices=devices, lanes=lanes, client=client)

    def as_in(self, kept: archive.Archive) -> "_Work":
        """The work in the chunks of a store, which another task may have made meanwhile."""
        order = np.asarray(kept.coordinates["order"])
        if kept.chunk == self.chunk and np.array_equal(order, self.order):
            return self
        return self._again(order, kept.chunk, resumed=True)

    def piece(self, index: int) -> dict[str, np.ndarray]:
        """Coordinates of a chunk's points."""
        start = index * self.chunk
        return {name: c[start : start + self.chunk] for name, c in self.columns.items()}

    def computed(self, indices: Sequence[int]) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
        """Yields index and arrays of every chunk, as they come."""
        if self._client is not None:
            pieces = ((index, self.piece(index)) for index in indices)
            yield from cluster.computed(self._client, self._task, pieces)
            return
        pending = None
        # One chunk is computed while the last one is written.
        for index in indices:
            self._program = self._program or self._compiled()
            begun = (index, self._program(self.piece(index)))
            if pending is not None:
                yield pending[0], pending[1].get()
            pending = begun
        if pending is not None:
            yield pending[0], pending[1].get()


def _reported(work: _Work, indices, points: int, before: int, progress) -> Iterator:
    """Yields chunks with status, truncation and steps; reports each once it was taken care of."""
    started, done, failures, doubts = Watch(), 0, 0, 0
    for index, arrays in work.computed(indices):
        full = _marked(arrays)
        yield index, full
        done += len(full["status"])
        doubts += (doubt := int(np.count_nonzero(np.isin(full["status"], doubtful.DOUBTFUL))))
        failures += int(np.count_nonzero(full["status"])) - doubt
        if progress is not None:
            seconds = started.seconds()
            rate = done / seconds if seconds else 0.0
            left = (points - done) / rate if rate else math.inf
            progress(SweepProgress(before + done, before + points, failures, rate, left, doubts))


def _marked(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Adds `status`, `truncation` and `steps`, if the function gave none."""
    count = len(next(iter(arrays.values())))
    full = dict(arrays)
    if "status" not in full:
        sound = np.ones(count, bool)
        for values in arrays.values():
            if np.issubdtype(values.dtype, np.floating):
                sound &= np.isfinite(values).all(axis=tuple(range(1, values.ndim)))
        full["status"] = np.where(sound, 0, 2)
    full["status"] = status(full["status"])
    full.setdefault("truncation", np.full(count, np.nan))
    full.setdefault("steps", np.full(count, -1))
    return full


def _plan(work: _Work, digests, configuration) -> archive.Plan:
    blank = {name: np.zeros((1, *o.shape), o.dtype) for name, o in work.outputs.items()}
    variables = {}
    for name, values in _marked(blank).items():
        units = {"units": work.units[name]} if name in work.units else {}
        dims = dimensions(name, values.ndim - 1)
        variables[name] = archive.Variable(values.shape[1:], values.dtype, dims, units)
    grid = work.grid
    points = {n: ("point", work.columns[n], c.attrs) for n, c in grid.coordinates.items()}
    axes = {n: (n, axis.values, axis.attrs) for n, axis in (grid.axes or {}).items()}
    return archive.Plan(
        points=grid.count,
        chunk=work.chunk,
        variables=variables,
        coordinates=xr.Dataset(coords={**points, "order": ("point", work.order)}),
        sizes=grid.sizes,
        axes=xr.Dataset(coords=axes),
        attributes=attributes(configuration),
        fingerprint=digests,
    )


def _points(kept: archive.Archive, indices: Sequence[int]) -> int:
    """Counts the points of chunks."""
    return sum(span.stop - span.start for span in map(kept.span, indices))


def _accepted(kept: archive.Archive) -> dict[str, str]:
    """The attribute that records with what else chunks were computed."""
    earlier = filter(None, kept.attributes.get("accepted", "").split("; "))
    accepted = sorted({*earlier, *kept.accepted})
    return {"accepted": "; ".join(accepted)} if accepted else {}
