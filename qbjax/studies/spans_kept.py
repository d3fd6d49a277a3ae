"""A folder that keeps the spans of a long charge, so that the same call goes on where one ended.

`run.json` says of which run; `spans-00003-00007.eqx` holds the moments of some spans, `last.eqx`
the number of the last one and the state at its end. Each file is there in full or not at all, and
the last one is written last: spans count as soon as that names them. Files wait for the disk, so
short spans share one.
"""

import io
import json
import time
from functools import partial
from pathlib import Path
from typing import Any

import equinox as eqx
import numpy as np

from qbjax import question
from qbjax.dynamics.motion import Moved
from qbjax.studies import archive_files as files
from qbjax.studies import grids
from qbjax.studies.fingerprint import fingerprint

LAST = "last.eqx"
LISTED = 8
"""Most differences that a sentence names."""

PATIENCE = 1.0
"""Seconds of work that may be in memory alone, beside a span."""


class Unusable(ValueError):
    """The error for a folder that is damaged, or of another run: a new one, and it begins anew."""


class Kept:
    """The spans of one run in its folder, which is there; as a context, all of them are written."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._written, self._last = 0, None
        self._waiting: list[Moved] = []
        self._when = time.monotonic()

    def __enter__(self):
        return self

    def __exit__(self, *exception: Any):
        self._flush()

    def parts(self, like: Moved) -> list[Moved]:
        """Reads the spans that are kept, the last one with the state at its end.

        Args:
            like: what a span's program returns, shapes alone.

        Raises:
            ValueError: for a damaged file.
        """
        if not (self.folder / LAST).exists():
            return []
        index, last = self._read(LAST, (np.asarray(0), like.last))
        rows, parts = like._replace(last=None), []
        for file in sorted(self.folder.glob("spans-*.eqx")):
            first, end = map(int, file.stem.split("-")[1:])
            if end > index:  # of spans that were not all written
                file.unlink()
                continue
            parts += self._read(file.name, [rows] * (end - first + 1))
        if len(parts) != index + 1:
            raise self._damaged(f"spans-{len(parts):05d}", "it is missing")
        self._written = len(parts)
        return [*parts[:-1], parts[-1]._replace(last=last)]

    def keep(self, part: Moved) -> None:
        """Takes the next span, and writes what waits if some time has passed."""
        self._waiting.append(part._replace(last=None))
        self._last = part.last
        if time.monotonic() - self._when > PATIENCE:
            self._flush()

    def _flush(self) -> None:
        if not self._waiting:
            return
        end = self._written + len(self._waiting) - 1
        self._write(f"spans-{self._written:05d}-{end:05d}.eqx", self._waiting)
        self._write(LAST, (np.asarray(end), self._last))
        self._written, self._waiting = end + 1, []
        self._when = time.monotonic()

    def _read(self, name: str, like: Any) -> Any:
        try:
            return eqx.tree_deserialise_leaves(self.folder / name, like)
        except (RuntimeError, ValueError, EOFError, OSError) as error:
            raise self._damaged(name, "it cannot be read") from error

    def _damaged(self, name: str, why: str) -> Unusable:
        return Unusable(
            f"Argument `store` must be whole, but {self.folder / name} is damaged ({why}): remove "
            f"{self.folder}, and the run begins anew."
        )

    def _write(self, name: str, tree: Any) -> None:
        stream = io.BytesIO()
        eqx.tree_serialise_leaves(stream, tree)
        with files.naming_argument("store", self.folder):
            files.replace(self.folder / name, stream.getvalue())


def opened(store: str | Path | Any, **asked: Any) -> Kept:
    """Opens the folder of a run, or makes it.

    Args:
        store: the folder.
        asked: all that decides about the run, by name.

    Raises:
        Unusable: if it is damaged, or that of another run. ValueError: if it is something else.
        TypeError: if something that decides about the run cannot be looked into.
        OSError: if it cannot be written.
    """
    folder = files.real("store", store)
    ours = _digests(asked)
    note = folder / "run.json"
    if not note.exists():
        with files.naming_argument("store", folder):
            folder.mkdir(parents=True, exist_ok=True)
            if any(folder.iterdir()):
                raise ValueError(
                    f"Argument `store` must be a new or empty folder, or one of a long charge, but "
                    f"{folder} holds something else."
                )
            files.replace(note, json.dumps(ours, indent=1).encode())
        return Kept(folder)
    try:
        kept = json.loads(note.read_text("utf-8"))
    except ValueError as error:
        raise Unusable(
            f"Argument `store` must be whole, but {note} is damaged: remove {folder}, and the run "
            "begins anew."
        ) from error
    differing = {n for n in ours.keys() | kept.keys() if ours.get(n) != kept.get(n)}
    if differing:
        words = ", ".join(sorted(name.removeprefix("function.") for name in differing)[:LISTED])
        raise Unusable(
            f"Argument `store` must belong to this run, but {folder} was made with another "
            f"{words}: take a new path, or what it was made with."
        )
    return Kept(folder)


def _digests(asked: dict[str, Any]) -> dict[str, str]:
    try:
        return fingerprint(partial(question.of_charge, **asked), grids.as_grid({"run": [0]}), None)
    except TypeError as error:
        raise TypeError(
            f"Argument `store` must be left out where something cannot be looked into: {error}"
        ) from error
