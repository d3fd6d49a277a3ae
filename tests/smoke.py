"""What an installed qbjax must do, with exact answers: `python smoke.py [STEP ...]`, a minute.

It needs no other file, and no package that qbjax does not. Each step is a function of a folder that
it may write into.
"""

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import jax
import numpy as np

import qbjax as qb

SHOWN = ("qbjax", "jax", "diffrax", "numpy", "scipy", "pandas", "xarray", "zarr", "matplotlib")
RATE = 0.7


def pumped(drive, duration=1.0, **how):
    """A driven qubit: its energy is sin²(drive · t)."""
    lower = np.array([[0.0, 1.0], [0.0, 0.0]])
    qubit = qb.batteries.Lindblad(
        np.zeros((2, 2)), [], dims=(2,), cell=0, cell_hamiltonian=[0.0, 1.0],
        controls=[lower + lower.T],
    )  # fmt: skip
    times = jax.numpy.stack([0.0, duration / 2, duration])
    return qb.charge(qubit, qb.protocols.Constant(drive), times, **how)


def command(folder, *words):
    """Runs the command that was installed with this interpreter; else the module, as a wheel does
    that was only unpacked."""
    script = Path(sys.executable).with_name("qbjax")
    beside = (
        Path(qb.__file__).resolve().is_relative_to(Path(sys.prefix).resolve()) and script.exists()
    )
    start = [script] if beside else [sys.executable, "-m", "qbjax.cli"]
    return subprocess.run([*start, *words], capture_output=True, text=True, check=False, cwd=folder)


def doctor(folder):
    """The command is there, finds what it stands on, and computes right."""
    done = command(folder, "doctor")
    assert done.returncode == 0, done.stdout + done.stderr


def charge(folder):
    """A cell of a coherent Ising machine is charged within its bounds, a qubit as on paper."""
    battery = qb.batteries.DOPO(signal_levels=16, pump_levels=3)
    run = qb.charge(battery, qb.protocols.Constant(1.0), np.linspace(0.0, 2.0, 5))
    assert int(run.status) == 0
    assert 0 < float(run.ergotropy[-1]) <= float(run.energy[-1])
    exact = np.sin(RATE * np.array([0.0, 0.5, 1.0])) ** 2
    np.testing.assert_allclose(pumped(RATE).energy, exact, atol=1e-9)


def gradient(folder):
    """Both modes of differentiation, against the derivative on paper."""
    for mode, derivative in (("reverse", jax.grad), ("forward", jax.jacfwd)):
        slope = derivative(lambda drive, mode=mode: pumped(drive, adjoint=mode).energy[-1])(RATE)
        np.testing.assert_allclose(slope, np.sin(2 * RATE), atol=1e-8)


def maximize(folder):
    """A search finds the drive that fills the qubit by the end."""
    plan = qb.protocols.Constant(qb.free(1.0, low=0.0, high=2.0))
    best = qb.maximize(lambda plan: pumped(plan.amplitude).energy[-1], plan, steps=8)
    np.testing.assert_allclose([best.value, best.protocol.amplitude], [1, np.pi / 2], atol=1e-4)


def sweep(folder):
    """A store keeps what was computed, and reading it computes nothing."""
    from qbjax.studies import grids

    grid = grids.product(drive=np.linspace(0.1, 1.0, 4), duration=[1.0, 2.0])

    def energy(drive, duration):
        return {"energy": pumped(drive, duration).energy[-1]}

    for _ in range(2):  # the second time from the store
        data = qb.sweep(energy, grid, store=folder / "sweep.zarr", chunk=4)
        exact = np.sin(data.drive.values[:, None] * data.duration.values) ** 2
        np.testing.assert_allclose(data.energy, exact, atol=1e-8)
    np.testing.assert_array_equal(qb.load(folder / "sweep.zarr").energy, data.energy)


def save_and_load(folder):
    """A run comes back from netCDF and from a table as it was, with where it is from."""
    run = pumped(RATE)
    run.to_xarray().to_netcdf(folder / "run.nc")
    run.to_csv(folder / "run.csv")
    for name in ("run.nc", "run.csv"):
        record = qb.load(folder / name)
        np.testing.assert_allclose(record.energy, run.energy, rtol=1e-12)
        assert record.origin["protocol"]["class"].endswith("Constant"), name


def picture(folder):
    """The command charges, and leaves data and pictures."""
    done = command(folder, "charge", "bloch", "--out", "charged")
    assert done.returncode == 0, done.stdout + done.stderr
    left = {path.name for path in (folder / "charged").iterdir()}
    assert {"run.nc", "figure.png", "figure.svg", "config.toml"} <= left, left


def report(folder):
    """A page of a saved run where plotly is, and one line where it is not."""
    if not (folder / "charged").exists():
        picture(folder)
    done = command(folder, "report", "charged")
    if importlib.util.find_spec("plotly"):
        assert done.returncode == 0, done.stderr
        (page,) = (folder / "charged").glob("*.html")
        assert "Plotly.newPlot" in page.read_text(encoding="utf-8")
    else:
        assert done.returncode != 0
        assert "qbjax[report]" in done.stdout + done.stderr


STEPS = (doctor, charge, gradient, maximize, sweep, save_and_load, picture, report)


def main():
    print(sys.version.split()[0], *(f"{name} {version(name)}" for name in SHOWN), sep=", ")
    print(qb.__file__)
    os.environ.setdefault("MPLBACKEND", "agg")
    asked = set(sys.argv[1:])
    assert asked <= {step.__name__ for step in STEPS}, asked
    with tempfile.TemporaryDirectory() as folder:
        for step in STEPS:
            if asked and step.__name__ not in asked:
                continue
            start = time.perf_counter()
            step(Path(folder))
            print(f"{step.__name__:15} {time.perf_counter() - start:5.1f} s")


if __name__ == "__main__":
    main()
