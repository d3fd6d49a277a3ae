"""A store for sweeps in which nothing that was computed is lost.

The store is a zarr group over one dimension `point`, in the order of computation; `order` says
where each point lies in the grid. One chunk of the sweep is one zarr chunk of every variable, so
chunks never share a file. A chunk counts once its marker exists, and that is written when the
data is on disk (write, fsync, rename, fsync of the folder). The marker holds the sha256 of the
chunk's files: of the bytes on disk, so that a check decodes nothing, and a file that was cut or
garbled since is found before zarr reads it. Such a chunk is computed again.
"""

import contextlib
import json
import os
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import xarray as xr

from qbjax import _checks
from qbjax.studies import archive_files as files
from qbjax.studies import archive_layout as layout
from qbjax.studies.agreement import Difference
from qbjax.studies.archive_layout import begun as begun
from qbjax.studies.archive_plan import Plan as Plan
from qbjax.studies.archive_plan import Variable as Variable
from qbjax.studies.archive_plan import check, check_json
from qbjax.studies.archive_reading import export as export
from qbjax.studies.archive_reading import read as read


class Archive:
    """A store that is being written; a context manager, which lets go of it at the end.

    Args:
        path: a new path or an empty folder, made into a store, or a store, which is resumed.
        plan: what is stored. A resume must agree with it in everything but `chunk`,
            `attributes` and the order of computation, which are the store's own then.
        task: (i, n) to write only the chunks i, i + n, i + 2n, …, beside other such tasks;
            None to write all chunks, alone.
        accept: differences that are accepted, as `agreement` has them.

    Attributes:
        accepted: the differences there are of these, in words.
        path: of the store.
        chunk: points per chunk.
        chunks: their number.

    Raises:
        ValueError, TypeError: if the plan cannot be stored, the path is something else, or the
            store belongs to another sweep (naming what differs) and that is not accepted.
        BlockingIOError: if another process writes the store (or the same task of it).
        OSError: if the path cannot be written.

    Example:
        >>> import tempfile, numpy as np, xarray as xr
        >>> points = xr.Dataset({"x": ("point", [0.0, 0.5, 1.0]), "order": ("point", [0, 1, 2])})
        >>> square = Variable((), np.dtype(float), (), {"units": "J"})
        >>> plan = Plan(3, 2, {"y": square}, points, None, xr.Dataset(), {}, {"function": "x²"})
        >>> path = tempfile.mkdtemp()
        >>> with Archive(path, plan) as archive:
        ...     archive.write(0, {"y": np.array([0.0, 0.25])})
        ...     archive.missing()
        [1]
        >>> read(path).y.values
        array([0.  , 0.25,  nan])
    """

    def __init__(
        self,
        path: Any,
        plan: Plan,
        *,
        task: tuple[int, int] | Any = None,
        accept: Collection[str] = (),
    ):
        check(plan)
        self._task = _checked_task(task)
        self.path = files.real("store", path)
        with files.told("store", self.path), contextlib.ExitStack() as stack:
            kept = layout.opened(self.path)
            if kept is None:
                layout.create(self.path, plan)
                kept = layout.opened(self.path)
            assert kept is not None
            self._kept = kept
            self.accepted = _refuse_another(kept, plan, accept)
            self._locked(stack)
            self._handles = stack.pop_all()
        self.chunk, self.chunks = kept.chunk, kept.chunks

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets other processes write the store."""
        self._handles.close()

    @property
    def coordinates(self) -> xr.Dataset:
        """The store's own coordinates over `point`, `order` among them."""
        return layout.points_of(self.path)

    @property
    def attributes(self) -> dict[str, Any]:
        """The store's attributes."""
        found = json.loads((self.path / "zarr.json").read_text())["attributes"]
        return {name: value for name, value in found.items() if name != "coordinates"}

    def span(self, index: int) -> slice:
        """The points of a chunk."""
        return self._kept.span(_checks.integer("index", index, low=0, high=self.chunks - 1))

    def missing(self) -> list[int]:
        """The chunks (of this task) that have no marker, or not the data it was written for."""
        first, step = self._task or (0, 1)
        return [i for i in range(first, self.chunks, step) if not self._kept.is_complete(i)]

    def write(self, index: int, arrays: Mapping[str, Any]) -> None:
        """Stores a chunk; one that is complete already is left as it is.

        Args:
            index: of the chunk.
            arrays: for every variable its values at the chunk's points, shape (n, …).

        Raises:
            ValueError, TypeError: if the arrays are not those of the plan.
            OSError: if the disk is full or fails. The chunk is then not marked, and the store
                as good as before.
        """
        span = self.span(index)
        data = self._dataset(span, arrays)
        try:
            with files.alone(self._handle, index):
                if not self._kept.is_complete(index):
                    self._commit(index, span, data)
        except OSError as error:
            raise files.failure(
                error,
                f"Chunk {index} of {self.path} could not be written ({error.strerror or error}). "
                "The complete chunks are safe: make room, and the same call resumes the sweep.",
            ) from error

    def finish(self, attributes: Mapping[str, Any]) -> None:
        """Adds attributes of the whole store, e.g. the wall time, replacing those of one name.

        Raises:
            TypeError: if JSON cannot hold them. OSError: if they cannot be written.
        """
        check_json("attributes", dict(attributes))
        path = self.path / "zarr.json"
        with files.alone(self._handle, self.chunks):
            node = json.loads(path.read_text())
            node["attributes"].update(attributes)
            files.replace(path, json.dumps(node, indent=2))

    def _commit(self, index: int, span: slice, data: xr.Dataset) -> None:
        marker, paths = self._kept.marker(index), self._kept.data(index).values()
        try:
            # Chunks of fill values alone are written, too: an absent file is a lost one.
            data.to_zarr(
                self.path,
                region={"point": span},
                mode="r+",
                consolidated=False,
                write_empty_chunks=True,
            )
            files.sync_together([*paths, *(path.parent for path in paths)])
            files.replace(marker, json.dumps(self._kept.marked(index)))
        except OSError:
            for path in paths:
                path.unlink(missing_ok=True)
            raise

    def _dataset(self, span: slice, arrays: Mapping[str, Any]) -> xr.Dataset:
        variables = self._kept.variables
        if set(arrays) != set(variables):
            raise ValueError(
                f"Argument `arrays` must hold {sorted(variables)}, but holds {sorted(arrays)}."
            )
        return xr.Dataset(
            {
                name: (("point", *variable.dims), _checked(name, arrays[name], variable, span))
                for name, variable in variables.items()
                if 0 not in variable.shape
            }
        )

    def _locked(self, stack: contextlib.ExitStack) -> None:
        folder = self.path / layout.FOLDER
        names = ["lock"] if self._task is None else ["lock", "task-{}-of-{}".format(*self._task)]
        try:
            for name in names:
                shared = name == "lock" and self._task is not None
                stack.callback(os.close, files.hold(folder / name, shared=shared))
        except BlockingIOError as error:
            raise BlockingIOError(
                f"Argument `store` must be free, but {self.path} is being written by {error}: "
                "wait until that ends, or stop it, and resume; array tasks (i/n) of different i "
                "may share a store."
            ) from None
        if self._task is None:
            files.remove_partial(self.path)
        self._handle = os.open(folder / "chunks.lock", os.O_RDWR | os.O_CREAT, 0o666)
        stack.callback(os.close, self._handle)


def _refuse_another(kept: layout.Kept, plan: Plan, accept: Collection[str]) -> list[str]:
    """What differs and is accepted."""
    differing = Difference(layout.differences(kept, plan), kept.fingerprint, plan.fingerprint)
    if sentence := differing.refused(kept.path, accept):
        raise ValueError(sentence)
    return differing.accepted(accept)


def _checked(name: str, values: Any, variable: Variable, span: slice) -> np.ndarray:
    array = np.asarray(values)
    if array.dtype != variable.dtype:
        raise TypeError(f"Argument `{name}` must be {variable.dtype}, but is {array.dtype}.")
    shape = (span.stop - span.start, *variable.shape)
    if array.shape != shape:
        raise ValueError(f"Argument `{name}` must have shape {shape}, but has {array.shape}.")
    return array


def _checked_task(task: Any) -> tuple[int, int] | None:
    if task is None:
        return None
    if not isinstance(task, tuple) or len(task) != 2:
        raise TypeError(f"Argument `task` must be a pair (i, n), but is {task!r}.")
    count = _checks.integer("n", task[1], low=1)
    return _checks.integer("i", task[0], low=0, high=count - 1), count
