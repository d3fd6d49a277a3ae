"""Origin of a dataset: versions, commit, device, configuration, time."""

import functools
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax

from qbjax.studies.clock import Watch

VERSIONS = ("qbjax", "jax", "diffrax", "numpy")


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
