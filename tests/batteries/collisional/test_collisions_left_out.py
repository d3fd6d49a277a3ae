"""Collisions that are left out leave nothing: no loss, no heat, no time, no phase."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries.collisional.swap_angles import average_power
from qbjax.strategies import greedy, in_time

LADDERS = qb.algebra.ladders
THETA = jnp.array([0.9, 0.7, 0.6, 0.8, 0.5, 0.4])
WARM = qb.batteries.Collisional(LADDERS.spin(3), 0.2, 0.3)
STREAMS = {
    "cold": (qb.batteries.Collisional(LADDERS.oscillator(12), 0.2), (0.1, 0, 0)),
    "warm": (WARM, (0.3, 0.9, 0.4)),
    "counter-rotating": (
        qb.batteries.Collisional(LADDERS.uniform(7), 0.2, 0.3, 0.2, "runs_on"),
        (0.3, 0.9, 0.4),
    ),
}
pytestmark = pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning")


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_is_that_of_the_collisions_made(name):
    """Also where the number is traced: one program, from none to all."""
    battery, qubits = STREAMS[name]
    start = np.diag(np.eye(battery.ladder.size)[1])
    whole = qb.charge(battery, qb.protocols.Collisions(THETA, *qubits), initial=start)

    @jax.jit
    def padded(made):
        stream = qb.protocols.Collisions(THETA, *qubits, made=made)
        run = qb.charge(battery, stream, initial=start)
        return {**run.observables, "time": run.times}, run.final_state.time, run.steps

    for made in (0, 2, 6):
        seen, end, steps = padded(jnp.asarray(made))
        assert int(steps) == made
        assert float(end) == pytest.approx(float(whole.times[made]), rel=1e-15)
        for key, values in ({**whole.observables, "time": whole.times}).items():
            found = np.asarray(seen[key])
            np.testing.assert_allclose(found[: made + 1], values[: made + 1], 1e-12, 1e-14)
            np.testing.assert_array_equal(found[made:], np.full_like(found[made:], found[made]))


def test_a_stream_in_time_is_the_stream_cut_short():
    """Seventy qubits in a time for seven: the seven keep 4.577, sixty-three losses left 0.196."""
    battery = qb.batteries.Collisional(LADDERS.oscillator(80), 0.05)
    padded = in_time(greedy(battery, 70, "transient"), 5.0)
    assert int(padded.made) == 7
    run = qb.charge(battery, padded)
    assert float(run.energy[-1]) == pytest.approx(4.576604867, rel=1e-9)
    assert float(run.times[-1]) == pytest.approx(5.0)


@pytest.mark.parametrize("count", [3, 10, 1000])
def test_a_stream_of_just_that_duration_needs_no_more(count):
    """Sums of angles are rounded: one more collision of 1e-16 would be a whole loss."""
    theta = np.full(2 * count, 1.0 / count)
    assert int(in_time(qb.protocols.Collisions(theta), 1.0).made) == count


def test_waiting_within_the_time_stays_and_a_second_cut_keeps_the_first():
    stream = qb.protocols.Collisions([0.5, 0.0, 0.5, 0.0, 0.5])
    cut = in_time(stream, 1.2)
    assert (int(cut.made), int(in_time(cut, 2.0).made), int(in_time(cut, 0.0).made)) == (5, 5, 0)
    assert int(in_time(in_time(stream, 1.0), 9.0).made) == 3


@pytest.mark.slow
def test_gradients_are_those_of_the_collisions_made():
    def power(theta, **how):
        return average_power(qb.protocols.Collisions(theta, **how), WARM)

    padded = jax.grad(power)(THETA, made=3)
    np.testing.assert_allclose(padded[:3], jax.grad(power)(THETA[:3]), rtol=1e-11)
    np.testing.assert_array_equal(padded[3:], 0.0)


def test_a_whole_ladder_is_never_too_short():
    """It is filled to the brim, without a warning, and refined it is itself."""
    for ladder in (LADDERS.uniform(3), LADDERS.spin(1)):
        battery = qb.batteries.Collisional(ladder)
        run = qb.charge(battery, qb.strategies.full_swap(battery, 2))
        assert float(run.energy[-1]) == pytest.approx(2.0)
        assert run.modes == ()
        assert run.truncation.shape == (3, 0)
        assert battery.refined() is battery
        assert "whole" in battery.info()["ladder"]


def test_levels_that_nothing_climbed_beyond_are_exact():
    """Five quanta fill six levels; a sixth qubit, or a start one level up, finds them too few."""
    battery = qb.batteries.Collisional(LADDERS.oscillator(6))
    full = qb.strategies.full_swap(battery, 5)
    run = qb.charge(battery, full)
    assert float(run.energy[-1]) == pytest.approx(5.0)
    assert float(run.truncation.max()) == int(run.status) == 0
    theta = jnp.append(full.theta, 0.1)
    more = qb.charge(battery, qb.protocols.Collisions(theta))
    assert more.truncation[:-1].max() == 0 < more.truncation[-1]
    higher = qb.charge(battery, full, initial=np.eye(6)[1])
    assert int(higher.status) == int(more.status) == 4
    kept = qb.charge(battery, qb.protocols.Collisions(theta, made=5))
    assert int(kept.status) == 0
