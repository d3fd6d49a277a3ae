"""`python -m qbjax.cli` is `qbjax`."""

from qbjax.cli import main

main()
