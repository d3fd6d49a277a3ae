"""Closed forms, failures as data, and derivatives with respect to the times."""

from functools import partial

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import pytest

import qbjax as qb
from qbjax.dynamics.solve.integrate import chosen, integrate, sharpened
from tests.helpers import GRADIENT, central_difference, tree_allclose
from tests.systems import PROBLEMS, switched_decay

SOLVER = qb.Solver(rtol=1e-10, atol=1e-12)
ACCURACY = 1e-8
"""Of SOLVER, over a few units of time."""

TIMES = jnp.array([0.5, 0.9, 2.0, 2.5])


def field(t, y):
    """All problems side by side: one compilation."""
    return {problem.name: problem.field(t, y[problem.name]) for problem in PROBLEMS}


def exact(t):
    return {problem.name: problem.exact(t) for problem in PROBLEMS}


def keep(t, y):
    return {"t": t, "y": y}


def run(field, initial, times=TIMES, **options):
    return integrate(
        field, initial, times, signals=(), **({"save": keep, "solver": SOLVER} | options)
    )


@jax.jit
def everything(times):
    return run(field, exact(0.5), times)


def test_closed_forms():
    solution = everything(TIMES)
    assert int(solution.status) == 0
    assert int(solution.steps) > 0
    assert tree_allclose(solution.saved["t"], TIMES, rtol=0)
    assert tree_allclose(solution.saved["y"], jax.vmap(exact)(TIMES), rtol=ACCURACY)
    assert tree_allclose(solution.final, exact(TIMES[-1]), rtol=ACCURACY)


@pytest.mark.parametrize("free_times", ["later", "all", "none"])
def test_derivative_with_respect_to_the_times(free_times):
    @jax.jit
    def slope(direction):
        def value(times):
            solution = run(field, exact(0.5), times, adjoint="forward", free_times=free_times)
            return solution.saved["y"], solution.final

        return jax.jvp(value, (TIMES,), (direction,))[1]

    later = jnp.array([0.0, 0.3, -0.7, 2.0])
    saved, final = slope(later)
    along = jax.vmap(lambda t, d: jax.jvp(exact, (t,), (d,))[1])(TIMES, later)
    expected = jax.tree.map(jnp.zeros_like, along) if free_times == "none" else along
    assert tree_allclose(saved, expected, rtol=10 * ACCURACY)
    assert tree_allclose(final, jax.tree.map(lambda x: x[-1], saved), rtol=ACCURACY)
    if free_times == "all":
        # No closed form delays the start of a driven system: compare with differences.
        direction = jnp.array([1.0, 0.3, -0.7, 2.0])
        numeric = central_difference(lambda x: _flat(everything(x).saved["y"]), TIMES, direction)
        assert tree_allclose(_flat(slope(direction)[0]), numeric, rtol=GRADIENT)


def _flat(tree):
    return jnp.concatenate([x.ravel() for x in jax.tree.leaves(tree)])


@pytest.mark.parametrize("adjoint", ["reverse", pytest.param("direct", marks=pytest.mark.slow)])
def test_gradient_with_respect_to_the_times(adjoint):
    weights = jnp.arange(1.0, 5.0)

    def value(times):
        solution = run(
            lambda t, y: -t * y, jnp.array(1.0), times, adjoint=adjoint, free_times="all"
        )
        return jnp.sum(solution.saved["y"] * weights)

    def closed(times):
        return jnp.sum(jnp.exp((times[0] ** 2 - times**2) / 2) * weights)

    slope = jax.jit(jax.grad(value))(TIMES)
    assert tree_allclose(slope, jax.jit(jax.grad(closed))(TIMES), rtol=10 * ACCURACY)


@pytest.mark.parametrize("adjoint", ["reverse", "forward"])
def test_derivative_with_respect_to_an_edge(adjoint):
    times = jnp.array([0.0, 0.9, 2.0, 2.5])

    def value(off):
        decay = lambda t, y: jnp.where(t < off, 1.0, 0.0) - y  # noqa: E731
        solution = run(decay, jnp.array(0.0), times, edges=off[None], adjoint=adjoint)
        return solution.saved["y"][2:]

    jacobian = jax.jit((jax.jacrev if adjoint == "reverse" else jax.jacfwd)(value))
    for off in (1.3, 0.9, 0.9 + 1e-9):  # between saved times, on one, just after one
        closed = partial(switched_decay, times[2:])
        assert tree_allclose(
            jacobian(jnp.array(off)), jax.jit(jax.jacfwd(closed))(off), rtol=10 * ACCURACY
        )


def test_a_single_time_just_saves():
    solution = run(lambda t, y: -y, jnp.array(2.0), jnp.array([1.5]))
    assert (solution.saved["t"].tolist(), solution.saved["y"].tolist()) == ([1.5], [2.0])
    assert (int(solution.status), int(solution.steps)) == (0, 0)
    assert float(solution.final) == 2.0
    broken = run(lambda t, y: -y, jnp.array(jnp.nan), jnp.array([1.5]))
    assert int(broken.status) == 2


def test_the_step_limit_keeps_what_was_reached():
    solver = qb.Solver(rtol=1e-8, atol=1e-10, max_steps=300)
    times = jnp.array([0.0, 0.1, 0.2, 5.0])
    spin = run(
        lambda t, y: (50 * y[1], -50 * y[0]), (jnp.array(0.0), jnp.array(1.0)), times, solver=solver
    )
    assert (int(spin.status), int(spin.steps)) == (1, 300)
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
        ("NaN for a while", lambda t, y: jnp.where((t > 1) & (t < 2), jnp.nan, -y), 3),
    ],
)
def test_a_field_that_breaks_down_ends_soon_and_says_so(name, field, status):
    solution = run(field, jnp.array(1.0))
    assert int(solution.status) == status, name
    assert int(solution.steps) < 500
    assert jnp.isfinite(solution.final)
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
            lambda t, y: jnp.where(t < off, 1.0, 0.0) - y,
            y0,
            times,
            edges=off[None],
            free_times="all",
        ).final

    for off in (0.6, 1.0, 2.0):
        solve(jnp.array(off), off + TIMES, jnp.array(2 * off))


def test_tolerances_are_sharpened_only_inside():
    with sharpened(10.0):
        assert (chosen(None).rtol, chosen(None).atol) == pytest.approx((1e-9, 1e-11))
        assert chosen(qb.Solver(rtol=1e-6)).rtol == pytest.approx(1e-7)
    assert chosen(None) == qb.Solver()


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"rtol": 0.0}, ValueError, "`rtol` must be at least 1e-14"),
        ({"atol": -1e-9}, ValueError, "`atol` must be greater than 0"),
        ({"rtol": jnp.nan}, ValueError, "`rtol` must be finite"),
        ({"max_steps": 0}, ValueError, "`max_steps` must be at least 1"),
        ({"max_steps": 1.5}, TypeError, "`max_steps` must be an integer"),
        ({"method": qb.dynamics.Chebyshev}, TypeError, r"`method` must be one such as .*Tsit5\(\)"),
        ({"method": diffrax.Euler()}, TypeError, "with an error estimate, but is Euler"),
    ],
)
def test_bad_solvers(arguments, kind, words):
    with pytest.raises(kind, match=words):
        qb.Solver(**arguments)
