"""`qbjax charge collisional`."""

import tomllib

import numpy as np
import pytest
import xarray as xr

import qbjax as qb
from qbjax.cli.collisional import _bounds
from qbjax.views import streams
from tests.command import FILES, one_line, qbjax

LADDER = qb.algebra.ladders.oscillator(6)


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


def test_counter_rotating_terms_detuning_and_losses(tmp_path):
    data = charge(tmp_path, "--levels", 12, "--collisions", 4, "--coherence", 1, "--theta", 0.6,
                  "--ground-population", 0.25, "--counter-rotating", 0.2, "--clock", "runs-on",
                  "--collision-loss", 0.05, "--detuning", -0.3, "--missed", 0.1)  # fmt: skip
    ladder = qb.algebra.ladders.oscillator(12)
    battery = qb.batteries.Collisional(ladder, 0, 0, 0.2, "runs_on", 0.05)
    stream = qb.protocols.Collisions(
        np.full(4, 0.6), 0.25, 1.0, detuning=-0.3, scatter=qb.protocols.Scatter(0.1)
    )
    np.testing.assert_allclose(data["energy"], qb.charge(battery, stream).energy, rtol=1e-12)


@pytest.mark.parametrize(
    ("battery", "bounds"),
    [
        ({}, {"classical", "coherent"}),
        ({"loss": 0.1}, {"classical"}),
        ({"loss": 0.1, "thermal": 0.2}, set()),
        ({"counter_rotating": 0.1}, set()),
        ({"collision_loss": 0.1}, set()),
        ({"ladder": qb.algebra.ladders.spin(2), "loss": 0.1}, set()),
        ({"ladder": qb.algebra.ladders.uniform(4)}, {"classical"}),
    ],
)
def test_bounds_are_those_that_hold(battery, bounds):
    made = qb.batteries.Collisional(battery.pop("ladder", LADDER), **battery)
    found = _bounds(made, 2.0)
    assert set(found.data_vars) == bounds
    for name, value in found.data_vars.items():
        bound = qb.merit.bounds
        if name == "classical":
            expected = bound.incoherent_energy(made.ladder, 2.0, made.loss)
        else:
            expected = bound.coherent_energy(made.ladder, 2.0)
        assert float(value[-1]) == pytest.approx(float(expected), rel=1e-9)


def test_energies_are_points_and_bounds_curves():
    run = qb.charge(qb.batteries.Collisional(LADDER), qb.protocols.Collisions([0.5, 0.4]))
    times = np.linspace(0.0, 1.0, 5)
    bounds = xr.Dataset({"classical": ("time", times**2)}, coords={"time": times})
    for ax, (count, peak) in zip(streams.charging_figure(run.to_xarray(), bounds).axes,
                                 ((5, 1.0), (3, 1.0)), strict=True):  # fmt: skip
        *points, curve = ax.get_lines()
        assert len(points) == count - 1
        assert curve.get_linestyle() == "-"
        assert curve.get_ydata()[-1] == pytest.approx(peak)
        assert {line.get_linestyle() for line in points} == {"None"}
