"""The loop of Tsit5 takes the steps of diffrax's, alone, in lanes and differentiated."""

import diffrax
import jax
import jax.numpy as jnp
import pytest

from qbjax.dynamics.solve import march, runge_kutta
from qbjax.dynamics.solve.solver import Solver
from qbjax.dynamics.solve.tsit5 import Tsit5
from tests.helpers import tree_allclose

ROUNDING = 1e-10
"""The same steps, to rounding."""

TIMES = jnp.linspace(0.0, 3.0, 7)
EDGES = jnp.array([2.0, 1.3, 1.3, 5.0])
"""One on a saved time, two that coincide, one behind the end."""


def field(t, y, rate, edges):
    """A fast oscillator, driven in two parts; errors of the first steps are far above rounding."""
    position, velocity = y
    drive = jnp.where(t < edges[1], 1.5, 0.0) + jnp.where(t < edges[0], 0.0, -1.0)
    return velocity, 1e4 * (drive - position - rate * position**3) - 10.0 * velocity


def solve(method, rate, edges=EDGES, field=field, **options):
    solver = Solver(rtol=1e-6, atol=1e-8, method=method, **options)
    start = (jnp.array(1.0), jnp.array(0.0))
    return runge_kutta.propagate(
        lambda t, y: field(t, y, rate, edges), start, (TIMES, None),
        lambda t, y: {"sum": y[0] + t, "y": y},
        edges, [], solver, "forward",
    )  # fmt: skip


def both(function):
    return [function(method) for method in (Tsit5(), diffrax.Tsit5())]


@pytest.mark.parametrize(
    ("options", "rtol"),
    [
        ({}, 1e-5),
        pytest.param({"max_step": 0.002}, ROUNDING, marks=pytest.mark.slow),
        ({"max_steps": 200}, ROUNDING),
    ],
    ids=["free: rounding moves the steps", "bounded", "limited"],
)
def test_values_and_steps_are_diffrax_s(options, rtol):
    ours, theirs = both(lambda method: solve(method, 1.0, **options))
    assert abs(int(ours.steps) - int(theirs.steps)) <= (0 if options else 3)
    assert bool(ours.limited) == bool(theirs.limited) == ("max_steps" in options)
    assert ours.arrived.tolist() == theirs.arrived.tolist()
    there = lambda run: jax.tree.map(lambda x: x[run.arrived], run.saved)  # noqa: E731
    assert tree_allclose(there(ours), there(theirs), rtol=rtol)
    if "max_steps" not in options:
        assert tree_allclose(ours.last, theirs.last, rtol=rtol)


@pytest.mark.slow
def test_lanes_and_derivatives_are_diffrax_s():
    rates = jnp.array([0.5, 1.0, 4.0])

    def last(method):
        def run(rate, edge):
            done = solve(method, rate, EDGES.at[:3].set(edge))
            return done.last, done.saved

        return jax.vmap(lambda rate: jax.jvp(run, (rate, EDGES[:3]), (1.0, jnp.zeros(3))))(rates)

    steps = jax.vmap(lambda rate: solve(Tsit5(), rate).steps)(rates)
    assert len(set(steps.tolist())) == 3
    assert abs(int(steps[1]) - int(solve(Tsit5(), 1.0).steps)) <= 3  # rounding
    ours, theirs = both(last)
    assert tree_allclose(ours, theirs, rtol=1e-4)


def test_a_stage_that_is_not_finite_shortens_the_step_and_is_forgotten():
    def rooted(t, y, rate, edges):
        bound = jnp.sqrt(1.1 - y[0])  # NaN where a stage goes too far
        return 10.0 * bound**2, rate + 0 * y[1]

    ours, theirs = both(lambda method: solve(method, 1.0, None, rooted))
    assert int(ours.steps) == int(theirs.steps)
    assert not ours.failed
    assert tree_allclose(ours.saved, theirs.saved, rtol=ROUNDING)


def test_a_field_that_is_never_finite_breaks_down():
    nothing = lambda t, y, rate, edges: (y[0] * jnp.nan, y[1])  # noqa: E731
    run = solve(Tsit5(), 1.0, None, nothing)
    assert bool(run.failed)
    assert not bool(run.limited)
    assert not run.arrived.any()


def test_steps_end_at_marks_and_are_recorded():
    marks = jnp.array([0.0, 0.7, 1.3, 2.1])  # the third on an edge
    start = (jnp.array(1.0), jnp.array(0.0))
    solver = Solver(rtol=1e-6, atol=1e-8, method=Tsit5(), max_steps=5000)
    run, record = march.run(
        lambda t, y: field(t, y, 1.0, EDGES),
        start,
        (TIMES, None),
        lambda t, y: y,
        EDGES,
        [],
        solver,
        marks,
    )
    at = jnp.searchsorted(record.starts, marks)
    close = record.starts[at] - marks
    assert (close >= 0).all()
    assert (close < 1e-15).all()
    assert tree_allclose(record.states[0][0], 1.0, rtol=0.0)
    between = solve(Tsit5(), 1.0).saved["y"]
    assert tree_allclose(run.saved, between, rtol=1e-2)  # other steps
