"""`maximize` under constraints: against closed forms, with prices, and honest where none is met."""

import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from tests.hills import QUBIT, first, square, total, valley

# optax's L-BFGS adds int32 to int64.
pytestmark = pytest.mark.standard_promotion

START = qb.free(jnp.array([-0.5, 0.5]), -2.0, 2.0)


@pytest.mark.parametrize("unit", [1.0, 1e-9, 1e9])
def test_a_limit_that_is_reached_has_a_price(unit):
    """x + y on a disc, in any unit of objective and limit."""

    def objective(p):
        return unit * total(p)

    def area(p):
        return unit * square(p)

    best = qb.maximize(objective, START, constraints=[qb.at_most(area, 2 * unit)])
    np.testing.assert_allclose(best.protocol, 1.0, rtol=0, atol=1e-4)
    assert float(best.value) == pytest.approx(2 * unit, rel=1e-9)
    (held,) = best.constraints
    assert (held.name, held.kind, held.limit) == ("area", "at most", 2 * unit)
    assert held.violation <= 1e-9 * 2 * unit
    assert held.price == pytest.approx(0.5, rel=1e-6)
    assert held.verified_value is None
    assert best.converged


def test_equality_and_slack_inequality():
    """Against SciPy's SLSQP with a tolerance of 1e-15."""
    limits = [qb.equal(total, 0.3), qb.at_least(first, 0.0)]
    best = qb.maximize(valley, START, constraints=limits)
    assert float(best.value) == pytest.approx(-0.5725498867342809, rel=1e-6)
    on, slack = best.constraints
    assert abs(on.value - 0.3) < 1e-9
    assert slack.price == 0
    assert slack.violation == 0
    moved = [
        float(qb.maximize(valley, START, constraints=[qb.equal(total, 0.3 + h)]).value)
        for h in (1e-3, -1e-3)
    ]
    assert on.price == pytest.approx((moved[0] - moved[1]) / 2e-3, rel=1e-3)


def test_a_curved_limit_in_a_narrow_valley():
    best = qb.maximize(valley, START, constraints=[qb.at_most(square, 1.0)])
    assert float(best.value) == pytest.approx(-0.04567480871950113, rel=1e-6)
    assert best.constraints[0].violation < 1e-9


def test_what_is_slack_changes_nothing():
    best = qb.maximize(valley, START, constraints=[qb.at_most(square, 7.0)])
    np.testing.assert_allclose(best.protocol, 1.0, rtol=0, atol=1e-3)
    assert best.constraints[0].price == 0


@pytest.mark.slow
def test_the_least_time_that_reaches_an_energy():
    """H = uσ_x, |u| ≤ 1: E = sin²T, so that half of it takes π/4."""

    def quickness(pulse, battery):
        return -pulse.duration

    def energy(pulse, battery):
        times = jnp.stack([jnp.zeros(()), pulse.duration])
        return qb.charge(battery, pulse, times).energy[-1]

    amplitudes = qb.free(jnp.full(3, 0.7), -1.0, 1.0)
    pulse = qb.protocols.PiecewiseConstant(amplitudes, qb.free(1.5, 0.1, 3.0))
    limits = [qb.at_least(energy, 0.5)]
    best = qb.maximize(quickness, pulse, battery=QUBIT, constraints=limits)
    assert float(best.protocol.duration) == pytest.approx(np.pi / 4, rel=1e-6)
    np.testing.assert_allclose(best.protocol.amplitudes, 1.0, atol=1e-3)
    (held,) = best.constraints
    assert held.violation < 1e-9
    assert held.price == pytest.approx(-1.0, rel=1e-3)  # dT/dE = 1/sin 2T
    assert held.verified_value == pytest.approx(0.5, abs=1e-8)


def test_forward_mode_and_random_starts():
    def objective(p):
        return jnp.cos(3 * p) + 0.1 * p

    limits = [qb.at_most(lambda p: p, 2.0)]
    best = qb.maximize(objective, qb.free(-2.9, -3.0, 3.0), constraints=limits, starts=6,
                       mode="forward")  # fmt: skip
    inside = np.linspace(-3, 2, 100_001)
    assert float(best.value) == pytest.approx(np.max(np.asarray(objective(inside))), rel=1e-7)
    assert best.start_values.shape == (6,)


def test_contradictions_are_named():
    limits = [qb.at_most(first, 0.0), qb.at_least(first, 1.0)]
    with pytest.raises(ValueError, match=r"`constraints` must leave a feasible.* first is .* must"):
        qb.maximize(valley, START, constraints=limits)


def test_what_cannot_be_evaluated_leaves_the_best_that_was_feasible():
    """NaN beyond x = 1, where both the slope and the limit lead."""

    def objective(p):
        return jnp.where(p < 1.0, p - 0.1 * p**2, jnp.nan)

    best = qb.maximize(objective, qb.free(0.0, -5.0, 5.0), constraints=[qb.at_most(lambda p: p, 2)])
    assert 0.5 < float(best.protocol) < 1.0
    assert np.isfinite(best.value)


@pytest.mark.parametrize(
    ("constraints", "error", "words"),
    [
        ([3.0], TypeError, "`constraints` must be a list .* but holds 3.0"),
        (qb.at_most(first, 1.0), TypeError, "`constraints` must be a list"),
        ([qb.at_most(jnp.sin, 1.0)], ValueError, r"real scalar .* but sin returns .*shape \(2,\)"),
        ([qb.at_most(lambda p: 1j * p[0], 1.0)], ValueError, "real scalar"),
    ],
)
def test_bad_constraints_are_one_line(constraints, error, words):
    with pytest.raises(error, match=words):
        qb.maximize(valley, START, constraints=constraints)
