"""Origin of a dataset: versions, commit, device, configuration, time."""

import functools
import subprocess
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax

VERSIONS = ("qbjax", "jax", "diffrax", "numpy")


class Watch:
    """A stopwatch that only goes forward, whatever is done to the clock meanwhile.

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


def attributes(
    configuration: Mapping[str, Any] | None, started: Watch | None = None
) -> dict[str, Any]:
    """Attributes of a dataset: versions, commit, device, configuration, seconds since a start."""
    facts: dict[str, Any] = {f"{name}_version": version(name) for name in VERSIONS}
    facts |= {"commit": commit(), "device": jax.devices()[0].device_kind}
    if configuration is not None:
        facts["configuration"] = dict(configuration)
    if started is not None:
        facts["wall_seconds"] = started.seconds()
    return facts


@functools.cache
def commit() -> str:
    """Commit of this checkout of qbjax, with "+" if files differ from it; "" if it is none."""
    folder = Path(__file__).parent
    try:
        facts = [
            subprocess.run(
                ["git", "-C", str(folder), *words], capture_output=True, text=True, timeout=5,
                check=True,
            ).stdout.strip()
            for words in (
                ("rev-parse", "--short=12", "HEAD"),
                ("ls-files", "--error-unmatch", __file__),
                ("status", "--porcelain", "--untracked-files=no", "."),
            )
        ]  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    return facts[0] + ("+" if facts[2] else "")
