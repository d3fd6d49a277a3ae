"""The end of a command: its results saved and shown."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import typer
import xarray as xr
from matplotlib.figure import Figure

from qbjax.cli import options, session
from qbjax.views import report


def finish(
    context: typer.Context,
    start: float,
    *,
    datasets: Mapping[str, xr.Dataset],
    sheets: Sequence[report.Sheet],
    figure: Figure | None,
    texts: Mapping[str, str] | None = None,
    instead: Mapping[str, object] | None = None,
) -> None:
    """Saves and shows what a command found.

    Args:
        context: the command's; its `out` says where.
        start: when it began, by `time.perf_counter`.
        datasets: name to data; `run` is judged for reliability.
        sheets: the tables.
        figure: the picture; None for none.
        texts: name to content of more files.
        instead: options to save other than they were given.
    """
    name = options.command(context)
    # In the order of declaration: that of `params` depends on how the command was typed.
    names = [p.name for p in context.command.params if p.name not in ("out", "config")]
    given = {name: context.params[name] for name in names} | dict(instead or {})
    deliver(
        context,
        start,
        datasets=datasets,
        config={name: given},
        sheets=sheets,
        figure=figure,
        texts=texts or {},
    )


def deliver(
    context: typer.Context,
    start: float,
    *,
    datasets: Mapping[str, xr.Dataset],
    sheets: Sequence[report.Sheet],
    figure: Figure | None,
    **more: Any,
) -> None:
    """Saves results, then shows them.

    Whatever becomes of the terminal, they are on disk; and what cannot be saved is at least shown.

    Args:
        context, start, datasets, sheets, figure: as in `finish`.
        more: `config` and `texts` of `report.save`.

    Raises:
        OSError: if something could not be saved.
    """
    directory, note = context.params["out"], report.reliability(datasets["run"])
    line = context.meta["line"]
    try:
        with session.stoppable(f"only some of the results, if any, are in {directory}"):
            written = report.save(
                directory, datasets=datasets, sheets=sheets, figure=figure, notes=[note],
                command=line, **more,
            )  # fmt: skip
    except typer.Exit:
        raise
    except Exception as error:  # whatever a full disk makes of a library: the numbers are here
        show(sheets, note)
        raise OSError(f"The results could not be saved in {directory}: {error}") from error
    finally:
        plt.close(figure)
    with session.stoppable(f"the results are in {directory}"):
        show(sheets, note)
        tell_saved(directory, written, time.perf_counter() - start)


def show(sheets: Sequence[report.Sheet], note: str) -> None:
    """Prints tables, and a dim line below."""
    console = session.out()
    for sheet in sheets:
        console.print(report.to_rich(sheet))
    console.print(note, style="dim", soft_wrap=True, markup=False)


def tell_saved(directory: Path, written: Sequence[Path], seconds: float) -> None:
    """Ends a command with the names of its files, and the time it took."""
    names = ", ".join(path.name for path in written)
    text = f"Saved in {directory} (files of an earlier run are replaced): {names}"
    session.out().print(text, soft_wrap=True, markup=False)
    session.out().print(f"Took {seconds:.0f} s.", style="bold")
