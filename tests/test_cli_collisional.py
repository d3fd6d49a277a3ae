"""`qbjax charge collisional`."""

import tomllib

import numpy as np
import pytest
import xarray as xr

import qbjax as qb
from tests.command import FILES, one_line, qbjax


def charge(tmp_path, *options):
    result = qbjax("charge", "collisional", *options, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    with xr.open_dataset(tmp_path / "run.nc", engine="h5netcdf") as data:
        return data.load()


def test_charge_shows_and_saves(tmp_path):
    data = charge(tmp_path, "--levels", 20, "--collisions", 12, "--coherence", 1,
                  "--ground-population", 0.5, "--loss", 0.01)  # fmt: skip
    assert {path.name for path in tmp_path.iterdir()} == FILES
    battery = qb.batteries.Collisional(qb.algebra.ladders.oscillator(20), 0.01)
    run = qb.charge(battery, qb.protocols.Collisions(np.full(12, 0.25), 0.5, 1.0))
    np.testing.assert_allclose(data["ergotropy"], run.ergotropy, rtol=1e-12)
    written = tomllib.loads((tmp_path / "config.toml").read_text())["charge collisional"]
    assert (written["levels"], written["loss"]) == (20, 0.01)
    again = charge(tmp_path / "again", "--config", tmp_path / "config.toml")
    xr.testing.assert_equal(again, data)


@pytest.mark.parametrize("angles", ["full-swap", "greedy", "greedy-transient"])
def test_chosen_angles_of_a_spin(tmp_path, angles):
    data = charge(tmp_path, "--ladder", "spin", "--spin", 4.5, "--angles", angles,
                  "--collisions", 5)  # fmt: skip
    assert data.sizes["time"] == 6
    assert float(data["energy"][-1]) > 4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--coherence", 2], ("`coherence`", "at most 1")),
        (["--ladder", "spin", "--spin", 0.3], ("`spin`", "at least 0.5")),
        (["--angles", "full-swap", "--levels", 5], ("`count`",)),
        (["--theta", -1], ("`theta`", "at least 0")),
    ],
)
def test_bad_input_is_one_line(tmp_path, options, words):
    result = qbjax("charge", "collisional", *options, "--out", tmp_path)
    assert result.exit_code == 2
    error = [line for line in result.output.splitlines() if line.startswith("Error")]
    assert one_line("\n".join(error), *words)
