"""The `qbjax` command: it parses and calls; what can be tested lives below it."""

from qbjax.cli.commands import app as app
from qbjax.cli.commands import main as main
