"""The status of a run, which says whether to believe it, as the program that ran it finds it.

| `status` | the run |
|---|---|
| 0 | is to be believed |
| 1, 2, 3 | ended early, NaN from then on: step limit, not finite, step size collapsed |
| 4 | is complete, but the top levels of a truncated mode hold more than `TRUNCATION_LIMIT` |
| 5 | is complete, but its trace is off by more than `TRACE_LIMIT` |

An early end outranks a lost trace, and that outranks truncation. All the numbers stand. Levels and
trace are those of the times that are saved: what happens in between is not seen.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PyTree

from qbjax import _checks

OK, STEP_LIMIT, NON_FINITE, BREAKDOWN, TRUNCATED, TRACE_LOST = range(6)
STATUS_NAMES = (
    *("ok", "step limit reached", "not finite", "step size collapsed"),
    *("truncated", "trace lost"),
)

TRUNCATION_LIMIT = 1e-4
"""Top-two-level population above which a result is not to be believed.

Measured on the DOPO battery: ergotropies are then wrong by more than about one per cent.
"""

TRACE_LIMIT = 1e-4
"""Largest |Tr ρ − 1| of a state to be believed: truncation may leave as large an error.

Measured with the default solver: density matrices keep their trace to 2e-12, and driven kets, whose
norm explicit steps do not keep, to 1e-8 for a time of 100 inverse frequencies and 4e-7 for 1000.
"""


def status_of(
    ended: Int[Array, ""],
    truncation: Float[Array, "..."],
    trace_defect: Float[Array, "..."] | None = None,
) -> Int[Array, ""]:
    """The status of a run, from the way it ended, its truncation and its trace; traceable.

    Numbers are NaN where nothing was reached; the defect is None where it is 0 by construction.

    Example:
        >>> int(status_of(jnp.array(0), jnp.array([1e-9, 2e-3])))
        4
    """
    status = jnp.where(worst(truncation) > TRUNCATION_LIMIT, TRUNCATED, OK)
    if trace_defect is not None:
        status = jnp.where(worst(trace_defect) > TRACE_LIMIT, TRACE_LOST, status)
    return jnp.where(ended == OK, status, ended)


def all_finite(numbers: PyTree[Array]) -> Bool[Array, ""]:
    """Whether all numbers of a pytree are finite."""
    return jnp.all(jnp.stack([jnp.all(jnp.isfinite(x)) for x in jax.tree.leaves(numbers)]))


def believed(
    points: PyTree[Array], error: Float[Array, " T"] | None, limit: float
) -> tuple[PyTree[Array], Int[Array, ""]]:
    """Puts NaN where points are off by more than a limit, and says how their run ended.

    Args:
        points: leading axis T.
        error: estimated, of the points so far; None where rounding is all.
        limit: of the error.
    """

    def hidden(good, point):
        return jax.tree.map(lambda x: jnp.where(good, x, jnp.nan), point)

    ended = jnp.asarray(OK)
    finite = all_finite((points, error))
    if error is not None:
        good = error <= limit
        points, ended = jax.vmap(hidden)(good, points), jnp.where(jnp.all(good), OK, BREAKDOWN)
    return points, jnp.where(finite, ended, NON_FINITE)


def worst(values: Float[Any, "..."], axis: int | None = None) -> Float[Any, "..."]:
    """The largest of the numbers that are not NaN, 0 if there are none; of the host's, there."""
    xp = _checks.array_module(values)
    return xp.max(values, axis=axis, initial=0.0, where=~xp.isnan(values))


def judged(found):
    """Updates the status of a run or a steady state by its truncation and trace."""
    defect = getattr(found, "trace_defect", None)
    status = status_of(found.status, found.truncation, defect)
    return eqx.tree_at(lambda f: f.status, found, status)
