"""Numbers that are NaN by definition, kept from JAX's search for faults.

One such is a power before any time has passed. Under `JAX_DEBUG_NANS` a NaN that leaves a compiled
program is an error.
"""

import functools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.extend.core import get_opaque_trace_state

from qbjax.dynamics.programs import Way, program_of
from qbjax.dynamics.where import platform_of

OLDER_LOOPS = jax.__version_info__ < (0, 11, 1)
"""Whether XLA still has its older emitter of fused loops, and the option that asks for it."""

QUICK: dict[str, Any] = (
    {"compiler_options": {"xla_cpu_use_fusion_emitters": False}} if OLDER_LOOPS else {}
)
"""Options with which XLA compiles for a CPU in some two thirds of the time: its older emitter of
fused loops. The answer is the same to rounding, but shifts of many numbers take up to twice as
long."""

SMALL = 1600
"""Most numbers in a state for the older loops: with so few, calls of kernels cost more."""


def compiled(sound: str, moved: int | None = None) -> Callable[[Callable], Callable]:
    """Makes programs of (`program_of`) functions that return something with `observables`.

    On a CPU XLA compiles it `QUICK` where a small state is moved, unless it is part of a caller's
    program.

    While JAX looks for NaN or infinities, what is undefined of a sound state leaves the program as
    0, and becomes NaN outside, unchecked. A state that is not sound is a fault, and found.

    Args:
        sound: a field of what it returns that is finite where the state is sound.
        moved: which argument is a state that it moves; None if none is.
    """

    def compile_(evolve):
        @functools.wraps(evolve)
        def parted(*given):
            return _apart(evolve(*given), sound)

        def way(given) -> Way:
            small = moved is not None and _size(given[moved]) <= SMALL
            quick = small and outermost() and platform_of(given) == "cpu"
            if searching():
                return Way(parted, quick, lambda found: _marked(*found))
            return Way(evolve, quick)

        return program_of(way, **QUICK)

    return compile_


def _size(state) -> int:
    """The numbers in a state while it moves: populations become a matrix as coherence comes."""
    arrays = [x for x in jax.tree.leaves(state) if eqx.is_array(x)]
    return sum(x.size**2 if x.ndim == 1 else x.size for x in arrays)


def outermost() -> bool:
    """Whether nothing is traced or differentiated: within a program JAX refuses options."""
    return get_opaque_trace_state() == _outermost()


def searching() -> bool:
    """Whether JAX looks for NaN or infinities in what a program returns."""
    return jax.debug_nans.value or jax.debug_infs.value


@functools.cache
def _outermost():
    """The state of a thread that traces nothing."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(get_opaque_trace_state).result()


@contextmanager
def allowed() -> Iterator[None]:
    """Suspends JAX's search for faults: a gradient search begins with infinities."""
    with jax.debug_nans(False), jax.debug_infs(False):
        yield


def _marked(done, undefined):
    with allowed():
        marked = {
            name: jnp.where(undefined[name], jnp.nan, values)
            for name, values in done.observables.items()
        }
        return eqx.tree_at(lambda done: done.observables, done, marked)


def _apart(done, sound):
    sound = jnp.isfinite(getattr(done, sound))
    undefined = {
        name: jnp.isnan(values) & sound.reshape(sound.shape + (1,) * (values.ndim - sound.ndim))
        for name, values in done.observables.items()
    }
    clean = {
        name: jnp.where(undefined[name], 0.0, values) for name, values in done.observables.items()
    }
    return eqx.tree_at(lambda done: done.observables, done, clean), undefined
