"""Power along a charge: the slope of its energy, and never more than its bounds."""

import numpy as np
import pytest
import qutip as qt

import qbjax as qb
from qbjax.strategies.speed import power_limits

TIMES = np.linspace(0.0, 1.5, 76)
PULSE = qb.protocols.PiecewiseConstant([0.8, 0.3, 1.0], 1.5)


@pytest.fixture(scope="module")
def closed():
    return power_limits(qb.batteries.TavisCummings(2, 2, cavity=1.3), PULSE, TIMES)


@pytest.fixture(scope="module")
def lossy():
    return power_limits(qb.batteries.DOPO(6, 3), qb.protocols.Constant(0.6), TIMES)


@pytest.mark.parametrize("name", ["closed", pytest.param("lossy", marks=pytest.mark.slow)])
def test_the_power_is_the_slope_of_the_energy(name, request):
    found = request.getfixturevalue(name)
    inside = [k for k in range(2, 74) if 2 < k % 25 < 23]  # away from edges of the pulse
    energy, step = np.asarray(found.run.energy), TIMES[1]
    slope = [(8 * (energy[k + 1] - energy[k - 1]) - energy[k + 2] + energy[k - 2]) for k in inside]
    assert np.allclose(np.array(slope) / (12 * step), found.power[np.array(inside)], atol=2e-5)


@pytest.mark.parametrize("name", ["closed", pytest.param("lossy", marks=pytest.mark.slow)])
def test_no_power_is_more_than_its_bounds(name, request):
    found = request.getfixturevalue(name)
    size = np.abs(found.power)
    assert np.all(size <= found.by_information + 1e-9)
    assert np.max(size / np.maximum(found.by_information, 1e-12)) > 0.5
    if name == "lossy":
        assert found.by_uncertainty is None
    else:
        assert np.all(size <= found.by_uncertainty + 1e-9)
        assert np.max(size[1:] / found.by_uncertainty[1:]) > 0.5


def test_the_uncertainty_of_both_hamiltonians_by_hand(closed):
    """The exchange, 2ΔH_BΔH_C of QuTiP's operators, at the end of the pulse."""
    up, a = qt.tensor(qt.jmat(1, "+"), qt.qeye(5)), qt.tensor(qt.qeye(3), qt.destroy(5))
    spins = qt.tensor(qt.jmat(1, "z") + 1, qt.qeye(5))
    exchange = up * a + up.dag() * a.dag()
    psi = qt.tensor(qt.basis(3, 2), qt.basis(5, 2))
    for g in (0.8, 0.3, 1.0):
        H = 0.3 * a.dag() * a + g * exchange
        psi = (-0.5j * H).expm() * psi
    both = [np.sqrt(qt.variance(x, psi).real) for x in (spins, exchange)]
    assert abs(closed.by_uncertainty[-1] - 2 * both[0] * both[1]) < 1e-6


def test_a_stream_has_no_power_of_a_moment():
    battery = qb.batteries.Collisional(qb.algebra.ladders.oscillator(3))
    with pytest.raises(TypeError, match="`battery` must move by a differential equation"):
        power_limits(battery, qb.protocols.Collisions([0.1]), None)
