"""Chunks of a sweep: how many points each has, and which, decided before anything is computed.

On a CPU a chunk is what a kill may cost, and points stay in the grid's order. On an accelerator it
is what fills the memory, and where there are many chunks, points of like cost share one: the steps
of a few tell what the others will take.
"""

from collections.abc import Callable, Sequence

import jax
import numpy as np

from qbjax.studies import lanes
from qbjax.studies.grids import Grid
from qbjax.studies.program import bytes_of, steps_of

CHUNK = 256
"""Most points per chunk on a CPU, unless said otherwise."""
PIECES = 100
"""Chunks that a sweep has at least on a CPU, if it has so many points: what a kill may cost."""


def partition(
    function: Callable,
    grid: Grid,
    chunk: int | None,
    order: np.ndarray | None,
    devices: Sequence[jax.Device],
    tasks: int = 1,
) -> tuple[int, np.ndarray]:
    """The number of points in a chunk, and the order of all.

    Args:
        function, grid: what is swept.
        chunk, order: what was asked for; None chooses.
        devices: that share a chunk.
        tasks: that share the chunks.
    """
    parallel = lanes.is_parallel(devices[0])
    if chunk is not None:
        size = min(grid.count, chunk)
    elif parallel:
        free = lanes.memory(devices[0])
        mine, each = -(-grid.count // tasks), bytes_of(function, grid.names)
        size = lanes.chunk(mine, each, free, len(devices))
    else:
        size = min(CHUNK, -(-grid.count // PIECES))
    if order is None:
        many = parallel and grid.count >= lanes.MANY * max(size, lanes.PILOTS)
        order = _alike(function, grid, devices[0]) if many else np.arange(grid.count)
    return size, order


def _alike(function: Callable, grid: Grid, device: jax.Device) -> np.ndarray:
    """Sorts points by the steps of their runs, as far as those of a few tell."""
    everything = np.arange(grid.count)
    chosen = lanes.pilots(grid.count)
    columns = grid.columns(everything)
    steps = steps_of(function, {name: c[chosen] for name, c in columns.items()}, device)
    if steps is None:
        return everything
    return np.argsort(lanes.predicted(columns, chosen, steps), kind="stable")
