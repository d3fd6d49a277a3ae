"""`qbjax charge --battery …` and `qbjax info --battery …`."""

import tomllib
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import qbjax as qb
from qbjax.cli import any_battery
from tests.command import FILES, one_line, qbjax
from tests.toy import Qutrit

TOY = f"{Path(__file__).with_name('toy.py')}:Qutrit"
MINE = """
import numpy as np
import qbjax as qb

LOWER = np.diag([1.0], 1)

def battery(decay=0.2):
    return qb.batteries.BlochCharger(1.0, decay)

def protocol(theta):
    return qb.protocols.BlochPreparation(theta)

two = qb.batteries.Lindblad(
    [], [(0.1, LOWER)], dims=(2,), observables={"excited": np.diag([0.0, 1.0])},
    controls=[LOWER + LOWER.T, np.diag([0.0, 1.0])],
)
"""
QUBIT = ("--battery", "bloch", "--protocol", "bloch", "--set-protocol", "theta=2.0")


def charge(folder, *options, points=5):
    result = qbjax("charge", *options, "--points", points, "--out", folder)
    assert result.exit_code == 0, result.output
    with xr.open_dataset(folder / "run.nc", engine="h5netcdf") as data:
        return data.load()


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    return path


def test_it_is_what_python_says(tmp_path):
    data = charge(tmp_path, *QUBIT, "--set", "decay=0.3", "--until", 1)
    protocol = qb.protocols.BlochPreparation(2.0)
    run = qb.charge(qb.batteries.BlochCharger(decay=0.3), protocol, np.linspace(0.0, 1.0, 5))
    np.testing.assert_allclose(data["ergotropy"], run.ergotropy, rtol=0, atol=1e-12)
    assert {path.name for path in tmp_path.iterdir()} == FILES
    written = tomllib.loads((tmp_path / "config.toml").read_text())["charge"]
    assert (written["battery"], written["set"], written["until"]) == ("bloch", ["decay=0.3"], 1.0)
    assert "own_files" not in data.attrs


def test_a_stream_ends_of_itself(tmp_path):
    stream = ("--protocol", "collisions", "--set-protocol", "theta=0.3", "--set-protocol")
    ladder = ("--battery", "collisional", "--set", "ladder=spin", "--set", "spin=2.5")
    data = charge(tmp_path, *ladder, *stream, "count=8")
    assert data.sizes["time"] == 5
    result = qbjax("charge", *ladder, *stream, "count=8", "--until", 3)
    assert one_line(result.stderr, "`until` must be left out for collisions")


def test_ones_own_is_kept_with_its_results(mine, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    options = ("--protocol", f"{mine}", "--set-protocol", "theta=2", "--until", 1)
    data = charge(first, "--battery", mine, "--set", "decay=0.3", *options)
    assert {path.name for path in first.iterdir()} == FILES | {"mine.py"}
    assert f"{mine} (sha256 " in data.attrs["own_files"]
    mine.unlink()
    result = qbjax("charge", "--config", first / "config.toml", "--out", second)
    assert result.exit_code == 0, result.output
    again = xr.load_dataset(second / "run.nc", engine="h5netcdf")
    assert again.drop_attrs().identical(data.drop_attrs())
    assert (first / "config.toml").read_text() == (second / "config.toml").read_text()


@pytest.mark.standard_promotion
def test_a_class_of_ones_own(tmp_path):
    pulse = ("--protocol", "switch_off", "--set-protocol", "amplitude=0.7")
    data = charge(
        tmp_path, "--battery", TOY, "--set", "decay=0.2", *pulse, "--set-protocol", "time=0.5",
        "--until", 1,
    )  # fmt: skip
    run = qb.charge(Qutrit(0.2), qb.protocols.SwitchOff(0.7, 0.5), np.linspace(0.0, 1.0, 5))
    np.testing.assert_allclose(data["ergotropy"], run.ergotropy, rtol=0, atol=1e-9)
    assert {path.name for path in tmp_path.iterdir()} == FILES | {"toy.py"}
    assert "| W^c |" not in (tmp_path / "table.md").read_text()


def test_several_controls_and_no_cell(mine, tmp_path):
    controls = ("--protocol", "constant", "--protocol", "constant", "--set-protocol")
    data = charge(
        tmp_path, "--battery", f"{mine}:two", *controls, "amplitude=1.0", "--set-protocol",
        "1.amplitude=0.3", "--until", 1,
    )  # fmt: skip
    lower = np.diag([1.0], 1)
    same = qb.batteries.Lindblad(
        0.3 * np.diag([0.0, 1.0]) + lower + lower.T, [(0.1, lower)], dims=(2,), cell=0,
        cell_hamiltonian=[0.0, 1.0],
    )  # fmt: skip
    run = qb.charge(same, None, np.linspace(0.0, 1.0, 5))
    np.testing.assert_allclose(data["excited"], run.energy, rtol=0, atol=1e-8)
    assert "| time | excited |" in (tmp_path / "table.md").read_text()
    assert ">excited<" in (tmp_path / "figure.svg").read_text("utf-8")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--until", 1], ("`battery` must be given",)),
        (["--battery", "blch"], ("`battery` must be one of 'dopo'", "did you mean 'bloch'?")),
        (["--battery", "none.py"], ("`battery`", "none.py cannot be read")),
        (["--battery", "bloch", "--set", "copling=1"], ("did you mean `coupling`?), in --set",)),
        (["--battery", "bloch", "--set", "coupling=x"], ("`coupling` must be a number, but is",)),
        (["--battery", "bloch", "--set", "coupling=-1"], ("`coupling` must be greater than 0",)),
        (["--battery", "bloch", "--set", "coupling"], ("`set` must be NAME=VALUE",)),
        ([*QUBIT, "--set", "decay=1", "--set", "decay=1"], ("`set` must say `decay` once",)),
        (QUBIT, ("`until` must be given",)),
        (
            [*QUBIT, "--protocol", "blch"],
            ("`protocol` must be one of 'bloch', 'bloch_segments', 'none'",),
        ),
        (QUBIT[:4], ("`theta` must be given, but is left out, in --set-protocol",)),
        ([*QUBIT, "--set-protocol", "1.phi=2"], ("`set_protocol`", "`1.phi` is for none")),
        ([*QUBIT[:2], "--set-protocol", "phi=2"], ("`set_protocol`", "one of 0 protocols")),
        ([*QUBIT[:4], "--set-protocol", "theta=9", "--until", 1], ("`theta` must be",)),
        (["--battery", "dopo"], ("`signal_levels` must be given", "in --set")),
        ([*QUBIT, "dopo"], ("`battery` must come behind 'dopo'",)),
        (["--config", "CONFIG", "dopo"], ("`config` must come behind 'dopo'",)),
    ],
)
def test_what_is_wrong_is_one_line(options, words, tmp_path):
    (tmp_path / "c.toml").write_text('["charge"]\nbattery = "bloch"\n')
    options = [tmp_path / "c.toml" if word == "CONFIG" else word for word in options]
    result = qbjax("charge", *options)
    assert result.exit_code == 2, result.output
    assert one_line(result.stderr, "Error: Argument", *words), result.stderr


def test_debug_lets_the_error_through(mine):
    mine.write_text("x = 1 / 0\n")
    result = qbjax("--debug", "charge", "--battery", mine)
    assert isinstance(result.exception.__cause__, ZeroDivisionError)


@pytest.mark.parametrize("words", [("charge", "--protocol", "none", "--until", 1), ("info",)])
def test_methods_of_ones_own_that_fail_are_named(words, mine):
    text = "import qbjax as qb\n\nclass battery(qb.batteries.BlochCharger):\n"
    method = "check(self, protocol, times)" if words[0] == "charge" else "facts(self, initial)"
    mine.write_text(f"{text}    def {method}:\n        return {{}}['no such key']\n")
    command, *options = words
    result = qbjax(command, "--battery", mine, *options)
    assert result.exit_code == 2, result.output
    assert one_line(result.stderr, "mine.py fails at line 5 (KeyError: 'no such key')")


def test_info_lists_and_tells(mine):
    result = qbjax("info")
    assert result.exit_code == 0, result.output
    assert "tavis_cummings, oscillators" in " ".join(result.output.split())
    result = qbjax("info", "--battery", mine, "--set", "decay=0.25")
    for word in ("BlochCharger", "decay=0.25", "0.2", "--set-protocol", "theta, phi=0.0"):
        assert word in result.output
    assert one_line(qbjax("info", "--battery", "dpo").stderr, "did you mean 'dopo'?")


def test_info_says_what_is_needed():
    arguments, protocols = any_battery.sheets("dopo", [])
    assert arguments.rows[:3] == [
        ("signal_levels", "needed"), ("pump_levels", "needed"), ("coupling", "0.5")
    ]  # fmt: skip
    assert ("switch_off", "amplitude, time, ramp=0") in protocols.rows
    *_, protocols = any_battery.sheets("micromaser", [])
    ((kind, spelled),) = protocols.rows
    assert kind == "collisions"
    assert spelled.startswith("theta, count, ground_population=0, coherence=0, phase=0, detuning")
