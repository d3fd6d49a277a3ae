"""Verdicts on the runs that a function makes, heard while it is traced.

Whoever compiles a function that makes runs (`qb.sweep`, `qb.maximize`) listens to it: every verb
tells its traced run's status, how full the top levels of each mode are, and how many levels would
do. The numbers can be used where the verb was called by the function itself; of a run within a
further `jit`, `vmap` or `grad`, only the levels are heard.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.extend.core import get_opaque_trace_state
from jaxtyping import Array, Float, Int

from qbjax.dynamics.record.doubt import OK, worst


class Verdict(NamedTuple):
    """The verdict on one run: status, population of the top levels of each mode, and steps."""

    status: Int[Array, ""]
    truncation: Mapping[str, Float[Array, ""]]
    steps: Int[Array, ""]


class Heard:
    """All that was heard of the runs that a function makes.

    Attributes:
        runs: verdicts on those that the function made itself.
        levels: mode to (constructor argument, levels to use instead), of all its runs.
        unheard: whether there were truncated runs within a transformation of its own.
    """

    def __init__(self):
        self.runs: list[Verdict] = []
        self.levels: dict[str, tuple[str, int]] = {}
        self.unheard = False
        self._here = get_opaque_trace_state(convention="flax")

    @property
    def is_here(self) -> bool:
        """Whether what is traced now is the function itself."""
        return get_opaque_trace_state(convention="flax") == self._here

    def learn(self, levels: Mapping[str, tuple[str, int]]) -> None:
        """Keeps the larger of two recommendations for a mode."""
        for mode, (argument, count) in levels.items():
            known = self.levels.get(mode, (argument, 0))
            self.levels[mode] = (argument, max(count, known[1]))

    @property
    def status(self) -> Int[Array, ""]:
        """The status of the first run that is not to be believed, else 0."""
        status = jnp.asarray(OK)
        for run in self.runs:
            status = jnp.where(status == OK, run.status, status)
        return status

    @property
    def steps(self) -> Int[Array, ""]:
        """Steps of all runs together."""
        return sum((run.steps for run in self.runs), jnp.asarray(0))

    @property
    def truncation(self) -> dict[str, Float[Array, ""]]:
        """Population of the top levels of each mode, in the worst of the runs."""
        modes = dict.fromkeys(mode for run in self.runs for mode in run.truncation)
        return {
            mode: worst(jnp.stack([t.truncation[mode] for t in self.runs if mode in t.truncation]))
            for mode in modes
        }

    @property
    def verdict(self) -> Verdict | None:
        """The verdict on all runs as on one; None without any."""
        return Verdict(self.status, self.truncation, self.steps) if self.runs else None

    @property
    def worst(self) -> Float[Array, ""]:
        """Population of the fullest top levels, 0 if no mode is truncated."""
        return worst(jnp.stack([jnp.zeros(()), *self.truncation.values()]))


_LISTENER: ContextVar[Heard | None] = ContextVar("qbjax_listener", default=None)


@contextmanager
def listening() -> Iterator[Heard]:
    """Hears of all runs that are traced meanwhile, and passes on their levels to who listens."""
    around, heard = _LISTENER.get(), Heard()
    token = _LISTENER.set(heard)
    try:
        yield heard
    finally:
        _LISTENER.reset(token)
        if around is not None:
            around.learn(heard.levels)
            around.unheard |= heard.unheard


class Together(NamedTuple):
    """Many runs as if they were one, the worst, as `tell` takes it."""

    status: Int[Array, ""]
    truncation: Float[Array, " modes"]
    steps: Int[Array, ""]
    modes: tuple[str, ...]


def together(verdicts: Verdict) -> Together:
    """Joins verdicts on runs that were made side by side: arrays along a first axis."""
    tops = [worst(jnp.ravel(top)) for top in verdicts.truncation.values()]
    return Together(
        verdicts.status[jnp.argmax(verdicts.status != OK)],
        jnp.stack(tops) if tops else jnp.zeros(0),
        jnp.sum(verdicts.steps),
        tuple(verdicts.truncation),
    )


def tell(found: Any, recommended: Callable[[], Mapping[str, tuple[str, int]]]) -> None:
    """Tells the listener, if there is one, of a traced run or steady state and its levels."""
    heard = _LISTENER.get()
    if heard is None:
        return
    if heard.is_here:
        tops = worst(jnp.atleast_2d(found.truncation), axis=0)
        full = dict(zip(found.modes, tops, strict=True))
        heard.runs.append(Verdict(found.status, full, found.steps))
    if found.modes:
        heard.unheard |= not heard.is_here
        with jax.ensure_compile_time_eval():  # numbers that are known stay numbers
            heard.learn(recommended())
