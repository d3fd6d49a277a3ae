"""Tables, the comparison with the paper, and saved runs."""

import io
import tomllib

import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from rich.console import Console

from qbjax.protocols import SwitchOff
from qbjax.strategies.gradient import Best
from qbjax.strategies.switch_off import Plan
from qbjax.views import claims, report

SHEET = report.Sheet("Title", ("word", "number"), [("a|b", "1.5"), ("c", "—")])
PEAK = 12.88


def best(time, values):
    plan = Plan(SwitchOff(3.0, time), jnp.asarray(1.0), jnp.asarray(0))
    top, history = jnp.asarray(max(values)), np.asarray(values)
    return Best(plan, top, top + 0.1, history, True, history[:1])


@pytest.fixture
def optima():
    bests = [
        best(10.3, [0.8, 0.9]),
        best(PEAK, [9.0, 9.1, 9.2]),
        best(11.0, [0.2]),
        best(13, [0.1]),
    ]
    return report.optima(bests, ["power", "coherent", "stored", "stored"], [1.0, 1.0, 0.5, 2.0])


def run_with(ergotropy, coherent, times):
    parts = {"ergotropy": ergotropy, "coherent_ergotropy": coherent}
    parts["incoherent_ergotropy"] = ergotropy - coherent
    return xr.Dataset({k: ("time", v) for k, v in parts.items()}, coords={"time": times})


@pytest.fixture
def compared(optima):
    """The claims of made-up data, by quantity."""
    times = np.linspace(0.0, 40.0, 41)
    run = run_with(0.45 * times, 0.2 * times, times)
    fading = np.exp(-times)
    kept = [run_with(w * fading, c * fading, times) for w, c in ((9.0, 7.0), (14.0, 7.7))]
    kept = xr.concat(kept, dim=xr.DataArray([10.0, 40.0], dims="switched_off", name="switched_off"))
    near = PEAK + np.linspace(-0.2, 0.2, 200)
    peak = run_with(0.6 * near, -0.01 * np.abs(near - PEAK), near)
    return {line.quantity: line for line in claims.claims(run, optima, kept, peak)}


def test_a_sheet_reads_the_same_everywhere():
    console = Console(width=60, file=io.StringIO())
    console.print(report.to_rich(SHEET))
    for word in ("Title", "word", "a|b", "1.5"):
        assert word in console.file.getvalue()
    assert report.to_markdown(SHEET).splitlines()[-2:] == ["| a\\|b | 1.5 |", "| c | — |"]
    assert [column.justify for column in report.to_rich(SHEET).columns] == ["left", "right"]


def test_optima_keep_histories_of_any_length(optima):
    assert optima["history"].shape == (4, 3)
    assert np.isnan(optima["history"].values).sum() == 1 + 0 + 2 + 2
    np.testing.assert_array_equal(optima["wait"], [0.0, 0.0, 0.5, 2.0])
    sheet = report.optima_sheet(optima, [(10.2789, 0.927299)] * 4)
    assert sheet.rows[1][:5] == ("coherent W^c", "12.8800", "9.200000", "9.300000", "3")
    assert sheet.rows[0][-2:] == ("10.2789", "0.927299")
    assert len(sheet.columns) == len(sheet.rows[0])


def test_verdicts_follow_from_the_numbers(compared):
    assert compared["time of largest power W/t"].remark == "agrees (+3.0 %)"
    assert compared["steady ergotropy W"].remark.startswith("agrees (-0.6 %)")
    assert compared["steady coherent W^c"].remark.startswith("agrees (+0.6 %)")
    left = compared["W^c left at T = 1, pump off at 10 and 40"]
    assert left[2:] == ("2.575 and 2.833", "disagrees: 40 leaves 1.10 times as much")
    assert compared["best time when storing T = 0.5, 2"].remark.startswith("disagrees: it moves")
    assert claims.verdict(9.4, 10.0).startswith("disagrees")
    assert all(
        isinstance(cell, str) for row in claims.sheet(list(compared.values())).rows for cell in row
    )


def test_a_kink_is_told_from_a_smooth_top(compared):
    remark = compared["time of largest coherent W^c"].remark
    assert remark.startswith("disagrees (+28.8 %); a kink, slope +0.0100 to -0.0100")
    assert remark.endswith("two populations change order")
    near = PEAK + np.linspace(-0.2, 0.2, 200)
    assert claims._kink(run_with(near, -((near - PEAK) ** 2), near), PEAK) == ""
    assert claims._kink(run_with(near, near, near), 20.0) == ""


def test_a_missing_aim_is_an_error(optima):
    with pytest.raises(ValueError, match="power"):
        claims.best(optima.isel(case=[1]), "power")


def test_a_saved_run_can_be_read_back(tmp_path, optima):
    folder = tmp_path / "new" / "folder"
    config = {"charge dopo": {"until": 0.1 + 0.2, "points": 3, "frame": 'a"\\b', "off": None}}
    config["optimize switch-off"] = {"wait": [0.5, 1e-20], "yes": True}
    for _ in range(2):
        written = report.save(
            folder,
            datasets={"optima": optima},
            config=config,
            sheets=[SHEET],
            notes=["A note."],
            texts={"pulse.toml": "x = 1"},
        )
    assert {path.name for path in written} == {"optima.nc", "table.md", "config.toml", "pulse.toml"}
    assert (folder / "pulse.toml").read_text() == "x = 1"
    read = tomllib.loads((folder / "config.toml").read_text())
    assert read["optimize switch-off"] == {"wait": [0.5, 1e-20], "yes": True}
    assert report.read_config(folder / "config.toml", "charge dopo") == {
        "until": 0.1 + 0.2, "points": 3, "frame": 'a"\\b',
    }  # fmt: skip
    assert (folder / "table.md").read_text().endswith("\n\nA note.\n")
    with xr.open_dataset(folder / "optima.nc", engine="h5netcdf") as data:
        np.testing.assert_array_equal(data["history"], optima["history"])


def test_reliability_names_the_worst():
    data = xr.Dataset(
        {"truncation": (("time", "mode"), [[1e-9, np.nan], [2e-5, 3e-4]])},
        coords={"mode": ["signal", "pump"]},
        attrs={"status_name": "ok", "steps": 12},
    )
    line = report.reliability(data)
    assert line.startswith("status: ok after 12 solver steps")
    assert "2.0e-05 (signal), 3.0e-04 (pump)" in line
