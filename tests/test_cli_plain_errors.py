"""A wrong name, a place that cannot be written, a missing package: a line, and what to type."""

import errno
import pathlib
import sys

import pytest

from qbjax.cli import jobs
from tests.command import one_line, qbjax

COMMANDS = (
    "demo", "reproduce", "charge dopo", "charge bloch", "charge collisional", "charge waveguide",
    "charge --battery lindblad", "optimize switch-off", "optimize pulse", "optimize swap-angles",
    "optimize bloch-angle", "optimize waveguide",
)  # fmt: skip
"""Commands that save in a folder."""

WRONG = {
    "chrge": "Did you mean 'charge'?",
    "charge dpo": "Did you mean 'dopo'?",
    "charge --battery doppo": "(did you mean 'dopo'?)",
    "charge --battery dopo --set signal_level=4": "(did you mean `signal_levels`?)",
    "charge dopo --pulse absent": "there is no such file",
    "charge dopo --config absent.toml": "'absent.toml' does not exist",
    "charge dopo --config {bad.toml}": "must be a TOML file",
    "info --battery doppo": "(did you mean 'dopo'?)",
    "optimize swich-off": "Did you mean 'switch-off'?",
    "reproduce colisional": "(did you mean 'collisional'?). Type, for example: qbjax reproduce",
    "reproduce collisional 44": "Type, for example: qbjax reproduce collisional 2",
    "validate --paper dopoo": "(did you mean 'dopo'?)",
    "validate --write {file}/claims.md": "Type, for example: qbjax validate --write claims.md",
    "validate --write {empty}": "is a folder. Type, for example: qbjax validate --write claims.md",
    "report absent": "must name something saved",
    "report {bad.nc}": "must be a file netCDF",
    "report {bad.csv}": "must be a file of run.to_csv",
    "report {empty}": "must be a store, a file or a folder with `run.nc`",
    "report {run.csv} --out {empty}": "is a folder. Type, for example: qbjax report",
    "report {run.csv} --out {file}/page.html": "Type, for example: qbjax report",
    "show absent": "must be a store of qb.sweep",
    "show {file}": "must be a new path or a store of qb.sweep",
    "sweep absent.toml": "'absent.toml' does not exist",
    "sweep {bad.toml}": "must be TOML",
    "--cache-dir {file} doctor": "type qbjax --cache-dir FOLDER, or set QBJAX_CACHE_DIR",
}
"""Command lines, and words of the answer; in braces is what lies in the folder of the test."""

CONTENTS = {
    "file": "in the way", "bad.toml": "x = [", "bad.nc": "garbage", "bad.csv": "a,b\n1,2\n",
    "run.csv": "# verb: charge\ntime,energy\n0.0,0.0\n1.0,0.5\n",
}  # fmt: skip

MISSING = {
    "plotly": ("report {run.csv}", 'pip install "qbjax[report]"'),
    "distributed": ("sweep {grid.toml} --dask local", "pip install 'qbjax[cluster]'"),
}
"""Packages that some commands need: such a command, and how to get it."""

GRID = """
objective = "energy"
battery = {kind = "bloch", coupling = "J"}
protocol = {kind = "bloch", theta = 3.0}
charge = {until = 1.0}
[grid]
J = {values = [1.0, 2.0]}
"""


@pytest.fixture
def words_of(tmp_path, monkeypatch):
    """Makes the words of a command line, in a folder where nothing may be computed."""
    for name, text in {**CONTENTS, "grid.toml": GRID}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)

    def computed(*given, **how):
        raise AssertionError("something was computed before the complaint")

    for name in ("long_charge", "charge", "best_switch_off", "best_pulse"):
        monkeypatch.setattr(jobs, name, computed)
    places = {name: tmp_path / name for name in (*CONTENTS, "empty", "grid.toml")}

    def words(line):
        for name, place in places.items():
            line = line.replace(f"{{{name}}}", str(place))
        return line.split()

    return words


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_word_is_one_line(words_of, line):
    result = qbjax(*words_of(line))
    assert result.exit_code in (1, 2)
    assert one_line(result.stderr, "Error:", WRONG[line])


@pytest.mark.parametrize("line", COMMANDS)
def test_a_folder_that_cannot_be_made_says_what_to_type(words_of, line):
    for place in ("{file}", "{file}/below", "/proc/below"):
        result = qbjax(*words_of(f"{line} --out {place}"))
        assert result.exit_code == 2
        assert one_line(
            result.stderr, "Error: Argument `out` must be a folder", "Type, for example"
        )
        command = " ".join(word for word in line.split()[:2] if not word.startswith("--"))
        assert f"qbjax {command} --out" in result.stderr


@pytest.mark.parametrize("package", MISSING)
def test_a_missing_package_says_how_to_get_it(words_of, monkeypatch, package):
    for name in [package, *(name for name in sys.modules if name.startswith(f"{package}."))]:
        monkeypatch.setitem(sys.modules, name, None)
    line, words = MISSING[package]
    result = qbjax(*words_of(line))
    assert result.exit_code == 2
    assert one_line(result.stderr, "Error:", words)


def test_a_full_disk_is_one_line_and_leaves_no_part(tmp_path, monkeypatch):
    def full(path, text, encoding=None):
        path.write_bytes(b"part")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pathlib.Path, "write_text", full)
    result = qbjax("validate", "--write", tmp_path / "claims.md")
    assert result.exit_code == 2
    assert one_line(result.stderr, "No space left on device", "Type, for example: qbjax validate")
    assert not (tmp_path / "claims.md").exists()
