"""The `qbjax` command, on batteries so small that their numbers mean nothing."""

import os
import subprocess
import sys
import tomllib

import jax.numpy as jnp
import numpy as np
import pytest
import typer
import xarray as xr

import qbjax as qb
from qbjax.cli import jobs
from qbjax.strategies import gradient
from qbjax.strategies.discharge import first_maximum
from qbjax.strategies.switch_off import Plan
from tests.command import FILES, one_line, qbjax

SMALL = ["--signal-levels", "12", "--pump-levels", "4", "--amplitude", "1", "--until", "2"]
QUICK = [*SMALL, "--points", "21"]


def test_charge_shows_and_saves(tmp_path):
    result = qbjax("charge", "dopo", *QUICK, "--switch-off", 1.05, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert {path.name for path in tmp_path.iterdir()} == FILES
    for word in ("W^c", "purity", "status: ok", "(signal)", str(tmp_path), "programs"):
        assert word in result.output
    with xr.open_dataset(tmp_path / "run.nc", engine="h5netcdf") as data:
        assert data.sizes["time"] == 21
        assert data["ergotropy"].attrs["units"] == "omega_s"


def test_config_repeats_the_run_to_the_bit(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    numbers = ["--coupling", 0.1 + 0.2, "--signal-thermal", 1 / 30, "--switch-off", 4 / 3]
    assert qbjax("charge", "dopo", *QUICK, *numbers, "--out", first).exit_code == 0
    repeat = qbjax("charge", "dopo", "--config", first / "config.toml", "--out", second)
    assert repeat.exit_code == 0, repeat.output
    runs = [xr.load_dataset(path / "run.nc", engine="h5netcdf") for path in (first, second)]
    for run in runs:  # These two tell the runs apart.
        del run.attrs["created"], run.attrs["command"]
    assert runs[0].identical(runs[1])
    assert (first / "config.toml").read_text() == (second / "config.toml").read_text()


def test_the_command_line_wins_over_the_config(tmp_path):
    config = tmp_path / "mine.toml"
    config.write_text(
        '["charge dopo"]\nsignal_levels = 12\npump_levels = 4\nuntil = 1.0\npoints = 21\n'
    )
    result = qbjax("charge", "dopo", "--config", config, "--until", 2, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    written = tomllib.loads((tmp_path / "config.toml").read_text())["charge dopo"]
    assert (written["until"], written["points"]) == (2.0, 21)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[", "TOML"),
        ('["optimize switch-off"]', '["charge dopo"]'),
        ('["charge dopo"]\nsignal_level = 3', "signal_level"),
    ],
)
def test_a_bad_config_is_one_line(tmp_path, text, words):
    config = tmp_path / "bad.toml"
    config.write_text(text)
    result = qbjax("charge", "dopo", "--config", config)
    assert result.exit_code == 2
    assert one_line(result.stderr, "Error: Argument `config`", words)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--signal-levels", "1"], "signal_levels"),
        (["--coupling", "-1"], "coupling"),
        (["--until", "0"], "until"),
        (["--switch-off", "3"], "SwitchOff"),
        (["--amplitude", "nan"], "amplitude"),
    ],
)
def test_an_error_is_one_line(options, word, tmp_path):
    result = qbjax("charge", "dopo", *QUICK, *options, "--out", tmp_path / "none")
    assert result.exit_code == 2
    assert one_line(result.stderr, "Error:", word)
    assert not (tmp_path / "none").exists()


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    result = qbjax("charge", "dopo", *QUICK, "--out", tmp_path / "file")
    assert result.exit_code == 2
    assert one_line(result.stderr, "Error:", "file")


def test_debug_lets_the_error_through():
    result = qbjax("--debug", "charge", "dopo", "--signal-levels", 1)
    assert isinstance(result.exception, ValueError)


@pytest.mark.parametrize(("words", "known"), [(["charge", "dpoo"], "dopo"), (["dmeo"], "demo")])
def test_an_unknown_name_gets_a_suggestion(words, known):
    result = qbjax(*words)
    assert result.exit_code == 2
    assert f"Did you mean '{known}'" in " ".join(result.stderr.split())


def test_too_few_levels_warn_in_one_line(tmp_path):
    strong = [*QUICK, "--amplitude", "4", "--until", "4"]
    result = qbjax("charge", "dopo", *strong, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert one_line(result.stderr, "Warning: Too few levels", "signal_levels=")
    assert "! charge to t = 4" in result.output
    assert "✓" not in result.output


def test_control_c_is_one_line(monkeypatch, tmp_path):
    def interrupted(*arguments, **how):
        raise KeyboardInterrupt

    monkeypatch.setattr(jobs, "long_charge", interrupted)
    result = qbjax("charge", "dopo", *QUICK, "--out", tmp_path)
    assert result.exit_code == 130
    assert one_line(result.stderr, "Ctrl-C")


def test_a_charge_says_how_far_it_is(tmp_path):
    """In the words that a terminal shows beside the bar, and other places now and then."""
    told = []
    battery, times = qb.batteries.TavisCummings(1, 2), np.array([0.0, 2.0])
    run = jobs.followed(battery, qb.protocols.Constant(1.0), times, told.append, tmp_path)
    assert told[0].startswith("t = 0.1 of 2")
    assert len(told) == 20
    assert told[-1] == "t = 2 of 2"
    assert run.energy.shape == (2,)
    assert not list(tmp_path.iterdir())
    _check_going_on(battery, times, tmp_path)


def _check_going_on(battery, times, folder):
    """After Ctrl-C the same command goes on, and another one begins anew."""

    for amplitude, spans in ((1.0, 10), (2.0, 20)):
        with pytest.raises(typer.Exit):
            jobs.followed(battery, qb.protocols.Constant(1.0), times, _stopping, folder)
        told = []
        jobs.followed(battery, qb.protocols.Constant(amplitude), times, told.append, folder)
        assert len(told) == spans
        assert not list(folder.iterdir())


def _stopping(text):
    if text.startswith("t = 1 "):
        raise KeyboardInterrupt


def test_version_and_info():
    import qbjax as package

    assert qbjax("--version").output == f"qbjax {package.__version__}\n"
    result = qbjax("info")
    assert result.exit_code == 0, result.output
    for word in ("diffrax", "float64", "cache folder", "pump_decay=16", "cpu"):
        assert word in result.output


SEARCH = ["--signal-levels", 10, "--pump-levels", 3, "--amplitude", 1, "--low", 0.5]
SEARCH += ["--high", 4, "--start", 2, "--aim", "power"]


def test_optimize_switch_off_saves_what_it_found(tmp_path, monkeypatch):
    """With a search that answers at once; the slow test after it searches."""
    asked = []

    def search(aim, battery, amplitude, *, progress, **how):
        asked.append((aim, battery.signal_levels, amplitude, how))
        pump, one = qb.protocols.SwitchOff(amplitude, 1.75), np.array([1.0])
        plan = Plan(pump, jnp.array(1.0), jnp.array(0))
        progress(gradient.Progress(1, 1, 0.25, 0.25, plan))
        return gradient.Best(plan, jnp.array(0.25), jnp.array(0.25), one, True, one)

    monkeypatch.setattr(jobs, "best_switch_off", search)
    result = qbjax("optimize", "switch-off", *SEARCH, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert [asked[0][:3]] == [("power", 10, 1.0)]
    assert {name: asked[0][3][name] for name in ("start", "low", "high")} == {
        "start": 2.0, "low": 0.5, "high": 4.0,
    }  # fmt: skip
    assert {path.name for path in tmp_path.iterdir()} == FILES | {"optima.nc"}
    with xr.open_dataset(tmp_path / "optima.nc", engine="h5netcdf") as optima:
        assert (float(optima["time"][0]), float(optima["value"][0])) == (1.75, 0.25)
    assert "1.75" in (tmp_path / "table.md").read_text()


@pytest.mark.slow
@pytest.mark.standard_promotion
def test_optimize_switch_off(tmp_path):
    result = qbjax("optimize", "switch-off", *SEARCH, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert {path.name for path in tmp_path.iterdir()} == FILES | {"optima.nc"}
    with xr.open_dataset(tmp_path / "optima.nc", engine="h5netcdf") as optima:
        with xr.open_dataset(tmp_path / "run.nc", engine="h5netcdf") as run:
            assert float(optima["value"][0]) >= float(run["ergotropic_power"].max()) - 1e-9
        assert 0.5 <= float(optima["time"][0]) <= 4
        assert np.all(np.isfinite(optima["history"]))
    written = tomllib.loads((tmp_path / "config.toml").read_text())["optimize switch-off"]
    assert written["aim"] == "power"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Too few levels")
@pytest.mark.standard_promotion
def test_optimize_switch_off_for_a_load(tmp_path):
    options = ["--signal-levels", 16, "--pump-levels", 3, "--amplitude", 3.0, "--low", 6.0]
    options += ["--high", 14, "--start", 8, "--aim", "delivered", "--load-coupling", 2.0]
    result = qbjax("optimize", "switch-off", *options, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "delivered" in (tmp_path / "table.md").read_text()
    with xr.open_dataset(tmp_path / "optima.nc", engine="h5netcdf") as optima:
        found = float(optima["time"][0])
        # The rule of the strategy: what a load of that coupling has taken per cycle time.
        battery, load = qb.batteries.DOPO(16, 3), qb.loads.TwoLevel(2.0, decay=0.1)
        run = qb.charge(battery, qb.protocols.Constant(3.0), [0.0, found])
        taken = first_maximum(battery, run.final_state, load, until=np.pi / 2)
        expected = float(taken.load_ergotropy) / (found + float(taken.time))
        assert float(optima["value"][0]) == pytest.approx(expected, rel=1e-6)
    written = tomllib.loads((tmp_path / "config.toml").read_text())["optimize switch-off"]
    assert (written["aim"], written["load_coupling"]) == ("delivered", 2.0)


def test_programs_are_kept_between_commands(tmp_path):
    # A process of its own: equinox reads EQX_ON_ERROR once, and conftest has set it.
    environment = {k: v for k, v in os.environ.items() if k != "EQX_ON_ERROR"}
    cache = tmp_path / "cache"
    command = [sys.executable, "-m", "qbjax.cli", "--cache-dir", str(cache)]
    command += ["charge", "dopo", *QUICK, "--out", str(tmp_path / "out")]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    assert any(path.name.startswith("jit__charge") for path in cache.iterdir())


@pytest.mark.slow
@pytest.mark.standard_promotion
def test_demo(tmp_path):
    result = qbjax("demo", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    with xr.open_dataset(tmp_path / "optima.nc", engine="h5netcdf") as optima:
        expected = [10.2789, 12.8813, 10.672, 11.446, 12.915]
        np.testing.assert_allclose(optima["time"], expected, atol=1e-3)
    page = (tmp_path / "table.md").read_text()
    for word in ("agrees (+2.8 %)", "disagrees (+28.8 %); a kink", "disagrees (-19.2 %)"):
        assert word in page
    assert {"storage.nc", "peak.nc", *FILES} <= {path.name for path in tmp_path.iterdir()}
