"""The files of a store that never change: each has a copy, and either mends the other.

Metadata, coordinates and order of computation are written once. The plan keeps the sha256 of
each, and `.qbjax/copies/<sha256>` has the same bytes; the plan itself, which carries its own
sha256, lies there again as `plan.json`. So one damaged file, whichever it is, costs nothing. What
is read is read from bytes that were checked, never from the disk behind the back of the check.
"""

import json
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from zarr.buffer import cpu

from qbjax.studies import archive_files as files

FOLDER = ".qbjax"
COPIES = f"{FOLDER}/copies"
PLANS = (f"{FOLDER}/plan.json", f"{COPIES}/plan.json")


class DamageWarning(UserWarning):
    """Files of a store are not as they were written, and were read or computed otherwise."""


def sealed(content: Mapping[str, Any]) -> bytes:
    """Seals content as JSON that tells whether it is still what was written."""
    return json.dumps({"sha256": _seal(content), **content}, indent=1).encode()


def unsealed(data: bytes | None) -> dict[str, Any] | None:
    """Opens `sealed` bytes; None if they are not what was written."""
    found = parsed(data)
    seal = found.pop("sha256", None)
    return found if seal == _seal(found) else None


def parsed(data: bytes | None) -> dict[str, Any]:
    """Reads a JSON object, whatever it says; an empty one if the bytes are none."""
    try:
        found = json.loads(data or b"")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def copied(root: Path) -> dict[str, str]:
    """Copies every file below a folder; gives their paths in it, and their sha256."""
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    (root / COPIES).mkdir(parents=True)
    digests = {}
    for path in paths:
        data = path.read_bytes()
        name = digests[path.relative_to(root).as_posix()] = files.sha256(data)
        (root / COPIES / name).write_bytes(data)
    return digests


def write_plan(root: Path, plan: Mapping[str, Any]) -> None:
    """Writes the plan of a new store, twice."""
    for place in PLANS:
        (root / place).write_bytes(sealed(plan))


def plan_of(root: Path) -> dict[str, Any] | None:
    """The plan of a store, from either place; None if both are damaged or missing."""
    plans = (unsealed(files.content(root / place)) for place in PLANS)
    return next((plan for plan in plans if plan is not None), None)


def contents(root: Path, digests: Mapping[str, str]) -> tuple[dict[str, Any], list[Path]]:
    """Reads the files of these digests into a zarr store in memory, and lists the damaged ones."""
    held, damaged = {}, []
    for name, digest in digests.items():
        path, copy = root / name, root / COPIES / digest
        data = _whole(path, digest)
        if data is None:
            damaged.append(path)
            data = _whole(copy, digest)
        if data is None:
            raise ruined(root, [path, copy])
        held[name] = cpu.Buffer.from_bytes(data)
    return held, damaged


def mend(root: Path, digests: Mapping[str, str]) -> list[Path]:
    """Writes what is damaged again, from its copy or from what it is the copy of, and lists it."""
    held, _ = contents(root, digests)
    plan = sealed(plan_of(root) or {})
    wanted = {root / place: plan for place in PLANS}
    for name, digest in digests.items():
        wanted |= dict.fromkeys((root / name, root / COPIES / digest), held[name].to_bytes())
    damaged = [path for path, data in wanted.items() if files.content(path) != data]
    for path in damaged:
        with files.naming_file(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
        with files.naming_file(path):
            files.replace(path, wanted[path])
    return damaged


def ruined(root: Path, paths: Iterable[Path]) -> ValueError:
    """Makes the error for a store that cannot be mended."""
    names = " and ".join(str(path.relative_to(root)) for path in paths)
    return ValueError(
        f"Argument `store` must be whole, but of {root} both {names} are damaged or missing: take "
        "them from a backup, or remove the store and compute it again."
    )


def warn(root: Path, damaged: Iterable[Path], outcome: str) -> None:
    """Warns of damage, if there is any, and says what became of it."""
    names = [str(path.relative_to(root)) for path in damaged]
    if names:
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        warnings.warn(
            f"The store {root} is damaged ({names[0]}{more}): {outcome}.",
            DamageWarning,
            stacklevel=4,
        )


def _whole(path: Path, digest: str) -> bytes | None:
    data = files.content(path)
    return data if data is not None and files.sha256(data) == digest else None


def _seal(content: Mapping[str, Any]) -> str:
    return files.sha256(json.dumps(content, sort_keys=True).encode())
