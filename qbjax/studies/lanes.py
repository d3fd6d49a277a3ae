r"""Points that are computed at once: how many, and in which order.

A CPU computes one point after the other. An accelerator computes as many at once, in lanes, as fit
into its memory, and all lanes wait for the slowest: so points of like cost go together. What a
lane takes is read off its program before that is compiled: the most numbers that live at once
while it is evaluated operation by operation. Fused, it takes a half or a third of that.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import jax
import numpy as np
from jax.extend import core

from qbjax import _memory

SHARE = 0.5
"""Share of a device's memory that a chunk may take."""

UNTOLD = 8e9
"""Bytes that an accelerator is taken to have if it does not tell."""

PILOTS = 64
"""Points whose steps are counted beforehand, to tell what the others will cost."""

MANY = 8
"""Chunks from which counting pays: it takes as long as one."""

NEAREST = 4
"""Pilots that a point's cost is taken from."""


def is_parallel(device: jax.Device) -> bool:
    """Whether a device computes many points at once."""
    return device.platform != "cpu"


def memory(device: jax.Device) -> float:
    """Bytes that a device has, be they used or not: a resumed sweep compiles the same program."""
    return told(device.memory_stats(), is_parallel(device))


def told(stats: Mapping[str, Any] | None, parallel: bool) -> float:
    """Bytes of a device that tells of itself, or not."""
    if stats and "bytes_limit" in stats:
        return float(stats["bytes_limit"])
    return UNTOLD if parallel else _memory.here()


def working(jaxpr: core.Jaxpr) -> int:
    """The most bytes that live at once while a program is evaluated operation by operation.

    Example:
        >>> import jax.numpy as jnp
        >>> working(jax.make_jaxpr(lambda x: jnp.cos(jnp.sin(x)))(jnp.ones(10)).jaxpr)
        160
    """
    last: dict[Any, int] = {}
    for index, eqn in enumerate(jaxpr.eqns):
        last.update({v: index for v in eqn.invars if isinstance(v, core.Var)})
    last.update({v: len(jaxpr.eqns) for v in jaxpr.outvars if isinstance(v, core.Var)})
    live: dict[Any, int] = {}
    most = 0
    for index, eqn in enumerate(jaxpr.eqns):
        live.update({v: _bytes(v.aval) for v in eqn.outvars})
        within = max(map(working, _inner(eqn.params)), default=0)
        most = max(most, sum(live.values()) + within)
        live = {v: size for v, size in live.items() if last.get(v, -1) > index}
    return most


def chunk(points: int, each: float | int, free: float, devices: int = 1) -> int:
    """Points per chunk, so that as few chunks as possible, of like size, fit into the memory.

    Args:
        points: of the sweep, or of its task.
        each: bytes per point.
        free: bytes of one device.
        devices: that share a chunk.

    Example:
        >>> chunk(1000, 1.5e6, 80e9), chunk(1000, 1e9, 80e9), chunk(1000, 1e9, 80e9, devices=4)
        (1000, 40, 143)
    """
    most = devices * max(1, int(SHARE * free / max(each, 1.0)))
    return -(-points // -(-points // most))


def fitting(lanes: int, needed: float | int, free: float) -> int:
    """Lanes that fit, where so many would need so many bytes.

    Example:
        >>> fitting(1000, 30e9, 80e9), fitting(1000, 160e9, 80e9), fitting(3, 1e12, 80e9)
        (1000, 250, 1)
    """
    if needed <= SHARE * free:
        return lanes
    return max(1, min(lanes // 2, int(lanes * SHARE * free / needed)))


def pilots(points: int) -> np.ndarray:
    """Indices of some points, the same each time, in no step with any axis of a grid."""
    return np.sort(np.random.default_rng(0).choice(points, min(PILOTS, points), replace=False))


def predicted(columns: Mapping[str, np.ndarray], chosen: np.ndarray, costs: np.ndarray):
    """Costs of all points, from those of the nearest of some chosen ones.

    Distances are between the ranks of coordinates, whose units and spacing do not matter.

    Example:
        >>> columns = {"x": np.array([1.0, 10.0, 100.0])}
        >>> predicted(columns, np.array([0, 2]), np.array([2, 8])).round(6).tolist()
        [2.0, 5.0, 8.0]
    """
    from scipy.spatial import cKDTree  # as slow to import as a first run

    ranks = [np.unique(c, return_inverse=True)[1].ravel() for c in columns.values()]
    at = np.stack([rank / max(1, rank.max()) for rank in ranks], axis=1)
    near, which = cKDTree(at[chosen]).query(at, k=min(NEAREST, len(chosen)))
    near, which = near.reshape(len(at), -1), which.reshape(len(at), -1)
    weights = 1 / np.maximum(near, 1e-9) ** 2
    return np.sum(weights * costs[which], axis=1) / np.sum(weights, axis=1)


def _bytes(aval: Any) -> int:
    size = int(np.prod(getattr(aval, "shape", ())))
    return size * getattr(getattr(aval, "dtype", None), "itemsize", 0)


def _inner(params: Mapping[str, Any]) -> Iterator[core.Jaxpr]:
    """Programs within an operation: bodies of loops, branches."""
    for value in params.values():
        for part in value if isinstance(value, tuple | list) else (value,):
            if isinstance(part, core.ClosedJaxpr):
                yield part.jaxpr
            elif isinstance(part, core.Jaxpr):
                yield part
