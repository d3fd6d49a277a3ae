"""The record that a store keeps of itself: the plan it was made with, its chunks to the byte."""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from qbjax.studies import archive_copies as copies
from qbjax.studies import archive_files as files
from qbjax.studies.archive_copies import FOLDER
from qbjax.studies.archive_plan import Variable

FORMAT = 2
FINISHED = f"{FOLDER}/finished.json"


class Kept(NamedTuple):
    """The plan that a store was made with, as far as it is needed to go on."""

    path: Path
    points: int
    chunk: int
    variables: dict[str, Variable]
    sizes: dict[str, int] | None
    fingerprint: dict[str, str]
    files: dict[str, str]
    identity: str

    @property
    def chunks(self) -> int:
        return -(-self.points // self.chunk)

    def span(self, index: int) -> slice:
        return slice(index * self.chunk, min((index + 1) * self.chunk, self.points))

    def data(self, index: int) -> dict[str, str]:
        """Names the file of each variable in a chunk; a variable without elements has none."""
        return {
            name: f"{name}/" + ".".join(["c", str(index), *("0" for _ in variable.shape)])
            for name, variable in self.variables.items()
            if math.prod(variable.shape)
        }

    def marker(self, index: int) -> Path:
        return self.path / FOLDER / "chunks" / f"{index}.json"

    def chunk_of(self, index: int) -> dict[str, bytes] | None:
        """Reads a chunk's files, by variable; None if it was not marked, or has other bytes."""
        marked = copies.parsed(files.content(self.marker(index)))
        if not marked:
            return None
        found = {name: files.content(self.path / f) for name, f in self.data(index).items()}
        held = {name: data for name, data in found.items() if data is not None}
        return held if len(held) == len(found) and marked == self.mark(index, held) else None

    def damage(self, index: int) -> list[Path]:
        """Finds the damaged files of a chunk that is not complete; none if it was never marked."""
        marker, data = self.marker(index), self.data(index)
        if not os.path.lexists(marker):
            return []
        marked = copies.parsed(files.content(marker))
        known = marked.pop("files", None)
        if marked != {"store": self.identity, "chunk": index} or not isinstance(known, dict):
            return [marker]
        held = {name: files.content(self.path / file) for name, file in data.items()}
        return [
            self.path / data[name]
            for name, content in held.items()
            if content is None or known.get(name) != files.sha256(content)
        ] or [marker]

    def mark(self, index: int, held: Mapping[str, bytes]) -> dict[str, Any]:
        """Makes the marker of a chunk of this store, and of no other."""
        digests = {name: files.sha256(data) for name, data in held.items()}
        return {"store": self.identity, "chunk": index, "files": digests}

    def is_complete(self, index: int) -> bool:
        """Whether a chunk has a marker and every file the bytes it had when that was written."""
        return self.chunk_of(index) is not None


def opened(path: Path) -> Kept | None:
    """Reads the record of the store at a path; None if there is nothing, or an empty folder."""
    plan = copies.plan_of(path)
    if plan is None:
        _refuse(path)
        return None
    _check_format(path, plan)
    variables = {
        name: Variable(tuple(shape), np.dtype(dtype), tuple(dims), attributes)
        for name, (shape, dtype, dims, attributes) in plan["variables"].items()
    }
    known = (plan[name] for name in ("points", "chunk", "sizes", "fingerprint", "files"))
    points, chunk, sizes, fingerprint, digests = known
    identity = files.sha256(copies.sealed(plan))
    return Kept(path, points, chunk, variables, sizes, fingerprint, digests, identity)


def finished(kept: Kept) -> dict[str, Any]:
    """Attributes that were known at the end; none if there was no end, or they are damaged."""
    path = kept.path / FINISHED
    found = copies.unsealed(files.content(path)) or {}
    if found.get("store") == kept.identity:
        return found["attributes"]
    if os.path.lexists(path):
        copies.warn(kept.path, [path], "the attributes that were known at the end are lost")
    return {}


def _refuse(path: Path) -> None:
    """Refuses a path that has no plan, unless there is nothing."""
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return
    if not os.path.lexists(path / FOLDER):
        raise ValueError(
            f"Argument `store` must be a new path or a store of qb.sweep, but {path} is "
            "something else: take another."
        )
    old = copies.parsed(files.content(path / copies.PLANS[0]))
    if isinstance(old.get("format"), int):
        _check_format(path, old)
    raise copies.ruined(path, [path / place for place in copies.PLANS])


def _check_format(path: Path, plan: Mapping[str, Any]) -> None:
    if plan["format"] != FORMAT:
        raise ValueError(
            f"Argument `store` must have the format {FORMAT}, but {path} has {plan['format']}: "
            "another version of qbjax made it; take a new path, or that version."
        )
