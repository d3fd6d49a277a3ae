"""`load`: what was saved, read again: a run, a sweep, a result of the command; and its origin."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from qbjax.dynamics.record.provenance import recalled
from qbjax.interface.info import Info
from qbjax.studies import archive_files as files
from qbjax.studies import archive_kept, archive_reading

SHORT = 60
"""Most characters of a part of a battery or a protocol that is printed in full."""


class Loaded:
    """A saved result: its numbers as attributes, and where they are from.

    It prints as a table of both.

    Attributes:
        data: the labelled dataset.
        times: shape (T,), of a run.
        origin: what is known of where it is from: what was asked for (`battery`, `protocol`, …),
            versions, the time. Things with fields are dictionaries of their class and fields.
        path: of the file.
    """

    def __init__(self, data: xr.Dataset, path: Path):
        self.data, self.path = data, path
        self.origin = {str(name): _recalled(value) for name, value in data.attrs.items()}

    def __getattr__(self, name: str) -> np.ndarray:
        if name.startswith("_") or name == "data":
            raise AttributeError(name)
        found = "time" if name == "times" else name
        if found not in self.data.variables:
            known = ", ".join(map(str, self.data.variables))
            raise AttributeError(f"The record has no `{name}`; its numbers are: {known}.")
        return self.data[found].values

    def __dir__(self):
        return [*object.__dir__(self), *map(str, self.data.variables)]

    def plot(
        self,
        *observables: str | Any,
        ax: Any = None,
        label: str | Any = None,
        path: str | Path | Any = None,
    ) -> Any:
        """Draws a run as it was drawn when it was made; see `qb.dynamics.Trajectory.plot`.

        Args:
            observables, ax, label, path: as there.

        Returns:
            The matplotlib axes of the first panel.

        Raises:
            ValueError, TypeError: as there, and for a record that is no run, such as a sweep.
        """
        if "time" not in self.data.dims:
            raise ValueError(
                f"Argument `record` must be of a run over the time, but {self.path.name} has the "
                f"axes {', '.join(map(str, self.data.dims)) or 'none'}: of a sweep draw "
                "qb.views.sweeps.figure(record.data)."
            )
        # Imported late: matplotlib takes as long as a first run.
        from qbjax.dynamics.record import pictures

        return pictures.picture(self.data, observables, ax=ax, label=label, path=path)

    def rows(self) -> list[tuple[str, str]]:
        """Pairs of a name and a value in words: all that is known of it."""
        sizes = ", ".join(f"{name} {size}" for name, size in self.data.sizes.items())
        rows = {"file": self.path, "axes": sizes or "none"}
        rows |= {"numbers": ", ".join(map(str, self.data.data_vars))}
        known = rows | {name: _worded(value) for name, value in self.origin.items()}
        return [(name, str(value)) for name, value in known.items()]

    def __repr__(self):
        return repr(Info(self.rows()))


def load(path: str | Path | Any) -> Loaded:
    """Reads a run, a sweep or a result of the `qbjax` command again.

    Args:
        path: a netCDF file (`run.to_xarray().to_netcdf`), a table (`run.to_csv`), a store of
            `qb.sweep`, or the folder of a command: of that, `run.nc` or the one dataset there is.

    Returns:
        A `Loaded`; of a store what is known so far (`qbjax.studies.archive.read`).

    Raises:
        ValueError: if nothing that qbjax writes is there. TypeError: if it is no path.
        OSError: if a file cannot be read.

    Example:
        >>> import tempfile, numpy as np, qbjax as qb
        >>> battery, excited = qb.batteries.BlochCharger(), qb.protocols.BlochPreparation(np.pi)
        >>> file = f"{tempfile.mkdtemp()}/run.csv"
        >>> qb.charge(battery, excited, [0.0, np.pi / 2]).to_csv(file)
        >>> record = qb.load(file)
        >>> record.energy.round(6).tolist(), record.origin["battery"]["class"]
        ([0.0, 1.0], 'qbjax.batteries.bloch.battery.BlochCharger')
    """
    found = files.real("path", path)
    if not found.exists():
        raise ValueError(f"Argument `path` must name something saved, but {found} is not there.")
    if not found.is_dir():
        return Loaded(_table(found) if found.suffix == ".csv" else _netcdf(found), found)
    if (found / archive_kept.FOLDER).exists():
        return Loaded(archive_reading.read(found), found)
    datasets = sorted(found.glob("*.nc"))
    run = found / "run.nc"
    if run in datasets or len(datasets) == 1:
        chosen = run if run in datasets else datasets[0]
        return Loaded(_netcdf(chosen), chosen)
    names = ", ".join(file.name for file in datasets) or "none"
    raise ValueError(
        "Argument `path` must be a store, a file or a folder with `run.nc` or one dataset, but "
        f"{found} is a folder whose datasets are: {names}."
    )


def _netcdf(path: Path) -> xr.Dataset:
    try:
        return xr.load_dataset(path, engine="h5netcdf")
    except PermissionError:
        raise
    except (OSError, ValueError) as error:
        raise _not_ours(path, "netCDF", error) from error


def _table(path: Path) -> xr.Dataset:
    """A table of `Trajectory.to_csv`, its attributes the lines that begin with #."""
    try:
        text = path.read_text(encoding="utf-8")
        # Words at first: of numbers pandas 2 reads the last digit wrongly, one in four.
        words = pd.read_csv(path, comment="#", index_col="time", dtype=str)
        table = words.set_axis(words.index.astype(float)).astype(float)
    except ValueError as error:
        raise _not_ours(path, "of run.to_csv", error) from error
    lines = [line[2:] for line in text.splitlines() if line.startswith("# ")]
    attributes = {line.partition(": ")[0]: line.partition(": ")[2] for line in lines}
    return xr.Dataset.from_dataframe(table).assign_attrs(attributes)


def _not_ours(path: Path, kind: str, error: Exception) -> ValueError:
    reason = " ".join(str(error).split())
    return ValueError(f"Argument `path` must be a file {kind}, but {path} is none ({reason}).")


def _recalled(value: Any) -> Any:
    """An attribute as it was, where it was written as JSON."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return recalled(json.loads(value))
        except json.JSONDecodeError:
            return value
    return value


def _worded(value: Any) -> str:
    """A value on one line: things by the last word of their class, what is in them if short."""
    if isinstance(value, dict) and value.keys() == {"class", "fields"}:
        fields = value["fields"] if isinstance(value["fields"], dict) else {}
        return f"{_named(value)}({', '.join(f'{n}={_brief(x)}' for n, x in fields.items())})"
    if isinstance(value, np.ndarray) and value.size > 6:
        return f"array of shape {value.shape}"
    if isinstance(value, list):
        return f"[{', '.join(map(_worded, value))}]"
    return " ".join(str(value).split())


def _brief(value: Any) -> str:
    """A value that is part of another: of a long one its class alone, for `origin` has the rest."""
    words = _worded(value)
    if len(words) <= SHORT:
        return words
    return f"{_named(value)}(…)" if isinstance(value, dict) and "class" in value else "…"


def _named(thing: dict[str, Any]) -> str:
    return thing["class"].rpartition(".")[2]
