"""Pulses that withstand a device's errors: distortions as members of ensembles."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar

import qbjax as qb
from qbjax.protocols import Constant, Distortion, Noise, PiecewiseConstant

# optax's L-BFGS adds int32 to int64.
pytestmark = pytest.mark.standard_promotion

SPREAD = 0.15


def excited(pump, distortion):
    """Energy of a qubit after a unit of time: sin² of the area, times the gain."""
    return jnp.sin(distortion(pump).signal(0.5)) ** 2


def pairs(*gains):
    return [Distortion(gain=g) for g in gains]


def found_with(members, statistic, **how):
    spread = qb.ensemble(members, statistic, **how)
    return qb.maximize(excited, Constant(qb.free(1.2, 0.1, 3.0)), ensemble=spread)


def test_the_mean_and_the_worst_of_gain_errors():
    """Of areas (1 ± ε)θ: sin²(1 + ε)θ = sin²(1 − ε)θ at θ = π/2, the worst's best; the mean is
    ½ − ½ cos 2θ cos 2εθ."""
    worst = found_with(pairs(0.8, 1.2), "worst")
    assert float(worst.protocol.amplitude) == pytest.approx(np.pi / 2, abs=1e-4)
    assert float(worst.value) == pytest.approx(np.cos(0.1 * np.pi) ** 2, rel=1e-7)
    mean = found_with(pairs(0.8, 1.2), "mean")

    def slope(x):
        return np.sin(2 * x) * np.cos(0.4 * x) + 0.2 * np.cos(2 * x) * np.sin(0.4 * x)

    angle = brentq(slope, 1.2, 1.8, xtol=1e-12)
    assert float(mean.protocol.amplitude) == pytest.approx(angle, abs=1e-4)
    assert angle < np.pi / 2 - 0.01


def normal(key):
    return Distortion(gain=1 + SPREAD * jax.random.normal(key))


def test_held_out_draws_cover_the_truth():
    """The mean over normal gains in closed form, ½(1 − cos 2θ e^{−2σ²θ²}), and its maximum."""
    found = found_with(normal, "mean", count=400, key=jax.random.key(3))

    def mean(angle):
        return (1 - np.cos(2 * angle) * np.exp(-2 * (SPREAD * angle) ** 2)) / 2

    angle = float(found.protocol.amplitude)
    low, high = found.held_out.interval
    assert low < mean(angle) < high
    assert high - low < 0.02
    best = minimize_scalar(lambda x: -mean(x), bounds=(1.0, 2.0), method="bounded")
    assert angle == pytest.approx(best.x, abs=0.02)
    assert mean(angle) == pytest.approx(-best.fun, abs=1e-3)


@pytest.mark.slow
def test_the_worst_share_of_drawn_gains():
    """For a quarter of many draws: the conditional mean of both tails, by sorting the same law."""
    found = found_with(normal, ("cvar", 0.25), count=200, key=jax.random.key(4))
    angle = float(found.protocol.amplitude)
    gains = 1 + SPREAD * np.random.default_rng(0).normal(size=200_000)
    values = np.sort(np.sin(gains * angle) ** 2)
    low, high = found.held_out.interval
    assert low < np.mean(values[:50_000]) < high
    others = [np.mean(np.sort(np.sin(gains * x) ** 2)[:50_000]) for x in (angle - 0.1, angle + 0.1)]
    assert max(others) < np.mean(values[:50_000])


@pytest.mark.slow
def test_members_of_battery_and_distortion():
    """A sampler of pairs, every part of a distortion a number that members differ in."""

    def drawn(key):
        one, two, three = jax.random.split(key, 3)
        noise = Noise.power_law(one, 0.05, 0.1, 10.0, count=8)
        jitter = 0.1 * jax.random.normal(two, (3,))
        coupling = 1 + 0.1 * jax.random.normal(three)
        errors = Distortion(1.1, 0, 0.1, 0.2, jitter, noise, True, 5.0)
        return qb.batteries.BlochCharger(coupling), errors

    def value(amplitude, member):
        battery, distortion = member
        pump = distortion(PiecewiseConstant(jnp.stack([amplitude, 2.0]), 2.0))
        return -((battery.coupling * pump.signal(1.1) - 1.0) ** 2)

    spread = qb.ensemble(drawn, count=3)
    found = qb.maximize(value, qb.free(0.5, -9.0, 9.0), ensemble=spread)
    one = eqx.filter_jit(value)
    each = np.array([one(found.protocol, member) for member in spread.members()])
    np.testing.assert_allclose(found.member_values, each, rtol=1e-9)
    assert np.unique(each).size == 3
    assert np.mean(each) == pytest.approx(float(found.value), rel=1e-12)
