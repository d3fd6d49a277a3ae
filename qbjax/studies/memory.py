"""How much memory there is, asked before points and values are made that cannot fit."""

import contextlib
import os
from pathlib import Path

LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""What a container may use."""


def here() -> float:
    """Bytes that this process may take at most; infinite where the system does not tell."""
    limits = [float("inf")]
    with contextlib.suppress(AttributeError, OSError, ValueError):
        limits.append(float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")))
    for file in LIMITS:
        try:
            limits.append(float(Path(file).read_text()))
        except (OSError, ValueError):  # "max", or no such file
            continue
    return min(limits)


def check_room(argument: str, needed: float | int, what: str) -> None:
    """Whether something fits into the memory.

    Args:
        argument: that asks for it.
        needed: bytes.
        what: it is, in words.

    Raises:
        ValueError: if it does not.
    """
    if needed > here():
        needed = min(needed, 10**300)  # an integer may be larger than any float
        raise ValueError(
            f"Argument `{argument}` must ask for what fits into the memory ({here() / 2**30:.3g} "
            f"GiB), but {what} take {needed / 2**30:.3g} GiB."
        )
