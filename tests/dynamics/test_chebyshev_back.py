"""Reverse mode through Chebyshev runs against JAX's own through Runge–Kutta, and differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.dynamics import Chebyshev, Tsit5
from qbjax.dynamics.chebyshev import back as chebyshev_back
from qbjax.dynamics.chebyshev import trail as chebyshev_trail
from qbjax.dynamics.solve.integrate import STEP_LIMIT, Linear, Solver, integrate
from tests.helpers import tree_allclose

pytestmark = pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning")

SHARP = Solver(rtol=1e-11, atol=1e-13, method=Chebyshev())
RNG = np.random.default_rng(5)
TURNS = 3.0 * np.array([(m - m.T) - np.eye(10) for m in RNG.normal(size=(3, 10, 10)) / 4])
NUMBERS = {"speed": jnp.array([1.0, 0.5, 2.0]), "look": jnp.array(0.7), "weigh": jnp.array(1.3)}
START = {"x": jnp.asarray(RNG.normal(size=8)), "v": jnp.asarray(RNG.normal(size=2))}
EDGES, TIMES = jnp.array([0.6, 1.3]), jnp.array([0.0, 0.4, 1.0, 1.7, 2.5])


def observed(numbers, start, edges, times, *, passing, adjoint="reverse", solver=SHARP):
    """Ten linear equations, turned differently between the edges, seen by two linear readings."""

    def field(t, y):
        which = jnp.sum(t >= edges)
        rows = numbers["speed"][which] * jnp.asarray(TURNS)[which] @ jnp.append(y["x"], y["v"])
        return {"x": rows[:8], "v": rows[8:]}

    def read(y):
        return jnp.stack([numbers["look"] * y["x"][0] + y["v"][1], y["x"][3]])

    def save(t, seen):
        return {"a": numbers["weigh"] * jnp.sin(seen[0]) * (1 + t), "b": seen[1] ** 2}

    how = {"save": save, "read": read} if passing else {"save": lambda t, y: save(t, read(y))}
    linear = Linear(field, lambda t: (jnp.array(20.0), jnp.array(30.0)))
    return integrate(
        field, start, times, signals=(), **how, edges=edges, adjoint=adjoint, free_times="all",
        linear=linear, solver=solver,
    )  # fmt: skip


def scalar(run):
    """A number that feels every time and the final state."""
    weights = jnp.arange(1.0, run.saved["b"].size + 1)
    seen = jnp.sum(weights * (run.saved["a"] + run.saved["b"]))
    return seen + jnp.sum(jnp.sin(run.final["x"])) + run.final["v"][0] ** 2


def gradients(edges=EDGES, times=TIMES, **how):
    def value(*given):
        return scalar(observed(*given, **how))

    return jax.jit(jax.value_and_grad(value, argnums=(0, 1, 2, 3)))(
        NUMBERS, START, jnp.asarray(edges), times
    )


@pytest.mark.slow  # the differences below compile less
@pytest.mark.parametrize(
    ("edges", "passing"),
    [((0.6, 1.3), True), ((0.6, 1.3), False), ((-1.0, 3.0), True)],  # the last ones outside
)
def test_agrees_with_jax(edges, passing):
    """Numbers of field, reading and saving; initial state, edges and times."""
    value, ours = gradients(edges, passing=passing)
    same, theirs = gradients(
        edges, passing=False, adjoint="direct", solver=SHARP.with_method(Tsit5())
    )
    assert tree_allclose(value, same, rtol=1e-9)
    *ours, by_edges, by_times = ours
    *theirs, edges_by_jax, times_by_jax = theirs
    assert tree_allclose(ours, theirs, rtol=1e-8, atol=1e-9)
    # JAX differentiates the steps that end on edges by their lengths, to their error only.
    assert tree_allclose(by_edges, edges_by_jax, rtol=1e-4, atol=1e-9)
    assert tree_allclose(by_times, times_by_jax, rtol=1e-7, atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("passing", [True, False])
def test_edges_just_behind_saved_times(passing):
    """As protocols have them, by one rounding error: the same slopes as in forward mode."""
    edges = jnp.nextafter(jnp.array([1.0, 1.7]), jnp.inf)
    _, ours = gradients(edges, passing=passing)

    def value(edges, times):
        return scalar(observed(NUMBERS, START, edges, times, passing=passing, adjoint="forward"))

    theirs = jax.jit(jax.jacfwd(value, argnums=(0, 1)))(edges, TIMES)
    assert tree_allclose(ours[2:], theirs, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("passing", [True, False])
def test_agrees_with_differences(passing):
    """Every edge and time; the numbers of field, reading and saving, and each initial value."""
    _, slopes = gradients(passing=passing)

    @jax.jit
    def value(*given):
        return scalar(observed(*given, passing=passing))

    flat, rebuilt = jax.flatten_util.ravel_pytree((NUMBERS, START, EDGES, TIMES))
    h = 1e-5
    for slope, e in zip(jax.flatten_util.ravel_pytree(slopes)[0], h * np.eye(flat.size)):
        expected = (value(*rebuilt(flat + e)) - value(*rebuilt(flat - e))) / (2 * h)
        assert tree_allclose(slope, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("method", [Chebyshev(), Tsit5()])
def test_edges_that_move_together(method):
    """Two at one place, of two pulses that end together: not counted twice."""
    solver = SHARP.with_method(method)

    @jax.jit
    def value(edge):
        edges = jnp.stack([edge, edge])
        return scalar(observed(NUMBERS, START, edges, TIMES, passing=True, solver=solver))

    slope = (value(0.8 + 1e-5) - value(0.8 - 1e-5)) / 2e-5
    assert tree_allclose(jax.grad(value)(0.8), slope, rtol=1e-6)


@pytest.mark.parametrize("passing", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_long_runs_keep_few_states(passing, monkeypatch):
    """More steps than are kept: the stride doubles, stretches are run again, block by block."""
    times = jnp.linspace(0.0, 60.0, 7)
    solver = Solver(1e-11, 1e-13, max_steps=90, method=Chebyshev())
    how = {"passing": passing, "solver": solver}
    run = jax.jit(lambda start: observed(NUMBERS, start, EDGES, times, **how))(START)
    assert 30 < int(run.steps) < 90
    _, expected = gradients(times=times, passing=passing, solver=solver)
    for module in (chebyshev_trail, chebyshev_back):
        monkeypatch.setattr(module, "BLOCK", 4)
    monkeypatch.setattr(chebyshev_trail, "MARKS", 2)
    _, found = gradients(times=times, passing=passing, solver=solver)
    assert tree_allclose(found, expected, rtol=1e-9, atol=1e-11)


def test_trail():
    """Kept states are those of the steps that the stride says, however many there were."""
    trail = chebyshev_trail.unwalked(jnp.zeros(()), 1000)
    longer = jax.jit(chebyshev_trail.longer)
    for n in range(500):
        trail = longer(trail, n % 5 != 0, 1.0 * n, n + 1.0, 7, jnp.array(1.0 * n))
    stride, steps = int(trail.stride), int(trail.steps)
    assert (stride, steps) == (8, 400)  # 400 < 8·96
    for step in range(0, steps, stride):
        assert float(chebyshev_trail.kept(trail, step)) == float(trail.starts[step])


@pytest.mark.slow
def test_batched():
    """Each lane of a `vmap` has its own steps."""

    def gradient(scale):
        def value(scale):
            numbers = NUMBERS | {"speed": scale * NUMBERS["speed"]}
            return scalar(observed(numbers, START, EDGES, TIMES, passing=True))

        return jax.grad(value)(scale)

    scales = jnp.array([0.3, 1.0, 2.0])
    looped = jnp.stack([jax.jit(gradient)(s) for s in scales])
    assert tree_allclose(jax.jit(jax.vmap(gradient))(scales), looped, rtol=1e-9)


def test_failure_is_no_hang():
    """A run that stops early has a status, and a gradient that ends too."""
    solver = Solver(max_steps=2, method=Chebyshev())

    def value(start):
        run = observed(NUMBERS, start, EDGES, TIMES, passing=False, solver=solver)
        return jnp.nansum(run.saved["b"]), run.status

    slope, status = jax.jit(jax.grad(value, has_aux=True))(START)
    assert int(status) == STEP_LIMIT
    assert np.all(np.isfinite(slope["x"]))


def test_a_broken_run_has_no_derivative():
    """NaN, not zero: that would look like a maximum."""

    def value(speed):
        run = observed(NUMBERS | {"speed": speed}, START, EDGES, TIMES, passing=True)
        return jnp.nansum(run.saved["b"])

    assert np.all(np.isnan(jax.jit(jax.grad(value))(jnp.array([1.0, jnp.nan, 1.0]))))


def test_second_derivatives_are_refused():
    """Forward mode through what the way back keeps would be wrong, not slow."""

    def value(scale):
        numbers = NUMBERS | {"speed": scale * NUMBERS["speed"]}
        return scalar(observed(numbers, START, EDGES, TIMES, passing=False))

    with pytest.raises(TypeError, match="custom_vjp"):
        jax.eval_shape(jax.jacfwd(jax.grad(value)), 1.0)


def driven(levels, jumps, storage_like=None):
    """A cavity under a pulse: Hamiltonian, control and rates to be differentiated by."""
    a = np.diag(np.sqrt(np.arange(1.0, levels)), 1)
    n = a.T @ a
    if storage_like is not None:
        turn = np.linalg.qr(storage_like)[0]
        a, n = turn @ a @ turn.T, turn @ n @ turn.T

    def work(p, adjoint):
        battery = qb.batteries.Lindblad(
            [(p[0], n)], [(p[1], a), (p[2], a.T)][:jumps], dims=(levels,), cell=0,
            cell_hamiltonian=np.arange(float(levels)), controls=[a + a.T], truncated=(),
        )  # fmt: skip
        pulse = qb.protocols.PiecewiseConstant(p[3:5], p[5])
        times = jnp.stack([jnp.array(0.0), p[5] / 3, 2.0 * p[5]])
        run = qb.charge(battery, pulse, times, adjoint=adjoint, solver=SHARP)
        return jnp.sum(run.energy) + run.ergotropy[-1]

    return work


SLOW = [pytest.param(case, marks=pytest.mark.slow) for case in ("products", "ket")]


@pytest.mark.parametrize("case", ["shifts", *SLOW])
def test_batteries(case):
    """Reverse and forward mode agree, however the generator works."""
    levels, jumps = (25, 0) if case == "ket" else (15, 2)
    full = np.random.default_rng(1).normal(size=(levels, levels)) if case == "products" else None
    work = driven(levels, jumps, full)
    point = jnp.array([0.4, 0.6, 0.1, 0.5, 0.9, 1.5])
    ours = jax.jit(jax.grad(lambda p: work(p, "reverse")))(point)
    theirs = jax.jit(jax.jacfwd(lambda p: work(p, "forward")))(point)
    assert tree_allclose(ours, theirs, rtol=1e-7, atol=1e-9)
