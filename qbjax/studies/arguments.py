"""The arguments of a sweep, looked at before anything is computed."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from qbjax import _checks
from qbjax.studies import archive_files, cluster
from qbjax.studies.archive_plan import checked_task
from qbjax.studies.grids import Grid
from qbjax.studies.names import check_json


def check(function, store, devices, client, task, configuration, progress) -> None:
    """Checks that the arguments of a sweep are what `sweep` says."""
    if isinstance(jnp.zeros(()), jax.core.Tracer):
        raise TypeError(
            "Argument `function` must be swept outside of jit and vmap, but qb.sweep is being "
            "traced."
        )
    if store is not None:
        archive_files.real("store", store)
    if checked_task(task) is not None and store is None:
        raise ValueError("Argument `task` must come with a store, but `store` is None.")
    if client is not None:
        cluster.check_client(client)
        cluster.check_sent(function)
        if devices is not None:
            raise ValueError(
                "Argument `devices` must be None with a client, whose workers have their own, but "
                f"is {_checks.show(devices)}."
            )
    if configuration is not None:
        if not isinstance(configuration, Mapping):
            raise TypeError(
                f"Argument `configuration` must map names to values, but is "
                f"{_checks.show(configuration)}."
            )
        check_json("configuration", dict(configuration))
    if progress is not None:
        _checks.function("progress", progress, "progress(seen)")


def units_of(function: Any) -> dict[str, str]:
    """Reads the attribute `units` of a function: name of a value to its unit."""
    units = getattr(function, "units", None) or {}
    if not isinstance(units, Mapping) or not all(
        isinstance(text, str) for pair in units.items() for text in pair
    ):
        raise TypeError(
            f"Argument `function` must have units that map names to texts, but has "
            f"{_checks.show(units)}."
        )
    return dict(units)


def order(grid: Grid, cost: Any) -> np.ndarray | None:
    """Sorts points by cost, cheap ones first, in the grid's own order among equals, if asked to."""
    if cost is None:
        return None
    _checks.function("cost", cost, "cost(**columns)")
    columns = grid.columns(np.arange(grid.count))
    try:
        guess = np.asarray(cost(**columns))
    except Exception as error:
        reason = " ".join(str(error).split())
        raise ValueError(
            f"Argument `cost` must give numbers as cost(**columns), but raises "
            f"{type(error).__name__}: {reason}."
        ) from error
    if guess.shape != (grid.count,):
        raise ValueError(
            f"Argument `cost` must give one number per point, shape ({grid.count},), but gives "
            f"{guess.shape}."
        )
    if guess.dtype.kind not in "iuf":
        raise TypeError(f"Argument `cost` must give real numbers, but gives {guess.dtype}.")
    if np.isnan(guess).any():
        at = int(np.flatnonzero(np.isnan(guess))[0])
        raise ValueError(f"Argument `cost` must not be NaN, but is at point {at}.")
    return np.argsort(guess, kind="stable")
