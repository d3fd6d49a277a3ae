"""How much memory there is, asked before something is allocated that cannot fit."""

import os
from typing import Any

from qbjax._kinds import show

DOUBLE = 8


def here() -> float:
    """Bytes of this machine's memory; infinite where the system does not tell."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, OSError, ValueError):
        return float("inf")


def room(name: str, value: Any, doubles: int, what: str) -> None:
    """That an array fits into the memory.

    Args:
        name: the argument's name, for the error.
        value: the number, or numbers, that its size follows from.
        doubles: real numbers of double precision in it.
        what: what it is, in words, e.g. "a density matrix".

    Raises:
        ValueError: if it does not fit.
    """
    limit = here()
    if DOUBLE * doubles > limit:
        raise ValueError(
            f"Argument `{name}` must be small enough for the {limit / 2**30:.3g} GiB of memory "
            f"here, but is {show(value)}: {what} alone takes {_gibibytes(doubles)} GiB."
        )


def _gibibytes(doubles: int) -> str:
    found = DOUBLE * doubles >> 30
    return f"{found:.3g}" if found < 10**300 else "more than 1e300"
