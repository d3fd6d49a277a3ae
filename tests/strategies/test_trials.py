"""Many starts with early pruning: the good go on, the record says which, and repeats itself."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.strategies.loop import climb_all
from qbjax.strategies.search import Problem
from qbjax.strategies.trials import rungs, survivors

# optax's L-BFGS adds int32 to int64.
pytestmark = pytest.mark.standard_promotion


def ripples(x):
    """Many maxima, of which the highest lies at 0.1; nothing below −3.5."""
    height = jnp.cos(6 * (x - 0.1)) - 0.1 * (x - 0.1) ** 2 - 0.01 * (x - 0.1) ** 4
    return jnp.where(x > -3.5, height, jnp.nan)


PLAN = qb.free(3.0, -5.0, 5.0)


@pytest.fixture(scope="module")
def pruned():
    return qb.maximize(ripples, PLAN, starts=32, keep=4, key=jax.random.key(3), tolerance=1e-12)


def test_the_best_of_the_trials_go_on(pruned):
    assert float(pruned.protocol) == pytest.approx(0.1, abs=1e-6)
    record = pruned.record
    assert pruned.start_values.shape == record.pruned.shape == (32,)
    assert np.count_nonzero(record.pruned) == 16  # none was left to be judged at the tenth step
    assert set(record.ends) == {"pruned", "settled"}
    assert np.all(record.steps[record.pruned] <= 5)
    kept = pruned.start_values[~record.pruned]
    assert kept.min() >= pruned.start_values[record.pruned].max()
    assert record.values.shape == (len(pruned.history), 32)
    winner = int(np.argmax(pruned.start_values))
    seen = record.values[:, winner]
    np.testing.assert_array_equal(seen[~np.isnan(seen)], pruned.history[: record.steps[winner]])


def test_a_search_repeats_itself_bit_for_bit(pruned):
    again = qb.maximize(ripples, PLAN, starts=32, keep=4, key=jax.random.key(3), tolerance=1e-12)
    np.testing.assert_array_equal(again.record.values, pruned.record.values)
    assert again.record.ends == pruned.record.ends
    table = again.record.to_dataframe()
    assert list(table.columns) == ["value", "steps", "end"]
    np.testing.assert_array_equal(table["value"], pruned.start_values)


def test_to_keep_all_changes_nothing():
    """The steps of those that go on are those of a search without trials, bit for bit."""
    plain = qb.maximize(ripples, PLAN, starts=32, key=jax.random.key(3), tolerance=1e-12)
    same = qb.maximize(ripples, PLAN, starts=32, keep=32, key=jax.random.key(3), tolerance=1e-12)
    np.testing.assert_array_equal(same.start_values, plain.start_values)
    assert not np.any(plain.record.pruned)
    assert plain.record.ends.count("not finite") == np.count_nonzero(plain.start_values < -1e11) > 0


@pytest.mark.parametrize("where", ["a CPU", pytest.param("an accelerator", marks=pytest.mark.slow)])
def test_what_is_pruned_stands_still(where, monkeypatch):
    """Adam never settles here, so that all trials take place: 8, 4, 2, 1 starts."""
    import optax

    from qbjax.strategies import loop

    if where == "an accelerator":
        monkeypatch.setattr(loop, "platform_of", lambda tree: "gpu")
    stacked = [jnp.linspace(-0.4, 1.2, 8)]
    problem = Problem(ripples, PLAN, "reverse")
    found = climb_all(problem, optax.adam(1e-3), None, stacked, 0.0, 45, keep=1)
    assert sorted(found.record.steps.tolist()) == [5, 5, 5, 5, 10, 10, 20, 45]
    assert found.record.ends.count("out of steps") == 1
    assert not found.stopped
    frozen = found.search.coordinates[0][found.record.steps == 5]
    assert np.all(np.abs(frozen - stacked[0][found.record.steps == 5]) <= 5.1e-3)
    assert np.argmax(-np.asarray(found.search.best_loss * found.search.size)) == np.argmax(
        found.record.steps
    )


def test_starts_under_constraints_are_pruned():
    limits = [qb.at_most(lambda x: x, -1.5)]
    plain = qb.maximize(ripples, PLAN, constraints=limits, starts=12)
    heard = []
    best = qb.maximize(ripples, PLAN, constraints=limits, starts=12, keep=2, progress=heard.append)
    inside = np.linspace(-3.4, -1.5, 100_001)
    assert float(best.value) == pytest.approx(np.max(np.asarray(ripples(inside))), abs=1e-8)
    assert float(best.value) == float(plain.value)
    assert best.constraints[0].violation <= 1e-9
    assert np.count_nonzero(best.record.pruned) >= 6
    assert "not finite" in plain.record.ends, "a start that spoils no other"
    assert len(heard) == np.sum(best.record.steps) < np.sum(plain.record.steps)
    assert heard[-1].best_value == float(best.value)


def test_rungs_and_survivors():
    assert rungs(50, None) == [50]
    assert rungs(40, 3) == [5, 10, 20, 40]
    alive = np.array([True, True, False, True, True])
    chosen = survivors(np.array([1.0, np.inf, 0.0, 1.0, 1.0]), alive, 1)
    assert chosen.tolist() == [True, False, False, True, False], "of equals the earlier"
    assert survivors(np.zeros(5), alive, 4).tolist() == alive.tolist()


def test_more_than_there_are_cannot_be_kept():
    with pytest.raises(ValueError, match="`keep` must be at least 1 and at most 4, but is 5"):
        qb.maximize(ripples, PLAN, starts=4, keep=5)
