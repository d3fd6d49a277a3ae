"""`qbjax charge waveguide`, `qbjax optimize waveguide`."""

import numpy as np
import pytest
import xarray as xr

from tests.command import FILES, one_line, qbjax

pytestmark = pytest.mark.standard_promotion


def command(tmp_path, *options, more=frozenset({"states.nc"})):
    result = qbjax(*options, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert {path.name for path in tmp_path.iterdir()} == FILES | more
    return result.output


def load(path):
    with xr.open_dataset(path, engine="h5netcdf") as data:
        return data.load()


def test_charge(tmp_path):
    options = ("--frequency", 1.4, "--until", 10, "--points", 3)
    output = command(tmp_path, "charge", "waveguide", *options)
    run, states = load(tmp_path / "run.nc"), load(tmp_path / "states.nc")
    populations = [0.0, 0.3120162908, 0.1259268270]
    np.testing.assert_allclose(run["energy"] / 1.4, populations, atol=1e-9)
    markov = [0.0, 0.1662061668215252, 0.10081422925959163]
    np.testing.assert_allclose(run["markov_energy"] / 1.4, markov, atol=1e-12)
    parts = ("charger_population", "battery_population", "field_population")
    np.testing.assert_allclose(sum(run[name] for name in parts), 1.0, atol=1e-12)
    assert states["exists"].values.tolist() == [1, 0, 0, 0]
    for word in ("0.807208", "0.039906", "first charge at", "6.333288", "Charging"):
        assert word in output


@pytest.mark.slow
def test_a_design_is_counted(tmp_path):
    options = ("--frequency", 1.4, "--distance", 0.463544273, "--until", 5, "--points", 2)
    output = command(tmp_path, "charge", "waveguide", *options)
    assert load(tmp_path / "states.nc")["exists"].values.tolist() == [1, 1, 1, 0]
    assert "0.398948" in output


@pytest.mark.slow
def test_most_ergotropy(tmp_path):
    output = command(tmp_path, "optimize", "waveguide", "--distance", 0.1, 0.1)
    assert "Most ergotropy for ever" in output
    for word in ("0.66116", "0.321632023"):
        assert word in output
    again = qbjax("optimize", "waveguide", "--config", tmp_path / "config.toml",
                  "--out", tmp_path / "again")  # fmt: skip
    assert again.exit_code == 0, again.output
    runs = [load(folder / "run.nc") for folder in (tmp_path / "again", tmp_path)]
    # Which command, and when, they tell too.
    first, second = (run.drop_attrs(deep=False) for run in runs)
    assert first.identical(second)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("aim", "words"),
    [
        ("power", ("Largest power", "0.088663529")),
        ("distance", ("Most energy for ever", "0.490288")),
        ("continuum", ("States in the continuum", "0.662859", "0.465230")),
    ],
)
def test_other_aims(tmp_path, aim, words):
    more = {"states.nc", "designs.nc"} if aim == "continuum" else {"states.nc"}
    output = command(tmp_path, "optimize", "waveguide", "--aim", aim, more=more)
    assert all(word in output for word in words)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["charge", "waveguide", "--distance", -1], ("`distance`", "greater than 0")),
        (["charge", "waveguide", "--decay", 4], ("`decay`", "at most 3")),
        (["charge", "waveguide", "--until", 1e10], ("`longest`", "at most 1e+09")),
        (["optimize", "waveguide", "--frequency", 1, 1, "--distance", 1, 1], ("a pair of bounds",)),
        (["optimize", "waveguide", "--frequency", 2, 1], ("`frequency`", "in order")),
        pytest.param(
            ["optimize", "waveguide", "--aim", "continuum", "--frequency", 5, 6,
             "--distance", 2, 3, "--orders", 1],
            ("`orders`", "reach a design"),
            marks=pytest.mark.slow,  # it is found in the search alone
        ),
    ],
)  # fmt: skip
def test_bad_input_is_one_line(tmp_path, options, words):
    result = qbjax(*options, "--out", tmp_path / "none")
    assert result.exit_code == 2, result.output
    assert one_line(result.stderr, "Error:", *words)
    assert not (tmp_path / "none").exists()
