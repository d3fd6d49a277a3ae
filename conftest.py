"""How every test and doctest runs: double precision, strict shapes, strict dtypes."""

import gc
import os
from pathlib import Path

# Before equinox is imported: its run-time errors are host callbacks, and the persistent
# cache silently skips every program that holds one. "nan" turns them into values, which our
# tests read from `status`.
os.environ.setdefault("EQX_ON_ERROR", "nan")

import hypothesis
import jax
import matplotlib.pyplot as plt
import platformdirs
import pytest

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")

# Also before the first compilation: later, the folder would be ignored.
CACHE = Path(platformdirs.user_cache_dir("qbjax")) / "tests"
jax.config.update("jax_compilation_cache_dir", str(CACHE))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)

# No deadline, for the first example compiles; derandomised, so that a run can be repeated.
hypothesis.settings.register_profile("qbjax", deadline=None, derandomize=True, max_examples=40)
hypothesis.settings.load_profile("qbjax")


MOST_MAPS = 25_000
"""Memory maps of a test process; Linux allows 65530. Every compiled program holds hundreds, and
the one too many is a segmentation fault inside XLA."""

MOST_MEMORY = 4 * 2**30
"""Bytes of a test process, of which there is one per core."""


def pytest_runtest_teardown(item, nextitem):
    """Forgets compiled programs between two files once they are many."""
    if nextitem is not None and nextitem.path == item.path:
        return
    if _is_burdened():
        jax.clear_caches()
        gc.collect()


def _is_burdened() -> bool:
    maps, size = Path("/proc/self/maps"), Path("/proc/self/statm")
    if not maps.exists():
        return False
    pages = int(size.read_text().split()[1])
    many = maps.read_bytes().count(b"\n") > MOST_MAPS
    return many or pages * os.sysconf("SC_PAGE_SIZE") > MOST_MEMORY


@pytest.fixture(autouse=True)
def _no_open_figures():
    """Matplotlib keeps every figure of a test, and warns of the twenty-first."""
    yield
    plt.close("all")


@pytest.fixture(autouse=True)
def _strict_promotion(request):
    """float64 never meets complex128 by accident; doctests show what users type."""
    exempt = request.node.get_closest_marker("standard_promotion")
    if exempt or isinstance(request.node, pytest.DoctestItem):
        yield
    else:
        with jax.numpy_dtype_promotion("strict"):
            yield
