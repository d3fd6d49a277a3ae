"""Tables of a run: an `xarray.Dataset`, a `pandas.DataFrame`, a CSV text.

Imported by a trajectory when it is asked for one: xarray and pandas take as long as a first run.
"""

import json
from typing import Any

import jax
import numpy as np
import pandas as pd
import xarray as xr

from qbjax.dynamics.record import doubt


def dataset(run: Any) -> xr.Dataset:
    """The labelled dataset of a `Trajectory` (`Trajectory.to_xarray`)."""
    units = dict(run.units)
    variables: dict[str, tuple] = {
        name: (("time", *_axes(name, values)), np.asarray(values), _unit(units, name))
        for name, values in run.observables.items()
    }
    coords: dict[str, Any] = {"time": ("time", np.asarray(run.times), _unit(units, "time"))}
    if run.discrete:
        coords["time"][2]["discrete"] = 1
    if run.modes:
        variables["truncation"] = (("time", "mode"), np.asarray(run.truncation))
        coords["mode"] = list(run.modes)
    variables["trace_defect"] = (("time",), np.asarray(run.trace_defect))
    if run.saved is not None:
        variables |= _saved_variables(run.saved)
    if run.states is not None:
        variables["states"] = _state_variable(run.states, run.dims)
        coords["part"] = ["real", "imaginary"]
    status = int(run.status)
    attributes = {
        "status": status,
        "status_name": doubt.STATUS_NAMES[status],
        "verdict": run.verdict(),
        "steps": int(run.steps),
    }
    if run.picture:
        attributes["picture"] = json.dumps(run.picture)
    return xr.Dataset(variables, coords, attributes | run.provenance.attributes())


def dataframe(run: Any) -> pd.DataFrame:
    """The table of a `Trajectory`, a row for every time (`Trajectory.to_dataframe`)."""
    data = dataset(run)
    columns: dict[str, np.ndarray] = {}
    for name, values in data.data_vars.items():
        for index in np.ndindex(values.shape[1:]):
            parts = [_label(data, dim, i) for dim, i in zip(values.dims[1:], index)]
            columns["_".join([str(name), *parts])] = values.values[:, *index]
    table = pd.DataFrame(columns, index=data.indexes["time"])
    table.attrs = dict(data.attrs)
    return table


def csv(run: Any) -> str:
    """The table of a `Trajectory` as a text, its attributes above as lines that begin with #."""
    table = dataframe(run)
    lines = [f"# {name}: {' '.join(str(x).split())}" for name, x in table.attrs.items()]
    head = "".join(f"{line}\n" for line in lines)
    return head + table.to_csv()


def _label(data, dim, index) -> str:
    return str(data[dim].values[index]) if dim in data.coords else str(index)


def _unit(units, name):
    return {"units": units[name]} if name in units else {}


def _axes(name, values):
    return tuple(f"{name}_axis_{i}" for i in range(1, np.ndim(values)))


def _state_variable(states, dims):
    host = np.asarray(states)
    parts = np.stack([host.real, host.imag], axis=-1)
    return ("time", "row", "column", "part"), parts, {"dims": list(dims)}


def _saved_variables(saved):
    leaves, _ = jax.tree_util.tree_flatten_with_path(saved)
    variables = {}
    for path, values in leaves:
        name = "saved" + jax.tree_util.keystr(path, simple=True, separator="_").join(("_", ""))
        name = name.rstrip("_")
        variables[name] = (("time", *_axes(name, values)), np.asarray(values))
    return variables
