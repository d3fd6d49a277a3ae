"""Runs under feedback, interval by interval: what is recorded of each, and what goes on."""

from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int, PyTree

from qbjax.dynamics.unravelling import diffusive, jumps
from qbjax.dynamics.unravelling.detection import Heterodyne, Homodyne
from qbjax.dynamics.unravelling.monitored import Monitored

Record = dict[str, Array]


class Kernel(Protocol):
    """An unravelling as feedback runs it; `interval` is a pair of times (2,)."""

    def nothing(self, count: int) -> Record:
        """The record of so many jumps of which nothing was seen."""

    def begun(self, monitored: Monitored, key: Array, interval: Float[Array, "2"]) -> PyTree:
        """The state that is known at the start."""

    def passed(
        self,
        monitored: Monitored,
        key: Array,
        number: Int[Array, ""],
        state: PyTree,
        interval: Float[Array, "2"],
    ) -> tuple[PyTree, Record]:
        """The state after an interval of that number, and its record; the key is the run's."""

    def seen(self, monitored: Monitored, state: PyTree) -> dict[str, Array]:
        """Observables that are linear in the state, and `coarse`, the energy by coarser steps."""


class Counts(NamedTuple):
    """Every jump is counted, or the share `efficiency` of it; None for all."""

    efficiency: Any

    def nothing(self, count):
        return {"counts": jnp.zeros(count, int)}

    def begun(self, monitored, key, interval):
        return jumps.begun(monitored, key, interval[0], efficiency=self.efficiency)

    def passed(self, monitored, key, number, state, interval):
        after = jumps.followed(monitored, key, state, interval, efficiency=self.efficiency)
        return after, {"counts": after.record.counts - state.record.counts}

    def seen(self, monitored, state):
        known = jumps.known_of(monitored, self.efficiency)
        return known.seen(known.of_size_one(state.state))


class Currents(NamedTuple):
    """Currents, and what share of every jump they show; None for all."""

    detection: Homodyne | Heterodyne
    efficiency: Any

    def nothing(self, count):
        return {"currents": jnp.zeros(self.detection.channels(count).phases.size)}

    def begun(self, monitored, key, interval):
        return self._kernel(monitored, interval).begun(jax.random.split(key)[0])

    def passed(self, monitored, key, number, state, interval):
        kernel, ends = self._kernel(monitored, interval), diffusive.ends_of(monitored, interval)
        own = jax.random.fold_in(jax.random.split(key)[1], number)

        def piece(pair, given):
            start, end, place = given
            return kernel.advanced(pair, jax.random.fold_in(own, place), start, end)

        given = ends[:-1], ends[1:], np.arange(len(ends) - 1)
        state, totals = lax.scan(piece, state, given)
        return state, {"currents": jnp.sum(totals, axis=0) / (interval[1] - interval[0])}

    def seen(self, monitored, state):
        coarse, fine = (diffusive.observed(monitored, x, self.mixed) for x in state)
        return fine | ({"coarse": coarse["energy"]} if "energy" in fine else {})

    @property
    def mixed(self) -> bool:
        """Whether states are density matrices."""
        return self.efficiency is not None

    def _kernel(self, monitored, interval):
        how = {"detection": self.detection, "efficiency": self.efficiency, "steps": None}
        return diffusive.unravelled(monitored, interval, **how)
