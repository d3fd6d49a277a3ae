"""Angle and time of the Bloch-sphere charger, against dense grids and closed forms."""

import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries.bloch._swing import swing
from qbjax.batteries.bloch.angle import (
    best_under_fluctuation,
    ergotropic_power_curve,
    ergotropy_energy_front,
)
from qbjax.batteries.bloch.band import best_worst_case
from qbjax.batteries.bloch.exact import energy_variance, ergotropic_power, ergotropy
from qbjax.batteries.bloch.optima import energy_time

BlochCharger = qb.batteries.BlochCharger
ANGLES = jnp.linspace(0.0, np.pi, 1201)[:, None]


def test_curve():
    curve = ergotropic_power_curve(BlochCharger(), [0.0, np.pi / 2, np.pi])
    np.testing.assert_allclose(curve.time, [1.1655611852072, 1.3239216568, 1.3991930228919])
    np.testing.assert_allclose(curve.power, [0.0, 0.344355406198, 0.6730168338368], atol=1e-12)
    assert np.all(np.abs(curve.slope) < 1e-14)
    np.testing.assert_allclose(curve.sigmoid.exact, curve.time)
    error = curve.hyperbolic.value - curve.power  # at θ = 0 of rounding alone
    np.testing.assert_allclose(curve.hyperbolic.error, error, atol=1e-16)


@pytest.mark.parametrize("decay", [0.0, 0.5, 1.5, 5.0])
@pytest.mark.parametrize("limit", [0.02, 0.1, 0.3, 0.47, 0.5])
def test_power_under_fluctuation(decay, limit):
    battery = BlochCharger(1.3, 1.3 * decay, 0.7)
    found = best_under_fluctuation(battery, 0.7 * limit)
    assert found.violation < 1e-10
    assert found.residual < 2e-7
    values = ergotropic_power(battery, found.theta, found.time)
    assert float(values) == pytest.approx(found.power, rel=1e-13)
    # and no point of a grid, finer towards the start where small fluctuations are met
    times = energy_time(battery) * jnp.linspace(0.0, 1.2, 1201)[None, :] ** 2
    allowed = energy_variance(battery, ANGLES, times) <= (0.7 * limit) ** 2
    best = float(jnp.max(jnp.where(allowed, ergotropic_power(battery, ANGLES, times), 0.0)))
    assert best <= found.power * (1 + 1e-9)
    assert best > 0.98 * found.power


def test_price_of_fluctuation_is_the_slope_of_the_power():
    for decay, branch in ((0.0, "high"), (1.0, "low")):
        battery = BlochCharger(2.0, 2.0 * decay, 3.0)
        powers = [best_under_fluctuation(battery, 0.3 + h).power for h in (-1e-3, 1e-3)]
        found = best_under_fluctuation(battery, 0.3)
        assert found.branch == branch
        assert found.price == pytest.approx((powers[1] - powers[0]) / 2e-3, rel=1e-4)
    assert best_under_fluctuation(BlochCharger(), 0.2).price == 0.0


def test_two_branches():
    # Without loss the full battery fluctuates as little as the empty one, and has the power.
    found = best_under_fluctuation(BlochCharger(), 1e-3)
    assert found.branch == "high"
    assert found.power == pytest.approx(2 / np.pi, abs=1e-3)
    # p = s²: the best of p(1 − p/q)/t at q = t² is 2/3 p/t at t = √(3p)
    assert found.rival == pytest.approx(2 / 3 / np.sqrt(3) * 1e-3, rel=1e-4)
    # A lossy battery is never that full.
    lossy = best_under_fluctuation(BlochCharger(decay=1.0), 0.1)
    assert lossy.branch == "low"
    assert np.isnan(lossy.rival)


@pytest.mark.parametrize(
    ("couplings", "decays"),
    [
        ((1.0, 1.0), (0.0, 0.0)),
        pytest.param((0.8, 1.2), (0.0, 0.0), marks=pytest.mark.slow),
        pytest.param((0.9, 1.1), (0.0, 0.5), marks=pytest.mark.slow),
        pytest.param((0.7, 1.3), (0.0, 1.0), marks=pytest.mark.slow),
        pytest.param((0.9, 1.1), (3.5, 4.5), marks=pytest.mark.slow),
        ((0.5, 8.0), (0.0, 1.0)),
    ],
)
def test_worst_case_is_that_of_the_smallest_swing(couplings, decays):
    found = best_worst_case(BlochCharger(frequency=2.0), couplings, decays)

    def smallest(times):
        band = [(J, g) for J in np.linspace(*couplings, 41) for g in np.linspace(*decays, 11)]
        return np.min([swing(BlochCharger(J, g), times) ** 2 for J, g in band], axis=0)

    times = np.linspace(0.0, 2.0, 2001) * found.time
    q = smallest(times)
    assert q.max() == pytest.approx(q[1000], abs=1e-12)  # the time found
    q = q[1000]
    value = 2 * q - 1 if q >= 0.75 else 0.5 / np.sqrt(1 - q) - 0.5
    assert found.ergotropy == pytest.approx(2 * value, abs=1e-9)
    share = min(1.0, 0.5 / np.sqrt(max(1 - q, 0.25)))
    assert np.sin(found.theta / 2) ** 2 == pytest.approx(share, abs=1e-6)
    assert found.excess < 1e-9
    assert found.residual < 1e-7
    assert found.weights.sum() == pytest.approx(1.0, abs=1e-7)
    weighed = [
        float(ergotropy(BlochCharger(J, g, 2.0), found.theta, found.time))
        for J, g, w in zip(found.couplings, found.decays, found.weights)
        if w > 1e-6
    ]
    np.testing.assert_allclose(weighed, found.ergotropy, atol=1e-9)


@pytest.mark.slow
def test_no_preparation_on_a_grid_has_a_better_worst_case():
    found = best_worst_case(BlochCharger(), [0.9, 1.1], [0.0, 0.5])
    times = jnp.linspace(0.0, 6.0, 601)[None, :]
    band = [(J, g) for J in np.linspace(0.9, 1.1, 5) for g in (0.0, 0.25, 0.5)]
    worst = np.min([ergotropy(BlochCharger(J, g), ANGLES[::5], times) for J, g in band], axis=0)
    assert worst.max() <= found.ergotropy
    assert worst.max() > found.ergotropy - 1e-3
    assert 0.7 * np.pi < found.theta < 0.8 * np.pi


@pytest.mark.parametrize("decay", [0.0, 1.0, 6.0])
def test_front(decay):
    battery = BlochCharger(1.5, 1.5 * decay, 2.0)
    front = ergotropy_energy_front(battery, 8)
    q = float(swing(battery, energy_time(battery))) ** 2
    u = front.spent / 2.0
    expected = u * q - 0.5 + 0.5 * np.sqrt(1 - 4 * u**2 * q * (1 - q))
    np.testing.assert_allclose(front.ergotropy, 2.0 * expected, atol=1e-9)
    assert u[-1] == pytest.approx(min(1.0, 0.5 / np.sqrt(max(1 - q, 0.25))), abs=1e-6)
    np.testing.assert_allclose(np.sin(front.theta[:-1] / 2) ** 2, u[:-1], atol=1e-9)
    np.testing.assert_allclose(front.time, energy_time(battery), rtol=1e-4)
    assert np.all(np.diff(front.ergotropy) > 0)
    assert np.all(front.residual < 1e-7)
    slopes = q - 2 * u * q * (1 - q) / np.sqrt(1 - 4 * u**2 * q * (1 - q))
    np.testing.assert_allclose(front.price[:-1], slopes[:-1], atol=1e-6)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda b: ergotropic_power_curve(b, [4.0]), ValueError, "`thetas` must be at least 0 and"),
        (lambda b: ergotropic_power_curve(b, 1.0), ValueError, "`thetas` must have shape"),
        (lambda b: ergotropic_power_curve(1, [1.0]), TypeError, "`battery` must be"),
        (lambda b: best_under_fluctuation(b, 0.0), ValueError, "`limit` must be greater than 0"),
        (lambda b: best_under_fluctuation(None, 0.1), TypeError, "`battery` must be"),
        (lambda b: best_worst_case(b, [1.0, 0.5], [0, 1]), ValueError, "`couplings` must not dec"),
        (lambda b: best_worst_case(b, [0.0, 0.5], [0, 1]), ValueError, "`couplings` must be gre"),
        (lambda b: best_worst_case(b, [0.1, 0.5], [-1, 1]), ValueError, "`decays` must be at l"),
        (lambda b: best_worst_case(b, 1.0, [0, 1]), ValueError, "`couplings` must have shape"),
        (lambda b: ergotropy_energy_front(b, 0), ValueError, "`count` must be at least 1"),
    ],
)
def test_bad_input(call, error, words):
    with pytest.raises(error, match=words):
        call(BlochCharger())
