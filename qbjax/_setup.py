"""Settings that importing qbjax switches on: double precision, and the cache of programs.

| in the environment | effect |
|---|---|
| `JAX_ENABLE_X64=0` | precision is left alone; the verbs then say that they need it |
| `QBJAX_CACHE=off` | compiled programs are not kept |
| `QBJAX_CACHE_DIR=FOLDER` | they are kept there |
| `JAX_COMPILATION_CACHE_DIR=FOLDER` | JAX keeps them there, as ever |

A cache that cannot be read or written is as good as none: a run never fails by it.
"""

import os
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import equinox
import jax
import platformdirs
from jax.experimental.compilation_cache import compilation_cache

WORTH_KEEPING = 0.2
"""Seconds of compilation from which a program is kept; JAX's own default is 1."""

BROKEN_CACHE = "Error (reading|writing) persistent compilation cache entry"
"""Beginning of JAX's warnings of a cache that cannot be used."""


_ONE_THREAD = threading.RLock()


def switch_on() -> None:
    """Switches on double precision and the cache, unless the environment or the caller objects."""
    if "JAX_ENABLE_X64" not in os.environ:
        jax.config.update("jax_enable_x64", True)
    folder = default_folder()
    if folder is not None and jax.config.values["jax_compilation_cache_dir"] is None:
        keep_programs(folder)


def default_folder() -> Path | None:
    """Folder of compiled programs when nobody names one; None if the environment forbids it."""
    if os.environ.get("QBJAX_CACHE", "").lower() == "off":
        return None
    told = os.environ.get("QBJAX_CACHE_DIR")
    return Path(told) if told else Path(platformdirs.user_cache_dir("qbjax")) / "compilation"


def keep_programs(folder: Path) -> bool:
    """Keeps compiled programs in a folder, made if there is none; whether it can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0")
    except OSError:
        return False
    warnings.filterwarnings("ignore", BROKEN_CACHE, UserWarning)
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", WORTH_KEEPING)
    compilation_cache.reset_cache()  # else a folder told after the first compilation is ignored
    return True


def cache_folder() -> Path | None:
    """Folder in which compiled programs are kept; None if they are not."""
    used = jax.config.values["jax_enable_compilation_cache"]
    folder = used and jax.config.values["jax_compilation_cache_dir"]
    return Path(folder) if folder else None


@contextmanager
def without_callbacks() -> Iterator[None]:
    """Makes run-time checks of diffrax and equinox a NaN within, and no host callback.

    JAX keeps no program that holds one. A run reads its failures from `status`.
    """
    # Equinox reads the environment once, when it is first imported, by whomever.
    with _ONE_THREAD:  # else one would restore what another has set
        before = equinox._errors.EQX_ON_ERROR
        equinox._errors.EQX_ON_ERROR = "nan"
        try:
            yield
        finally:
            equinox._errors.EQX_ON_ERROR = before
