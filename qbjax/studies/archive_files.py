"""Whole files, on disk before they count, and locks that die with their holder."""

import contextlib
import errno
import hashlib
import os
import re
import socket
import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

from qbjax import _checks

try:
    import fcntl
except ImportError:  # Windows: nothing there is released by a kill as surely
    fcntl = None  # type: ignore[assignment]

PARTIAL = ".partial"
"""Suffix of a file while it is written; zarr calls its own so, too."""

AT_ONCE = 8

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
IN_THE_WAY = (errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.EINVAL, errno.ENXIO, errno.ELOOP)

_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)


def real(argument: str, path: Any) -> Path:
    """Resolves a path to one without links and ~."""
    if not isinstance(path, str | os.PathLike) or isinstance(os.fspath(path), bytes):
        raise TypeError(f"Argument `{argument}` must be a path, but is {_checks.show(path)}.")
    text = os.fspath(path)
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", text):
        raise ValueError(
            f"Argument `{argument}` must be a path of this machine, but {text} is an address: "
            "write here, and copy it there."
        )
    try:
        if not text.strip():
            raise ValueError("it is empty")
        return Path(os.path.realpath(Path(text).expanduser()))
    except (ValueError, RuntimeError) as error:
        raise ValueError(
            f"Argument `{argument}` must be a path that can be, but "
            f"{_checks.show(text)} is none ({error})."
        ) from None


def failure(error: OSError, message: str) -> OSError:
    """Makes an error of the same number that says what to do."""
    worded = OSError(message)
    worded.errno = error.errno
    return worded


@contextlib.contextmanager
def naming_argument(argument: str, path: Path) -> Iterator[None]:
    """Names, in an error of the system, the argument of which it complains."""
    try:
        yield
    except OSError as error:
        if str(error).startswith("Argument `"):  # says it all
            raise
        raise failure(
            error,
            f"Argument `{argument}` must be a path that can be written, but {path} is none "
            f"({error.strerror or error}).",
        ) from error


@contextlib.contextmanager
def naming_file(path: Path) -> Iterator[None]:
    """Names, in an error of the system, the file of a store that it refuses, and what to do."""
    try:
        yield
    except BlockingIOError:
        raise
    except OSError as error:
        blocked = error.errno in IN_THE_WAY
        remedy = "remove what is there" if blocked else "see to its permissions, or the disk"
        raise failure(
            error,
            f"Argument `store` must have files that can be read and written, but {path} cannot be "
            f"({error.strerror or error}): {remedy}, and the same call goes on.",
        ) from error


def content(path: Path) -> bytes | None:
    """Reads a file's bytes; None if there is no such file, but nothing or something else."""
    with naming_file(path):
        try:
            # A pipe would be waited for.
            return path.read_bytes() if path.is_file() else None
        except FileNotFoundError:
            return None


def replace(path: Path, data: bytes) -> None:
    """Writes a file that is there in full or not at all, also after a power cut."""
    temporary = path.with_name(f".{path.name}.{uuid4().hex}{PARTIAL}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync(path.parent)


def sync(path: Path) -> None:
    """Waits until a file's contents, or a folder's list of names, are on disk."""
    if path.is_dir() and os.name == "nt":  # which cannot open a folder
        return
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_together(paths: Iterable[Path]) -> None:
    """Calls `sync` for many paths at once: disks commit them together, ten times faster here."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(sync, paths))


def sha256(data: bytes) -> str:
    """The SHA-256 digest of some bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def remove_partial(root: Path) -> None:
    """Removes what killed writers left; only for who holds the whole store."""
    for path in root.rglob(f"*{PARTIAL}"):
        if not path.is_dir():
            path.unlink(missing_ok=True)


def opened(path: Path) -> int:
    """Opens a handle of a file, made if there is none."""
    with naming_file(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        if path.is_file():
            return handle
        os.close(handle)
        raise OSError(errno.EINVAL, "no file")


def hold(path: Path, *, shared: bool = False) -> int:
    """Locks a file until the handle that is returned is closed, or this process dies.

    Where the system or its file system has no locks, there is a warning and no lock.
    """
    handle = opened(path)
    try:
        _lock(handle, shared)
    except BlockingIOError:
        holder = os.pread(handle, 200, 0).decode(errors="replace")
        os.close(handle)
        raise BlockingIOError(" ".join(holder.split()) or "another process") from None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            os.close(handle)
            raise
        warnings.warn(
            f"{path} cannot be locked here: start no second process on this store.",
            RuntimeWarning,
            stacklevel=3,
        )
    who = "array tasks" if shared else f"process {os.getpid()} on {socket.gethostname()}"
    os.ftruncate(handle, 0)
    os.write(handle, who.encode())
    return handle


@contextlib.contextmanager
def alone(handle: int, number: int) -> Iterator[None]:
    """Waits for the byte `number` of an open file and locks it.

    Array tasks of different counts (0/2 beside 0/4) may come to one chunk at once: between a
    look at its marker and the new marker no other may write it.
    """
    try:
        if fcntl is not None:
            fcntl.lockf(handle, fcntl.LOCK_EX, 1, number)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    try:
        yield
    finally:
        if fcntl is not None:
            with contextlib.suppress(OSError):
                fcntl.lockf(handle, fcntl.LOCK_UN, 1, number)


def _lock(handle: int, shared: bool) -> None:
    if fcntl is None:
        raise OSError(errno.ENOSYS, "no locks")
    fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
