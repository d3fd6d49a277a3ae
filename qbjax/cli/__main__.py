"""Entry point of `python -m qbjax.cli`, which is `qbjax`."""

from qbjax.cli import main

main()
