"""Pages from data: tables for terminal and Markdown, and a run saved as a directory.

A table is data (`Sheet`) until the last moment, so that the terminal, the Markdown file
and the tests read the same thing.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import zip_longest
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import uuid4

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from rich import box
from rich.markup import escape
from rich.table import Table

from qbjax.dynamics.record import figure_files
from qbjax.dynamics.record.provenance import environment, stamp
from qbjax.strategies.gradient import Best

_COLUMNS = {
    "energy": "energy",
    "ergotropy": "W",
    "coherent_ergotropy": "W^c",
    "incoherent_ergotropy": "W^i",
    "ergotropic_power": "W/t",
    "purity": "purity",
}


class Sheet(NamedTuple):
    """A table as data: a title, a heading, rows of text."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def to_rich(sheet: Sheet) -> Table:
    """Makes the table for a terminal; columns of numbers are set right."""
    table = Table(title=sheet.title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
    for i, heading in enumerate(sheet.columns):
        cells = [row[i].replace("—", "nan") for row in sheet.rows]
        numeric = bool(cells) and all(map(is_number, cells))
        table.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    for row in sheet.rows:
        table.add_row(*map(escape, row))
    return table


def to_markdown(sheet: Sheet) -> str:
    r"""Makes the table for a Markdown file.

    Example:
        >>> print(to_markdown(Sheet("Best", ("t", "W"), [("1", "2 | 3")])))
        ## Best
        <BLANKLINE>
        | t | W |
        |---|---|
        | 1 | 2 \| 3 |
    """
    lines = [f"## {sheet.title}", "", _line(sheet.columns), "|" + "---|" * len(sheet.columns)]
    return "\n".join(lines + [_line(row) for row in sheet.rows])


def is_number(cell: str) -> bool:
    """Whether a text is a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def charging(data: xr.Dataset, count: int = 9) -> Sheet:
    """Tabulates a few times of a run, evenly spread; of one without a cell, what it observes."""
    seen = [str(name) for name in data.data_vars if data[name].dims == ("time",)]
    known = [name for name in _COLUMNS if name in seen]
    shown = known or [name for name in seen if name != "trace_defect"]
    rows = []
    for i in np.unique(np.linspace(0, data.sizes["time"] - 1, count).round().astype(int)):
        one = data.isel(time=int(i))
        rows.append((f"{float(one['time']):g}", *(_number(one[name]) for name in shown)))
    return Sheet("Charging", ("time", *(_COLUMNS.get(name, name) for name in shown)), rows)


def reliability(data: xr.Dataset) -> str:
    """Says in one line how the run ended, and how much the top levels hold if any were cut off."""
    status = f"status: {data.attrs['status_name']} after {data.attrs['steps']} solver steps"
    if "truncation" not in data:
        return f"{status}; nothing was truncated"
    worst = data["truncation"].max("time", skipna=True)
    tops = ", ".join(f"{float(worst.sel(mode=m)):.1e} ({m})" for m in data["mode"].values)
    return f"{status}; population of the top two levels: {tops}"


def optima(bests: Sequence[Best], aims: Sequence[str], waits: Sequence[float]) -> xr.Dataset:
    """Gathers what several `best_switch_off` found into one dataset over `case`.

    A storage time counts as 0 unless the aim is "stored".

    Returns:
        Variables `time`, `value`, `verified_value`, `converged`, and `history` over
        (case, step), NaN after the last step; coordinates `aim` and `wait`.
    """
    unit = {"units": "1/gamma_s"}
    used = [wait if aim == "stored" else 0.0 for aim, wait in zip(aims, waits, strict=True)]
    return xr.Dataset(
        {
            "time": ("case", [float(b.protocol.pump.time) for b in bests], unit),
            **outcomes(bests),
        },
        coords={"aim": ("case", list(aims)), "wait": ("case", used, unit)},
    )


def outcomes(bests: Sequence[Best]) -> dict[str, Any]:
    """Gathers what every search has: values, whether it converged, its history over steps."""
    steps = list(zip_longest(*(np.asarray(best.history) for best in bests), fillvalue=np.nan))
    return {
        "value": ("case", [float(best.value) for best in bests]),
        "verified_value": ("case", np.array([best.verified_value for best in bests], float)),
        "converged": ("case", np.array([int(best.converged) for best in bests])),
        "history": (("case", "step"), np.array(steps, float).reshape(-1, len(bests)).T),
    }


def effort(one: xr.Dataset) -> str:
    """Says how many steps the search of one case took, and if they were too few."""
    steps = int(np.isfinite(one["history"].values).sum())
    return f"{steps}" if int(one["converged"]) else f"{steps}, not converged"


def optima_sheet(data: xr.Dataset, references: Sequence[tuple[float, float]] = ()) -> Sheet:
    """Tabulates optima, with (time, value) references beside them if there are any."""
    columns: tuple[str, ...] = ("aim", "time", "value", "verified", "steps")
    rows: list[tuple[str, ...]] = []
    for i in range(data.sizes["case"]):
        one = data.isel(case=i)
        row: tuple[str, ...] = (
            describe(str(one["aim"].values), float(one["wait"])),
            f"{float(one['time']):.4f}",
            f"{float(one['value']):.6f}",
            f"{float(one['verified_value']):.6f}",
            effort(one),
        )
        rows.append(row + tuple(f"{x:.6g}" for x in references[i]) if references else row)
    columns += ("ref. time", "ref. value") if references else ()
    title = "When to switch the pump off (stored: W(t+T)/(t+T) after waiting T)"
    return Sheet(title, columns, rows)


def describe(aim: str, wait: float) -> str:
    """Describes an aim in few words; "stored" is W(t+T)/(t+T), t_d a load's first maximum.

    Example:
        >>> describe("stored", 0.5)
        'stored, T = 0.5'
    """
    words = {"power": "power W/t", "coherent": "coherent W^c", "delivered": "delivered W_a/(t+t_d)"}
    return words.get(aim, f"stored, T = {wait:g}")


def save(
    directory: Path,
    *,
    datasets: Mapping[str, xr.Dataset],
    config: Mapping[str, Mapping[str, Any]],
    sheets: Sequence[Sheet],
    figure: Figure | None = None,
    notes: Sequence[str] = (),
    texts: Mapping[str, str] = MappingProxyType({}),
    command: str | None = None,
) -> list[Path]:
    """Saves a run as a folder of files.

    `NAME.nc` for every dataset, `config.toml`, `table.md`, `figure.png` and `figure.svg`. Files of
    the same name are replaced, each when the new one is whole. All but `config.toml` and other
    texts say when, with which versions, and by which command line they were made. Returns the
    paths; if a file cannot be written, those before it are there, and no half ones.
    """
    about = {"created": stamp()} | environment()
    about |= {} if command is None else {"command": command}
    origin = ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in about.items())
    # A comment, which "--" would end.
    pages = [f"<!-- {origin.replace('--', '- -')} -->"]
    pages += [to_markdown(sheet) for sheet in sheets] + list(notes)
    makers: dict[str, Callable[[Path], Any]] = {
        f"{name}.nc": partial(data.assign_attrs(about | data.attrs).to_netcdf, engine="h5netcdf")
        for name, data in datasets.items()
    }
    if figure is not None:
        seen = about | next((d.attrs for d in datasets.values()), {})
        for kind in ("png", "svg"):
            makers[f"figure.{kind}"] = partial(figure_files.save, figure, about=seen)
    words = {"table.md": "\n\n".join(pages) + "\n", "config.toml": write_config(config), **texts}
    makers |= {name: partial(_write_text, text) for name, text in words.items()}
    directory.mkdir(parents=True, exist_ok=True)
    for name, make in makers.items():
        _replace(directory / name, make)
    return [directory / name for name in makers]


def write_config(config: Mapping[str, Mapping[str, Any]]) -> str:
    """Writes options of commands as TOML that repeats them; options that are None are left out.

    Numbers are written so that reading gives the same bits.

    Example:
        >>> print(write_config({"charge dopo": {"amplitude": 3.0}}), end="")
        # repeat with: qbjax charge dopo --config config.toml
        ["charge dopo"]
        amplitude = 3.0
    """
    blocks = []
    for command, options in config.items():
        lines = [f"# repeat with: qbjax {command} --config config.toml", f"[{_toml(command)}]"]
        lines += [f"{key} = {_toml(x)}" for key, x in options.items() if x is not None]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def read_config(path: Path, command: str) -> dict[str, Any]:
    """Reads the options of a command from a file of `write_config`."""
    try:
        config = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"Argument `config` must be a TOML file, but {path} is not: {error}."
        raise ValueError(message) from error
    if command not in config:
        known = ", ".join(f"[{name}]" for name in config) or "nothing"
        raise ValueError(
            f'Argument `config` must have a section ["{command}"], but {path} has {known}.'
        )
    return config[command]


def _replace(path: Path, make: Callable[[Path], Any]) -> None:
    """Makes a file beside an older one, which it takes the place of when it is whole."""
    temporary = path.with_name(f".{uuid4().hex}.{path.name}")
    try:
        make(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _write_text(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")


def _toml(value: Any) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(x) for x in value) + "]"
    return repr(value)


def _line(cells):
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _number(value) -> str:
    number = float(value)
    return "—" if np.isnan(number) else f"{number:.4f}"
