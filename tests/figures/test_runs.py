"""Runs of the figures give the numbers of independent methods, in the columns that are drawn."""

import numpy as np
import pytest

from qbjax.figures.runs import bloch, collisional, dopo, micromaser, waveguide
from tests.helpers import EXACT


def test_atoms():
    """Brute force; the trap of θ = π/√15 holds 14 at most."""
    found = micromaser.charged(levels=20, m=15.0, q=0.0, coherence=0.0, count=300, every=100)
    assert found["collision"].tolist() == [0, 100, 200, 300]
    assert found["energy"][[1, 3]] == pytest.approx([13.36070078, 13.93736099], abs=1e-8)
    np.testing.assert_allclose(found["purity"] + found["impurity"], 1.0)


def test_a_guide():
    """Volterra's equation by product integration, and Eq. (8)."""
    found = waveguide.charged(frequency=0.6, distance=0.1, decay=0.5, until=20.0, points=5)
    filled = [0.0, 0.2035133450, 0.4755190013, 0.6895239773]
    np.testing.assert_allclose(found["energy"][[0, 1, 2, 4]], 0.6 * np.array(filled), atol=1e-8)
    assert found["ends"].tolist() == [0.0, 20.0]


@pytest.mark.slow  # the states are those of tests/batteries/waveguide
def test_states_by_distance():
    found = waveguide.by_distance(frequency=1.4, distances=(0.1, 0.5, 2), decay=0.5)
    assert found["number"].tolist() == [1, 2]
    assert np.isnan(found["E-"]).tolist() == [True, False]
    assert found["most"][0] == pytest.approx(0.039906, abs=1e-6)


@pytest.mark.slow  # as test_a_window_under_loss, with more levels
def test_superpositions():
    found = collisional.equal(kind="oscillator", size=60, theta_over_pi=0.01, until=5.0)
    assert found["energy"][-1] == pytest.approx(6.2549799460, abs=1e-9)


@pytest.mark.slow
def test_distributions():
    found = collisional.distribution(size=60, theta_over_pi=0.01, times=(2.5, 5.0), count=20)
    for name in ("coherent", "adaptive", "swap"):
        assert found[f"{name} 2"].sum() == pytest.approx(1, abs=EXACT)
    assert found["coherent mean 2"] == pytest.approx([6.2549799460] * 2, abs=2e-2)
    assert found["swap 2"].max() < 1  # cut short
    assert found["bound mean 2"][0] > found["coherent mean 2"][0] > found["swap mean 2"][0]


@pytest.mark.slow
def test_a_prepared_charger():
    found = bloch.charged(theta_over_pi=0.5, until=np.pi, points=3)
    np.testing.assert_allclose(found["ergotropy"], [0.0, 0.5, 0.0], atol=EXACT)
    assert found["best time of ergotropic power"][0] == pytest.approx(1.3239216568, abs=1e-9)
    best = bloch.best(points=3)
    assert best["largest ergotropic power"][1] == pytest.approx(0.344355406198, abs=1e-9)
    np.testing.assert_allclose(best["fluctuation"], [0.0, 0.5, 0.0], atol=1e-7)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Too few levels")
def test_a_pumped_cell():
    """SciPy's DOP853 with the paper's levels."""
    given = {"signal": 32, "pump": 9, "frame": "lab"}
    found = dopo.charges(**given, amplitudes=(3.0,), until=10.0, points=6)
    assert found["W 3"][[1, 5]] == pytest.approx([0.683509, 8.885488], abs=1e-6)
    assert found["largest power"] == pytest.approx([0.8885488], abs=1e-7)
    left = dopo.kept(**given, amplitude=3.0, off=10.0, until=1.0, points=3)
    assert left["W after"][[0, -1]] == pytest.approx([8.885488, 2.463], abs=5e-4)
    assert left["time"].tolist() == [0.0, 5.0, 10.0, 10.0, 10.5, 11.0]


def test_fits_of_the_paper():
    line = dopo.exponential(slope=2.0, start=1.0, first=0.0, last=1.0)
    assert line["y"][[0, -1]] == pytest.approx(np.exp([1.0, 3.0]))
    curve = dopo.logistic(height=8.0, rate=5.0, middle=2.0, first=2.0, last=3.0)
    assert curve["y"][0] == pytest.approx(4.0)
    assert curve["slope"][0] == pytest.approx(10.0)
