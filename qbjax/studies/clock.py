"""Time that only goes forward, whatever is done to the clock meanwhile."""

import time


class Watch:
    """A stopwatch: seconds since it was made.

    Example:
        >>> watch = Watch()
        >>> 0 <= watch.seconds() <= watch.seconds()
        True
    """

    def __init__(self) -> None:
        self._last, self._seconds = time.monotonic(), 0.0

    def seconds(self) -> float:
        """Seconds that have passed, without the steps of a clock that was set back."""
        now = time.monotonic()
        self._seconds += max(0.0, now - self._last)
        self._last = now
        return self._seconds
