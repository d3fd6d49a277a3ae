"""`maximize`: feasible at every iterate, right at the end, honest about failure."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import qbjax as qb
from qbjax.strategies.verification import VerificationWarning
from tests.helpers import tree_allclose

# optax's L-BFGS adds int32 to int64.
pytestmark = pytest.mark.standard_promotion


def bowl(x):
    """Largest at 1.5."""
    return 2.0 - jnp.sum((x - 1.5) ** 2)


@pytest.mark.parametrize(
    ("start", "bounds", "best"),
    [
        (0.0, (-3.0, 3.0), 1.5),
        (0.0, (-3.0, 1.0), 1.0),  # the optimum is a bound
        (-3.0, (-3.0, 3.0), 1.5),  # the start is a bound
        (5.0, (2.0, np.inf), 2.0),
        (0.0, (0.0, np.inf), 1.5),
        (-1.0, (-np.inf, 1.0), 1.0),
        (40.0, (-np.inf, np.inf), 1.5),
    ],
)
def test_bounds(start, bounds, best):
    tried = []
    found = qb.maximize(
        bowl, qb.free(start, *bounds), progress=lambda p: tried.append(float(p.protocol))
    )
    assert abs(float(found.protocol) - best) < 1e-4
    assert abs(float(found.value) - float(bowl(best))) < 1e-7
    assert found.converged
    assert all(bounds[0] <= x <= bounds[1] for x in tried)
    assert found.verified_value is None


def test_every_trial_of_the_line_search_is_feasible():
    seen = []

    def objective(x):
        jax.debug.callback(lambda v: seen.append(float(v)), x)
        return 3 * x

    qb.maximize(objective, qb.free(0.5, 0.0, 1.0))
    assert len(seen) > 3
    assert min(seen) >= 0
    assert max(seen) <= 1


def test_many_numbers_of_several_shapes():
    target = jnp.array([0.3, -0.2, 0.9])

    def objective(plan):
        return -jnp.sum((plan["a"] - target) ** 2 * jnp.array([1.0, 30.0, 7.0])) - plan["b"] ** 4

    plan = {"a": qb.free(jnp.zeros(3), -1, 1), "b": qb.free(0.7, -1, 1), "fixed": 3}
    best = qb.maximize(objective, plan)
    assert tree_allclose(best.protocol["a"], target, rtol=1e-4)
    assert best.protocol["fixed"] == 3


@pytest.mark.parametrize("optimizer", [optax.adam(0.1), optax.sgd(0.05), optax.lbfgs()])
def test_any_optimizer(optimizer):
    best = qb.maximize(bowl, qb.free(0.0, -3.0, 3.0), optimizer=optimizer, steps=300)
    assert abs(float(best.protocol) - 1.5) < 1e-3
    assert float(best.value) == pytest.approx(np.max(best.history), abs=1e-15)


def humps(x):
    """A low hump at −1, where the search starts, and a high one at 2."""
    return jnp.exp(-((x + 1) ** 2)) + 2 * jnp.exp(-4 * (x - 2) ** 2)


def test_several_starts_find_the_higher_hump():
    protocol = qb.free(-1.2, -4.0, 4.0)
    assert abs(float(qb.maximize(humps, protocol).protocol) + 1) < 1e-2
    best = qb.maximize(humps, protocol, starts=8, key=jax.random.key(1))
    assert abs(float(best.protocol) - 2) < 1e-3
    assert best.start_values.shape == (8,)
    assert best.start_values.max() == pytest.approx(float(best.value))
    again = qb.maximize(humps, protocol, starts=8, key=jax.random.key(1))
    assert float(again.protocol) == float(best.protocol)


def test_what_cannot_be_evaluated_is_backed_out_of():
    """NaN beyond 1, and the slope leads there."""
    objective = lambda x: jnp.where(x < 1.0, x - 0.1 * x**2, jnp.nan)  # noqa: E731
    best = qb.maximize(objective, qb.free(0.0, -5.0, 5.0))
    assert jnp.isfinite(best.value)
    assert 0.5 < float(best.protocol) < 1.0


def test_a_start_that_cannot_be_evaluated_spoils_no_other():
    def objective(x):
        return jnp.where(x > 0, bowl(x), jnp.nan)

    best = qb.maximize(objective, qb.free(0.5, -3.0, 3.0), starts=4)
    assert abs(float(best.protocol) - 1.5) < 1e-4
    assert best.start_values.min() < -1e11 < 1.999 < best.start_values.max()


def test_history_and_progress():
    seen = []
    short = qb.maximize(bowl, qb.free(0.0, -3, 3), optimizer=optax.adam(0.1), steps=3)
    assert not short.converged
    assert len(short.history) == 3
    best = qb.maximize(bowl, qb.free(0.0, -3, 3), progress=seen.append)
    assert best.converged
    assert len(best.history) == len(seen) < 50
    assert [p.step for p in seen] == list(range(1, len(seen) + 1))
    assert [p.value for p in seen] == best.history.tolist()
    assert [p.best_value for p in seen] == np.maximum.accumulate(best.history).tolist()
    assert [float(bowl(p.protocol)) for p in seen] == pytest.approx(best.history.tolist())


@pytest.mark.parametrize(
    ("objective", "protocol", "words"),
    [
        (lambda x: x * jnp.nan, qb.free(0.5, 0, 1), "must be finite at the start"),
        (lambda x: jnp.stack([x, x]), qb.free(0.5, 0, 1), "must return a real scalar"),
        (lambda x: x + 1j, qb.free(0.5, 0, 1), "must return a real scalar"),
        (lambda x: x.amplitude, qb.protocols.Constant(1.0), "must have a trainable number"),
    ],
)
def test_bad_objectives(objective, protocol, words):
    with pytest.raises(ValueError, match=words):
        qb.maximize(objective, protocol)


@pytest.mark.parametrize(
    ("option", "words"),
    [({"mode": "sideways"}, "`mode`"), ({"steps": 0}, "`steps`"), ({"starts": 0}, "`starts`")],
)
def test_bad_options(option, words):
    with pytest.raises(ValueError, match=words):
        qb.maximize(bowl, qb.free(0.5, 0, 1), **option)


def test_starts_need_bounds():
    with pytest.raises(ValueError, match="`starts` must be 1 when a free number has no finite"):
        qb.maximize(bowl, qb.free(0.5), starts=2)


def test_a_second_search_traces_nothing():
    traces = []

    def objective(plan):
        traces.append(1)
        return bowl(plan["x"]) - plan["offset"]

    qb.maximize(objective, {"x": qb.free(0.0, -3.0, 3.0), "offset": 1.0})
    first = len(traces)
    best = qb.maximize(objective, {"x": qb.free(1.0, -3.0, 3.0), "offset": 2})
    assert float(best.value) == pytest.approx(0.0, abs=1e-6)
    # Only the check that the objective is a scalar looks again.
    assert len(traces) - first <= 1


BATTERY = qb.batteries.DOPO(6, 3)


@pytest.mark.filterwarnings("ignore:Too few levels", "ignore:The best value does not stand")
@pytest.mark.parametrize("mode", ["forward", pytest.param("reverse", marks=pytest.mark.slow)])
def test_a_battery_is_maximised_and_the_winner_verified(mode):
    def objective(pump, battery, mode):
        return qb.charge(battery, pump, [0.0, 1.0], adjoint=mode).ergotropy[-1]

    def value(amplitude):
        return objective(qb.protocols.Constant(amplitude), BATTERY, mode)

    best = qb.maximize(
        lambda p, b: objective(p, b, mode),
        qb.protocols.Constant(qb.free(0.5, 0.1, 1.0)),
        battery=BATTERY,
        mode=mode,
    )
    amplitudes = jnp.linspace(0.1, 1.0, 91)
    scan = jax.jit(lambda a: jax.lax.map(lambda f: value(f), a))(amplitudes)
    assert abs(float(best.protocol.amplitude) - amplitudes[jnp.argmax(scan)]) < 0.011
    assert abs(best.value - jnp.max(scan)) < 1e-4
    refined = objective(best.protocol, BATTERY.refined(), "forward")
    assert abs(best.verified_value - refined) < 1e-7
    assert best.moved == pytest.approx(abs(best.verified_value - best.value))
    assert best.moved > 1e-6
    assert best.is_verified is False


@pytest.mark.parametrize(("mode", "adjoint"), [("forward", "reverse"), ("reverse", "forward")])
def test_the_wrong_adjoint_is_explained(mode, adjoint):
    def objective(pump):
        return qb.charge(BATTERY, pump, [0.0, 1.0], adjoint=adjoint).energy[-1]

    with pytest.raises(ValueError, match=f'`mode` must fit the objective, but is "{mode}"'):
        qb.maximize(objective, qb.protocols.Constant(qb.free(0.5, 0, 1)), mode=mode)


def test_an_optimum_beyond_the_levels_is_told():
    """More energy than three levels hold; with more, the verified run is sound."""
    battery = qb.batteries.Collisional(qb.algebra.ladders.oscillator(3))

    def objective(theta, battery):
        return qb.charge(battery, qb.protocols.Collisions(theta * jnp.ones(4))).energy[-1]

    stands_not = pytest.warns(VerificationWarning, match="with 3 levels, and 3.4.* with 11 levels")
    truncated = pytest.warns(qb.dynamics.TruncationWarning, match="in the ladder mode.*Use size=")
    with stands_not, truncated:
        best = qb.maximize(objective, qb.free(0.3, 0.1, 1.0), battery=battery)
    assert int(best.status) == 4
    assert float(best.truncation) > 1e-4
    assert int(best.verified_status) == 0
    plain = qb.maximize(bowl, qb.free(0.0, -3.0, 3.0))
    assert plain.status is plain.truncation is plain.verified_status is None
    assert plain.is_verified is plain.moved is plain.verification is None
