"""`qbjax optimize swap-angles`."""

import pytest
import xarray as xr

from tests.command import FILES, one_line, qbjax

pytestmark = pytest.mark.standard_promotion


def optimize(tmp_path, *options):
    result = qbjax("optimize", "swap-angles", *options, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert {path.name for path in tmp_path.iterdir()} == FILES | {"streams.nc"}
    with xr.open_dataset(tmp_path / "streams.nc", engine="h5netcdf") as data:
        return data.load(), result.output


@pytest.mark.slow
def test_best_power_beside_its_rivals(tmp_path):
    data, output = optimize(tmp_path, "--levels", 12, "--collisions", 3)
    power = data["charging_power"].isel(collision=3)
    assert float(power.sel(stream="optimum")) == pytest.approx(0.9213370130935032, rel=1e-8)
    assert float(power.sel(stream="greedy")) == pytest.approx(0.9177055887788883, rel=1e-8)
    assert set(data["stream"].values) == {"optimum", "greedy", "greedy, transient", "full swap"}
    for word in ("Largest power", "verified 0.921337", "full swap", "0.836023"):
        assert word in output


def test_most_energy_in_a_time(tmp_path):
    data, output = optimize(tmp_path, "--ladder", "spin", "--spin", 2.5, "--duration", 1.2,
                            "--collisions", 2)  # fmt: skip
    assert "Most energy in Ωτ = 1.2" in output
    assert data["time"].max("collision").values == pytest.approx([1.2] * data.sizes["stream"])
    most = data["energy"].max("collision")
    met = (data["theta"] > 0).sum("collision")
    assert int(met.sel(stream="optimum")) == int(met.sel(stream="full swap")) == 2
    assert float(most.sel(stream="optimum")) > float(most.sel(stream="full swap"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--coherent"], ("`duration`", "coherent")),
        (["--coherent", "--duration", 3], ("`count`", "coherent")),
        (["--duration", -1], ("`duration`", "greater than 0")),
        (["--collisions", 0], ("`collisions`", "at least 1")),
        (["--starts", 0, "--levels", 5, "--collisions", 2], ("`starts`", "at least 1")),
    ],
)
def test_bad_input_is_one_line(tmp_path, options, words):
    result = qbjax("optimize", "swap-angles", *options, "--out", tmp_path / "none")
    assert result.exit_code == 2, result.output
    assert one_line(result.stderr, "Error:", *words)
    assert not (tmp_path / "none").exists()
