"""The questions of `optimize` about pulses for storage and for a load, asked in small."""

import importlib.util
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

import qbjax as qb
from qbjax.protocols import PiecewiseConstant, SwitchOff
from tests.helpers import GRADIENT, central_difference, tree_allclose

FOLDER = Path(__file__).parents[3] / "optimize"
SMALL = qb.batteries.DOPO(8, 3)

pytestmark = [
    pytest.mark.standard_promotion,
    pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning"),
    pytest.mark.filterwarnings("ignore:The best value does not stand"),  # of 8 × 3 levels
]


def question(name, monkeypatch):
    """A script with the numbers of a smaller question."""
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    smaller = {"LEVELS": (8, 3), "DURATION": 3.0, "PEAK": 2.2, "RAMP": np.array([0.4, 1.1, 1.8])}
    for number, value in smaller.items():
        monkeypatch.setattr(module, number, value)
    return module


@pytest.fixture
def storage(monkeypatch):
    asked = question("pump_storage", monkeypatch)
    monkeypatch.setattr(asked, "ENERGY", 7.0)
    monkeypatch.setattr(asked, "CASES", [(1.0, 0), (1.0, 1)])
    return asked


@pytest.fixture
def discharging(monkeypatch):
    asked = question("pump_discharge", monkeypatch)
    monkeypatch.setattr(asked, "ENERGIES", (9.0,))
    return asked


def slopes_are_differences(function, x):
    """Checks a gradient along a random direction, by one program, and returns the value."""
    both = jax.jit(jax.value_and_grad(function))
    value, found = both(x)
    along = jnp.asarray(np.random.default_rng(0).normal(size=x.size))
    numeric = central_difference(lambda x: both(x)[0], x, along)
    assert abs(numeric) > 1e-3
    assert tree_allclose(found @ along, numeric, rtol=GRADIENT)
    return float(value)


@pytest.mark.slow
def test_what_is_left_after_storage(storage):
    """It is what one pulse of four segments leaves, and has its slopes."""
    plan = {"F": storage.RAMP, "share": 0.7, "h": 1.2, "T_s": 1.0}
    pulse, hold = storage.parts(plan)
    assert float(pulse.energy + hold**2) == pytest.approx(7.0, rel=1e-12)
    whole = PiecewiseConstant([*pulse.amplitudes, hold], 4.0)
    run = qb.charge(SMALL, whole, [0.0, 4.0])

    def of(x):
        return storage.left(plan | {"F": x[:3], "share": x[3]}, SMALL)

    value = slopes_are_differences(of, jnp.array([*storage.RAMP, 0.7]))
    assert value == pytest.approx(float(run.ergotropy[-1]), rel=1e-7)


@pytest.mark.slow
def test_pulses_for_storage(storage, tmp_path, capsys):
    storage.main(tmp_path)
    off, held = pd.read_csv(tmp_path / "table.csv").to_dict("records")
    run = qb.charge(SMALL.refined(), SwitchOff(2.2, end := 7 / 2.2**2), [0.0, end, end + 1.0])
    assert off["F = 3"] == pytest.approx(float(run.ergotropy[-1]), rel=1e-6)
    assert off["energy held"] == 0.0
    assert held["energy held"] == pytest.approx(1 / 7, rel=1e-4)
    assert held["verified"] > 1.2 * off["verified"]
    assert (tmp_path / "figure.png").stat().st_size > 10_000


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pump", "end", "hold", "wait", "left"),
    [
        (qb.protocols.Constant(2.5), 10.0, 0.0, 1.0, 0.878),
        (qb.protocols.Constant(3.0), 62.5 / 9, 0.0, 1.0, 1.561),
        (PiecewiseConstant([0.27, 0.67, 1.43, 2.43, *[3.0] * 6], 10.0), 10.0, 0.0, 1.0, 1.640),
        (qb.protocols.Constant(3.0), 61.5 / 9, 1.0, 1.0, 2.664),
        (PiecewiseConstant([0.25, 0.61, 1.31, 2.31, *[3.0] * 6], 10.0), 10.0, 1.0, 1.0, 2.786),
        (
            PiecewiseConstant([0.11, 0.31, 0.75, 1.54, 2.55, *[3.0] * 5], 10.0),
            10.0,
            2.0,
            2.0,
            3.196,
        ),
    ],
)
def test_the_numbers_of_storage(storage, pump, end, hold, wait, left):
    """Amplitudes as the script finds them, to two digits."""
    *_, run = storage.runs(qb.batteries.DOPO(49, 5), pump, end, hold, wait)
    assert float(run.ergotropy[-1]) == pytest.approx(left, rel=3e-3)


@pytest.mark.slow
def test_what_is_delivered(discharging):
    """It has the slopes of its differences."""
    plan = {"F": discharging.RAMP, "g": np.array([0.8, 1.2, 0.5, 1.0]), "time": 0.5, "energy": 9.0}

    def of(x):
        now = {"F": x[:3], "g": x[3:7], "time": x[7]}
        return discharging.delivered(plan | now, SMALL)

    slopes_are_differences(of, jnp.concatenate([plan["F"], plan["g"], jnp.array([0.5])]))


@pytest.mark.slow
def test_pulses_for_a_load(discharging, tmp_path, capsys):
    discharging.main(tmp_path)
    (row,) = pd.read_csv(tmp_path / "table.csv").to_dict("records")
    assert row["least g"] > 1.3
    assert row["verified"] == pytest.approx(row["W_a"], abs=0.1)
    assert (tmp_path / "figure.png").stat().st_size > 10_000
