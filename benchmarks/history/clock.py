"""Clocks that do not read seconds: processor time in units of a reference, and things that happen.

Seconds of one machine say nothing of another, nor of the same one while others use it. A ratio of
two runs in turns does, and so does a count.
"""

import resource
import time
from collections.abc import Callable

import numpy as np


def of_children() -> float:
    """Seconds of processor time, of all cores, of the processes that were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Clock:
    """Processor time in units of what a reference takes, which is measured before each round.

    Args:
        used: seconds of processor time so far, of all cores.
    """

    def __init__(self, used: Callable[[], float] = time.process_time):
        self.used, self.unit = used, 1.0

    def __call__(self) -> float:
        return self.used() / self.unit

    def measure(self, benchmark, function: Callable, reference: Callable, rounds: int) -> None:
        """Measures a function, warm, in turns with its reference."""
        reference()
        function()
        benchmark.pedantic(function, setup=lambda: self._take(reference), rounds=rounds)

    def _take(self, reference: Callable) -> None:
        start = self.used()
        reference()
        self.unit = self.used() - start


def arithmetic(count: int = 100) -> None:
    """Some tens of milliseconds of what a battery is made of: small products and long sums."""
    matrix = np.exp(1j * np.arange(64 * 64.0).reshape(64, 64)) / 64
    vector = np.ones(100_000)
    for _ in range(count):
        matrix = matrix @ matrix / np.abs(matrix).max()
        vector = 0.5 * vector[::-1] + 0.1
