"""`qbjax sweep`: many points from a file, into a store that survives."""

import math
import os
import re
import shlex
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn

from qbjax import _setup
from qbjax.cli import options, results, session
from qbjax.cli.application import Command, app
from qbjax.cli.progress import Display
from qbjax.studies import described, sweep
from qbjax.studies.agreement import Refused
from qbjax.studies.sweep import SweepProgress
from qbjax.views import sweeps

# fmt: off
File = Annotated[Path, typer.Argument(
    exists=True, dir_okay=False, help="What to compute, where: a TOML file like docs/sweep.toml.",
)]
Store = Annotated[Path | None, typer.Option(
    help="Zarr store of the points, continued if it is there; "
    "default qbjax-results/sweep/FILE.zarr.",
)]
Chunk = Annotated[int | None, typer.Option(
    min=1, help="Points per chunk: what a kill may cost. Of a new store only.",
)]
ArrayTask = Annotated[str | None, typer.Option(
    metavar="I/N", help="Only every N-th chunk, from chunk I on: 0 ≤ I < N, as SLURM counts. "
    "N processes share one store.",
)]
Yes = Annotated[bool, typer.Option("--yes", help=f"More than {described.LIMIT} points are meant.")]
Dask = Annotated[str | None, typer.Option(
    metavar="ADDRESS", help="A Dask scheduler, such as tcp://host:8786, whose workers compute; "
    "“local” starts some here.",
)]
Accept = Annotated[list[str] | None, typer.Option(
    metavar="WHAT", help="Continue a store all the same: “versions”, if it was made with other "
    "versions of qbjax, JAX or what they compute with; “function”, if it was made by code that "
    "differs or cannot be compared. Both, if given twice.",
)]
# fmt: on


@app.command("sweep", cls=Command)
def sweep_file(
    context: typer.Context,
    file: File,
    store: Store = None,
    chunk: Chunk = None,
    array_task: ArrayTask = None,
    yes: Yes = False,
    dask: Dask = None,
    accept: Accept = None,
) -> None:
    """Compute the points of a grid; killed or stopped, the same command goes on."""
    path = store or options.FOLDER / "sweep" / f"{file.stem}.zarr"
    with session.running(context) as began, _resumable(context, path):
        task = None if array_task is None else task_of(array_task)
        study = described.read(file, None if yes else described.LIMIT)
        _check_same(path, study, file)
        with (
            _client(dask) as client, Bar(study.grid.count) as bar,
            session.unwarned(), _acceptable(),
        ):  # fmt: skip
            data = sweep(
                study, study.grid, path, chunk=chunk, client=client, task=task,
                configuration=study.configuration, accept=accept or (), progress=bar,
            )  # fmt: skip
        results.show([sweeps.sheet(data, file.stem)], sweeps.note(data))
        session.out().print(
            f"Stored in {path}; see it: {shlex.join(['qbjax', 'show', str(path)])}",
            soft_wrap=True, markup=False,
        )  # fmt: skip
        session.out().print(f"Took {time.perf_counter() - began:.0f} s.", style="bold")


class Bar:
    """A bar of points with speed, failures and time left; called with every progress."""

    def __init__(self, total: int):
        columns = SpinnerColumn(), MofNCompleteColumn(), BarColumn(bar_width=24)
        self._display = Display(*columns, TextColumn("{task.description}"), total=total)
        self._display.tell("compiling …")
        self._last: SweepProgress | None = None

    def __enter__(self):
        self._display.__enter__()
        return self

    def __exit__(self, kind, *exception):
        self._display.__exit__(kind, *exception)
        if self._last is not None:
            good = kind is None and not (self._last.failures or self._last.doubtful)
            sign = "[green]✓[/]" if good else "[yellow]–[/]"
            self._display.console.print(f"{sign} {escape(in_words(self._last))}", soft_wrap=True)

    def __call__(self, now: SweepProgress) -> None:
        self._last = now
        self._display.tell(in_words(now), completed=now.done, total=now.total)


def in_words(now: SweepProgress) -> str:
    """Says a progress in words.

    Example:
        >>> in_words(SweepProgress(done=10, total=20, failures=1, rate=2.0, remaining=75.0))
        '10 of 20 points, 2 points/s, 1 failed, 1:15 left'
    """
    left = ""
    if now.done < now.total and math.isfinite(now.remaining):
        minutes, seconds = divmod(round(now.remaining), 60)
        hours, minutes = divmod(minutes, 60)
        clock = f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
        left = f", {clock} left"
    doubts = f", {now.doubtful} doubtful" if now.doubtful else ""
    speed = f"{now.rate:.3g} points/s"
    return f"{now.done} of {now.total} points, {speed}, {now.failures} failed{doubts}{left}"


def task_of(text: str) -> tuple[int, int]:
    """Reads the `task` of an `--array-task`.

    Example:
        >>> task_of("3/16")
        (3, 16)
    """
    found = re.fullmatch(r"(\d+)/(\d+)", text.strip())
    task = (int(found[1]), int(found[2])) if found else (0, 0)
    if not task[0] < task[1]:
        raise ValueError(
            f"Argument `array-task` must be I/N with 0 ≤ I < N, such as 0/16, but is {text!r}."
        )
    return task


def command_again(context: typer.Context, path: Path) -> str:
    """Writes the command that continues the one that began."""
    given = context.params
    words = ["qbjax", "sweep", str(given["file"]), "--store", str(path)]
    for name in ("array_task", "dask"):
        words += [f"--{name.replace('_', '-')}", given[name]] if given[name] is not None else []
    words += [word for what in given["accept"] or () for word in ("--accept", what)]
    return shlex.join(words + (["--yes"] if given["yes"] else []))


@contextmanager
def _acceptable() -> Iterator[None]:
    """Names, in the error for a store that is refused, the option that accepts it."""
    try:
        yield
    except Refused as error:
        options = " ".join(f"--accept {word}" for word in error.words)
        raise ValueError(f"{error.reason}{f', or {options}' if options else ''}.") from error


@contextmanager
def _resumable(context: typer.Context, path: Path) -> Iterator[None]:
    """Lets Ctrl-C say how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        kept = f"what was computed is in {path}" if path.exists() else "nothing was computed yet"
        line = f"Stopped by Ctrl-C; {kept}. Go on: {command_again(context, path)}"
        session.err().print(line, style="yellow", soft_wrap=True, markup=False)
        raise typer.Exit(session.INTERRUPTED) from None


def _check_same(path: Path, study: described.Study, file: Path) -> None:
    """Refuses a store of another file, entry by entry; `sweep` itself compares digests."""
    there = described.stored(path)
    if there is not None and (found := described.differences(there, study.configuration)):
        raise ValueError(
            f"Argument `store` must be new or hold this sweep, but {path} was made from another "
            f"file than {file}: {'; '.join(found)}. Choose another --store."
        )


@contextmanager
def _client(dask: str | None) -> Iterator[Any]:
    """Makes a client of the scheduler at an address, or of workers started here; or none."""
    if dask is None:
        yield None
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise RuntimeError(
            "Argument `dask` needs dask.distributed: pip install 'qbjax[cluster]'."
        ) from error
    folder = _setup.cache_folder()
    if folder is not None:  # for the workers, which inherit it
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(folder))
    where: dict[str, Any] = {"threads_per_worker": 1} if dask == "local" else {"address": dask}
    try:
        with _deaf():
            client = Client(**where)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"Argument `dask` must be the address of a scheduler, but is {dask!r} ({error})."
        ) from error
    with client:
        yield client


@contextmanager
def _deaf() -> Iterator[None]:
    """Lets processes started meanwhile leave Ctrl-C to this one, which stops them in order."""
    hearing = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, hearing)
