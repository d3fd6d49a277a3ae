"""Searches that cannot succeed say so in one line; what can be kept is kept."""

import warnings

import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.strategies.growth import UnboundedWarning

# optax's L-BFGS adds int32 to int64.
pytestmark = pytest.mark.standard_promotion

ANYWHERE = qb.free(jnp.array([0.3, 0.5]))


def first(p):
    return p[0]


def second(p):
    return p[1]


def total(p):
    return p[0] + p[1]


def apart(p):
    return p[0] - p[1]


def bowl(p):
    return p[0] ** 2 + p[1]


def blank(p):
    return jnp.where(p[0] > 0.2, jnp.nan, p[0])


def wall(p):
    return jnp.where(p[0] > 0.8, jnp.nan, p[0])


def hill(p):
    return -jnp.sum(p**2)


def slope(p):
    return p[0] - p[1] ** 2


def cube(p):
    return p[0] ** 3 - p[1] ** 2


@pytest.mark.parametrize(
    ("objective", "limit"),
    [
        (bowl, qb.at_most(second, 1.0)),
        pytest.param(total, qb.at_most(apart, 1.0), marks=pytest.mark.slow),
        pytest.param(first, qb.equal(second, 1.0), marks=pytest.mark.slow),
    ],
)
def test_an_unbounded_problem_under_constraints_is_told(objective, limit):
    words = r"after \d+ rounds .*as fast as ever .*has gone from 0.[35] to .*give bounds"
    with pytest.warns(UnboundedWarning, match=words):
        best = qb.maximize(objective, ANYWHERE, constraints=[limit])
    assert not best.converged
    assert best.constraints[0].violation <= 1e-9


@pytest.mark.parametrize(
    ("objective", "limit", "value"),
    [
        pytest.param(
            total, qb.at_most(lambda p: -hill(p), 1.0), np.sqrt(2), marks=pytest.mark.slow
        ),
        pytest.param(slope, qb.at_most(total, 3000.0), 3000.25, marks=pytest.mark.slow),
        (cube, qb.at_most(first, 1.0), 1.0),  # grows faster than any penalty
        (slope, qb.at_most(wall, 1.0), None),  # the constraint is NaN before it is met
    ],
)
def test_what_constraints_bound_is_found_without_a_warning(objective, limit, value):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        best = qb.maximize(objective, ANYWHERE, constraints=[limit])
    assert best.constraints[0].violation <= 1e-9 * float(limit.limit)
    if value is not None:
        assert float(best.value) == pytest.approx(value, rel=1e-6)
        assert best.converged
    else:
        assert 0.5 < float(best.value) < 0.8


@pytest.mark.parametrize(
    ("objective", "constraints", "words"),
    [
        (blank, [], "`objective` must be finite at the start"),
        (blank, [qb.at_most(first, 1.0)], "`objective` must be finite at the start"),
        (hill, [qb.at_most(blank, 1.0)], "`constraints` must be finite .* slopes of blank are not"),
        (hill, [qb.equal(first, 0.3), qb.equal(second, 0.5), qb.equal(total, 1.0)],
         r"must leave a feasible protocol, .* (first|second|total) is .* must be equal to"),
        (hill, [qb.at_most(lambda p: p, 1.0)], r"must .* a real scalar .* float64 of shape \(2,\)"),
    ],
)  # fmt: skip
def test_what_has_no_answer_is_one_line(objective, constraints, words):
    with pytest.raises(ValueError, match=words) as caught:
        qb.maximize(objective, ANYWHERE, constraints=constraints)
    assert "\n" not in str(caught.value)


def test_more_equalities_than_unknowns_that_agree():
    limits = [qb.equal(first, 0.4), qb.equal(second, 0.7), qb.equal(total, 1.1)]
    best = qb.maximize(hill, ANYWHERE, constraints=limits)
    np.testing.assert_allclose(best.protocol, [0.4, 0.7], rtol=0, atol=1e-9)


def test_a_start_that_cannot_be_evaluated_spoils_no_other_under_constraints():
    def half(p):
        return jnp.where(p < 0, jnp.nan, -((p - 0.5) ** 2))

    limits = [qb.at_most(lambda p: p, 0.4)]
    best = qb.maximize(half, qb.free(-0.5, -1.0, 1.0), starts=4, constraints=limits)
    assert float(best.value) == pytest.approx(-0.01, rel=1e-6)
    assert best.start_values[0] == -np.inf


@pytest.mark.parametrize("statistic", ["worst", pytest.param("mean", marks=pytest.mark.slow)])
def test_a_member_that_fails_is_named(statistic):
    def energy(p, scale):
        return -((p - scale) ** 2) + 0 * jnp.sqrt(scale)

    members = qb.ensemble([jnp.array(x) for x in (1.0, 2.0, -1.0)], statistic)
    with pytest.raises(ValueError, match=r"finite at the start.*member 2 is not"):
        qb.maximize(energy, qb.free(0.5, -3.0, 3.0), ensemble=members)
