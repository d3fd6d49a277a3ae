"""`qbjax charge bloch` and `qbjax optimize bloch-angle`."""

import tomllib

import numpy as np
import pytest
import xarray as xr

import qbjax as qb
from qbjax.batteries.bloch.battery import FURTHER
from tests.command import FILES, one_line, qbjax


def saved(folder, name="run"):
    with xr.open_dataset(folder / f"{name}.nc", engine="h5netcdf") as data:
        return data.load()


def command(tmp_path, *options):
    result = qbjax(*options, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    return result.output


def test_charge_shows_and_saves(tmp_path):
    shown = command(tmp_path, "charge", "bloch", "--theta", 0.5, "--phi", 0.1, "--over-pi",
                    "--decay", 0.3, "--until", 3, "--points", 31)  # fmt: skip
    assert "nothing was truncated" in shown
    assert {path.name for path in tmp_path.iterdir()} == FILES
    charger = qb.protocols.BlochPreparation(np.pi / 2, 0.1 * np.pi)
    run = qb.charge(qb.batteries.BlochCharger(decay=0.3), charger, np.linspace(0, 3, 31))
    data = saved(tmp_path)
    np.testing.assert_allclose(data["ergotropy"], run.ergotropy, rtol=0, atol=1e-12)
    np.testing.assert_allclose(data["concurrence"], run.concurrence, rtol=0, atol=1e-12)
    written = tomllib.loads((tmp_path / "config.toml").read_text())["charge bloch"]
    assert (written["theta"], written["over_pi"], written["decay"]) == (0.5, True, 0.3)
    command(tmp_path / "again", "charge", "bloch", "--config", tmp_path / "config.toml")
    xr.testing.assert_equal(saved(tmp_path / "again"), data)


def test_every_term_of_the_battery_has_an_option(tmp_path):
    numbers = {name: 0.1 * (i + 1) for i, name in enumerate(FURTHER)}
    named = [x for name, value in numbers.items() for x in ("--" + name.replace("_", "-"), value)]
    command(tmp_path, "charge", "bloch", *named, "--counter-rotating", "--length", 0.8,
            "--frequency", 2, "--until", 2, "--points", 3)  # fmt: skip
    battery = qb.batteries.BlochCharger(1.0, 0, 2.0, **numbers, counter_rotating=True)
    charger = qb.protocols.BlochPreparation(np.pi / 2, length=0.8)
    run = qb.charge(battery, charger, np.linspace(0, 2, 3))
    np.testing.assert_allclose(saved(tmp_path)["ergotropy"], run.ergotropy, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--theta", 3.5], ("`theta`", "at most 3.14159")),
        (["--theta", 1.5, "--over-pi"], ("`theta`", "at most 3.14159")),
        (["--coupling", 0], ("`coupling`", "greater than 0")),
        (["--decay", -1], ("`decay`", "at least 0")),
        (["--until", 0], ("`until`", "greater than 0")),
        (["--length", 1.1], ("`length`", "at most 1")),
        (["--cell-dephasing", -1], ("`cell_dephasing`", "at least 0")),
    ],
)
def test_bad_input_is_one_line(tmp_path, options, words):
    result = qbjax("charge", "bloch", *options, "--out", tmp_path)
    assert result.exit_code == 2
    error = [line for line in result.output.splitlines() if line.startswith("Error")]
    assert one_line("\n".join(error), *words)


@pytest.mark.parametrize(
    ("options", "sought", "expected"),
    [
        pytest.param(["--aim", "power"], "power", 0.6730168338, marks=pytest.mark.slow),
        pytest.param(
            ["--aim", "steady", "--limit", 0.1, "--limit", 0.3],
            "power",
            0.6730168338,
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ["--aim", "thrifty", "--points", 3, "--decay", 2],
            "ergotropy",
            0.0969478,
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ["--aim", "safe", "--couplings", 0.9, 1.1], "worst", 0.368696, marks=pytest.mark.slow
        ),
    ],
)
def test_angle(tmp_path, options, sought, expected):
    """The sought value, and that a run with the angle and the time found reaches it."""
    command(tmp_path, "optimize", "bloch-angle", *options)
    assert {path.name for path in tmp_path.iterdir()} == FILES | {"choices.nc"}
    run, choices = saved(tmp_path), saved(tmp_path, "choices")
    assert next(iter(choices.data_vars)) == sought
    assert float(choices[sought][-1]) == pytest.approx(expected, abs=1e-6)
    verified = {"power": "ergotropic_power", "ergotropy": "ergotropy"}
    if sought in verified:
        assert float(run[verified[sought]][100]) == pytest.approx(expected, abs=1e-6)
    command(tmp_path / "again", "optimize", "bloch-angle", "--config", tmp_path / "config.toml")
    xr.testing.assert_equal(saved(tmp_path / "again", "choices"), choices)


def test_a_bad_limit_is_one_line(tmp_path):
    result = qbjax("optimize", "bloch-angle", "--aim", "steady", "--limit", 0, "--out", tmp_path)
    assert result.exit_code == 2
    error = [line for line in result.output.splitlines() if line.startswith("Error")]
    assert one_line("\n".join(error), "`limit`", "greater than 0")
