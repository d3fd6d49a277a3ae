"""Numbers that are NaN by definition, kept from JAX's search for faults.

One such is a power before any time has passed. Under `JAX_DEBUG_NANS` a NaN that leaves a compiled
program is an error.
"""

import functools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.extend.core import get_opaque_trace_state

QUICK = {"xla_cpu_use_fusion_emitters": False}
"""Options with which XLA compiles for a CPU in two thirds of the time: its older emitter of fused
loops. What comes out is as fast, and the same to rounding."""


def compiled(sound: str) -> Callable[[Callable], Callable]:
    """Makes an `eqx.filter_jit` for functions that return something with `observables`.

    On a CPU XLA compiles it `QUICK`, unless it is part of a caller's program.

    While JAX looks for NaN or infinities, what is undefined of a sound state leaves the program as
    0, and becomes NaN outside, unchecked. A state that is not sound is a fault, and found.

    Args:
        sound: a field of what it returns that is finite where the state is sound.
    """

    def compile_(evolve):
        plain = eqx.filter_jit(evolve)
        quick = eqx.filter_jit(evolve, compiler_options=QUICK)
        apart = eqx.filter_jit(lambda *given: _apart(evolve(*given), sound))

        @functools.wraps(evolve)
        def run(*given):
            searching = jax.debug_nans.value or jax.debug_infs.value
            if searching:
                return _marked(*apart(*given))
            # Within a caller's program JAX refuses options: the whole is compiled as he likes.
            alone = get_opaque_trace_state() == _outermost() and jax.default_backend() == "cpu"
            return (quick if alone else plain)(*given)

        return run

    return compile_


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
