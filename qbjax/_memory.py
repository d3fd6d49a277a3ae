"""The memory of this machine, asked before something is allocated that cannot fit."""

import contextlib
import os
from pathlib import Path
from typing import Any

from qbjax._kinds import show

DOUBLE = 8

LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Files in which a system writes how much memory a container may use."""


def here() -> float:
    """Bytes that this process may take at most; infinite where the system does not tell."""
    limits = [number_in(file) for file in LIMITS]
    with contextlib.suppress(AttributeError, OSError, ValueError):
        limits.append(float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")))
    return min(limits)


def number_in(file: str) -> float:
    """Reads a limit from a file of the system; infinite if there is none."""
    try:
        return float(Path(file).read_text())
    except (OSError, ValueError):  # no such file, or "max"
        return float("inf")


def room(name: str, value: Any, doubles: int, what: str) -> None:
    """Checks that an array of so many doubles, which an argument asks for, fits into the memory.

    Args:
        name, value: the argument.
        doubles: real numbers of double precision in the array.
        what: words for it, e.g. "a density matrix".
    """
    limit = here()
    if DOUBLE * doubles > limit:
        raise ValueError(
            f"Argument `{name}` must be small enough for the {limit / 2**30:.3g} GiB of memory "
            f"here, but is {show(value)}: {what} alone takes {_gibibytes(doubles)} GiB."
        )


def check_room(argument: str, needed: float | int, what: str) -> None:
    """Checks that the bytes needed for what an argument asks for, in words, fit into the memory."""
    if needed > here():
        needed = min(needed, 10**300)  # an integer may be larger than any float
        raise ValueError(
            f"Argument `{argument}` must ask for what fits into the memory ({here() / 2**30:.3g} "
            f"GiB), but {what} take {needed / 2**30:.3g} GiB."
        )


def _gibibytes(doubles: int) -> str:
    found = DOUBLE * doubles >> 30
    return f"{found:.3g}" if found < 10**300 else "more than 1e300"
