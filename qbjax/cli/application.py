"""The application: what every command of `qbjax` shares."""

from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperCommand, TyperGroup

import qbjax
from qbjax.cli import session


class Command(TyperCommand):
    """A command whose context is the class that its annotation names: typer alone would
    hand over its base, which a run-time type checker refuses."""

    context_class = typer.Context


class Group(TyperGroup):
    """The same for groups of commands."""

    context_class = typer.Context


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
    app(prog_name="qbjax")


def _tell_version(wanted: bool) -> bool:
    if wanted:
        session.out().print(f"qbjax {qbjax.__version__}")
        raise typer.Exit
    return wanted


@app.callback()
def _prepare(
    context: typer.Context,
    cache_dir: Annotated[
        Path, typer.Option(help="Where compiled programs are kept.", envvar="QBJAX_CACHE_DIR")
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
    context.obj = debug
