"""The `qbjax` command, called in this process."""

import jax
from typer.testing import CliRunner

from qbjax.cli import app

FILES = {"run.nc", "figure.png", "figure.svg", "config.toml", "table.md"}
"""What every run leaves."""


def qbjax(*arguments):
    """Runs a command in this process, with the tests' own cache."""
    cache = jax.config.values["jax_compilation_cache_dir"]
    return CliRunner().invoke(app, ["--cache-dir", str(cache), *map(str, arguments)])


def one_line(text, *words):
    return len(text.splitlines()) == 1 and all(word in text for word in words)
