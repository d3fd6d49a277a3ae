"""Runs whose program does not know how many times are saved (`dynamics.rows`)."""

import math
from typing import Any

import numpy as np

from qbjax import _checks
from qbjax.dynamics import rows
from qbjax.dynamics.motion import How
from qbjax.dynamics.record.trajectory import Trajectory
from qbjax.dynamics.undefined import outermost, searching
from qbjax.interface.battery import Prepared

ROOM = 1_000_000
"""Most numbers of kept states, rows that nothing is written in included, of a padded run."""


_ROWS = ("observables", "truncation", "trace_defect", "saved", "states")
"""Fields of a trajectory that have a row for every time."""


def padded(
    mover: Any, times: Any, how: How, dims: tuple[int, ...], given: bool = True
) -> tuple[Any, How]:
    """Pads the times of a run, if that may be, and says so.

    Not within a caller's program, whose shapes are its own, nor while JAX looks for NaN, which rows
    behind the last time hold.

    Args:
        mover: moves the state: a battery, or what it gives for that.
        times: of the run, checked.
        how: the way to follow it.
        dims: levels of the factors of states that are kept; empty for none.
        given: whether the times are those of the caller. Those of a stream are its steps'.
    """
    size, count = math.prod(dims) ** 2, times.shape[0]
    alone = given and outermost() and not searching() and _checks.is_concrete(times)
    if not alone or count <= 2 or isinstance(mover, Prepared) or size * count > ROOM:
        return times, how
    return rows.padded(np.asarray(times)), how._replace(padded=True)


def cut(run: Trajectory, times: Any, how: How) -> dict[str, Any]:
    """The fields of a run at padded times without the rows behind the last one.

    Args:
        run: as its program returns it.
        times: of the caller.
        how: the way in which it was followed.

    Returns:
        Nothing if there are no such rows.
    """
    if not how.padded or run.times.shape == times.shape:
        return {}
    rest = rows.cut({name: getattr(run, name) for name in _ROWS}, times.shape[0])
    return {"times": times} | rest
