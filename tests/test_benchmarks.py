"""The benchmark for whoever has a GPU, in small: what it prints, and that it ends in time."""

import importlib.util
import math
import subprocess
import sys
import time
from pathlib import Path

import jax
import pytest

FILE = Path(__file__).parents[1] / "benchmarks" / "gpu.py"


@pytest.fixture
def gpu():
    spec = importlib.util.spec_from_file_location("gpu", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows_of(report):
    """The table of a report, without its head."""
    lines = [line for line in report.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_it_measures_what_it_says(gpu, monkeypatch):
    """Two of the four systems, which compile fast."""
    few = gpu.cases(gpu.SMALL)[1:3]
    monkeypatch.setattr(gpu, "cases", lambda size: few)
    report = gpu.everything(gpu.SMALL, jax.devices()[0], time.monotonic())
    assert report.startswith(f"{jax.devices()[0].device_kind} (cpu, ")
    assert f"jax {jax.__version__}" in report
    rows = rows_of(report)
    assert [(row[0], row[2]) for row in rows[:4]] == [
        (case.name, what) for case in few for what in ("value", "gradient")
    ]
    assert "dynamiqs" in rows[4][0]
    for row in rows[:4]:
        points, seconds, rate, moved, bad = (float(row[k]) for k in (1, 4, 5, 6, 8))
        assert bad == 0
        assert points == pytest.approx(rate * seconds, rel=0.02)
        assert 0 < moved < math.inf
    size = gpu.SMALL
    moved, seconds = 1e9 * float(rows[0][6]), float(rows[0][4])
    assert moved * seconds == pytest.approx(8 * 10 * 2 * 8 * size.levels**2, rel=0.02)


def test_it_ends_in_time(gpu, monkeypatch):
    begun = time.monotonic() - gpu.LIMIT
    monkeypatch.setattr(gpu, "measured", None)  # nothing is begun any more
    monkeypatch.setattr(gpu, "copied", lambda count: 1e9)
    rows = rows_of(gpu.everything(gpu.FULL, jax.devices()[0], begun - 1))
    assert len(rows) == 9
    assert {row[2] for row in rows} == {"no time left"}
    assert {row[1] for row in rows} == {"1024", "4096"}


@pytest.mark.slow
def test_the_script_in_small(tmp_path):
    command = [sys.executable, FILE, tmp_path / "table.md", "--small"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=FILE.parents[1])
    assert done.returncode == 0, done.stderr[-2000:]
    rows = rows_of((tmp_path / "table.md").read_text())
    assert len(rows) == 9
    assert {row[8] for row in rows} <= {"0", "–"}
