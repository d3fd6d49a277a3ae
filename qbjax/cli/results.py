"""The end of a command: its results saved and shown."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import typer
import xarray as xr
from matplotlib.figure import Figure

from qbjax.cli import options, session
from qbjax.views import report

FOLDER = Path("qbjax-results")
"""Where results go by default."""


def finish(
    context: typer.Context,
    start: float,
    *,
    datasets: Mapping[str, xr.Dataset],
    sheets: Sequence[report.Sheet],
    figure: Figure,
    texts: Mapping[str, str] | None = None,
    instead: Mapping[str, object] | None = None,
) -> None:
    """Saves and shows what a command found.

    Args:
        context: the command's; its `out` says where.
        start: when it began, by `time.perf_counter`.
        datasets: name to data; `run` is judged for reliability.
        sheets: the tables.
        figure: the picture.
        texts: name to content of more files.
        instead: options to save other than they were given.
    """
    name = options.command(context)
    # In the order of declaration: that of `params` depends on how the command was typed.
    names = [p.name for p in context.command.params if p.name not in ("out", "config")]
    given = {name: context.params[name] for name in names} | dict(instead or {})
    note = report.reliability(datasets["run"])
    directory = context.params["out"] or FOLDER / name.replace(" ", "-")
    written = report.save(
        directory,
        datasets=datasets,
        config={name: given},
        sheets=sheets,
        figure=figure,
        notes=[note],
        texts=texts or {},
    )
    plt.close(figure)
    show(sheets, note)
    tell_saved(directory, written, time.perf_counter() - start)


def show(sheets: Sequence[report.Sheet], note: str) -> None:
    """Prints tables, and a dim line below."""
    console = session.out()
    for sheet in sheets:
        console.print(report.to_rich(sheet))
    console.print(note, style="dim", soft_wrap=True, markup=False)


def tell_saved(directory: Path, written: Sequence[Path], seconds: float) -> None:
    """Ends a command: what lies where, and how long it took."""
    names = ", ".join(path.name for path in written)
    text = f"Saved in {directory} (files of an earlier run are replaced): {names}"
    session.out().print(text, soft_wrap=True, markup=False)
    session.out().print(f"Took {seconds:.0f} s.", style="bold")
