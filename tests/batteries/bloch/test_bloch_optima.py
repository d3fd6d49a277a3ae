"""Best times of the Bloch-sphere charger: numbers, grids, implicit gradients, approximations."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries.bloch import approximations as bloch_approximations
from qbjax.batteries.bloch import exact as bloch_exact
from qbjax.batteries.bloch import optima as bloch_optima
from qbjax.batteries.bloch._swing import swing
from tests.helpers import EXACT, central_difference, tree_allclose

BlochCharger = qb.batteries.BlochCharger
LOSSLESS = BlochCharger()

# θ/π, Jt, P/ωJ of the largest ergotropic power without loss, by search on the propagated state;
# times to its square-root of rounding.
ERGOTROPIC_POWER = [
    (0.001, 1.1655622807541453, 1.787904695449667e-06),
    (0.05, 1.1682845938366875, 0.004456343515304725),
    (0.15, 1.1889700335494022, 0.03917260000670987),
    (0.25, 1.2247861361660273, 0.1040298710972694),
    (0.35, 1.2667101580446454, 0.1913686535597742),
    (0.45, 1.306451883807385, 0.29204530890763003),
    (0.5, 1.3239216568, 0.344355406198),
    (0.55, 1.3394346602552967, 0.3963407859256233),
    (0.65, 1.3644786333846908, 0.49452198985866574),
    (0.75, 1.3820888319325861, 0.5774863262767373),
    (0.85, 1.3931872061793977, 0.6375182458631248),
    (0.95, 1.3985342592616345, 0.6690097524755009),
]
MAXIMISERS = [
    (bloch_optima.best_energy, bloch_exact.energy),
    (bloch_optima.best_ergotropy, bloch_exact.ergotropy),
    (bloch_optima.best_charging_power, bloch_exact.charging_power),
    (bloch_optima.best_ergotropic_power, bloch_exact.ergotropic_power),
]
by_name = pytest.mark.parametrize(
    ("best", "merit"), MAXIMISERS, ids=[merit.__name__ for _, merit in MAXIMISERS]
)


def test_constants_solve_their_equations():
    A, C = bloch_optima.POWER_TIME, bloch_optima.ERGOTROPIC_POWER_TIME
    assert np.tan(A) == pytest.approx(2 * A, rel=1e-14)
    assert np.sin(A) ** 2 / A == pytest.approx(bloch_optima.POWER, rel=1e-15)
    assert 1 + 2 * C * np.tan(2 * C) == pytest.approx(0, abs=1e-13)
    assert -np.cos(2 * C) / C == pytest.approx(bloch_optima.ERGOTROPIC_POWER, rel=1e-15)
    K = -A * np.tan(2 * A) / 4
    np.testing.assert_allclose(K, bloch_optima.POWER_TIME_SHIFT, rtol=1e-14)
    np.testing.assert_allclose(K / A, bloch_optima.POWER_TIME_SLOPE, rtol=1e-14)
    constants = bloch_optima.POWER_TIME, bloch_optima.POWER, C, bloch_optima.ERGOTROPIC_POWER
    expected = [1.1655611852, 0.7246113538, 1.3991930229, 0.6730168338, 0.3063808267, 0.2628612128]
    np.testing.assert_allclose([*constants, K, K / A], expected, atol=5e-11)
    at = BlochCharger(decay=bloch_optima.INVERSION_DECAY)
    assert float(swing(at, bloch_optima.energy_time(at))) ** 2 == pytest.approx(0.5, rel=1e-14)


def test_south_pole_has_no_ergotropy_beyond_the_threshold():
    threshold = bloch_optima.INVERSION_DECAY
    assert threshold == pytest.approx(1.0211025506, abs=5e-11)
    above, below = (
        bloch_optima.best_ergotropy(
            BlochCharger(decay=bloch_optima.INVERSION_DECAY + shift), np.pi
        ).value
        for shift in (1e-6, -1e-6)
    )
    assert float(above) < 1e-20
    assert float(below) > 1e-7


def test_largest_ergotropic_power_without_loss():
    turn, time, value = np.array(ERGOTROPIC_POWER).T
    best = bloch_optima.best_ergotropic_power(LOSSLESS, turn * np.pi)
    np.testing.assert_allclose(best.time, time, atol=5e-11)
    np.testing.assert_allclose(best.value, value, atol=5e-13)
    A, C = bloch_optima.POWER_TIME, bloch_optima.ERGOTROPIC_POWER_TIME
    ends = bloch_optima.best_ergotropic_power(LOSSLESS, np.array([0.0, np.pi]))
    np.testing.assert_allclose(ends.time, [A, C], rtol=1e-14)


@by_name
@pytest.mark.parametrize("decay", [0.0, 0.5, 0.98, 1.02, 2.0, 3.999, 4.0, 4.5, 12.0])
def test_no_time_on_a_grid_is_better(best, merit, decay):
    battery = BlochCharger(decay=decay)
    theta = np.concatenate([np.linspace(0.02, 3.0, 12), np.pi - np.geomspace(0.1, 1e-6, 12)])
    found = best(battery, theta)
    # as far as the third maximum of the swing
    times = jnp.linspace(1e-4, 5 * bloch_optima.energy_time(battery), 4001)
    grid = jnp.max(merit(battery, theta[:, None], times[None, :]), axis=1)
    assert np.all(grid <= found.value * (1 + 1e-14))
    np.testing.assert_allclose(grid, found.value, rtol=1e-3, atol=1e-16)
    np.testing.assert_allclose(merit(battery, theta, found.time), found.value, rtol=1e-13)


@by_name
def test_implicit_gradients(best, merit):
    @jax.jit
    def both(x):
        return jnp.stack(best(BlochCharger(x[0], x[1], x[2]), x[3]))

    reverse, forward = jax.jit(jax.jacrev(both)), jax.jit(jax.jacfwd(both))
    for decay in (0.4, 4.0, 7.0):
        x = jnp.array([1.1, 1.1 * decay, 0.7, 2.0])
        expected = np.stack([central_difference(both, x, e) for e in np.eye(4)], axis=1)
        np.testing.assert_allclose(forward(x), expected, atol=1e-9)
        np.testing.assert_allclose(reverse(x), forward(x), atol=1e-13)


@pytest.mark.slow
def test_second_derivatives_and_batches():
    def time(decay, theta):
        return bloch_optima.best_ergotropic_power(BlochCharger(decay=decay), theta).time

    slope = jax.jit(jax.jacfwd(time))
    curved = jax.jit(jax.jacfwd(jax.jacfwd(time)))(0.7, 2.0)
    expected = central_difference(lambda g: slope(g, 2.0), 0.7)
    assert float(curved) == pytest.approx(float(expected), abs=1e-9)
    decays, thetas = jnp.linspace(0.1, 9.0, 5), jnp.linspace(0.2, 3.1, 5)
    many, one = jax.vmap(time)(decays, thetas), jax.jit(time)
    assert tree_allclose(many, jnp.stack(list(map(one, decays, thetas))), rtol=EXACT)


@jax.jit
def time_of_most_energy(decay):
    return bloch_optima.energy_time(BlochCharger(decay=decay))


SLOPE = jax.jit(jax.grad(time_of_most_energy))
BEND = jax.jit(jax.grad(SLOPE))


@pytest.mark.parametrize("decay", [0.0, 3.2, 4.0, 4.8, 11.0])
def test_energy_time_is_smooth(decay):
    if decay:
        bend = float(central_difference(SLOPE, decay))
        assert float(BEND(decay)) == pytest.approx(bend, abs=1e-10)
    G = np.sqrt(complex(1 - decay**2 / 16)) or 1e-6
    time = bloch_optima.energy_time(BlochCharger(decay=decay))
    assert float(time) == pytest.approx((np.arctan(4 * G / (decay or 1e-30)) / G).real)


def test_best_angle():
    battery, t = BlochCharger(decay=0.3), jnp.linspace(0.0, 1.4, 30)
    own = bloch_exact.ergotropy(battery, bloch_optima.best_angle(battery, t), t)
    angles = jnp.linspace(0, np.pi, 2001)
    grid = jnp.max(bloch_exact.ergotropy(battery, angles[:, None], t[None, :]), axis=0)
    assert np.all(grid <= own + 1e-15)
    np.testing.assert_allclose(grid, own, atol=1e-6)
    q = swing(battery, t) ** 2
    expected = np.where(q < 0.75, 0.5 / np.sqrt(1 - q) - 0.5, 2 * q - 1)
    np.testing.assert_allclose(own, expected, atol=1e-14)
    assert np.isfinite(jax.jit(jax.grad(lambda t: bloch_optima.best_angle(battery, t)))(1.3))


def test_errors_of_the_lossless_approximations():
    theta = jnp.linspace(0.0, np.pi, 1001)
    time = bloch_approximations.ergotropic_power_time(LOSSLESS, theta)
    assert float(jnp.max(jnp.abs(time.error))) == pytest.approx(0.0054126, abs=1e-6)
    assert float(jnp.max(jnp.abs(time.error / time.exact))) == pytest.approx(0.003905, abs=1e-6)
    power = bloch_approximations.ergotropic_power(LOSSLESS, theta)
    assert float(jnp.max(jnp.abs(power.error))) == pytest.approx(0.0181487, abs=1e-6)
    assert 100 * power.error[100] / power.exact[100] == pytest.approx(37.9, abs=0.05)
    np.testing.assert_allclose(power.value[jnp.array([0, 500, -1])], [0, 1 / 3, 2 / 3], atol=1e-15)
    np.testing.assert_allclose(time.value[jnp.array([0, -1])], [7 / 6, 7 / 5], rtol=1e-14)


@pytest.mark.parametrize(
    ("approximation", "arguments", "leading"),
    [
        (bloch_approximations.energy_time, (), -np.pi / 64),
        (bloch_approximations.energy, (np.pi,), -(1 / 8 + np.pi**2 / 32)),
        (bloch_approximations.power_time, (), -0.0585),
        (bloch_approximations.power, (np.pi,), -0.2012),
    ],
)
def test_first_orders_in_the_loss_err_in_the_second(approximation, arguments, leading):
    found = approximation(BlochCharger(2.0, 2e-3, 0.5), *arguments)
    scale = approximation(BlochCharger(2.0, 2e-9, 0.5), *arguments).exact
    unit = scale / approximation(LOSSLESS, *arguments).exact
    assert float(found.error / unit) * 1e6 == pytest.approx(leading, rel=2e-3)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: bloch_optima.energy_time(None), TypeError, "`battery` must be a"),
        (lambda: bloch_optima.best_ergotropic_power(LOSSLESS, np.inf), ValueError, "`theta` must"),
        (lambda: bloch_approximations.ergotropic_power(LOSSLESS, -0.1), ValueError, "`theta` must"),
    ],
)
def test_bad_input(call, error, words):
    with pytest.raises(error, match=words):
        call()
