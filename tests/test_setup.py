"""One import is enough: double precision, the compile cache, nothing heavy, no host callback."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import equinox
import pytest

from qbjax import _setup

LATE = (
    "xarray",
    "pandas",
    "zarr",
    "matplotlib",
    "scipy.stats",
    "scipy.interpolate",
    "typer",
    "dask",
)

RUN = """
import numpy as np, qbjax as qb
lower = np.diag([1.0], 1)
battery = qb.batteries.Lindblad(
    np.zeros((2, 2)), [(0.1, lower)], dims=(2,), cell=0, cell_hamiltonian=np.arange(2.0),
    controls=[lower + lower.T],
)
run = qb.charge(battery, qb.protocols.Constant(1.0), [0.0, 1.0])
print(run.energy.dtype, round(float(run.energy[-1]), 6))
"""
ANSWER = "float64 0.676308"


def python(code, **environment):
    """What a fresh process prints, set up as a user's, with warnings as errors."""
    ours = ("JAX", "QBJAX", "EQX", "XLA")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    found = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", code],
        capture_output=True, text=True, env=inherited | environment,
    )  # fmt: skip
    return found.stdout.strip() or found.stderr.strip().splitlines()[-1]


def test_an_import_loads_nothing_heavy_and_switches_the_cache_on(tmp_path):
    code = f"""
import sys, qbjax as qb, jax
print([name for name in {LATE} if name in sys.modules], jax.config.jax_enable_x64,
      jax.config.jax_compilation_cache_dir, qb.sweep.__name__, "xarray" in sys.modules)
"""
    folder = tmp_path / "cache"
    assert python(code, QBJAX_CACHE_DIR=str(folder)) == f"[] True {folder} sweep True"
    assert "None sweep" in python(code, QBJAX_CACHE="off")
    own = str(tmp_path / "own")
    assert f"{own} sweep" in python(code, JAX_COMPILATION_CACHE_DIR=own)


def test_single_precision_that_was_asked_for_is_left_alone():
    assert python(RUN, JAX_ENABLE_X64="0", QBJAX_CACHE="off").startswith(
        "RuntimeError: qbjax needs double precision"
    )


def test_a_cache_is_shared_and_survives_damage(tmp_path):
    """Two processes at once fill it; torn entries are made again, and nothing is said."""
    with ThreadPoolExecutor() as pool:
        both = pool.map(lambda _: python(RUN, QBJAX_CACHE_DIR=str(tmp_path)), range(2))
    assert set(both) == {ANSWER}
    entries = [p for p in tmp_path.iterdir() if p.suffix != ".lock"]
    assert entries
    for entry in entries:
        entry.write_bytes(entry.read_bytes()[:100])
    assert python(RUN, QBJAX_CACHE_DIR=str(tmp_path)) == ANSWER


@pytest.mark.parametrize(
    "folder", ["/dev/null/cache", pytest.param("/proc/cache", marks=pytest.mark.slow)]
)
def test_a_folder_that_cannot_be_written_does_no_harm(folder):
    assert python(RUN, QBJAX_CACHE_DIR=folder) == ANSWER


def test_a_full_disk_does_no_harm(tmp_path):
    """Every entry that is written fails as on a full disk."""
    full = """
import errno, pathlib
def write_bytes(self, data):
    raise OSError(errno.ENOSPC, "No space left on device", str(self))
pathlib.Path.write_bytes = write_bytes
"""
    assert python(full + RUN, QBJAX_CACHE_DIR=str(tmp_path)) == ANSWER


def test_threads_do_not_restore_each_other_s_settings(monkeypatch):
    """The second waits, and what a caller had asked of equinox is back in the end."""
    monkeypatch.setattr(equinox._errors, "EQX_ON_ERROR", "raise")
    inside, entered = threading.Event(), threading.Event()

    def second():
        inside.wait()
        with _setup.without_callbacks():
            entered.set()

    other = threading.Thread(target=second)
    other.start()
    with _setup.without_callbacks():
        inside.set()
        assert not entered.wait(0.2)
        assert equinox._errors.EQX_ON_ERROR == "nan"
    other.join()
    assert entered.is_set()
    assert equinox._errors.EQX_ON_ERROR == "raise"


PAIRS = {
    "each once": "zip(ADJOINTS, METHODS)",
    "all": "itertools.product(ADJOINTS, METHODS)",
}


@pytest.mark.parametrize("pairs", ["each once", pytest.param("all", marks=pytest.mark.slow)])
def test_no_program_holds_a_host_callback_whoever_was_imported_first(pairs):
    code = f"""
import equinox, diffrax, itertools, jax
import numpy as np, qbjax as qb
def work(F, adjoint, method):
    battery = qb.batteries.DOPO(5, 2)
    pump = qb.protocols.SwitchOff(F, 0.7)
    how = dict(adjoint=adjoint, solver=qb.Solver(method=method))
    return qb.charge(battery, pump, np.linspace(0.0, 1.0, 3), **how).energy[-1]
ADJOINTS = (("reverse", jax.grad), ("forward", jax.jacfwd))
METHODS = (None, diffrax.Dopri5())
for (adjoint, slope), method in {PAIRS[pairs]}:
    text = jax.jit(slope(work), static_argnums=(1, 2)).lower(0.3, adjoint, method).as_text()
    print("while" in text, "callback" in text, end=" ")
"""
    answers = python(code, QBJAX_CACHE="off").split()
    assert answers == ["True", "False"] * (2 if pairs == "each once" else 4)
