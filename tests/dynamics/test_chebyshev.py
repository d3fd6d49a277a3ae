"""The Chebyshev exponential against dense exponentials, Runge–Kutta and differences."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
import scipy.special

import qbjax as qb
from qbjax.dynamics import Chebyshev
from qbjax.dynamics.chebyshev import forward as chebyshev
from qbjax.dynamics.chebyshev import step as chebyshev_step
from qbjax.dynamics.solve.integrate import NON_FINITE, STEP_LIMIT, Linear, Solver, integrate
from tests.helpers import GRADIENT, central_difference, is_complete, tree_allclose

pytestmark = pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning")

CHEBYSHEV = Solver(method=Chebyshev())
PUMP = qb.protocols.PiecewiseConstant(jnp.array([0.5, 2.0, 1.0]), 1.5)
TIMES = jnp.array([0.0, 0.3, 0.5, 1.2, 1.5, 2.0])


@pytest.fixture(scope="module")
def battery():
    return qb.batteries.DOPO(8, 5, frame="lab", signal_thermal=0.1)


BESSEL = jax.jit(chebyshev_step.bessel)


@pytest.mark.parametrize("x", [0.0, 0.01, 0.999, 1.0, 3.7, 24.0, 2 * chebyshev.REACH])
def test_bessel(x):
    """Miller's recurrence and the series against SciPy."""
    ours = np.asarray(BESSEL(x))
    theirs = scipy.special.jv(np.arange(ours.size), x) * np.where(np.arange(ours.size), 2, 1)
    assert tree_allclose(ours, theirs, rtol=0, atol=1e-13)


MOMENTS = jnp.array([0.0, 1e-4, 0.7, 0.71, 3.0])


@jax.jit
def exponential(M):
    """Two numbers moved by a matrix, at some times."""

    def field(t, y):
        return M @ y

    linear = Linear(field, lambda t: (jnp.array(31.0), jnp.array(25.0)))
    return integrate(
        field, jnp.array([1.0, 0.5]), MOMENTS, signals=(), save=lambda t, y: y, solver=CHEBYSHEV,
        adjoint="forward", linear=linear,
    )  # fmt: skip


@pytest.mark.parametrize("shape", ["rotation", "decay", "both", "far from normal"])
def test_matrix_exponential(shape):
    """y' = My for small matrices of every character, against SciPy's expm."""
    M = {
        "rotation": np.array([[0.0, 9.0], [-9.0, 0.0]]),
        "decay": np.diag([-30.0, -0.1]),
        "both": np.array([[-3.0, 20.0], [-20.0, -8.0]]),
        "far from normal": np.array([[-1.0, 50.0], [0.0, -2.0]]),
    }[shape]

    out = exponential(M)
    exact = np.array([scipy.linalg.expm(M * t) @ [1.0, 0.5] for t in np.asarray(MOMENTS)])
    assert is_complete(out)
    assert tree_allclose(out.final, exact[-1], rtol=1e-7, atol=1e-8)
    assert tree_allclose(out.saved, exact, rtol=1e-7, atol=1e-8)


@partial(jax.jit, static_argnames="passing")
def driven(times, off, *, passing):
    """Eight oscillators, turned faster until `off`; one is looked at."""

    def field(t, y):
        return jnp.where(t < off, 3.0, 1.0) * jnp.stack([y[1], -y[0]]) - 0.1 * y

    def one(y):
        return y[:, 0]

    return integrate(
        field, jnp.array([8 * [1.0], 8 * [0.5]]), times, signals=(), solver=CHEBYSHEV,
        save=(lambda t, x: x**2) if passing else (lambda t, y: one(y) ** 2),
        read=one if passing else None,
        edges=off[None], adjoint="forward", free_times="all",
        linear=Linear(field, lambda t: (jnp.array(0.1), jnp.array(3.0))),
    )  # fmt: skip


def test_saved_times_do_not_shorten_steps():
    """They are read off the steps that pass them, and come out the same."""
    off, many = jnp.array(1.234), jnp.linspace(0.0, 40.0, 1001)
    few = driven(jnp.linspace(0.0, 40.0, 2), off, passing=True)
    passed, stopped = (driven(many, off, passing=p) for p in (True, False))
    assert int(few.steps) == int(passed.steps) < int(stopped.steps) / 20
    assert tree_allclose(passed.saved, stopped.saved, rtol=0, atol=1e-8)


SLOW = [pytest.param(off, marks=pytest.mark.slow) for off in (1.5, 3.0)]


@pytest.mark.parametrize("off", [0.7, *SLOW])
def test_derivatives_of_what_is_read_off(off):
    """With respect to an edge and every time, as where steps end at saved times."""
    times = jnp.array([0.0, 0.5, 0.9, 2.0, 2.5])

    def slopes(passing):
        def saved(*x):
            return driven(*x, passing=passing).saved

        return jax.jit(jax.jacfwd(saved, (0, 1)))(times, jnp.array(off))

    assert tree_allclose(slopes(True), slopes(False), rtol=0, atol=1e-7)


def test_too_much_to_keep():
    """Where as much is read as there is, steps end at saved times."""
    linear = Linear(lambda t, y: -y, lambda t: (jnp.array(1.0), jnp.array(0.1)))
    how = {"save": lambda t, y: y, "solver": CHEBYSHEV, "adjoint": "forward", "linear": linear}
    times = jnp.linspace(0.0, 4.0, 101)
    few, all_ = (
        jax.jit(
            lambda y, read=read: integrate(linear.field, y, times, signals=(), read=read, **how)
        )(jnp.ones(8))
        for read in (lambda y: y[:1], lambda y: y)
    )
    assert int(few.steps) < 10 < 100 <= int(all_.steps)
    assert tree_allclose(all_.saved[:, :1], few.saved, rtol=0, atol=1e-8)


@pytest.mark.parametrize(
    "pump",
    [
        pytest.param(qb.protocols.Constant(1.5), marks=pytest.mark.slow),
        PUMP,
        qb.protocols.SwitchOff(1.5 + 0.5j, 1.1),
    ],
)
def test_agrees_with_runge_kutta(battery, pump):
    """Every observable at every time: on edges, between them, after the pulse."""
    tight = qb.Solver(rtol=1e-10, atol=1e-12)
    ours = qb.charge(battery, pump, TIMES, solver=CHEBYSHEV)
    theirs = qb.charge(battery, pump, TIMES, solver=tight, adjoint="forward")
    for name, values in theirs.observables.items():
        assert tree_allclose(ours.observables[name][1:], values[1:], rtol=1e-7, atol=1e-8), name
    assert is_complete(ours)


def test_derivatives(battery):
    """Forward mode by amplitudes, duration (moving edges) and times, against differences of a
    value that is sharper, for the number of terms changes at once."""
    solver = Solver(rtol=1e-11, atol=1e-13, method=Chebyshev())

    def value(amplitudes, duration, end):
        pump = qb.protocols.PiecewiseConstant(amplitudes, duration)
        times = jnp.stack([jnp.array(0.0), end])
        run = qb.charge(battery, pump, times, solver=solver, adjoint="forward")
        return run.ergotropy[-1] + run.drive_work[-1]

    value = jax.jit(value)
    point = (PUMP.amplitudes, jnp.array(1.5), jnp.array(2.0))
    directions = [
        (jnp.array([0.0, 1.0, 0.0]), jnp.array(0.0), jnp.array(0.0)),
        (jnp.zeros(3), jnp.array(1.0), jnp.array(0.0)),
        (jnp.zeros(3), jnp.array(0.0), jnp.array(1.0)),
    ]
    for direction in directions:
        _, slope = jax.jvp(value, point, direction)

        def along(h, direction=direction):
            return value(*jax.tree.map(lambda x, d: x + h * d, point, direction))

        assert tree_allclose(slope, central_difference(along, 0.0), rtol=GRADIENT)


def test_step_limit(battery):
    """Too few steps are a status, and NaN from there."""
    solver = Solver(max_steps=2, method=Chebyshev())
    with pytest.warns(qb.dynamics.BreakdownWarning):
        run = qb.charge(battery, PUMP, jnp.array([0.0, 0.01, 8.0]), solver=solver)
    assert int(run.status) == STEP_LIMIT
    assert np.isnan(run.energy[-1])


@pytest.mark.parametrize(
    ("frame", "pump"),
    [("displaced", PUMP), ("lab", qb.protocols.Fourier(jnp.array([1.0, 0.5]), 1.5))],
)
def test_only_for_what_is_linear_and_constant(frame, pump):
    """One clear line before anything is compiled."""
    battery = qb.batteries.DOPO(6, 3, frame=frame)
    with pytest.raises(ValueError, match='Chebyshev needs frame="lab"'):
        qb.charge(battery, pump, TIMES, solver=CHEBYSHEV)


def test_needs_an_extent():
    with pytest.raises(ValueError, match="Runge–Kutta"):
        integrate(
            lambda t, y: -y, jnp.ones(1), TIMES, signals=(), save=lambda t, y: y, solver=CHEBYSHEV
        )


def test_large_terms_that_cancel_are_seen():
    """Energies that fill their bounds, both ends populated: no tolerance was too tight for terms of
    1e9, whose rounding is then what is left."""
    levels = np.arange(40.0)
    H = np.diag(levels) + 0.3 * (np.diag(np.sqrt(levels[1:]), 1) + np.diag(np.sqrt(levels[1:]), -1))
    ket = np.eye(40)[0] / np.sqrt(2) + np.eye(40)[39] / np.sqrt(2)
    battery = qb.batteries.Lindblad(H, [], dims=(40,), cell=0, cell_hamiltonian=levels, initial=ket)
    solver = Solver(rtol=1e-11, atol=1e-13, method=Chebyshev())
    run = qb.charge(battery, None, [0.0, 100.0], solver=solver)
    exact = levels @ np.abs(scipy.linalg.expm(-100j * H) @ ket) ** 2
    assert abs(run.energy[-1] - exact) < 1e-9


def test_not_a_number_ends_a_run_at_once():
    field = Linear(lambda t, y: jnp.nan * y, lambda t: (jnp.array(1.0), jnp.array(jnp.nan)))
    how = {"save": lambda t, y: y, "solver": CHEBYSHEV, "adjoint": "forward", "linear": field}
    times = jnp.array([0.0, 1.0])
    out = jax.jit(lambda y: integrate(field.field, y, times, signals=(), **how))(jnp.ones(40))
    assert int(out.status) == NON_FINITE
    assert int(out.steps) < 10


@pytest.mark.parametrize("off", [0.5, 0.5 + 1e-12, 1.2])
def test_edges_on_saved_times(battery, off):
    """Spans of no length, and of hardly any."""
    run = qb.charge(
        battery, qb.protocols.SwitchOff(1.5, off), TIMES, solver=CHEBYSHEV, adjoint="forward",
        save=lambda t, state: t,
    )  # fmt: skip
    assert is_complete(run)
    assert tree_allclose(run.saved, TIMES, rtol=1e-12)
