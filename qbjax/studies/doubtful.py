"""Doubtful points of a sweep: complete, but not to be believed, and what to do about them.

A point has the status of its runs: 4 where levels are too few, 5 where the trace is lost
(`record.doubt`). What a function's runs tell while they are traced (`record.witness`) says in
which mode, and how many levels to use; a dataset keeps that as its attribute `levels`.
"""

import warnings
from collections.abc import Mapping

import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array

from qbjax.dynamics.record.doubt import NON_FINITE, OK, TRACE_LOST, TRUNCATED, TRUNCATION_LIMIT
from qbjax.dynamics.record.trajectory import TraceWarning, TruncationWarning
from qbjax.dynamics.record.witness import Heard

DOUBTFUL = (TRUNCATED, TRACE_LOST)


def news(heard: Heard, outputs: Mapping[str, Array]) -> dict[str, Array]:
    """Outputs that a point's own runs, if any were heard, add to those of the function, traceable.

    They are `status` and `truncation`, and that of each mode if there are several. A status that
    the function gives, if it is 0, gives way to that of a run that is not to be believed.
    """
    if not heard.runs:
        return {}
    status, tops = heard.status, heard.truncation
    added = {f"{mode}.truncation": top for mode, top in tops.items()} if len(tops) > 1 else {}
    added["truncation"] = heard.worst
    added = {name: value for name, value in added.items() if name not in outputs}
    given = outputs.get("status")
    if given is None:
        return added | {
            "status": jnp.where((status == OK) & ~_all_finite(outputs), NON_FINITE, status)
        }
    if given.shape == () and jnp.issubdtype(given.dtype, jnp.integer):
        added["status"] = jnp.where(given == OK, status.astype(given.dtype), given)
    return added


def advice(levels: Mapping[str, tuple[str, int]]) -> dict[str, str]:
    """The attribute of a dataset that says how many levels would do; none if nothing was heard.

    Example:
        >>> advice({"signal": ("signal_levels", 73)})
        {'levels': 'signal: signal_levels=73'}
    """
    text = "; ".join(f"{mode}: {name}={count}" for mode, (name, count) in levels.items())
    return {"levels": text} if text else {}


def line(data: xr.Dataset) -> str:
    """Counts doubtful points in a line, with their modes and the levels to use; "" if none is."""
    status = data["status"].values.ravel()
    said = []
    if np.any(truncated := status == TRUNCATED):
        said.append(f"too few levels at {np.count_nonzero(truncated)}{_tops(data, truncated)}")
    if np.any(lost := status == TRACE_LOST):
        said.append(f"trace lost at {np.count_nonzero(lost)}{_defect(data, lost)}")
    count = np.count_nonzero(np.isin(status, DOUBTFUL))
    are = "is" if count == 1 else "are"
    return f"{count} of {status.size} points {are} doubtful: {'; '.join(said)}" if said else ""


def warn(data: xr.Dataset, unheard: bool) -> None:
    """Warns once of a sweep with doubtful points, or with runs of which nothing is known."""
    if unheard:
        warnings.warn(
            "Status says nothing of runs within a `jit`, `vmap` or `grad` of the function's own, "
            "which may be truncated: give their run.summary() among its values.",
            TruncationWarning,
            stacklevel=3,
        )
    if text := line(data):
        kind = TruncationWarning if np.any(data["status"].values == TRUNCATED) else TraceWarning
        warnings.warn(f"{text}.", kind, stacklevel=3)


def _tops(data: xr.Dataset, where: np.ndarray) -> str:
    """Says how full the top levels of which mode are, and what to do."""
    use = dict(part.split(": ") for part in data.attrs.get("levels", "").split("; ") if part)
    found = {mode: _worst(data, f"{mode}.truncation", where) for mode in use}
    over = {mode: top for mode, top in found.items() if top > TRUNCATION_LIMIT}
    if not over and (top := _worst(data, "truncation", where)) > TRUNCATION_LIMIT:
        over = dict.fromkeys(list(use)[:1] if len(use) == 1 else [""], top)
    if not over:
        return ""
    held = ", ".join(
        f"{top:.1e}{f' in the {mode} mode' * bool(mode)}" for mode, top in over.items()
    )
    remedy = ", ".join(use[mode] for mode in over if mode in use) or "more"
    return f" (the top ones hold up to {held}; use {remedy})"


def _defect(data: xr.Dataset, where: np.ndarray) -> str:
    off = _worst(data, "trace_defect", where)
    return f" (off by up to {off:.1e})" if off else ""


def _worst(data: xr.Dataset, name: str, where: np.ndarray) -> float:
    """The largest number of a variable at some points; 0 if there is none, or several a point."""
    if name not in data or data[name].dims != data["status"].dims:
        return 0.0
    return float(np.max(np.nan_to_num(data[name].values.ravel()[where]), initial=0.0))


def _all_finite(outputs: Mapping[str, Array]):
    numbers = [x for x in outputs.values() if jnp.issubdtype(x.dtype, jnp.floating)]
    return jnp.all(jnp.stack([jnp.all(jnp.isfinite(x)) for x in numbers] or [jnp.array(True)]))
