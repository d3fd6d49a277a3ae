"""A bar of a long charge, on stderr."""

import math
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed


class Bar:
    """A bar that shows the time reached, elapsed and left; called with every progress."""

    def __init__(self):
        columns = TextColumn("charge"), BarColumn(), TextColumn("{task.description}"), Elapsed()
        self._progress = Progress(*columns, console=Console(stderr=True))
        self._task = self._progress.add_task("compiling …", total=1)

    def __enter__(self):
        self._progress.start()
        return self

    def __exit__(self, *exception: Any):
        self._progress.stop()

    def __call__(self, now: Any) -> None:
        self._progress.update(
            self._task, completed=now.done, total=now.total, description=in_words(now)
        )


def in_words(now: Any) -> str:
    """Says the progress of a long charge in words.

    Args:
        now: has `time`, `end`, `remaining`, `done` and `total`.

    Example:
        >>> from types import SimpleNamespace
        >>> in_words(SimpleNamespace(time=2.5, end=10.0, remaining=75.2, done=1, total=4))
        't = 2.5 of 10, 1:15 left'
    """
    left = (
        ""
        if now.done == now.total or math.isnan(now.remaining)
        else f", {clock(now.remaining)} left"
    )
    return f"t = {now.time:.4g} of {now.end:.4g}{left}"


def clock(seconds: float) -> str:
    """Writes a duration as a clock does.

    Example:
        >>> clock(75.2), clock(7200.0)
        ('1:15', '2:00:00')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
