"""The questions of `optimize` about imperfect pumps and other cavities, asked in small."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import qbjax as qb

FOLDER = Path(__file__).parents[3] / "optimize"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning"),
]


def question(name):
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_map_goes_on_where_it_was_stopped(tmp_path, monkeypatch, capsys):
    asked = question("dopo_map")
    monkeypatch.setattr(asked, "LEVELS", (10, 3))
    monkeypatch.setattr(asked, "TIMES", np.arange(7.0))
    grid = {"pump": [0.5, 0.9], "coupling": [1.0], "pump_decay": [8.0], "detuning": [0.0]}
    asked.main(tmp_path, grid)
    table = pd.read_csv(tmp_path / "table.csv")
    battery = qb.batteries.DOPO(10, 3, coupling=1.0, pump_decay=8.0, detuning=0.0)
    pump = qb.protocols.Constant(0.9 * battery.threshold())
    run = qb.charge(battery, pump, asked.TIMES)
    for name in asked.SEEN[:3]:
        assert table[name][1] == pytest.approx(float(run.observables[name][-1]), rel=1e-6)
    # A parabola on a grid of 1 finds the best time to store for 1 to two tenths.
    rates = {}
    for off in np.linspace(1.5, 3.5, 21):
        ends = qb.charge(battery, qb.protocols.SwitchOff(pump.amplitude, off), [0.0, off, off + 1])
        rates[off] = float(ends.ergotropy[-1]) / (off + 1)
    assert table["stored_1.0"][1] == pytest.approx(max(rates, key=rates.get), abs=0.2)
    before = (tmp_path / "table.csv").read_text()
    asked.main(tmp_path, grid)
    assert (tmp_path / "table.csv").read_text() == before
    assert (tmp_path / "figure.png").stat().st_size > 10_000


def test_imperfect_pumps(tmp_path, monkeypatch, capsys):
    asked = question("pump_imperfect")
    monkeypatch.setattr(asked, "LEVELS", (8, 3))
    monkeypatch.setattr(asked, "AMPLITUDE", 1.2)
    cases = {name: asked.CASES[name] for name in ("ideal", "σ_φ = 0.3", "ramp 1")}
    asked.main(tmp_path, cases)
    table = pd.read_csv(tmp_path / "table.csv", index_col="case")["W(11), off at 10"]
    battery = qb.batteries.DOPO(8, 3)
    for name, ramp in (("ideal", 0), ("ramp 1", 1.0)):
        run = qb.charge(battery, qb.protocols.SwitchOff(1.2, 10.0, ramp), [0.0, 11.0])
        assert table[name] == pytest.approx(float(run.ergotropy[-1]), rel=1e-5)
    assert table["σ_φ = 0.3"] < table["ideal"]


@pytest.mark.standard_promotion
def test_pumps_that_withstand_errors(tmp_path, monkeypatch, capsys):
    asked = question("pump_robust")
    for name, small in (("LEVELS", (8, 3)), ("MEMBERS", 4), ("JUDGES", 16)):
        monkeypatch.setattr(asked, name, small)
    monkeypatch.setattr(asked, "GIVEN", asked.GIVEN | {"energy": 8.0})
    monkeypatch.setattr(asked, "STATISTICS", {"worst": "worst"})
    asked.main(tmp_path)
    table = pd.read_csv(tmp_path / "table.csv", index_col="made for")
    plain, worst = table.loc["plain"], table.loc["worst"]
    assert plain["as designed"] >= worst["as designed"] - 1e-3
    assert plain["worst"] < plain["worst quarter"] < plain["mean"]
    assert plain["gain low"] == plain["gain high"] == 0
    # The gain is the drive's factor: its share in W, against differences.
    owed = pd.read_csv(tmp_path / "sensitivities.csv", index_col="name")["derivative"]
    pulse = qb.protocols.PiecewiseConstant(
        plain[[f"F{i}" for i in range(1, 6)]].to_numpy(float), 5.0
    )
    battery = qb.batteries.DOPO(8, 3)
    gains = [qb.protocols.Distortion(gain=x) for x in (0.999, 1.001)]
    ends = [float(asked.work(pulse, (battery, gain))) for gain in gains]
    assert plain["as designed"] == pytest.approx(np.mean(ends), rel=1e-4)
    slope = (ends[1] - ends[0]) / 0.002
    assert owed["battery.ensemble.stacked[1].gain[0]"] == pytest.approx(slope, rel=1e-4)
    assert (tmp_path / "figure.png").stat().st_size > 10_000
