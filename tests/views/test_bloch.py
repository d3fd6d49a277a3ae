"""Tables and pictures of the Bloch charger."""

import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries.bloch import angle as bloch_angle
from qbjax.batteries.bloch import band as bloch_band
from qbjax.views import bloch


@pytest.fixture(scope="module")
def battery():
    return qb.batteries.BlochCharger(decay=1.0)


@pytest.fixture(scope="module")
def run(battery):
    charger = qb.protocols.BlochPreparation(2.0)
    return qb.charge(battery, charger, np.linspace(0.0, 3.0, 31)).to_xarray()


def test_a_curve_beside_the_papers_formulas(battery):
    curve = bloch_angle.ergotropic_power_curve(battery, np.linspace(0.1, np.pi, 40))
    data = bloch.of_curve(curve)
    sheet = bloch.sheet(data, "Power")
    assert sheet.columns == ("θ/π", "W/t", "t", "W/t, Eq. (45)", "t, Eq. (43)")
    assert len(sheet.rows) == bloch.ROWS
    assert float(sheet.rows[-1][0]) == 1.0
    assert float(sheet.rows[-1][1]) == pytest.approx(float(curve.power[-1]), rel=1e-5)
    figure = bloch.choice_figure(data, "Power")
    assert [len(ax.get_lines()) for ax in figure.axes] == [2, 2]
    np.testing.assert_array_equal(figure.axes[1].get_lines()[0].get_ydata(), curve.time)


def test_a_front(battery):
    front = bloch_angle.ergotropy_energy_front(battery, 2)
    data = bloch.of_front(front)
    assert bloch.sheet(data, "Front").columns == ("spent", "W", "θ/π", "t", "price")
    np.testing.assert_allclose(data["theta_over_pi"] * np.pi, front.theta)
    assert len(bloch.choice_figure(data, "Front").axes) == 3


def test_scenarios():
    safe = bloch_band.best_worst_case(qb.batteries.BlochCharger(), [0.9, 1.1], [0.0, 0.2])
    data = bloch.of_band(safe)
    assert float(data["weight"].sum()) == pytest.approx(1.0)
    assert len(bloch.sheet(data, "Band").rows) == len(safe.weights)


def test_a_run_with_a_mark(run):
    plain, marked = bloch.run_figure(run), bloch.run_figure(run, 1.2)
    for before, after in zip(plain.axes, marked.axes, strict=True):
        assert len(after.get_lines()) == len(before.get_lines()) + 1
    labels = [[text.get_text() for text in ax.get_legend().get_texts()] for ax in plain.axes]
    assert labels[0][0] == "passive energy"
    assert labels[1][0] == "passive power"
    assert labels[2][-1] == "concurrence"
    for ax, name in zip(plain.axes[:2], ("passive_energy", "passive_power"), strict=True):
        np.testing.assert_array_equal(ax.get_lines()[0].get_ydata(), run[name])
