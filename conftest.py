"""How every test and doctest runs: double precision, strict shapes, strict dtypes, and programs
that are compiled quickly rather than to run quickly."""

import gc
import os
from importlib.metadata import version
from pathlib import Path

# Before equinox is imported: its run-time errors are host callbacks, and the persistent
# cache silently skips every program that holds one. "nan" turns them into values, which our
# tests read from `status`.
os.environ.setdefault("EQX_ON_ERROR", "nan")

# Most of a test's time is XLA's, on programs that then run for milliseconds. Its older emitter of
# loops, with which small batteries run anyway, and LLVM without optimisation take half of that;
# numbers are the same to rounding. `XLA_FLAGS= pytest …` compiles as users do, as `make test` does
# for a part and `make test-slow` for all. Two passes from which such programs gain nothing are a
# tenth of what is left for a gradient, and nothing for closed forms. JAX 0.11.1 has no such emitter
# any more, and XLA ends a process that asks for it.
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_backend_optimization_level=0"
    " --xla_disable_hlo_passes=tree_reduction_rewriter,while-loop-invariant-code-motion"
    + " --xla_cpu_use_fusion_emitters=false"
    * (tuple(int(part) for part in version("jax").split(".")[:3]) < (0, 11, 1)),
)

import hypothesis
import jax
import matplotlib.pyplot as plt
import platformdirs
import pytest

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")

# Also before the first compilation: later, the folder would be ignored. Small programs are kept,
# too: workers share them, and thousands of operations outside `jit` are one each.
CACHE = Path(platformdirs.user_cache_dir("qbjax")) / "tests"
jax.config.update("jax_compilation_cache_dir", str(CACHE))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)

# No deadline, for the first example compiles; derandomised, so that a run can be repeated.
hypothesis.settings.register_profile("qbjax", deadline=None, derandomize=True, max_examples=40)
hypothesis.settings.load_profile("qbjax")


LONG_EXAMPLES = (
    "batteries.collisional.advantage.best_lead",
    "batteries.collisional.purity.best_pure_energy",
    "batteries.collisional.swap_angles.best_energy",
    "batteries.collisional.swap_angles.best_power",
    "batteries.waveguide.front.best_in_time",
    "batteries.waveguide.position.best_steady_ergotropy",
    "strategies.final.final",
)
"""Docstrings whose examples search for seconds; tests of the same functions are quicker."""


@pytest.hookimpl(tryfirst=True)  # before slow ones are left out
def pytest_collection_modifyitems(items):
    """Marks the long examples as slow."""
    for item in items:
        if isinstance(item, pytest.DoctestItem) and item.name.endswith(LONG_EXAMPLES):
            item.add_marker("slow")


def pytest_collection_finish():
    """Looks for garbage less often: by default a tenth of a run goes into it.

    JAX traces with many small objects that live on; what was imported and collected stays anyway.
    """
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


def pytest_runtest_teardown(item, nextitem):
    """Forgets compiled programs between two files once they are half too many.

    So that within a file, where some tests count compilations, they hardly ever become too many.
    """
    # Imported late: strict shapes are for what is imported after pytest's own start.
    from qbjax.dynamics.forgetting import Burden, burden, forget_if_many

    if nextitem is None or nextitem.path != item.path:
        held = burden()
        forget_if_many(held and Burden(2 * held.maps, 2 * held.memory))


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
