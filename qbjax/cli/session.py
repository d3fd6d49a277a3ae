"""What a command needs around it: JAX made ready, plain errors, progress.

`prepare` runs before anything is compiled, for the persistent cache takes no folder later.
"""

import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import equinox
import jax
import matplotlib
import platformdirs
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed

from qbjax.dynamics.trajectory import BreakdownWarning, TraceWarning, TruncationWarning
from qbjax.studies.archive_copies import DamageWarning

USAGE_ERROR, INTERRUPTED = 2, 130

TOLD = (TruncationWarning, TraceWarning, BreakdownWarning, DamageWarning)
"""Warnings of the library that a command shows, each in a line."""

CACHE = Path(platformdirs.user_cache_dir("qbjax")) / "compilation"
"""Where compiled programs are kept between commands."""


def out() -> Console:
    """The console of results. Made anew, since tests and pipes exchange the stream."""
    return Console(file=sys.stdout, highlight=False)


def err() -> Console:
    """The console of warnings and errors."""
    return Console(file=sys.stderr, highlight=False)


def prepare(cache: Path | None) -> None:
    """Double precision, a drawing backend without windows, and the compilation cache.

    Args:
        cache: folder of the cache; None for no cache.
    """
    matplotlib.use("Agg")
    jax.config.update("jax_enable_x64", True)
    if "EQX_ON_ERROR" not in os.environ:
        # Equinox's run-time errors are host callbacks, and JAX keeps no program that holds
        # one. Qbjax reads failures from `status`, so NaN will do. The environment variable
        # comes too late here: equinox read it when the package above us was imported.
        equinox._errors.EQX_ON_ERROR = "nan"
    if cache is None:
        jax.config.update("jax_enable_compilation_cache", False)
    else:
        jax.config.update("jax_compilation_cache_dir", str(cache))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)


def tell_cache() -> None:
    """One dim line: where compiled programs are kept."""
    folder = cache_folder()
    text = "compiled programs are not kept" if folder is None else f"compiled programs: {folder}"
    out().print(text, style="dim", soft_wrap=True, markup=False)


def cache_folder() -> Path | None:
    """Where compiled programs are kept; None if they are not."""
    if not jax.config.values["jax_enable_compilation_cache"]:
        return None
    folder = jax.config.values["jax_compilation_cache_dir"]
    return None if folder is None else Path(folder)


@contextmanager
def plainly(*, debug: bool = False) -> Iterator[None]:
    """Errors and warnings of the library as one line each, on stderr.

    Args:
        debug: let errors through, with their traceback.

    Raises:
        typer.Exit: with code 2 for an error, 130 for Ctrl-C.
    """
    try:
        with warnings.catch_warnings():
            for category in TOLD:
                warnings.simplefilter("always", category)
            warnings.showwarning = _show(warnings.showwarning)
            yield
    except KeyboardInterrupt:
        err().print("Stopped by Ctrl-C; the run was not saved.", style="yellow")
        raise typer.Exit(INTERRUPTED) from None
    except (ValueError, TypeError, RuntimeError, OSError) as error:
        # typer.Exit is a RuntimeError: not ours to explain.
        if debug or isinstance(error, typer.Exit):
            raise
        line = " ".join(str(error).split()) or type(error).__name__
        err().print(f"[bold red]Error:[/] {escape(line)}", soft_wrap=True)
        raise typer.Exit(USAGE_ERROR) from error


@contextmanager
def unwarned() -> Iterator[None]:
    """Warnings of the library left out, where a command says the same below its table."""
    with warnings.catch_warnings():
        for category in TOLD:
            warnings.simplefilter("ignore", category)
        yield


class Steps:
    """The steps of a command: a spinner and a bar while they run, a line when done."""

    def __init__(self, total: int):
        """
        Args:
            total: how many steps there will be.
        """
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            Elapsed(),
            console=out(),
            transient=True,
        )
        self._all = self._progress.add_task("", total=total)

    def __enter__(self):
        self._progress.start()
        return self

    def __exit__(self, *exception):
        self._progress.stop()

    @contextmanager
    def step(self, name: str, doing: str = "compiling …") -> Iterator[Callable[[str], None]]:
        """One step; yields a function that says what is going on now.

        Args:
            name: what the step does, in a few words.
            doing: what it does first.
        """
        start, last = time.perf_counter(), [""]

        def now(text: str) -> None:
            last[0] = text
            self._progress.update(self._all, description=f"{escape(name)}  [dim]{escape(text)}[/]")

        now(doing)
        yield now
        seconds = time.perf_counter() - start
        outcome = "" if last[0] == doing else escape(last[0])
        self._progress.console.print(
            f"[green]✓[/] {escape(name):<38} {outcome:<32} [dim]{seconds:5.1f} s[/]", soft_wrap=True
        )
        self._progress.advance(self._all)


def _show(default):
    def show(message, category, filename, lineno, file=None, line=None):
        if issubclass(category, TOLD):
            err().print(f"[yellow]Warning:[/] {escape(str(message))}", soft_wrap=True)
        else:
            default(message, category, filename, lineno, file, line)

    return show
