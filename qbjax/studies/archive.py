"""A store for sweeps in which nothing that was computed is lost.

The store is a zarr group over one dimension `point`, in the order of computation; `order` says
where each point lies in the grid. One chunk of the sweep is one zarr chunk of every variable, so
chunks never share a file. A chunk counts once its marker exists, and that is written when the
data is on disk (write, fsync, rename, fsync of the folder). The marker holds the sha256 of the
chunk's files: of the bytes on disk, so that a check decodes nothing, and a file that was cut or
garbled since is found before zarr reads it. Such a chunk is computed again. All other files have
a copy, from which a sweep that goes on mends them (`archive_copies`).
"""

import contextlib
import json
import os
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import xarray as xr
import zarr.storage

from qbjax import _checks
from qbjax.studies import archive_copies as copies
from qbjax.studies import archive_files as files
from qbjax.studies import archive_layout as layout
from qbjax.studies.agreement import Difference
from qbjax.studies.archive_kept import FINISHED
from qbjax.studies.archive_layout import begun as begun
from qbjax.studies.archive_plan import Plan as Plan
from qbjax.studies.archive_plan import Variable as Variable
from qbjax.studies.archive_plan import check, checked_task
from qbjax.studies.archive_reading import export as export
from qbjax.studies.archive_reading import read as read
from qbjax.studies.names import check_json


class Archive:
    """A store that is being written; a context manager, which lets go of it at the end.

    Args:
        path: a new path or an empty folder, made into a store, or a store, which is resumed.
        plan: what is stored. A resume must agree with it in everything but `chunk`,
            `attributes` and the order of computation, which are the store's own then.
        task: (i, n) to write only the chunks i, i + n, i + 2n, …, beside other such tasks;
            None to write all chunks, alone.
        accept: differences that are accepted, as `agreement` has them; `accepted` are those of
            them that there are, in words.

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
        self._task = checked_task(task)
        self.path = files.real("store", path)
        with files.naming_argument("store", self.path), contextlib.ExitStack() as stack:
            kept = layout.opened(self.path)
            if kept is None:
                layout.create(self.path, plan)
                kept = layout.opened(self.path)
            assert kept is not None
            self._kept = kept
            names = layout.differences(kept, plan)
            differing = Difference(names, kept.fingerprint, plan.fingerprint)
            differing.refuse(self.path, accept)
            self.accepted = differing.accepted(accept)
            self._locked(stack)
            mended = copies.mend(self.path, kept.files)
            copies.warn(self.path, mended, "it has been mended from copies")
            self._handles = stack.pop_all()
        self.chunk, self.chunks = kept.chunk, kept.chunks

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the store, so that other processes may write it."""
        self._handles.close()

    @property
    def coordinates(self) -> xr.Dataset:
        """Coordinates of the store over `point`, `order` among them."""
        return layout.points_of(self._kept)

    @property
    def attributes(self) -> dict[str, Any]:
        """Attributes of the store."""
        return layout.attributes_of(self._kept)

    def span(self, index: int) -> slice:
        """The points of a chunk."""
        return self._kept.span(_checks.integer("index", index, low=0, high=self.chunks - 1))

    @property
    def mine(self) -> range:
        """Chunks of this task, complete or not."""
        first, step = self._task or (0, 1)
        return range(first, self.chunks, step)

    def missing(self) -> list[int]:
        """Chunks (of this task) that have no marker, or not the data it was written for.

        The latter are damaged, and there is a warning.
        """
        found = [i for i in self.mine if not self._kept.is_complete(i)]
        damaged = [path for index in found for path in self._kept.damage(index)]
        copies.warn(self.path, damaged, "the chunks of such files are to be computed again")
        return found

    def write(self, index: int, arrays: Mapping[str, Any]) -> None:
        """Stores a chunk; one that is complete already is left as it is.

        Until all of it is on disk the chunk is not marked, and the store as good as before.

        Args:
            index: of the chunk.
            arrays: for every variable its values at the chunk's points, shape (n, …).
        """
        span = self.span(index)
        data = self._dataset(span, arrays)
        try:
            with files.alone(self._handle, index):
                if not self._kept.is_complete(index):
                    self._commit(index, span, data)
        except OSError as error:
            raise files.failure(error, self._unwritten(index, error)) from error
        except Exception as error:  # zarr's own
            raise ValueError(
                f"Chunk {index} of {self.path} could not be written, for the store was damaged "
                f"meanwhile ({type(error).__name__}): the same call mends it and resumes the sweep."
            ) from error

    def finish(self, attributes: Mapping[str, Any]) -> None:
        """Adds attributes of the whole store, e.g. the wall time, replacing those of one name."""
        check_json("attributes", dict(attributes))
        path = self.path / FINISHED
        with files.alone(self._handle, self.chunks), files.naming_file(path):
            known = layout.finished(self._kept) | dict(attributes)
            sealed = copies.sealed({"store": self._kept.identity, "attributes": known})
            files.replace(path, sealed)

    def _unwritten(self, index: int, error: OSError) -> str:
        remedy = "see to its permissions, or the disk"
        if error.errno in files.FULL:
            remedy = "make room"
        elif error.errno in files.IN_THE_WAY:
            remedy = f"remove {error.filename2 or error.filename or 'what is in the way'}"
        return (
            f"Chunk {index} of {self.path} could not be written ({error.strerror or error}). The "
            f"complete chunks are safe: {remedy}, and the same call resumes the sweep."
        )

    def _commit(self, index: int, span: slice, data: xr.Dataset) -> None:
        marker = self._kept.marker(index)
        data_files = self._kept.data(index)
        paths = [self.path / file for file in data_files.values()]
        try:
            # Chunks of fill values alone are written, too: an absent file is a lost one.
            data.to_zarr(
                zarr.storage.LocalStore(self.path),
                region={"point": span},
                mode="r+",
                consolidated=False,
                write_empty_chunks=True,
            )
            files.sync_together([*paths, *(path.parent for path in paths)])
            held = {name: (self.path / file).read_bytes() for name, file in data_files.items()}
            marker.parent.mkdir(exist_ok=True)
            files.replace(marker, json.dumps(self._kept.mark(index, held)).encode())
        except OSError:
            for path in paths:
                with contextlib.suppress(OSError):
                    path.unlink()
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
        self._handle = files.opened(folder / "chunks.lock")
        stack.callback(os.close, self._handle)


def _checked(name: str, values: Any, variable: Variable, span: slice) -> np.ndarray:
    array = np.asarray(values)
    if array.dtype != variable.dtype:
        raise TypeError(f"Argument `{name}` must be {variable.dtype}, but is {array.dtype}.")
    shape = (span.stop - span.start, *variable.shape)
    if array.shape != shape:
        raise ValueError(f"Argument `{name}` must have shape {shape}, but has {array.shape}.")
    return array
