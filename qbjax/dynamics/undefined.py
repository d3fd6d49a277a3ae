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

from qbjax.dynamics.where import platform_of

QUICK: Any = {"compiler_options": {"xla_cpu_use_fusion_emitters": False}}
"""Options with which XLA compiles for a CPU in some two thirds of the time: its older emitter of
fused loops. The answer is the same to rounding, but shifts of many numbers take up to twice as
long. Equinox passes them on to `jax.jit`."""

SMALL = 1600
"""Most numbers in a state for the older loops: with so few, calls of kernels cost more."""


def compiled(sound: str, moved: int | None = None) -> Callable[[Callable], Callable]:
    """Makes an `eqx.filter_jit` for functions that return something with `observables`.

    On a CPU XLA compiles it `QUICK` where a small state is moved, unless it is part of a caller's
    program.

    While JAX looks for NaN or infinities, what is undefined of a sound state leaves the program as
    0, and becomes NaN outside, unchecked. A state that is not sound is a fault, and found.

    Args:
        sound: a field of what it returns that is finite where the state is sound.
        moved: which argument is a state that it moves; None if none is.
    """

    def compile_(evolve):
        def parted(*given):
            return _apart(evolve(*given), sound)

        plain, apart = eqx.filter_jit(evolve), eqx.filter_jit(parted)
        quick, quick_apart = (eqx.filter_jit(f, **QUICK) for f in (evolve, parted))

        @functools.wraps(evolve)
        def run(*given):
            small = moved is not None and _size(given[moved]) <= SMALL
            fast = small and _alone() and platform_of(given) == "cpu"
            if jax.debug_nans.value or jax.debug_infs.value:
                return _marked(*(quick_apart if fast else apart)(*given))
            return (quick if fast else plain)(*given)

        return run

    return compile_


def _size(state) -> int:
    """The numbers in a state while it moves: populations become a matrix as coherence comes."""
    arrays = [x for x in jax.tree.leaves(state) if eqx.is_array(x)]
    return sum(x.size**2 if x.ndim == 1 else x.size for x in arrays)


def _alone() -> bool:
    """Whether a program runs within no other: within one JAX refuses options."""
    return get_opaque_trace_state() == _outermost()


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
