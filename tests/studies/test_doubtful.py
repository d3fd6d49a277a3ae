"""Points of a sweep that are not to be believed: marked, left out, and told of once."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.cli import sweep as command
from qbjax.dynamics import TraceWarning, TruncationWarning
from qbjax.studies.sweep import SweepProgress
from qbjax.views import sweeps

SHORT = qb.batteries.Collisional(qb.algebra.ladders.oscillator(3))
GRID = {"theta": [0.01, 0.9, 0.02, 0.7]}
LINE = r"2 of 4 points are doubtful: too few levels at 2 \(the top ones hold up to .* in the ladder"
USE = r"mode; use size=6\)"


def energy(theta):
    """Nothing said of the run."""
    return qb.charge(SHORT, qb.protocols.Collisions(theta * jnp.ones(4))).energy[-1]


def summed(theta):
    """Everything said of it."""
    run = qb.charge(SHORT, qb.protocols.Collisions(theta * jnp.ones(4)))
    return {"value": run.energy[-1], **run.summary()}


compiled = jax.jit(energy)


@pytest.mark.parametrize("function", [energy, summed, compiled])
def test_a_point_has_the_status_of_its_runs(function):
    with pytest.warns(TruncationWarning, match=LINE + " " + USE) as told:
        data = qb.sweep(function, GRID)
    assert len(told) == 1
    assert data["status"].values.tolist() == [0, 4, 0, 4]
    assert np.isfinite(data["value"]).all()
    assert np.array_equal(data["truncation"] > 1e-4, data["status"] == 4)
    assert np.isfinite(sweeps.believed(data, "value")).values.tolist() == [True, False, True, False]
    assert "4 of 4 points computed; 0 failed; 2 of 4 points are doubtful" in sweeps.note(data)


def test_a_store_that_is_continued_says_the_same(tmp_path):
    said = []
    for _ in range(2):
        with pytest.warns(TruncationWarning) as told:
            data = qb.sweep(energy, GRID, tmp_path / "a.zarr")
        said.append(str(told[0].message))
        assert said[-1].rstrip(".") in sweeps.note(data)
    assert said[0] == said[1]


def test_progress_tells_failed_from_doubtful():
    def function(theta):
        return {"value": energy(theta), "root": jnp.sqrt(theta - 0.015)}

    told = []
    with pytest.warns(TruncationWarning, match="2 of 4"):
        data = qb.sweep(function, GRID, progress=told.append)
    assert data["status"].values.tolist() == [2, 4, 0, 4]
    assert (told[-1].failures, told[-1].doubtful) == (1, 2)


def test_each_mode_that_is_cut_too_short_is_named():
    def function(F):
        run = qb.charge(qb.batteries.DOPO(6, 9), qb.protocols.Constant(F), [0.0, 1.0])
        return {"W": run.ergotropy[-1]}

    with pytest.warns(TruncationWarning, match=r"in the signal mode; use signal_levels=9\)"):
        data = qb.sweep(function, {"F": [0.01, 3.0]})
    assert sweeps.quantities(data) == ("W",)
    assert float(data["signal.truncation"][1]) > 1e-4 > float(data["pump.truncation"][1])


def test_runs_within_a_transformation_of_ones_own_are_asked_for():
    def function(theta):
        return {"slope": jax.grad(energy)(theta)}

    with pytest.warns(TruncationWarning, match=r"Status says nothing of runs within .*summary"):
        qb.sweep(function, GRID)


def test_a_lost_trace_is_told():
    battery, prepared = qb.batteries.BlochCharger(), qb.protocols.BlochPreparation(1.0)

    def function(trace):
        start = trace * jnp.diag(jnp.array([0.3, 0.7]))
        run = qb.charge(battery, prepared, [0.0, 0.5], initial=start)
        return {"W": run.ergotropy[-1], **run.summary()}

    with pytest.warns(TraceWarning, match=r"1 of 2 points is doubtful: trace lost at 1 \(off by"):
        data = qb.sweep(function, {"trace": [1.0, 1.64]})
    assert data["status"].values.tolist() == [0, 5]


def test_a_status_of_ones_own_stands_unless_a_run_is_doubtful():
    def function(theta):
        return {"value": energy(theta), "status": jnp.where(theta < 0.015, 3, 0)}

    with pytest.warns(TruncationWarning, match="2 of 4"):
        data = qb.sweep(function, GRID)
    assert data["status"].values.tolist() == [3, 4, 0, 4]


def test_the_command_tells_doubtful_points_apart():
    now = SweepProgress(done=9, total=9, failures=1, rate=2.0, remaining=0.0, doubtful=3)
    assert command.in_words(now) == "9 of 9 points, 2 points/s, 1 failed, 3 doubtful"
