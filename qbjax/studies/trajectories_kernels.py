"""The unravellings that there are, by name.

A kernel is `kernel(monitored, times, detection, efficiency)`, which gives `one(key)`, the row of a
trajectory (`dynamics.unravelling` says what is in it). The efficiency is None where all is seen.
"""

from collections.abc import Callable
from typing import Any

from jaxtyping import Array, Float

from qbjax import _checks
from qbjax.dynamics.unravelling import diffusive, jumps
from qbjax.dynamics.unravelling.detection import Heterodyne, Homodyne
from qbjax.dynamics.unravelling.monitored import Monitored

One = Callable[[Any], dict[str, Array]]
Share = Float[Array, " J"] | None


def counted(monitored: Monitored, times: Float[Array, " T"], _: Any, efficiency: Share) -> One:
    """The kernel of quantum jumps."""
    return jumps.trajectory(monitored, times, efficiency=efficiency)


def measured(
    monitored: Monitored, times: Float[Array, " T"], detection: Any, efficiency: Share
) -> One:
    """The kernel of currents."""
    return diffusive.trajectory(monitored, times, detection=detection, efficiency=efficiency)


KERNELS: dict[str, Callable[..., One]] = {"jumps": counted, "diffusive": measured}


def named(unravelling: Any) -> tuple[str, Homodyne | Heterodyne | None]:
    """The name of an unravelling, and its detector where that is of currents.

    Raises:
        ValueError: for what is neither a name nor a detector.
    """
    if isinstance(unravelling, Homodyne | Heterodyne):
        return "diffusive", unravelling
    if not isinstance(unravelling, str) or unravelling not in KERNELS:
        names = ", ".join(map(repr, KERNELS))
        raise ValueError(
            f"Argument `unravelling` must be one of {names}, or a qb.dynamics.Homodyne or "
            f"Heterodyne, but is {_checks.show(unravelling)}."
        )
    return unravelling, Homodyne() if unravelling == "diffusive" else None
