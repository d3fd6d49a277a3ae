"""The unravellings that there are, by name.

A kernel is `kernel(monitored, times, efficiency)`, which gives `one(key)`, the row of a trajectory
(`dynamics.unravelling` says what is in it). The efficiency is None where all is seen.
"""

from collections.abc import Callable
from typing import Any

from jaxtyping import Array, Float

from qbjax.dynamics.unravelling.jumps import trajectory
from qbjax.dynamics.unravelling.monitored import Monitored


def jumps(
    monitored: Monitored, times: Float[Array, " T"], efficiency: Float[Array, " J"] | None
) -> Callable[[Any], dict[str, Array]]:
    """The kernel of quantum jumps."""
    return trajectory(monitored, times, efficiency=efficiency)


KERNELS: dict[str, Callable] = {"jumps": jumps}
