"""`qbjax sweep` and `qbjax show`, on batteries of a few levels."""

import os
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import jax
import numpy as np
import pytest
import xarray as xr

import qbjax as qb
from qbjax.cli import sweep as command
from qbjax.studies import archive, described, fingerprint
from qbjax.views import sweeps
from tests.command import one_line, qbjax

STREAM = """
objective = ["ergotropy", "energy"]
[battery]
kind = "collisional"
levels = 6
loss = "loss"
[protocol]
kind = "collisions"
theta = "theta"
count = 5
[grid]
theta = { from = 0.1, to = 0.7, points = 4, units = "rad" }
loss = { values = [0.1, 0.2, 0.3] }
"""
LISTENING = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from qbjax.cli import main
if __name__ == '__main__':
    main()
"""
"""The command, hearing Ctrl-C even as a child of a background job, which is born deaf to it."""


ENVIRONMENT = {
    "cwd": Path(__file__).parents[1],
    "stderr": subprocess.PIPE,
    "stdout": subprocess.PIPE,
    "text": True,
    "env": os.environ | {"EQX_ON_ERROR": "nan"},
}


def command_line(words):
    """A command in a process of its own, with the tests' cache."""
    cache = ["--cache-dir", jax.config.values["jax_compilation_cache_dir"]]
    return [sys.executable, "-c", LISTENING, *cache, *map(str, words)]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "stream.toml"
    path.write_text(STREAM)
    return path


def test_sweep_and_show(file, tmp_path):
    store = tmp_path / "new" / "stream.zarr"
    result = qbjax("sweep", file, "--store", store, "--chunk", 5)
    assert result.exit_code == 0, result.output
    assert "12 of 12 points" in result.output
    data = archive.read(store)
    assert data.sizes == {"theta": 4, "loss": 3}
    study = described.Study(tomllib.loads(STREAM))
    here = qb.sweep(study, study.grid, configuration=study.configuration)
    for name in ("ergotropy", "energy", "status", "steps", "truncation"):
        assert np.array_equal(data[name], here[name])
    assert data["energy"].attrs == here["energy"].attrs == {"units": study.units["energy"]}
    largest = f"{float(data['ergotropy'].max()):.6g}"
    assert f"{largest}   theta = 0.7, loss = 0.1" in result.output
    shown = qbjax("show", store)
    assert shown.exit_code == 0, shown.output
    for word in (largest, "12 of 12 points computed; 0 failed", str(tmp_path / "new")):
        assert word in shown.output
    assert (store.parent / "stream.png").exists()
    assert (store.parent / "stream.svg").exists()


def test_the_store_is_beside_other_results_by_default(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert qbjax("sweep", file).exit_code == 0
    assert archive.read("qbjax-results/sweep/stream.zarr").attrs["missing"] == 0


def test_array_tasks_share_a_store(file, tmp_path):
    store = tmp_path / "shared.zarr"
    first = qbjax("sweep", file, "--store", store, "--chunk", 4, "--array-task", "0/2")
    assert first.exit_code == 0, first.output
    assert "8 of 12 points computed, 4 missing" in first.output
    assert "8 of 12 points computed, 4 missing" in qbjax("show", store).output
    other = tmp_path / "other.toml"
    other.write_text(STREAM.replace("0.3]", "0.4]"))
    refused = qbjax("sweep", other, "--store", store)
    assert refused.exit_code == 2
    assert one_line(refused.stderr, "[0.1, 0.2, 0.3] there", "[0.1, 0.2, 0.4] here")
    last = qbjax("sweep", file, "--store", store, "--array-task", "1/2")
    assert "12 of 12 points computed; 0 failed" in last.output


def test_a_store_of_other_versions_is_refused_and_can_be_accepted(file, tmp_path, monkeypatch):
    store, real = tmp_path / "old.zarr", fingerprint.versions
    words = ["sweep", file, "--store", store, "--chunk", 4]
    with monkeypatch.context() as patch:
        patch.setattr(fingerprint, "versions", lambda used: real(used) | {"jax": "0.9.1"})
        assert qbjax(*words, "--array-task", "0/2").exit_code == 0
    refused = qbjax(*words)
    assert refused.exit_code == 2
    assert one_line(refused.stderr, "was made with jax 0.9.1 (here", ", or --accept versions.")
    assert one_line(qbjax(*words, "--accept", "version").stderr, "did you mean 'versions'?")
    accepted = qbjax(*words, "--accept", "versions")
    assert accepted.exit_code == 0, accepted.output
    assert archive.read(store).attrs["accepted"].startswith("jax 0.9.1 (here ")


@pytest.mark.parametrize("task", ["2/2", "-1/2", "1", "1/", "a/b", "0/0", "1.5/2"])
def test_a_bad_array_task_is_one_line(file, tmp_path, task):
    result = qbjax("sweep", file, "--store", tmp_path / "none", f"--array-task={task}")
    assert result.exit_code == 2
    assert one_line(result.stderr, "`array-task`", "0 ≤ I < N", task)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("levels = 6", "level = 6", ("did you mean `levels`", "[battery] of", "stream.toml")),
        ("points = 4", "points = 400_000", ("1000000", "--yes", "1200000", "[grid]")),
        ('"energy"', '"enrgy"', ("'energy'", "stream.toml")),
    ],
)
def test_a_bad_file_is_one_line(file, tmp_path, old, new, words):
    file.write_text(STREAM.replace(old, new))
    result = qbjax("sweep", file, "--store", tmp_path / "none")
    assert result.exit_code == 2
    assert one_line(result.stderr, "Error: Argument", *words)
    assert not (tmp_path / "none").exists()


def test_many_points_may_be_meant(file, tmp_path, monkeypatch):
    monkeypatch.setattr(described, "LIMIT", 11)
    assert "--yes" in qbjax("sweep", file, "--store", tmp_path / "none").stderr
    assert qbjax("sweep", file, "--store", tmp_path / "some", "--yes").exit_code == 0


def test_a_bad_scheduler_is_one_line(file, tmp_path):
    pytest.importorskip("distributed")
    result = qbjax("sweep", file, "--store", tmp_path / "none", "--dask", "nonsense")
    assert result.exit_code == 2
    assert one_line(result.stderr, "`dask`", "'nonsense'")


@pytest.mark.slow  # Every worker imports JAX and compiles.
def test_workers_of_dask_compute_the_same(file, tmp_path):
    pytest.importorskip("distributed")
    for name, options in (("here", []), ("there", ["--dask", "local"])):
        words = ["sweep", file, "--store", tmp_path / name, "--chunk", "4", *options]
        done = subprocess.run(command_line(words), **ENVIRONMENT, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
    here, there = (archive.read(tmp_path / name) for name in ("here", "there"))
    assert there.drop_attrs().identical(here.drop_attrs())


def test_show_of_a_store_without_points(file, tmp_path):
    study, store = described.read(file), tmp_path / "empty.zarr"

    def stop(now):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        qb.sweep(study, study.grid, store, progress=stop, chunk=5)
    for marker in (store / ".qbjax" / "chunks").glob("*.json"):
        marker.unlink()
    result = qbjax("show", store)
    assert result.exit_code == 0, result.output
    assert "0 of 12 points computed, 12 missing" in result.output
    assert "No point to draw yet" in result.output


def test_show_refuses_what_is_no_store(tmp_path):
    result = qbjax("show", tmp_path)
    assert result.exit_code == 2
    assert one_line(result.stderr, "`store`", str(tmp_path))


def test_ctrl_c_leaves_a_store_and_says_how_to_go_on(tmp_path):
    file, store = tmp_path / "a file.toml", tmp_path / "s.zarr"
    # So many points that none but the signal ends it.
    file.write_text(STREAM.replace("points = 4", "points = 100_000"))
    words = ["sweep", file, "--store", store, "--chunk", "9"]
    process = subprocess.Popen(command_line(words), **ENVIRONMENT)
    chunks = store / ".qbjax" / "chunks"
    deadline = time.monotonic() + 100
    while not (chunks.is_dir() and len(list(chunks.iterdir())) > 3):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert one_line(told, f"Go on: qbjax sweep '{file}' --store {store}", "Ctrl-C")
    data = archive.read(store)
    assert 27 <= np.count_nonzero(data["status"].values == 0) < data["status"].size


def swept(dims, shape, **more):
    """A dataset like that of a sweep, its best point the last."""
    values = np.arange(float(np.prod(shape))).reshape(shape)
    coordinates = {name: np.linspace(1.0, 2.0, n) for name, n in zip(dims, shape)}
    variables = {"W": (dims, values), "status": (dims, np.zeros(shape, int)), **more}
    return xr.Dataset(variables, coords=coordinates)


def test_table_and_note_leave_failures_out():
    data = swept(("x", "y"), (3, 4), truncation=(("x", "y"), np.full((3, 4), 1e-6)))
    data["status"][2, 3], data["status"][0, 0] = 1, -1
    data["truncation"][2, 2] = 0.01
    (row,) = sweeps.sheet(data).rows
    assert row == ("W", "1", "5.5", "10", "x = 2, y = 1.66667 (too few levels)")
    assert sweeps.note(data) == (
        "11 of 12 points computed, 1 missing; 1 failed (1 step limit reached); "
        "truncation 1.0e-02 at worst, above 1e-04 at 1 points"
    )


def test_pictures_have_the_right_axes():
    figure = sweeps.figure(swept(("x",), (5,)))
    assert np.array_equal(figure.axes[0].lines[0].get_ydata(), np.arange(5.0))
    figure = sweeps.figure(swept(("x", "y"), (3, 4)))
    assert (figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()) == ("x", "y")
    drawn = figure.axes[0].collections[0].get_array()
    assert np.array_equal(drawn, np.arange(12.0).reshape(3, 4).T)
    figure = sweeps.figure(swept(("x", "y", "z"), (2, 3, 2)))
    assert figure.axes[0].get_title(loc="left") == "z = 2"
    assert np.array_equal(figure.axes[0].collections[0].get_array(), [[1, 7], [3, 9], [5, 11]])
    failed = swept(("x",), (2,)).assign(status=("x", [2, 2]))
    with pytest.raises(ValueError, match="succeeded"):
        sweeps.figure(failed)
    assert sweeps.sheet(failed).rows == [("W", "—", "—", "—", "—")]


@pytest.mark.parametrize("names", [("a",), ("a", "b"), ("a", "b", "c")])
def test_points_of_a_list_are_drawn_as_points(names):
    data = swept(("point",), (6,)).drop_vars("point")
    data = data.assign_coords({n: ("point", np.linspace(0, 1, 6)) for n in names})
    ax = sweeps.figure(data).axes[0]
    assert ax.get_xlabel() == "a"
    assert ax.get_ylabel() == ("W" if names == ("a",) else "b")
    assert sweeps.sheet(data).rows[0][-1] == ", ".join(f"{n} = 1" for n in names)


def test_progress_in_words():
    now = command.SweepProgress(done=12, total=12, failures=0, rate=1234.5, remaining=0.0)
    assert command.in_words(now) == "12 of 12 points, 1.23e+03 points/s, 0 failed"
    later = now._replace(done=2, remaining=3725.0)
    assert command.in_words(later).endswith("1:02:05 left")
