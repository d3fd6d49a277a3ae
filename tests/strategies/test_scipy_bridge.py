"""Methods of SciPy's by name: against closed forms, and as careful as the others."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.strategies.scipy_bridge import METHODS
from tests.hills import first, square, total, valley

pytestmark = pytest.mark.standard_promotion


def edge(x):
    """NaN beyond 1, where the slope leads."""
    return jnp.where(x < 1.0, x - 0.1 * x**2, jnp.nan)


def hilly(x):
    return edge(x) + 0.2 * jnp.cos(6 * x)


def itself(x):
    return x


def parabola(x, a):
    return -((x - a) ** 2)


def nowhere(p):
    return p[0] * jnp.nan


START = qb.free(jnp.array([-0.5, 0.5]), -2.0, 2.0)
TRIED = {"steps": 300}
every_method = pytest.mark.parametrize("method", METHODS)


@pytest.mark.parametrize(
    ("method", "mode"), [*((name, "reverse") for name in METHODS), ("L-BFGS-B", "forward")]
)
def test_a_narrow_valley(method, mode):
    heard = []
    best = qb.maximize(valley, START, optimizer=method, mode=mode, progress=heard.append, steps=100)
    np.testing.assert_allclose(best.protocol, 1.0, rtol=0, atol=2e-3)
    assert best.converged
    assert best.record.ends == ("settled",)
    assert len(heard) == len(best.history) - 1 < 100
    assert [p.value for p in heard] == best.history[1:].tolist()
    assert heard[-1].best_value == float(best.value) == np.max(best.history)


@every_method
def test_known_optima_under_constraints(method):
    """The same numbers as of SciPy's SLSQP with a tolerance of 1e-15, the price by differences."""
    limits = [qb.equal(total, 0.3), qb.at_least(first, 0.0)]
    best = qb.maximize(valley, START, optimizer=method, constraints=limits, **TRIED)
    assert float(best.value) == pytest.approx(-0.5725498867342809, rel=1e-7)
    assert best.constraints[0].price == pytest.approx(1.01335, rel=1e-4)
    assert best.constraints[1].price == 0
    limits = [qb.at_most(square, 1.0)]
    best = qb.maximize(valley, START, optimizer=method, constraints=limits, **TRIED)
    assert float(best.value) == pytest.approx(-0.04567480871950113, rel=1e-5)
    assert best.constraints[0].violation <= 1e-9
    assert best.constraints[0].price == pytest.approx(0.121497, rel=1e-3)


def in_a_unit(plan):
    return plan["unit"] * total(plan["p"])


def area(plan):
    return plan["unit"] * square(plan["p"])


@every_method
@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_no_method_knows_a_unit(method, unit):
    limits = [qb.at_most(area, 2 * unit)]
    plan = {"unit": unit, "p": START}
    best = qb.maximize(in_a_unit, plan, optimizer=method, constraints=limits, **TRIED)
    assert float(best.value) == pytest.approx(2 * unit, rel=1e-6)
    assert best.constraints[0].violation <= 1e-9 * 2 * unit
    assert best.constraints[0].price == pytest.approx(0.5, rel=1e-5)
    assert best.converged


@every_method
@pytest.mark.parametrize("limits", [[], [qb.at_most(itself, 2.0)]])
def test_what_cannot_be_evaluated_leaves_the_best_that_was(method, limits):
    best = qb.maximize(edge, qb.free(0.0, -5.0, 5.0), optimizer=method, constraints=limits)
    assert 0.9 < float(best.protocol) < 1.0
    assert float(best.value) == pytest.approx(float(edge(best.protocol)), abs=1e-15)


@pytest.mark.parametrize(
    "method", ["L-BFGS-B", "SLSQP", pytest.param("trust-constr", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("limits", [[], [qb.at_most(itself, 0.5)]])
def test_starts_are_pruned_and_one_that_is_not_finite_spoils_none(method, limits):
    plan, how = qb.free(0.0, -5.0, 5.0), {"constraints": limits, "optimizer": method}
    many = {"starts": 8, "key": jax.random.key(2), "steps": 100}
    plain = qb.maximize(hilly, plan, **how, **many)
    best = qb.maximize(hilly, plan, **how, **many, keep=2)
    # Five steps of an interior point method say little of where it will end.
    near = 0.05 if method == "trust-constr" else 1e-9
    assert float(best.value) == pytest.approx(float(plain.value), rel=near)
    assert "not finite" in plain.record.ends
    # Under the constraint SLSQP needs no more than the five steps of the first trial.
    assert (0 if limits else 4) <= np.count_nonzero(best.record.pruned) <= 6
    assert best.start_values.shape == (8,)
    winner = int(np.argmax(best.start_values))
    assert best.start_values[winner] == float(best.value)
    assert not best.record.pruned[winner]


def test_a_search_in_pieces_is_the_search_at_once():
    """What was evaluated is remembered, so that a trial costs nothing twice."""
    count = []

    def counted(p):
        jax.debug.callback(lambda: count.append(1))
        return valley(p)

    spent = []
    for keep in (None, 1):
        count.clear()
        best = qb.maximize(counted, START, optimizer="SLSQP", keep=keep)
        jax.effects_barrier()
        spent.append((len(count), best.history.tolist()))
    assert spent[0] == spent[1]


@every_method
def test_the_worst_of_an_ensemble(method):
    """Half way between the outermost of three."""
    members = qb.ensemble([jnp.array(x) for x in (-1.0, 0.5, 2.0)], "worst")
    plan = qb.free(0.0, -3.0, 3.0)
    best = qb.maximize(parabola, plan, ensemble=members, optimizer=method)
    assert float(best.protocol) == pytest.approx(0.5, abs=1e-6)


@every_method
def test_contradictions_and_nothing_finite_are_named(method):
    limits = [qb.at_most(first, 0.0), qb.at_least(first, 1.0)]
    with pytest.raises(ValueError, match=r"`constraints` must leave a feasible.* first is .* must"):
        qb.maximize(valley, START, optimizer=method, constraints=limits)
    for limits in ([], [qb.at_most(first, 1.0)]):
        with pytest.raises(ValueError, match="`objective` must be finite at the start"):
            qb.maximize(nowhere, START, optimizer=method, constraints=limits, starts=2)


def test_an_unknown_name_lists_those_that_are_known():
    words = r"`optimizer` must be an optax optimiser or one of 'L-BFGS-B', 'SLSQP', 'trust-constr'"
    with pytest.raises(ValueError, match=rf"{words}, but is 'BFGS' \(did you mean"):
        qb.maximize(valley, START, optimizer="BFGS")
