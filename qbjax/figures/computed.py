"""Runs that have been computed, kept by their configuration and the version of the code.

A file's name is the digest of the function, its arguments, and everything that could change the
numbers: the sources below the views, and the versions of what they call. So what is in the folder
never belongs to other code, and what was computed before an interruption is not computed again.
"""

import functools
import hashlib
import json
import warnings
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import numpy as np

from qbjax.dynamics.record.provenance import described, environment
from qbjax.dynamics.record.trajectory import BreakdownWarning, TraceWarning, TruncationWarning
from qbjax.figures.entry import Columns, Run

ROOT = Path(__file__).parents[1]
DRAWS = ("views", "cli", "papers", "figures")
"""Rooms that change no number, except for `figures/runs`."""

LIBRARIES = ("jax", "jaxlib", "diffrax", "equinox", "optax", "numpy", "scipy")
DOUBTS = (TruncationWarning, TraceWarning, BreakdownWarning)


class Computed(NamedTuple):
    """A run's columns.

    Attributes:
        columns: by name.
        doubts: the warnings of results that should not be believed, each once.
        about: versions, platform and precision with which they were computed.
        fresh: whether they were computed just now, not read.
    """

    columns: Columns
    doubts: tuple[str, ...]
    about: dict[str, str]
    fresh: bool


def computed(one: Run, folder: Path, *, quick: bool) -> Computed:
    """Reads a run's columns from a folder, or computes them and keeps them there."""
    path = folder / f"{key(one, quick=quick)}.npz"
    found = _read(path)
    return _compute(one, path, quick=quick) if found is None else found


def key(one: Run, *, quick: bool) -> str:
    """Digests a run: its function, its arguments, and the version of the code."""
    asked = {"run": described(one.compute), "with": described(one.asked(quick=quick))}
    text = json.dumps(asked, sort_keys=True, allow_nan=False)
    return _digest([text.encode(), code().encode()])[:32]


@functools.cache
def code() -> str:
    """Digests the sources that numbers depend on, and the versions of what they call."""
    sources = sorted(path for path in ROOT.rglob("*.py") if counts(path))
    versions = [f"{name} {version(name)}".encode() for name in LIBRARIES]
    return _digest([*versions, *(path.read_bytes() for path in sources)])


def counts(path: Path) -> bool:
    """Whether a source of the package may change numbers."""
    room, *inner = path.relative_to(ROOT).parts
    return room not in DRAWS or (room == "figures" and inner[0] == "runs")


def _digest(parts: Iterable[bytes]) -> str:
    sha = hashlib.sha256()
    for part in parts:
        sha.update(len(part).to_bytes(8, "big") + part)
    return sha.hexdigest()


def _compute(one: Run, path: Path, *, quick: bool) -> Computed:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        found = one.compute(**one.asked(quick=quick))
    doubts: dict[str, None] = {}
    for each in seen:
        if issubclass(each.category, DOUBTS):
            doubts[str(each.message)] = None
        else:
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
    columns = {name: np.asarray(column) for name, column in found.items()}
    result = Computed(columns, tuple(doubts), environment(), fresh=True)
    _write(path, result)
    return result


def _write(path: Path, found: Computed) -> None:
    """Writes a file beside its place, and moves it there when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    about = json.dumps({"doubts": found.doubts, "about": found.about})
    arrays: dict[str, Any] = {f"column {name}": x for name, x in found.columns.items()}
    temporary = path.with_name(f".{uuid4().hex}.npz")
    try:
        np.savez(temporary, about=np.array(about), **arrays)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _read(path: Path) -> Computed | None:
    """Reads a file; one that is not there or damaged is as good as none."""
    try:
        with path.open("rb") as file, np.load(file) as data:
            names = [name for name in data.files if name != "about"]
            columns = {name.removeprefix("column "): data[name] for name in names}
            about = json.loads(str(data["about"]))
        return Computed(columns, tuple(about["doubts"]), about["about"], fresh=False)
    except Exception:  # zip, zlib, numpy and JSON each have errors of their own
        return None
