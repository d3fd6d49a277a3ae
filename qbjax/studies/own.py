"""Python files of one's own: what `FILE.py:NAME` means in sweep files and commands.

```python
import numpy as np
import qbjax as qb

def battery(splitting=1.0, decay=0.1):  # arguments are what a sweep may vary
    lower = np.array([[0.0, 1.0], [0.0, 0.0]])
    return qb.batteries.Lindblad(
        [], [(decay, lower)], dims=(2,), cell=0, cell_hamiltonian=splitting * np.arange(2.0),
        controls=[lower + lower.T],
    )
```

Saved as `mine.py` this is `mine.py:battery`, or `mine.py` for short.
"""

import functools
import hashlib
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from qbjax import _checks

WORD = re.compile(r"((?:[\w.]+=)?)(.+\.py)((?::\w+)?)")
"""FILE.py:NAME, or FILE.py, or the same behind a sign of equality."""


class Place(NamedTuple):
    """The place in a Python file where something of one's own is written.

    Attributes:
        path: of the file.
        name: of the thing.
    """

    path: Path
    name: str

    def __str__(self) -> str:
        return f"{self.path}:{self.name}"


def place(text: str | Any, usual: str, folder: Path = Path()) -> Place | None:
    """Reads a text FILE.py:NAME; None for any other.

    Args:
        text: anything.
        usual: the name if there is none.
        folder: that the file is in, unless its path is absolute.

    Example:
        >>> str(place("mine.py", "battery")), place("dopo", "battery")
        ('mine.py:battery', None)
    """
    match = WORD.fullmatch(text) if isinstance(text, str) else None
    if match is None or match[1]:
        return None
    return Place(folder / match[2], match[3].removeprefix(":") or usual)


def found(argument: str, where: Place) -> Any:
    """Runs a file, once however often it is asked, and finds what it calls by a name.

    Args:
        argument: what it is for, for errors.
        where: its place.

    Raises:
        ValueError: for a file that cannot be read or run, or that has no such name; each names the
            file.
    """
    try:
        stamp = where.path.stat().st_mtime_ns
        text = where.path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ValueError(
            f"Argument `{argument}` must be in a Python file, but {where.path} cannot be read "
            f"({why})."
        ) from error
    with blaming(argument, where.path):
        module = _module(where.path.resolve(), stamp, text)
    names = [name for name in vars(module) if not name.startswith("_")]
    if where.name not in names:
        hint = _checks.meant(where.name, names, "`{}`".format)
        raise ValueError(
            f"Argument `{argument}` must be a name in {where.path}, but there is no "
            f"`{where.name}`{hint}."
        )
    return getattr(module, where.name)


class Files:
    """The files of one's own that some words name, to be kept with results that they made.

    Attributes:
        texts: name to content of a copy; of files of one name there is none.
    """

    def __init__(self, words: Sequence[str]):
        """
        Args:
            words: FILE.py:NAME, also behind a sign of equality; others are passed over.

        Raises:
            OSError: if a file cannot be read.
        """
        found = [Path(match[2]).resolve() for word in words if (match := WORD.fullmatch(word))]
        self._paths = list(dict.fromkeys(found))
        names = [path.name for path in self._paths]
        self.texts = {
            path.name: path.read_text(encoding="utf-8-sig")
            for path in self._paths
            if names.count(path.name) == 1
        }

    def attributes(self) -> dict[str, str]:
        """Makes the attribute of a dataset that says with which files it was made."""
        told = [f"{p} (sha256 {hashlib.sha256(p.read_bytes()).hexdigest()})" for p in self._paths]
        return {"own_files": "; ".join(told)} if told else {}

    def beside(self, words: Any) -> Any:
        """Changes words so that they name the copies beside them; without a copy the whole path.

        Args:
            words: a word, a list of them, or None.
        """
        return moved(words, lambda path: path.name if path.name in self.texts else path.resolve())


def moved(words: Any, place: Callable[[Path], Any]) -> Any:
    """Changes the paths in words that name files of one's own.

    Args:
        words: a word, a list of them, or None.
        place: path to path.

    Example:
        >>> moved(["J=mine.py:J", "levels=3"], lambda path: "/there" / path)
        ['J=/there/mine.py:J', 'levels=3']
    """
    if isinstance(words, list | tuple):
        return [moved(word, place) for word in words]
    match = WORD.fullmatch(words) if isinstance(words, str) else None
    return f"{match[1]}{place(Path(match[2]))}{match[3]}" if match else words


@contextmanager
def blaming(argument: str, path: Path) -> Iterator[None]:
    """Turns whatever goes wrong in a file of one's own into one sentence with its line.

    Args:
        argument: what the file is for.
        path: of the file.

    Raises:
        ValueError: for an error that is no sentence about an argument already.
    """
    try:
        yield
    except (Exception, SystemExit) as error:
        text = " ".join(str(getattr(error, "msg", error)).split())
        if text.startswith("Argument"):
            raise
        frames = traceback.extract_tb(error.__traceback__)
        inside = [frame.lineno for frame in frames if frame.filename == str(path.resolve())]
        line = inside[-1] if inside else getattr(error, "lineno", None)
        at = "" if line is None else f" at line {line}"
        raise ValueError(
            f"Argument `{argument}` must be in a file that runs, but {path} fails{at} "
            f"({type(error).__name__}: {text[:200]})."
        ) from error


@functools.lru_cache(maxsize=16)
def _module(path: Path, stamp: int, text: str) -> ModuleType:
    """Runs a file, once: two classes made of the same lines would be different ones."""
    # Under a name that no library has, or its classes would count as the library's.
    module = ModuleType(path.stem if path.stem not in sys.modules else f"{path.stem}_of_mine")
    module.__file__ = str(path)
    sys.path.insert(0, str(path.parent))
    # Dataclasses look their module up while they are made. Later `pickle` must not find it:
    # workers elsewhere get what is in it by value.
    sys.modules[module.__name__] = module
    try:
        exec(compile(text, str(path), "exec"), vars(module))
    finally:
        sys.modules.pop(module.__name__, None)
        sys.path.remove(str(path.parent))
    return module
