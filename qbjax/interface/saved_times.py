"""Runs whose program does not know how many times are saved (`dynamics.rows`)."""

import math
from typing import Any

import numpy as np

from qbjax import _checks
from qbjax.dynamics import rows
from qbjax.dynamics.motion import How
from qbjax.dynamics.record.trajectory import Trajectory
from qbjax.dynamics.undefined import outermost, searching
from qbjax.interface.battery import Remembering

ROOM = 1_000_000
"""Most numbers of kept states, rows that nothing is written in included, of a padded run."""


_ROWS = ("observables", "truncation", "trace_defect", "saved", "states")
"""Fields of a trajectory that have a row for every time."""


def padded(mover: Any, times: Any, how: How, levels: tuple[int, ...]) -> tuple[Any, How]:
    """Pads saved times, if that may be, and says so to those who follow.

    Not within a caller's program, whose shapes are its own, nor while JAX looks for NaN, which rows
    behind the last one hold.

    Args:
        mover: moves the state: a battery, or what `mover_of` makes of it.
        times: of the run, checked.
        how: the way to follow it.
        levels: of the factors whose states are kept; empty for none.
    """
    size, count = math.prod(levels) ** 2, times.shape[0]
    alone = outermost() and not searching() and _checks.is_concrete(times)
    if not alone or count <= 2 or isinstance(mover, Remembering) or size * count > ROOM:
        return times, how
    return rows.padded(np.asarray(times)), how._replace(padded=True)


def cut(run: Trajectory, times: Any, how: How) -> dict[str, Any]:
    """The fields of a run at padded times that are to be replaced: without the rows behind."""
    if not how.padded or run.times.shape == times.shape:
        return {}
    found = {name: getattr(run, name) for name in _ROWS}
    return {"times": times} | rows.cut(found, times.shape[0])
