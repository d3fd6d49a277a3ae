"""Compiled programs, forgotten before the process dies of them.

JAX remembers every program it compiled, for as long as what it was compiled for is alive. On Linux
each holds some hundred memory maps and some megabytes, a process may have 65 530 maps
(`/proc/sys/vm/max_map_count`), and the one too many is a segmentation fault inside XLA. So the
verbs look now and then what the process holds, and empty JAX's caches in time. They are those of
the whole process: programs of other code are compiled again, too, when they are called next. It is
the last resort: of the verbs' own programs only some fifty are kept (`dynamics.programs`).
"""

import gc
import os
import time
from pathlib import Path
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp

from qbjax import _memory
from qbjax.dynamics import programs

PAUSE = 1.0
"""Seconds between two looks, in which few programs can be compiled."""

COST = 100.0
"""Least pause between two looks, in units of the time that a look takes."""


class Burden(NamedTuple):
    """Memory maps and bytes of a process: those it holds, or may hold."""

    maps: float
    memory: float


SHARES = Burden(maps=0.4, memory=0.25)
"""Shares of what a process may hold beyond which programs are forgotten."""

LAST = Burden(maps=0.8, memory=0.9)
"""Shares beyond which programs are forgotten even while a function is being traced, which other
programs may be waiting for."""


class _Watch:
    """The time of the next look, and what the last forgetting left."""

    def __init__(self):
        self.due = 0.0
        self.left = Burden(0, 0)


_WATCH = _Watch()


def forget_in_time() -> bool:
    """Looks, if the last look is long ago, and forgets if it must; says whether it did."""
    began = time.monotonic()
    if began < _WATCH.due:
        return False
    held = burden()
    # Of the look alone: to forget takes seconds, and a hundred times that would be too late.
    pause = max(PAUSE, COST * (time.monotonic() - began))
    forgotten = forget_if_many(held)
    _WATCH.due = time.monotonic() + pause
    return forgotten


def forget_if_many(held: Burden | None) -> bool:
    """Forgets all programs if what is held is too much; says whether it did."""
    if held is None or not _exceeds(held, SHARES):
        return False
    if _is_tracing() and not _exceeds(held, LAST):
        return False
    programs.forget()
    eqx.clear_caches()
    jax.clear_caches()
    gc.collect()
    _WATCH.left = burden() or held
    return True


def burden() -> Burden | None:
    """Memory maps and bytes that this process holds; None where the system does not tell.

    Example:
        >>> held = burden()
        >>> held is None or held.maps > 1
        True
    """
    try:
        maps = Path("/proc/self/maps").read_bytes().count(b"\n")
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return None
    return Burden(maps, pages * os.sysconf("SC_PAGE_SIZE"))


def limits() -> Burden:
    """Memory maps and bytes that this process may hold; infinite where the system does not tell."""
    return Burden(_memory.number_in("/proc/sys/vm/max_map_count"), _memory.here())


def _exceeds(held: Burden, shares: Burden) -> bool:
    """Whether a process holds more than shares of what there was to have."""
    # Counted from the last forgetting: what stayed then was no program that can be forgotten.
    parts = zip(held, _WATCH.left, limits(), shares, strict=True)
    return any(now > left + share * (most - left) for now, left, most, share in parts)


def _is_tracing() -> bool:
    """Whether arithmetic with plain numbers would become part of a program."""
    return isinstance(jnp.add(0.0, 1.0), jax.core.Tracer)
