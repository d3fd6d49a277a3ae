"""Streams and paths as `follow` records them, and what becomes of those that fail."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qbjax.dynamics.motion import How, Path, Stream, follow, with_powers
from qbjax.dynamics.solve.solver import Solver

HOW = How(Solver())
TIMES = jnp.array([0.0, 1.0, 3.0])


def seen(t, y):
    return {"energy": y[0], "ergotropy": y[1], "trace_defect": jnp.abs(y[0] - y[0])}


def stream(**other):
    how = {
        "step": lambda y, x: (y + x, {"given": x}),
        "inputs": jnp.array([1.0, 2.0]),
        "initial": jnp.zeros(2),
        "state": lambda t, y: (t, y),
        "observe": seen,
        "finish": lambda times, seen, told, at: with_powers(times, seen | told),
    }
    return Stream(**how | other)


def path(**other):
    points = jnp.stack([TIMES, 2 * TIMES], axis=1)
    how = {"points": points, "state": lambda t, y: (t, y), "observe": seen, "steps": jnp.array(7)}
    return Path(**how | other)


@pytest.mark.parametrize("motion", [stream(), path()], ids=["stream", "path"])
def test_moments_and_powers_are_recorded(motion):
    run = follow(motion, TIMES, HOW, save=lambda t, state: state[0] + state[1][0])
    assert run.energy.tolist() == [0.0, 1.0, 3.0]
    assert run.charging_power[1:].tolist() == [1.0, 1.0]
    assert run.saved.tolist() == [0.0, 2.0, 6.0]
    assert (int(run.status), float(run.final_state[0])) == (0, 3.0)
    assert run.truncation.shape == (3, 0)


def test_a_stream_tells_of_its_steps_and_counts_them():
    run = follow(stream(every=2, made=jnp.array(1)), TIMES, HOW)
    assert run.given.tolist() == [0.0, 1.0]
    assert run.times.tolist() == [0.0, 3.0]
    assert int(run.steps) == 1


def test_reverse_mode_takes_the_step_that_is_meant_for_it():
    motion = stream(backwards=lambda y, x: (y - x, {"given": x}))
    assert float(follow(motion, TIMES, HOW).energy[-1]) == -3.0
    assert float(follow(motion, TIMES, HOW._replace(adjoint="forward")).energy[-1]) == 3.0


def test_a_stream_hides_no_number_that_is_not_finite():
    def step(y, x):
        return y.at[1].set(jnp.nan), {"given": x}

    assert int(follow(stream(step=step), TIMES, HOW).status) == 2


@pytest.mark.parametrize(
    ("error", "status", "known"),
    [([0.0, 0.1, 0.2], 0, 3), ([0.0, 0.1, 0.4], 3, 2), ([0.0, jnp.nan, jnp.nan], 2, 1)],
)
def test_a_path_is_not_to_be_believed_beyond_its_limit(error, status, known):
    run = follow(path(error=jnp.array(error), limit=0.3), TIMES, HOW)
    assert int(run.status) == status
    np.testing.assert_array_equal(np.isfinite(run.energy), np.arange(3) < known)
    assert np.isfinite(run.final_state[1]).all() == (known == 3)


def test_a_path_without_an_error_that_is_not_finite_is_marked():
    run = jax.vmap(lambda x: follow(path(points=jnp.full((3, 2), x)), TIMES, HOW))(
        jnp.array([1.0, jnp.inf])
    )
    assert run.status.tolist() == [0, 2]


def test_a_motion_that_does_not_tell_its_trace_is_refused():
    with pytest.raises(TypeError, match="`observe` of a motion must tell trace_defect, but"):
        follow(path(observe=lambda t, y: {"energy": y[0], "ergotropy": y[1]}), TIMES, HOW)
