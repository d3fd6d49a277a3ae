"""A sweep described in words: from the tables of a TOML file to a function and its grid.

```toml
objective = ["ergotropy", "charging_power"]   # observables at the end of the run

[battery]
kind = "dopo"                                 # any of `qbjax info`, or FILE.py:NAME
signal_levels = 44
pump_levels = 5
coupling = "kappa"                            # any number may be the name of a coordinate

[protocol]                                    # [[protocol]] for each of several controls
kind = "constant"                             # or switch_off, segments, …, or FILE.py:NAME
amplitude = "F"

[charge]                                      # not for collisions
until = 10.0

[grid]
kind = "product"                              # product, zipped, random, sobol
F = { from = 1.0, to = 3.0, points = 20 }
kappa = { values = [0.4, 0.5], units = "gamma_s" }
```

The other arguments are those of `qb.batteries`, `qb.protocols` and `qb.studies.grids`; `qbjax info
--battery KIND` lists them. Files of one's own (`studies.own`) are beside the TOML file.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import numpy as np

from qbjax import _checks
from qbjax.cycle import charge
from qbjax.interface import catalogue
from qbjax.interface.catalogue import Maker
from qbjax.studies import archive_files, archive_layout
from qbjax.studies import described_grid as grid_table
from qbjax.studies.described_parts import HERE, Part, Reader, Together, check_end, protocols_of
from qbjax.studies.described_tables import kind_of, listed, naming
from qbjax.studies.grids import Grid

LIMIT = 1_000_000
"""Most points of a grid that nobody had to confirm."""
TABLES = ("objective", "battery", "protocol", "charge", "grid")
SAVED = 8
"""Times per run at which its truncation is looked at; the objective is that of the last."""
SPREAD = np.linspace(0.0, 1.0, SAVED + 1)


class Study:
    """A function of the grid's coordinates, read from a file: `study(**point)`.

    Gives the objectives at the end of the run, and `run.summary()`.

    Attributes:
        grid: the points.
        objective: names of the observables.
        units: of the objectives.
        configuration: the tables as they were read.
    """

    def __init__(
        self, configuration: Mapping[str, Any], most: int | None = LIMIT, folder: Path = HERE
    ):
        """
        Args:
            configuration: tables by name, as in the module's docstring.
            most: points that the grid may have; None for any number.
            folder: that files of one's own are in.

        Raises:
            ValueError, TypeError: for anything that cannot be run, naming the table.
        """
        self.configuration = dict(configuration)
        _check_tables(configuration)
        with naming("[grid]"):
            self.grid: Grid = grid_table.read(configuration["grid"], most)
        reader = Reader(self.grid.names, folder, SAVED)
        with naming("[battery]"):
            names = [entry.name for entry in catalogue.entries()]
            kind, given = kind_of(configuration["battery"], names)
            self._battery = reader.battery(kind, given)
        self._protocol = _protocol(configuration.get("protocol"), kind, reader)
        check_end(self._protocol, "charge" in configuration, "charge")
        self._until = _until(configuration.get("charge"), reader)
        self.objective = _objective(configuration["objective"])
        self._check_corners()
        self._check_names()
        self.units = self._traced_units()

    def __call__(self, /, **point: Any) -> dict[str, Any]:
        """Computes the objectives and the summary at one point."""
        run = self._run(point)
        return {name: run.observables[name][-1] for name in self.objective} | run.summary()

    def _run(self, point: Mapping[str, Any]):
        return charge(self._battery.at(point), self._protocol.at(point), self._times(point))

    def _times(self, point: Mapping[str, Any]):
        return None if self._until is None else self._until.at(point)

    def _check_names(self) -> None:
        """Checks that every coordinate is used, and none is called like a result."""
        parts = [part for part in (self._battery, self._protocol, self._until) if part]
        used = set().union(*(part.coordinates for part in parts))
        for name in self.grid.names:
            if name in ("trace_defect", *self.objective):
                raise ValueError(
                    f"Argument `{name}` must have another name, but that of a result is taken, "
                    "in [grid]."
                )
            if name not in used:
                raise ValueError(
                    f"Argument `{name}` must be used in [battery], [protocol] or [charge], but "
                    "is not, in [grid]."
                )

    def _check_corners(self) -> None:
        """Checks values where each coordinate is smallest and largest.

        A traced value is not looked at, and every bound is one of an interval.
        """
        columns = self.grid.columns(np.arange(self.grid.count))
        # NumPy's numbers: a plain 0.0 would drop the term that is swept.
        start = {name: values[0] for name, values in columns.items()}
        for name, values in columns.items():
            for value in (values.min(), values.max()):
                point = start | {name: value}
                with naming("[battery]"):
                    battery = self._battery.at(point)
                with naming("[protocol]"):
                    protocol = self._protocol.at(point)
                with naming("[charge]"):
                    times = self._times(point)
                with naming("[protocol]"):
                    battery.check(protocol, times)

    def _traced_units(self) -> dict[str, str]:
        """Units of the objectives; the error for one that is no observable lists those that are."""
        point = {name: jax.ShapeDtypeStruct((), float) for name in self.grid.names}
        run = eqx.filter_eval_shape(self._run, point)
        known = [name for name, values in run.observables.items() if values.ndim == 1]
        for name in self.objective:
            _checks.choice("objective", name, sorted(known))
        units = dict(run.units)
        return {name: units[name] for name in self.objective if name in units}


def read(path: Path, most: int | None = LIMIT) -> Study:
    """Reads the study that a TOML file describes.

    Args:
        path: of the file.
        most: points that its grid may have; None for any number.

    Raises:
        ValueError, TypeError: for a file that is no TOML or describes no sweep, naming file and
            table. OSError: if it cannot be read.
    """
    try:
        return Study(tomllib.loads(path.read_text(encoding="utf-8-sig")), most, path.parent)
    except UnicodeDecodeError as error:
        raise ValueError(f"Argument `file` must be a text file, but {path} is not.") from error
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"Argument `file` must be TOML, but {path} is not: {error}.") from error
    except (ValueError, TypeError) as error:
        joint = " of" if re.search(r", in \[\w+\]\.$", str(error)) else ", in"
        kind = ValueError if isinstance(error, ValueError) else TypeError
        raise kind(f"{str(error).rstrip('.')}{joint} {path}.") from error


def stored(path: Path) -> Mapping[str, Any] | None:
    """Reads the configuration that a store was made with; None if there is no such.

    Raises:
        ValueError, OSError: if there is something else, or it is damaged beyond its copies.
    """
    kept = archive_layout.opened(archive_files.real("store", path))
    found = None if kept is None else archive_layout.attributes_of(kept).get("configuration")
    return found if isinstance(found, Mapping) else None


def differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """Lists the entries in which two configurations differ.

    Args:
        there, here: tables.

    Example:
        >>> differences({"charge": {"until": 1.0}}, {"charge": {"until": 2.0}})
        ['charge.until is 1.0 there and 2.0 here']
    """
    old, new = _flat(there), _flat(here)
    return [
        f"{name} is {old.get(name, 'missing')} there and {new.get(name, 'missing')} here"
        for name in dict.fromkeys([*old, *new])
        if old.get(name) != new.get(name)
    ]


def _flat(tables: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in tables.items():
        inner = _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else None
        flat |= {f"{prefix}{name}": value} if inner is None else inner
    return flat


def _check_tables(configuration: Mapping[str, Any]) -> None:
    """Checks that there is what every sweep needs, and nothing unheard of."""
    listed(configuration, TABLES)
    for name in TABLES:
        if name not in configuration and name not in ("protocol", "charge"):
            raise ValueError(f"Argument `{name}` must be given, but is left out.")
        table = configuration.get(name, {})
        tables = table if name == "protocol" and isinstance(table, list) else [table]
        if name != "objective" and not all(isinstance(one, Mapping) for one in tables):
            raise TypeError(f"Argument `{name}` must be a table [{name}], but is {table!r}.")


def _protocol(tables: Any, battery: str, reader: Reader) -> Part | Together:
    """Reads the table [protocol], or each of [[protocol]]."""
    if tables is None:  # a table that is not there is not to blame
        return reader.protocol(battery, [], together=False)
    together = isinstance(tables, list)
    with naming("[protocol]"):
        kinds = protocols_of(battery)
        said = [kind_of(table, kinds) for table in (tables if together else [tables])]
        return reader.protocol(battery, said, together=together)


def _objective(given: Any) -> tuple[str, ...]:
    names = (given,) if isinstance(given, str) else given
    if not isinstance(names, (list, tuple)) or not names:
        raise TypeError(f"Argument `objective` must be names of observables, but is {given!r}.")
    if len(set(map(str, names))) < len(names):
        raise ValueError(f"Argument `objective` must name each observable once, but is {given!r}.")
    return tuple(map(str, names))


def _until(table: Mapping[str, Any] | None, reader: Reader) -> Part | None:
    if table is None:
        return None
    with naming("[charge]"):
        return reader.call(Maker(_times), table)


def _times(until):
    """Spreads times up to an end; they are known within a trace if the end is."""
    end = _checks.scalar("until", until, low=0, open_low=True)
    return (np.asarray(until, float) if _checks.is_concrete(until) else end) * SPREAD
