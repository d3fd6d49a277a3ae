"""The application: streams, errors, options that every command of `qbjax` shares."""

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

import qbjax
from qbjax.cli import outlet, session


class Command(TyperCommand):
    """A command whose context is the class that its annotation names.

    typer alone would hand over its base, which a run-time type checker refuses.
    """

    context_class = typer.Context


class Group(TyperGroup):
    """A group of commands whose context is the class that their annotations name.

    The outermost one makes the streams safe and answers a bad command line with one line.
    """

    context_class = typer.Context

    def main(self, args: Sequence[str] | None = None, *more: Any, **how: Any) -> Any:
        """Runs a command and ends the process with its exit code."""
        with outlet.outlets() as (out, err):
            code = self._run(args, *more, **how) or 0
            out.flush()
            if code == 0 and out.lost is not None and not out.was_left:
                session.complain(f"The output could not be shown: {out.lost}")
                code = session.UNSEEN
            err.flush()
        sys.exit(code)

    def _run(self, args, *more, **how) -> int | None:
        words = sys.argv[1:] if args is None else list(args)
        how |= {"standalone_mode": False, "obj": shlex.join(["qbjax", *words])}
        try:
            return TyperGroup.main(self, words, *more, **how)
        except _COMPLAINTS as error:
            if error.format_message():  # else the help was shown instead
                session.complain(error.format_message())
            return error.exit_code


_COMPLAINTS: Any = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)
"""The class of errors about a command line; not public, for typer brings its own click."""


app = typer.Typer(
    name="qbjax",
    cls=Group,
    help="Differentiable quantum batteries: charge them, and find out how best to.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def main() -> None:
    """The entry point of the `qbjax` command."""
    outlet.fill_closed_descriptors()
    try:
        app(prog_name="qbjax")
    except SystemExit as end:
        if end.code == session.INTERRUPTED:
            # XLA's threads are still at what was stopped: an orderly end would abort among them.
            os._exit(session.INTERRUPTED)
        raise


def _tell_version(wanted: bool) -> bool:
    if wanted:
        session.out().print(f"qbjax {qbjax.__version__}")
        raise typer.Exit
    return wanted


@app.callback()
def _prepare(
    context: typer.Context,
    cache_dir: Annotated[
        Path | None,
        typer.Option(help="Where compiled programs are kept.", envvar="QBJAX_CACHE_DIR"),
    ] = session.CACHE,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Keep no programs.")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Errors with traceback.", envvar="QBJAX_DEBUG")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="And exit.")
    ] = False,
) -> None:
    session.prepare(None if no_cache else cache_dir)
    context.meta["line"], context.obj = context.obj, debug
