"""The `qbjax` command, called in this process."""

from unittest import mock

import jax
from typer.testing import CliRunner

from qbjax.cli import app, progress

FILES = {"run.nc", "figure.png", "figure.svg", "config.toml", "table.md"}
"""What every run leaves."""


def qbjax(*arguments, patience=3600.0):
    """Runs a command in this process, with the tests' own cache, and without the signs of life
    of a slow machine: the first would come after so many seconds of patience."""
    cache = jax.config.values["jax_compilation_cache_dir"]
    with mock.patch.object(progress, "FIRST", patience):
        return CliRunner().invoke(app, ["--cache-dir", str(cache), *map(str, arguments)])


def one_line(text, *words):
    return len(text.splitlines()) == 1 and all(word in text for word in words)
