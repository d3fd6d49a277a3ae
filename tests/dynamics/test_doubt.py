"""Doubt is data: whether a run is to be believed is computed in the program that makes it."""

import dataclasses
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.dynamics.record.doubt import status_of
from qbjax.dynamics.record.trajectory import warn_if_unreliable

SHORT = qb.batteries.Collisional(qb.algebra.ladders.oscillator(3))
DOPO = qb.batteries.DOPO(6, 3)
ADVICE = {"ladder": ("size", 7)}
NAN = float("nan")


@pytest.mark.parametrize(
    ("ended", "truncation", "trace", "status"),
    [
        (0, [[0.0, 9e-5], [1e-9, NAN]], [9e-5, NAN], 0),
        (0, [[0.0, 0.0], [0.0, 2e-4]], [0.0, 0.0], 4),
        (0, [[2e-4, NAN], [0.0, NAN]], [0.0, 0.64], 5),
        *((ended, [[1.0, 1.0], [NAN, NAN]], [0.64, NAN], ended) for ended in (1, 2, 3)),
        (0, np.zeros((2, 0)), [0.0, 0.0], 0),
        (0, [NAN, 2e-4], None, 4),
    ],
)
def test_an_early_end_outranks_a_lost_trace_and_that_truncation(ended, truncation, trace, status):
    trace = None if trace is None else jnp.array(trace)
    assert int(status_of(jnp.array(ended), jnp.asarray(truncation), trace)) == status


def collided(theta):
    run = qb.charge(SHORT, qb.protocols.Collisions(theta * jnp.ones(4)))
    return run.status, run.summary()["truncation"], run.energy[-1]


@pytest.mark.parametrize("how", [jax.vmap, lambda f: lambda x: jax.lax.map(f, x)])
def test_every_transformation_carries_it(how):
    """Some lanes truncated, some not; the numbers stand."""
    thetas = jnp.array([0.01, 0.9, 0.02])
    status, truncation, energy = jax.jit(how(collided))(thetas)
    assert status.tolist() == [0, 4, 0]
    assert np.array_equal(truncation > 1e-4, status == 4)
    assert np.isfinite(energy).all()


def test_every_verb_computes_it():
    @jax.jit
    def verbs(F):
        run = qb.charge(DOPO, qb.protocols.Constant(F), [0.0, 1.0])
        kept = qb.store(DOPO, run.final_state, [1.0, 1.5])
        load = qb.loads.TwoLevel(0.9)
        given = qb.discharge(DOPO, run.final_state, load, [1.0, 1.1])
        steady = qb.steady_state(DOPO, qb.protocols.Constant(F), gap=False)
        return jnp.stack([x.status for x in (run, kept, given, steady)])

    assert verbs(3.0).tolist() == [4, 4, 4, 4]
    assert verbs(0.01).tolist() == [0, 0, 0, 0]


@pytest.fixture(scope="module")
def scaled():
    """A qubit pair that starts with some trace, traced, so that nobody checks it."""
    battery = qb.batteries.BlochCharger()

    @jax.jit
    def run(trace):
        start = trace * jnp.diag(jnp.array([0.3, 0.7]))
        prepared = qb.protocols.BlochPreparation(1.0)
        return qb.charge(battery, prepared, [0.0, 0.5, 1.0], initial=start)

    return run


def test_a_lost_trace_is_told(scaled):
    run = scaled(1.64)
    assert int(run.status) == 5
    assert run.to_xarray().attrs["status_name"] == "trace lost"
    assert np.isfinite(run.energy).all()
    assert [int(scaled(x).status) for x in (0.36, 1.0, 1 + 1e-6)] == [5, 0, 0]
    with pytest.warns(qb.dynamics.TraceWarning, match="off by 6.4e-01"):
        warn_if_unreliable(run, dict)


@pytest.mark.parametrize(
    ("status", "kinds"),
    [
        (0, set()),
        (4, {"TruncationWarning"}),
        (5, {"TraceWarning", "TruncationWarning"}),
        (1, {"BreakdownWarning", "TruncationWarning"}),
    ],
)
def test_a_warning_per_doubt_and_none_without(status, kinds, scaled):
    doubts = {"status": jnp.array(status), "modes": ("ladder",)}
    run = dataclasses.replace(scaled(1.0), truncation=jnp.full((3, 1), 0.01), **doubts)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        warn_if_unreliable(run, lambda: ADVICE)
    assert {w.category.__name__ for w in told} == kinds
    assert not told or "Use size=7" in str(told[-1].message)


def test_a_ket_that_is_driven_for_long_keeps_its_trace():
    """Explicit steps keep no norm, but the default solver keeps it far below the limit."""
    drive = qb.protocols.Function(lambda t: 0.5 * jnp.sin(t), duration=600.0)
    run = qb.charge(qb.batteries.TavisCummings(1, 1), drive, [0.0, 600.0])
    assert run.final_state.layout.pure
    assert 1e-12 < float(run.trace_defect[-1]) < 1e-6
    assert int(run.status) == 0
