"""A DOPO that is not perfect: a pump that stops slowly or fluctuates, baths that are not empty."""

import numpy as np
import pytest

import qbjax as qb
from tests.helpers import tree_allclose

pytestmark = pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning")

TIMES = np.array([0.0, 0.6, 1.4])


def test_a_ramp_is_a_pulse_of_straight_lines():
    battery, pump = qb.batteries.DOPO(6, 4), qb.protocols.SwitchOff(1.4, 0.8, ramp=0.3)
    lines = qb.protocols.Sampled([0.0, 0.65, 0.95], [1.4, 1.4, 0.0])
    runs = [qb.charge(battery, each, TIMES) for each in (pump, lines)]
    for name in ("energy", "ergotropy", "pump_photons", "pump_energy", "squeezing"):
        one, other = (run.observables[name] for run in runs)
        assert tree_allclose(one, other, rtol=1e-8), name
    assert tree_allclose(runs[0].pump_energy[-1], 1.4**2 * (0.65 + 0.1), rtol=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ramp", "expected"), [(0, 2.5661), (0.02, 2.5662), (0.5, 2.5845), (1.0, 2.6355)]
)
def test_ramps_about_the_best_time(ramp, expected):
    battery = qb.batteries.DOPO(44, 5)
    run = qb.charge(battery, qb.protocols.SwitchOff(3.0, 10.0, ramp), [0.0, 11.0])
    assert float(run.ergotropy[-1]) == pytest.approx(expected, abs=1e-4)
