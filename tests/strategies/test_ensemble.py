"""Ensembles: the statistic, its smooth stand-in, and the protocols that withstand most."""

from collections import namedtuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import qbjax as qb
from qbjax.dynamics.record import witness
from qbjax.strategies import statistic as statistics
from qbjax.strategies.ensemble import ensemble

# optax's L-BFGS adds int32 to int64.
pytestmark = pytest.mark.standard_promotion

PLACES = np.array([-1.0, 0.2, 2.0])


SMOOTH = jax.jit(jax.value_and_grad(statistics.smooth))


def near(x, place):
    """Largest, 0, at the member's place."""
    return -((x - place) ** 2)


def places(statistic):
    return qb.ensemble([jnp.asarray(p) for p in PLACES], statistic)


@pytest.mark.parametrize(
    ("statistic", "best", "value"),
    [
        ("mean", np.mean(PLACES), -np.var(PLACES)),
        ("worst", 0.5, -(1.5**2)),
        pytest.param(("cvar", 1 / 3), 0.5, -(1.5**2), marks=pytest.mark.slow),
        (("cvar", 1), np.mean(PLACES), -np.var(PLACES)),
        # the ends weigh the same at ½; beyond, one of them and the middle one
        (("cvar", 2 / 3), 0.5, -(1.5**2)),
    ],
)
def test_statistics_against_closed_forms(statistic, best, value):
    found = qb.maximize(near, qb.free(1.7, -3.0, 3.0), ensemble=places(statistic))
    assert float(found.protocol) == pytest.approx(best, abs=2e-4)
    assert float(found.value) == pytest.approx(value, rel=1e-7)
    np.testing.assert_allclose(found.member_values, near(float(found.protocol), PLACES))
    assert float(found.verified_value) == pytest.approx(float(found.value), rel=1e-12)
    assert found.held_out is None


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.floats(-3, 3), min_size=1, max_size=7),
    st.floats(0.05, 1.0),
    st.integers(0, 2**31 - 1),
)
def test_the_smooth_statistic_lies_above_and_touches(values, share, seed):
    """Against SciPy's linear program; its slopes are weights of the set."""
    values = np.array(values)
    drawn = ensemble([jnp.zeros(())] * values.size, ("cvar", share))
    exact = statistics.least(values, drawn.most)
    bounds = [(0, drawn.most)] * values.size
    program = linprog(values, A_eq=np.ones((1, values.size)), b_eq=[1], bounds=bounds)
    assert exact == pytest.approx(program.fun, abs=1e-9)
    members = statistics.weighed(drawn, None, 3.0)
    smooth, slopes = SMOOTH(jnp.asarray(values), members)
    assert float(smooth) >= exact - 1e-9
    assert np.sum(slopes) == pytest.approx(1.0, abs=1e-9)
    assert np.all((slopes >= -1e-12) & (slopes <= drawn.most + 1e-9))
    for _ in range(50):
        members = statistics.again(members, values, 3.0)
    assert float(SMOOTH(jnp.asarray(values), members)[0]) == pytest.approx(exact, abs=1e-2)


def quarter(protocol, battery):
    """Energy at a free time."""
    return qb.charge(battery, protocol[0], jnp.stack([jnp.zeros(()), protocol[1]])).energy[-1]


@pytest.mark.slow
def test_the_worst_of_a_spread_of_couplings():
    """sin² of Jt for J from .8 to 1.2 is best at t = π/2, where both ends are as far off."""
    spread = qb.ensemble([qb.batteries.BlochCharger(j) for j in (0.8, 0.9, 1.2)], "worst")
    excited = qb.protocols.BlochPreparation(np.pi)
    found = qb.maximize(quarter, (excited, qb.free(1.2, 0.5, 2.5)), ensemble=spread)
    assert float(found.protocol[1]) == pytest.approx(np.pi / 2, abs=1e-4)
    assert float(found.value) == pytest.approx(np.cos(0.1 * np.pi) ** 2, rel=1e-7)
    assert int(found.status) == 0


def test_the_worst_run_of_all_members_is_told():
    """As of one run, to who listens."""

    def run(x, place):
        steps = jnp.asarray(x, int)
        top = jnp.stack([jnp.zeros(()), place])[:, None]
        modes = ("cell",)
        told = namedtuple("Run", "status truncation steps modes")(steps, top, steps, modes)
        witness.tell(told, dict)
        return place

    with witness.listening() as heard:
        members = statistics.weighed(places("worst"), None, 1.0)
        statistics.Statistic(run)(4, members)
    assert (int(heard.status), int(heard.steps)) == (4, 12)
    assert float(heard.truncation["cell"]) == 2.0


def test_batteries_within_members_are_refined():
    cut = qb.batteries.DOPO(6, 3)
    pairs = qb.ensemble([(cut, jnp.asarray(g)) for g in (0.9, 1.1)])
    assert [(b.signal_levels, float(g)) for b, g in pairs.refined().members()] == [
        (cut.refined().signal_levels, 0.9), (cut.refined().signal_levels, 1.1),
    ]  # fmt: skip


def test_a_sampler_is_judged_by_others():
    drawn = qb.ensemble(jax.random.normal, ("cvar", 0.25), count=12, key=jax.random.key(3))
    found = qb.maximize(near, qb.free(1.2, -3.0, 3.0), ensemble=drawn)
    judged = found.held_out
    assert judged.values.shape == (12,)
    assert not np.any(np.isin(judged.values, found.member_values))
    low, high = judged.interval
    assert low < judged.value < high < 0
    assert judged.value == pytest.approx(np.mean(np.sort(judged.values)[:3]))


@pytest.mark.slow
def test_a_constraint_with_an_ensemble_is_the_batterys():
    found = qb.maximize(
        near,
        qb.free(0.0, -3.0, 3.0),
        battery=qb.batteries.BlochCharger(),
        ensemble=places("worst"),
        constraints=[qb.at_most(lambda x, battery: x * battery.coupling, 0.3)],
    )
    assert float(found.protocol) == pytest.approx(0.3, abs=1e-9)
    assert float(found.value) == pytest.approx(-(1.7**2), rel=1e-7)
    assert found.constraints[0].price == pytest.approx(3.4, rel=1e-5)


@pytest.mark.parametrize(
    ("batteries", "statistic", "error", "words"),
    [
        ([], "mean", ValueError, "`batteries` must hold at least one member, but is empty"),
        (3.0, "mean", TypeError, "`batteries` must be a list of batteries or a function"),
        ([qb.batteries.BlochCharger(), qb.batteries.BlochCharger(decay=0.1)], "mean", ValueError,
         "`batteries` must hold members of one structure"),
        ([1.0], "median", ValueError, "`statistic` must be 'mean', 'worst' or"),
        ([1.0], ("cvar", 0), ValueError, "`statistic` must be greater than 0"),
    ],
)  # fmt: skip
def test_bad_ensembles_are_one_line(batteries, statistic, error, words):
    with pytest.raises(error, match=words):
        qb.ensemble(batteries, statistic)
