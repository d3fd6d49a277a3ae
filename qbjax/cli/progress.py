"""Signs of life: a bar on a terminal; elsewhere a plain line on stderr, ever more rarely."""

import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed

from qbjax.cli import session

FIRST, GROWTH = 5.0, 2.0
"""Seconds until the first plain line, and how much longer the wait is for each after it."""


class Display:
    """A display of the work at the moment, shown from `__enter__` to `__exit__`."""

    def __init__(self, *columns: Any, total: int):
        console = session.out()
        self.console = console
        self._progress = Progress(
            *columns, Elapsed(), console=console, transient=True, disable=not console.is_terminal
        )
        self._task = self._progress.add_task("", total=total)
        self._text = ""
        self._over = threading.Event()
        self._teller = threading.Thread(target=self._tell_now_and_then, daemon=True)

    def __enter__(self):
        self._progress.start()
        if not self.console.is_terminal:
            self._teller.start()
        return self

    def __exit__(self, *exception):
        self._over.set()
        if self._teller.is_alive():
            self._teller.join()
        self._progress.stop()

    def tell(self, text: str, description: str | None = None, **state: Any) -> None:
        """Shows a text, and how much of the work is done.

        Args:
            text: in plain words.
            description: the same with markup, for the bar.
            state: more that `Progress.update` takes.
        """
        self._text = text
        markup = escape(text) if description is None else description
        self._progress.update(self._task, description=markup, **state)

    def _tell_now_and_then(self) -> None:
        start, wait = time.monotonic(), FIRST
        while not self._over.wait(wait):
            seconds = time.monotonic() - start
            line = f"{self._text} ({seconds:.0f} s so far)"
            session.err().print(line, markup=False, soft_wrap=True)
            wait *= GROWTH


class Steps:
    """The steps of a command: shown while they run, a line each when done."""

    def __init__(self, total: int):
        columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=24)
        self._display = Display(*columns, MofNCompleteColumn(), total=total)

    def __enter__(self):
        self._display.__enter__()
        return self

    def __exit__(self, *exception):
        self._display.__exit__(*exception)

    @contextmanager
    def step(self, name: str, doing: str = "compiling …") -> Iterator[Callable[[str], None]]:
        """Shows one step; yields a function that says what is going on now.

        A step that warned of a result that should not be believed ends with !, any other with ✓.
        """
        start, last = time.perf_counter(), [""]

        def now(text: str) -> None:
            last[0] = text
            self._display.tell(f"{name}: {text}", f"{escape(name)}  [dim]{escape(text)}[/]")

        now(doing)
        with _doubts() as doubts:
            yield now
        seconds = time.perf_counter() - start
        outcome = "" if last[0] == doing else escape(last[0])
        sign = "[yellow]![/]" if doubts else "[green]✓[/]"
        self._display.console.print(
            f"{sign} {escape(name):<38} {outcome:<32} [dim]{seconds:5.1f} s[/]", soft_wrap=True
        )
        self._display.tell("", advance=1)


@contextmanager
def _doubts() -> Iterator[list[str]]:
    """Collects the warnings of results that should not be believed; they are shown as ever."""
    found: list[str] = []
    show = warnings.showwarning

    def noted(message, category, *where, **more):
        if issubclass(category, session.DOUBTS):
            found.append(str(message))
        show(message, category, *where, **more)

    warnings.showwarning = noted
    try:
        yield found
    finally:
        warnings.showwarning = show
