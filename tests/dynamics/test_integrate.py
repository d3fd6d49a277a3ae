"""Closed forms, failures as data, and derivatives with respect to the times."""

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest

import qbjax as qb
from qbjax.dynamics.integrate import chosen, integrate, sharpened
from tests.helpers import GRADIENT, central_difference, tree_allclose
from tests.systems import PROBLEMS, switched_decay

SOLVER = qb.Solver(rtol=1e-10, atol=1e-12)
ACCURACY = 1e-8
"""Of SOLVER, over a few units of time."""

TIMES = jnp.array([0.5, 0.9, 2.0, 2.5])
NAMED = pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)


def keep(t, y):
    return {"t": t, "y": y}


def run(field, initial, times=TIMES, **options):
    options = {"save": keep, "solver": SOLVER} | options
    return integrate(field, initial, times, **options)


@NAMED
def test_closed_forms(problem):
    solution = run(problem.field, problem.initial)
    assert int(solution.status) == 0
    assert int(solution.steps) > 0
    assert tree_allclose(solution.saved["t"], TIMES, rtol=0)
    assert tree_allclose(solution.saved["y"], jax.vmap(problem.exact)(TIMES), rtol=ACCURACY)
    assert tree_allclose(solution.final, problem.exact(TIMES[-1]), rtol=ACCURACY)


@NAMED
@pytest.mark.parametrize("moving", ["later", "all"])
def test_derivative_with_respect_to_the_times(problem, moving):
    """Later times move along the solution; a later start of one state delays everything."""

    def value(times):
        solution = run(problem.field, problem.initial, times, adjoint="forward", moving=moving)
        return solution.saved["y"], solution.final

    direction = jnp.array([1.0 if moving == "all" else 0.0, 0.3, -0.7, 2.0])
    _, (saved, final) = jax.jvp(value, (TIMES,), (direction,))
    slope = jax.jacfwd(problem.exact)
    if moving == "later":
        exact = jax.vmap(lambda t, d: jax.tree.map(lambda x: d * x, slope(t)))(TIMES, direction)
        assert tree_allclose(saved, exact, rtol=10 * ACCURACY)
        assert tree_allclose(final, jax.tree.map(lambda x: x[-1], exact), rtol=10 * ACCURACY)
        return
    # `final` is nothing but the last one saved; and no closed form delays a driven system.
    assert tree_allclose(final, jax.tree.map(lambda x: x[-1], saved), rtol=ACCURACY)
    numeric = central_difference(
        lambda times: jnp.concatenate([x.ravel() for x in jax.tree.leaves(value(times)[0])]),
        TIMES,
        direction,
    )
    ours = jnp.concatenate([x.ravel() for x in jax.tree.leaves(saved)])
    assert tree_allclose(ours, numeric, rtol=GRADIENT)


@pytest.mark.parametrize("adjoint", ["reverse", "direct"])
def test_gradient_with_respect_to_the_times(adjoint):
    def value(times):
        solution = run(lambda t, y: -t * y, jnp.array(1.0), times, adjoint=adjoint, moving="all")
        return jnp.sum(solution.saved["y"] * jnp.arange(1.0, 5.0))

    def exact(times):
        return jnp.sum(jnp.exp((times[0] ** 2 - times**2) / 2) * jnp.arange(1.0, 5.0))

    assert tree_allclose(jax.grad(value)(TIMES), jax.grad(exact)(TIMES), rtol=10 * ACCURACY)


def test_times_that_are_not_moving_have_no_derivative():
    def value(times):
        return run(lambda t, y: -y, jnp.array(1.0), times, moving="none").final

    assert jax.grad(value)(TIMES).tolist() == [0.0, 0.0, 0.0, 0.0]


OFF = {"between saved times": 1.3, "on one": 0.9, "just after one": 0.9 + 1e-9}


@pytest.mark.parametrize("adjoint", ["reverse", "forward"])
@pytest.mark.parametrize("off", OFF.values(), ids=OFF)
def test_derivative_with_respect_to_an_edge(off, adjoint):
    times = jnp.array([0.0, 0.9, 2.0, 2.5])

    def value(off):
        solution = run(
            lambda t, y: jnp.where(t < off, 1.0, 0.0) - y,
            jnp.array(0.0),
            times,
            edges=off[None],
            adjoint=adjoint,
        )
        return solution.saved["y"][jnp.array([2, 3])]

    exact = lambda off: switched_decay(times[2:], off)  # noqa: E731
    assert tree_allclose(value(jnp.array(off)), exact(off), rtol=ACCURACY)
    jacobian = jax.jacrev if adjoint == "reverse" else jax.jacfwd
    slope = jacobian(value)(jnp.array(off))
    assert tree_allclose(slope, jax.jacfwd(exact)(off), rtol=10 * ACCURACY)
    assert tree_allclose(slope, central_difference(exact, off), rtol=GRADIENT)


def test_a_single_time_just_saves():
    solution = run(lambda t, y: -y, jnp.array(2.0), jnp.array([1.5]))
    assert (solution.saved["t"].tolist(), solution.saved["y"].tolist()) == ([1.5], [2.0])
    assert (int(solution.status), int(solution.steps)) == (0, 0)
    assert float(solution.final) == 2.0
    broken = run(lambda t, y: -y, jnp.array(jnp.nan), jnp.array([1.5]))
    assert int(broken.status) == 2


def test_the_step_limit_keeps_what_was_reached():
    solver = qb.Solver(rtol=1e-8, atol=1e-10, max_steps=60)
    times = jnp.array([0.0, 0.1, 0.2, 5.0])
    spin = run(
        lambda t, y: (50 * y[1], -50 * y[0]), (jnp.array(0.0), jnp.array(1.0)), times, solver=solver
    )
    assert (int(spin.status), int(spin.steps)) == (1, 60)
    assert tree_allclose(spin.saved["y"][0][:2], jnp.sin(50 * times[:2]), rtol=1e-6)
    assert jnp.isnan(spin.saved["y"][0][-1])
    assert jnp.isnan(spin.saved["t"][-1])


def _nan_later(t, y):
    return jnp.where(t < 1.0, -y, jnp.nan)


@pytest.mark.parametrize(
    ("name", "field", "status"),
    [
        ("NaN everywhere", lambda t, y: y * jnp.nan, 2),
        ("NaN from t = 1 on", _nan_later, 2),
        ("blows up at t = 1.5", lambda t, y: y**2, 3),
    ],
)
def test_a_field_that_breaks_down_ends_soon_and_says_so(name, field, status):
    solution = run(field, jnp.array(1.0))
    assert int(solution.status) == status, name
    assert int(solution.steps) < 500
    assert float(solution.saved["y"][0]) == 1.0
    assert jnp.isnan(solution.saved["y"][-1])
    reached = jnp.isfinite(solution.saved["y"])
    assert jnp.all(reached == jnp.isfinite(solution.saved["t"]))


def test_a_lane_that_breaks_down_leaves_the_others_alone():
    def end(y0):
        return run(lambda t, y: -y + 0 * jnp.sqrt(y), y0, solver=qb.Solver())

    lanes = jax.vmap(end)(jnp.array([1.0, jnp.nan, 2.0, -1.0]))
    assert lanes.status.tolist() == [0, 2, 0, 2]
    alone = jax.vmap(end)(jnp.array([1.0, 2.0]))
    assert tree_allclose(lanes.final[jnp.array([0, 2])], alone.final, rtol=1e-12)


def test_a_solve_is_traced_once_for_all_values():
    @eqx.filter_jit
    @eqx.debug.assert_max_traces(max_traces=1)
    def solve(y0, times, off):
        return run(
            lambda t, y: jnp.where(t < off, 1.0, 0.0) - y, y0, times, edges=off[None], moving="all"
        ).final

    for off in (0.6, 1.0, 2.0):
        solve(jnp.array(off), off + TIMES, jnp.array(2 * off))


def test_tolerances_are_sharpened_only_inside():
    with sharpened(10.0):
        assert (chosen(None).rtol, chosen(None).atol) == (1e-9, 1e-11)
        assert chosen(qb.Solver(rtol=1e-6)).rtol == pytest.approx(1e-7)
    assert chosen(None) == qb.Solver()


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"rtol": 0.0}, ValueError, "`rtol` must be greater than 0"),
        ({"atol": -1e-9}, ValueError, "`atol` must be greater than 0"),
        ({"rtol": jnp.nan}, ValueError, "`rtol` must be finite"),
        ({"max_steps": 0}, ValueError, "`max_steps` must be at least 1"),
        ({"max_steps": 1.5}, TypeError, "`max_steps` must be an integer"),
    ],
)
def test_bad_solvers(arguments, kind, words):
    with pytest.raises(kind, match=words):
        qb.Solver(**arguments)
