"""The surroundings of a command: JAX made ready, plain errors, consoles.

`prepare` runs before anything is compiled, for the persistent cache takes no folder later.
"""

import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jax
import matplotlib
import typer
from rich.console import Console
from rich.markup import escape

from qbjax import _setup
from qbjax.dynamics.record.trajectory import BreakdownWarning, TraceWarning, TruncationWarning
from qbjax.strategies.verification import VerificationWarning
from qbjax.studies.archive_copies import DamageWarning

UNSEEN, USAGE_ERROR, INTERRUPTED = 1, 2, 130
"""Exit codes: saved, but the output could not be shown; an error; Ctrl-C."""

DOUBTS = (TruncationWarning, TraceWarning, BreakdownWarning)
"""Warnings of results that should not be believed."""

SHOWN = (*DOUBTS, VerificationWarning, DamageWarning)
"""Warnings of the library that a command shows, each in a line."""

CACHE = _setup.default_folder()
"""Folder in which compiled programs are kept between commands; None for nowhere."""


def out() -> Console:
    """Makes the console of results, anew, since tests and pipes exchange the stream."""
    return Console(file=sys.stdout, highlight=False)


def err() -> Console:
    """Makes the console of warnings and errors."""
    return Console(file=sys.stderr, highlight=False)


def complain(text: str) -> None:
    """Prints an error on one line of stderr."""
    line = " ".join(text.split())
    err().print(f"[bold red]Error:[/] {escape(line)}", soft_wrap=True)


def prepare(cache: Path | None) -> None:
    """Makes a drawing backend without windows and the compilation cache, if any, ready."""
    matplotlib.use("Agg")
    if cache is None:
        jax.config.update("jax_enable_compilation_cache", False)
    else:
        _setup.keep_programs(cache)


@contextmanager
def running(context: typer.Context) -> Iterator[float]:
    """Runs a command with plain errors, and tells where its programs are; yields the time."""
    folder = _setup.cache_folder()
    text = "compiled programs are not kept" if folder is None else f"compiled programs: {folder}"
    out().print(text, style="dim", soft_wrap=True, markup=False)
    start = time.perf_counter()
    with plainly(debug=bool(context.obj)):
        yield start


@contextmanager
def plainly(*, debug: bool = False) -> Iterator[None]:
    """Prints errors (unless to `debug`) and warnings of the library as one line each, on stderr."""
    try:
        with stoppable("the run was not saved"), warnings.catch_warnings():
            for category in SHOWN:
                warnings.simplefilter("always", category)
            warnings.showwarning = _show(warnings.showwarning)
            yield
    except (
        ValueError, TypeError, RuntimeError, ArithmeticError, OSError, MemoryError, ImportError,
    ) as error:  # fmt: skip
        # typer.Exit is a RuntimeError: not ours to explain.
        if debug or isinstance(error, typer.Exit):
            raise
        complain(str(error) or type(error).__name__)
        raise typer.Exit(USAGE_ERROR) from error


@contextmanager
def unwarned() -> Iterator[None]:
    """Leaves out warnings of the library, where a command says the same below its table."""
    with warnings.catch_warnings():
        for category in SHOWN:
            warnings.simplefilter("ignore", category)
        yield


@contextmanager
def stoppable(left: str) -> Iterator[None]:
    """Lets Ctrl-C end the command with one line, which says what is left."""
    try:
        yield
    except KeyboardInterrupt:
        err().print(f"Stopped by Ctrl-C; {left}.", style="yellow", soft_wrap=True, markup=False)
        raise typer.Exit(INTERRUPTED) from None


def _show(default):
    def show(message, category, filename, lineno, file=None, line=None):
        if issubclass(category, SHOWN):
            err().print(f"[yellow]Warning:[/] {escape(str(message))}", soft_wrap=True)
        else:
            default(message, category, filename, lineno, file, line)

    return show
