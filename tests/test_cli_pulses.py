"""Pulses on the command line, on a battery so small that its numbers mean nothing."""

import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

import qbjax as qb
from qbjax.cli import jobs
from qbjax.strategies import gradient
from tests.command import FILES, one_line, qbjax

SEGMENTS = ["--pulse", "0.5,1.5,2", "--duration", 1.5]
LITTLE = ["--signal-levels", 10, "--pump-levels", 3, "--points", 21]


def run_of(folder):
    """A saved run without its provenance, which tells one run from another."""
    data = xr.load_dataset(folder / "run.nc", engine="h5netcdf")
    data.attrs = {name: data.attrs[name] for name in ("status_name", "steps", "verdict")}
    return data


def test_amplitudes_on_the_command_line_are_a_pulse(tmp_path):
    result = qbjax("charge", "dopo", *LITTLE, *SEGMENTS, "--out", tmp_path / "first")
    assert result.exit_code == 0, result.output
    assert {p.name for p in (tmp_path / "first").iterdir()} == FILES | {"pulse.toml"}
    run = run_of(tmp_path / "first")
    assert float(run["time"][-1]) == 1.5, "the run ends with the pulse"
    assert run["pump"].sel(time=[0.3, 0.9, 1.5], method="nearest").values.tolist() == [0.5, 1.5, 2]
    # The pulse goes with its config: moved elsewhere, they still repeat the run.
    (tmp_path / "first").rename(tmp_path / "moved")
    config = tmp_path / "moved" / "config.toml"
    repeat = qbjax("charge", "dopo", "--config", config, "--out", tmp_path / "second")
    assert repeat.exit_code == 0, repeat.output
    assert run_of(tmp_path / "second").identical(run)
    for name in ("config.toml", "pulse.toml"):
        texts = [(tmp_path / folder / name).read_text() for folder in ("moved", "second")]
        assert texts[0] == texts[1]


def test_columns_are_a_sampled_pulse(tmp_path):
    (tmp_path / "ramp.csv").write_text("time, F\n0, 0\n1, 2.0\n")
    options = ["--pulse", tmp_path / "ramp.csv", "--until", 2, "--out", tmp_path]
    result = qbjax("charge", "dopo", *LITTLE, *options)
    assert result.exit_code == 0, result.output
    pump = run_of(tmp_path)["pump"]
    np.testing.assert_allclose(pump.sel(time=[0.5, 1.0, 1.5]), [1.0, 2.0, 0.0], rtol=1e-12)
    assert 'kind = "samples"' in (tmp_path / "pulse.toml").read_text()


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("", ["--pulse", "none.csv"], ("`pulse`", "no such file")),
        ("", ["--pulse", "1,nan"], ("`pulse`", "nan")),
        ("", ["--pulse", "1,2", "--amplitude", 3], ("`amplitude`", "left out")),
        ("", ["--pulse", "1,2", "--switch-off", 1], ("`switch_off`", "left out")),
        ("", ["--pulse", "1,2", "--duration", 0], ("`duration`", "greater than 0")),
        ("", ["--duration", 1], ("`duration`", "amplitudes")),
        ("0 1\n1 2", ["--pulse", "FILE.csv", "--duration", 1], ("`duration`", "left out")),
        ("0 1\n1 2 3", ["--pulse", "FILE.csv"], ("line 2", "'1 2 3'", "FILE.csv")),
        ("0 1\n0 2", ["--pulse", "FILE.csv"], ("increase strictly", "FILE.csv")),
        ("", ["--pulse", "FILE.csv"], ("at least one", "FILE.csv")),
        ("kind", ["--pulse", "FILE.toml"], ("must be TOML", "FILE.toml")),
        ('kind = "segment"', ["--pulse", "FILE.toml"], ("did you mean 'segments'",)),
        ('kind = "samples"', ["--pulse", "FILE.toml"], ("times, amplitudes", "has nothing")),
    ],
)
def test_a_bad_pulse_is_one_line(tmp_path, monkeypatch, text, options, words):
    monkeypatch.chdir(tmp_path)
    for name in ("FILE.csv", "FILE.toml"):
        (tmp_path / name).write_text(text)
    result = qbjax("charge", "dopo", *LITTLE, *options, "--out", "none")
    assert result.exit_code == 2, result.output
    assert one_line(result.stderr, "Error:", *words)
    assert not (tmp_path / "none").exists()


@pytest.fixture
def quick_search(monkeypatch):
    """`best_pulse` at once: a ramp, and what was asked for."""
    asked = []

    def search(battery, duration, energy, peak, *, progress, **how):
        asked.append({"duration": duration, "energy": energy, "peak": peak, **how})
        make = qb.protocols.PiecewiseConstant.with_energy
        pulse = make([0.5, 1.0, 2.0], duration, energy=energy, peak=peak)
        one = np.array([1.0])
        progress(gradient.Progress(1, 1, 1.0, 1.0, pulse))
        return gradient.Best(pulse, jnp.array(1.0), jnp.array(1.1), one, True, one)

    monkeypatch.setattr(jobs, "best_pulse", search)
    return asked


TINY = ["--signal-levels", 10, "--pump-levels", 3, "--duration", 1.5, "--energy", 3]


@pytest.mark.parametrize("peak", [pytest.param(2.5, marks=pytest.mark.slow), "inf"])
def test_optimize_pulse_saves_what_charge_takes(tmp_path, quick_search, peak):
    options = [*TINY, "--peak", peak, "--steps", 5, "--segments", 3]
    result = qbjax("optimize", "pulse", *options, "--out", tmp_path / "best")
    assert result.exit_code == 0, result.output
    expected = {"duration": 1.5, "energy": 3.0, "peak": None if peak == "inf" else 2.5}
    assert quick_search == [expected | {"fourier": None, "segments": 3, "steps": 5}]
    names = FILES | {"pulse.toml", "optima.nc", "constant.nc"}
    assert {path.name for path in (tmp_path / "best").iterdir()} == names
    for word in ("constant", "3 segments", "gain", "verified", "pulse.toml"):
        assert word in result.output
    with xr.open_dataset(tmp_path / "best" / "optima.nc", engine="h5netcdf") as optima:
        np.testing.assert_allclose(optima["energy"], [3.0, 3.0], rtol=1e-12)
    # Searches run with more levels in the end: 18 for 10, 4 for 3.
    pulse = ["--pulse", tmp_path / "best" / "pulse.toml", "--points", 201]
    more = ["--signal-levels", 18, "--pump-levels", 4]
    result = qbjax("charge", "dopo", *more, *pulse, "--out", tmp_path / "again")
    assert result.exit_code == 0, result.output
    again, best = (run_of(tmp_path / name).drop_attrs() for name in ("again", "best"))
    # The steps of `qbjax charge` end where its spans do; g² of hardly any light shows that most.
    xr.testing.assert_allclose(again.drop_vars("g2"), best.drop_vars("g2"), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(again["g2"][100:], best["g2"][100:], rtol=1e-6)
    config = ["--config", tmp_path / "best" / "config.toml", "--out", tmp_path / "repeated"]
    assert qbjax("optimize", "pulse", *config).exit_code == 0
    assert quick_search[1] == quick_search[0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--energy", 100], ("`energy`", "at most", "peak²·duration")),
        (["--duration", 0], ("`duration`", "greater than 0")),
        (["--peak", -1], ("`peak`", "greater than 0")),
        (["--segments", 0], ("`segments`", "at least 1")),
        (["--fourier", 0], ("`fourier`", "at least 1")),
        (["--steps", 0], ("`steps`", "at least 1")),
    ],
)
def test_optimize_pulse_refuses_in_one_line(options, words, tmp_path):
    result = qbjax("optimize", "pulse", *TINY, *options, "--out", tmp_path / "none")
    assert result.exit_code == 2, result.output
    assert one_line(result.stderr, "Error:", *words)
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
@pytest.mark.standard_promotion
@pytest.mark.parametrize("shape", [["--segments", 4], ["--fourier", 3]])
def test_optimize_pulse(tmp_path, shape):
    result = qbjax("optimize", "pulse", *TINY, *shape, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    with xr.open_dataset(tmp_path / "optima.nc", engine="h5netcdf") as optima:
        assert float(optima["gain"][1]) > 1
        assert float(optima["peak"][1]) <= 4.5
