"""A trajectory as a function of its number: what `trajectories` sweeps.

Its random numbers are those of `jax.random.fold_in(key, number)`, whoever computes it, and beside
whom. On a CPU trajectories that share a batch are computed one after the other all the same: linear
algebra of many columns would round differently, and a jump come a rounding earlier.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_batching import sequential_vmap

from qbjax.dynamics.record import doubt
from qbjax.dynamics.where import platform_of
from qbjax.studies.sharing import Sharing
from qbjax.studies.trajectories_kernels import KERNELS


class Point(Sharing):
    """The row of a trajectory: what a kernel gives, and the worst truncation as one number.

    Args:
        battery: that can be monitored.
        protocol, initial, times: of the run, checked.
        key: of all trajectories, of the new kind.
        unravelling: name of a kernel.
        detection: of currents, None of jumps.
        efficiency: share of what is lost that is seen, of each jump; None if all is.
    """

    def __init__(self, battery, protocol, initial, times, key, unravelling, detection, efficiency):
        # One by one, since a refusal of another question names them.
        self.battery, self.protocol, self.initial, self.times = battery, protocol, initial, times
        self.unravelling, self.detection = unravelling, detection
        self.efficiency = efficiency
        # Numbers, which can be sent.
        self.key, self.kind = np.asarray(jax.random.key_data(key)), str(jax.random.key_impl(key))
        self.monitored = battery.monitored(protocol, initial, times)

    sized_by = "count"

    def structure(self) -> Any:
        """The kernel, and all but the numbers of what it is given."""
        leaves, tree = jax.tree.flatten(self._numbers())
        kinds = [(x.shape, x.dtype) if eqx.is_array(x) else (type(x), x) for x in leaves]
        return KERNELS[self.unravelling], self.kind, tree, tuple(kinds)

    def shared(self) -> Any:
        """The numbers of the question."""
        return jax.tree.map(jnp.asarray, eqx.filter(self._numbers(), eqx.is_array))

    def given(self, shared: Any) -> Callable:
        """The row of a trajectory from its number; its kernel prepares what all share."""
        words = eqx.filter(self._numbers(), eqx.is_array, inverse=True)
        monitored, times, key, detection, efficiency = eqx.combine(shared, words)
        key = jax.random.wrap_key_data(key, impl=self.kind)
        one = KERNELS[self.unravelling](monitored, times, detection, efficiency)

        def row(number):
            found = one(jax.random.fold_in(key, number.astype(jnp.uint32)))
            # Where nothing is truncated there is nothing to keep, which lanes could not.
            kept = {name: x for name, x in found.items() if x.size}
            return kept | {"truncation": doubt.worst(found["truncation"])}

        row = sequential_vmap(row) if platform_of(()) == "cpu" else row
        return lambda trajectory: row(trajectory)

    def _numbers(self) -> tuple[Any, ...]:
        return self.monitored, self.times, self.key, self.detection, self.efficiency
