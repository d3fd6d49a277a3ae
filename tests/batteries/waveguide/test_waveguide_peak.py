"""The first charge of the waveguide battery."""

import jax
import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries.waveguide.peak import first_peak


def test_numbers():
    peak = first_peak(1.4, 0.1, 0.5)
    assert float(peak.time) == pytest.approx(6.3333, abs=1e-4)
    assert float(peak.energy) == pytest.approx(0.517607850, abs=1e-9)
    assert float(peak.power) == pytest.approx(0.517607850 / 6.3332884, rel=1e-7)


@pytest.mark.parametrize(("frequency", "distance"), [
    (0.6, 0.1), pytest.param(1.4, 0.5, marks=pytest.mark.slow)
])  # fmt: skip
def test_it_is_the_first_and_a_maximum(frequency, distance):
    peak = first_peak(frequency, distance, 0.5)
    times = float(peak.time) * np.linspace(0.0, 1.05, 211)
    energies = qb.charge(qb.batteries.Waveguide(frequency, distance, 0.5), None, times).energy
    assert int(np.argmax(energies)) == 200
    assert float(np.max(energies)) == pytest.approx(float(peak.energy), rel=1e-7)
    above = np.asarray(energies[:200]) > 0.01 * float(peak.energy)
    assert (np.diff(energies[:200])[above[:-1]] > 0).all()


def test_no_peak_yet():
    assert np.isnan(float(first_peak(1.4, 0.1, 0.5, until=3.0).time))


@pytest.mark.slow
def test_gradients():
    h = 1e-4
    for name in ("time", "energy"):
        slope = jax.grad(lambda w, name=name: getattr(first_peak(w, 0.1, 0.5, until=20.0), name))
        ahead, behind = (getattr(first_peak(1.4 + s, 0.1, 0.5, 20.0), name) for s in (h, -h))
        assert float(slope(1.4)) == pytest.approx(float(ahead - behind) / (2 * h), rel=1e-6)


def test_bad_input():
    with pytest.raises(ValueError, match="`until` must be greater than 0"):
        first_peak(1.4, 0.1, 0.5, until=0.0)
    with pytest.raises(ValueError, match="`distance` must be greater than 0"):
        first_peak(1.4, 0.0, 0.5)
    with pytest.raises(TypeError, match="`until` must be given where `distance` is traced"):
        jax.jit(lambda x: first_peak(1.4, x, 0.5).time)(0.1)
