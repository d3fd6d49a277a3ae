"""Exact propagation against exponentials in long double, known solutions and differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.dynamics import Exponential
from qbjax.dynamics.solve.exponential import expm
from qbjax.dynamics.solve.integrate import NON_FINITE, Linear, Solver, integrate
from tests.helpers import EXACT, GRADIENT, central_difference, tree_allclose

METHOD = Solver(method=Exponential())

COUNT = 20_000
"""Evenly spaced times, so many that rounding would show if it added up."""


def in_long_double(A):
    """The exponential by its series and squarings, with three more digits."""
    A = np.asarray(A, np.longdouble)
    halvings = max(0, int(np.ceil(np.log2(np.abs(A).sum(axis=0).max())))) + 4
    term = total = np.eye(len(A), dtype=np.longdouble)
    for k in range(1, 30):
        term = term @ (A / np.longdouble(2) ** halvings) / k
        total = total + term
    for _ in range(halvings):
        total = total @ total
    return total.astype(float)


MATRICES = {
    "rotation": np.array([[0.0, 1.0], [-1.0, 0.0]]),
    "decay": -np.eye(2),
    "growth": np.ones((4, 4)) / 4,
    "rates": np.array([[-0.3, 0.7], [0.3, -0.7]]),
    "nilpotent": np.diag(np.ones(5), 1),
    "random": np.random.default_rng(0).normal(size=(16, 16)) / 16,
}


@pytest.mark.parametrize("size", [1e-3, 1.0, 5.3, 8.0, 10.7, 100.0, 690.0])
@pytest.mark.parametrize("name", MATRICES)
def test_expm(name, size):
    """Norms on both sides of a halving; 10.7 is where JAX's own is worst."""
    A = size * MATRICES[name] / np.abs(MATRICES[name]).sum(axis=0).max()
    exact = in_long_double(A)
    scale = np.abs(exact).max()
    assert tree_allclose(jax.jit(expm)(A) / scale, exact / scale, rtol=0, atol=1e-15 * (20 + size))


def test_stiff_decay():
    """‖L‖t = 2e4: what is lost must not come back, and the trace stays."""
    rate = 1e4
    L = np.array([[0.0, rate, 0.0], [0.0, -rate, 0.0], [0.0, 0.0, -rate / 2]])
    exact = np.array([[1.0, 1 - np.exp(-rate), 0], [0, 0, 0], [0, 0, 0]])
    assert tree_allclose(jax.jit(expm)(L), exact, rtol=0, atol=EXACT)


def test_batches_of_different_norms():
    """Under `vmap` each lane is squared as often as it needs."""
    sizes = jnp.array([1e-3, 3.0, 50.0])
    A = MATRICES["rates"]
    found = jax.jit(jax.vmap(lambda s: expm(s * A)))(sizes)
    assert tree_allclose(
        found, np.stack([in_long_double(s * A) for s in sizes]), rtol=0, atol=EXACT
    )


def oscillate(times, frequency, adjoint="forward", free_times="none"):
    """A pytree that goes round; cos and −sin."""

    def field(t, y):
        return {"q": frequency * y["p"], "p": -frequency * y["q"]}

    return integrate(
        field,
        {"q": jnp.ones(()), "p": jnp.zeros(())},
        times,
        signals=(),
        save=lambda t, y: jnp.stack([y["q"], y["p"]]),
        solver=METHOD,
        adjoint=adjoint,
        free_times=free_times,
        linear=Linear(field),
    )


@pytest.mark.parametrize(
    "times",
    [
        np.linspace(0.0, 10.0, 101),
        np.linspace(3.7, 9.1, 101),
        np.array([0.0, 1e-9, 0.5, 2.0, 2.25, 40.0]),
        np.array([1.0]),
    ],
    ids=["even", "later", "uneven", "single"],
)
def test_known_solution(times):
    out = jax.jit(oscillate)(jnp.asarray(times), jnp.array(2.0))
    angle = 2 * (times - times[0])
    assert tree_allclose(
        out.saved, np.stack([np.cos(angle), -np.sin(angle)], -1), rtol=0, atol=EXACT
    )
    assert int(out.status) == 0
    assert int(out.steps) == len(times) - 1


def test_many_even_times():
    times = np.linspace(2.0, 50.0, COUNT)
    out = jax.jit(oscillate)(jnp.asarray(times), jnp.array(2.0))
    assert tree_allclose(out.saved[:, 0], np.cos(2 * (times - 2.0)), rtol=0, atol=10 * EXACT)


@pytest.mark.parametrize(
    "times",
    [np.linspace(0.0, 2.0, 5), pytest.param(np.array([0.0, 0.3, 2.0]), marks=pytest.mark.slow)],
)
def test_derivatives_by_a_parameter(times):
    """Forward, reverse, and one through the other: −t sin(ωt), −t² cos(ωt)."""

    def last(frequency, adjoint):
        return oscillate(jnp.asarray(times), frequency, adjoint).saved[-1, 0]

    at = jnp.array(1.5)
    for adjoint, derive in (("forward", jax.jacfwd), ("reverse", jax.grad)):
        slope = jax.jit(derive(lambda w, a=adjoint: last(w, a)))(at)
        assert tree_allclose(slope, -2.0 * np.sin(3.0), rtol=EXACT)
    second = jax.jit(jax.jacfwd(jax.grad(lambda w: last(w, "direct"))))(at)
    assert tree_allclose(second, -4.0 * np.cos(3.0), rtol=EXACT)


@pytest.mark.slow
def test_derivatives_by_times():
    """All of them, the first included: evenly spaced or not."""

    def some(times):
        return oscillate(times, jnp.array(1.5), "direct", "all").saved[:, 0]

    for times in (jnp.linspace(0.2, 2.0, 4), jnp.array([0.2, 0.3, 1.0])):
        slopes = np.asarray(jax.jacfwd(some)(times))
        rate = -1.5 * np.sin(1.5 * (times - times[0]))
        expected = np.diag(rate)
        expected[:, 0] -= rate
        assert tree_allclose(slopes, expected, rtol=0, atol=EXACT)


def switched(off, times, adjoint):
    """y' = −y before `off`, −3y after."""

    def field(t, y):
        return -jnp.where(t < off, 1.0, 3.0) * y

    return integrate(
        field,
        jnp.ones(2),
        times,
        signals=(),
        save=lambda t, y: y[0],
        edges=off[None],
        solver=METHOD,
        adjoint=adjoint,
        linear=Linear(field),
    )


GRID = jnp.array([0.0, 1.0, 1.2, 2.0])
RUN = jax.jit(lambda off: switched(off, GRID, "forward"))
SLOPES = [
    jax.jit(derive(lambda off, a=adjoint: switched(off, GRID, a).saved[-1]))
    for adjoint, derive in (("forward", jax.jacfwd), ("reverse", jax.grad))
]


@pytest.mark.parametrize(
    "off", [0.7, 1.3, *(pytest.param(x, marks=pytest.mark.slow) for x in (0.0, 1.0, 9.0))]
)
def test_edges(off):
    """Before, between, on and after the saved times; and the derivative by the edge."""
    out = RUN(jnp.array(off))
    expected = np.exp(-np.minimum(GRID, off) - 3 * np.maximum(GRID - off, 0))
    assert tree_allclose(out.saved, expected, rtol=0, atol=EXACT)
    if off not in (0.0, 1.0):
        for slope in SLOPES:
            assert tree_allclose(
                slope(jnp.array(off)), 2 * expected[-1] * (off < 2), rtol=0, atol=EXACT
            )


@pytest.mark.parametrize("adjoint", ["forward", "reverse"])
def test_large_norms(adjoint):
    """Right to rounding times the norm; not finite where that is nothing any more."""
    frequency = 1e9
    run = jax.jit(lambda frequency: oscillate(jnp.array([0.0, 1.0]), frequency, adjoint))
    out = run(jnp.array(frequency))
    assert tree_allclose(out.saved[1], np.array([np.cos(frequency), -np.sin(frequency)]),
                         rtol=0, atol=1e-6)  # fmt: skip
    out = run(jnp.array(1e23))
    assert int(out.status) == NON_FINITE
    assert np.all(np.isnan(out.saved[1]))


def test_only_for_what_is_linear():
    with pytest.raises(ValueError, match="Runge–Kutta method here, but has Exponential"):
        integrate(lambda t, y: -y * y, jnp.ones(1), jnp.arange(2.0), signals=(),
                  save=lambda t, y: y, solver=METHOD)  # fmt: skip
    battery = qb.batteries.DOPO(4, 2)
    with pytest.raises(ValueError, match="the method Exponential needs frame"):
        qb.charge(battery, qb.protocols.Constant(1.0), jnp.arange(2.0), solver=METHOD)


def test_gradient_against_differences():
    """Through a matrix of no symmetry, backwards, on uneven times."""
    A, B = (np.random.default_rng(k).normal(size=(6, 6)) for k in (1, 2))

    def value(x):
        def field(t, y):
            return (A + x * B) @ y

        out = integrate(
            field, jnp.ones(6), jnp.array([0.0, 0.4, 1.5]),
            signals=(), save=lambda t, y: jnp.sum(y**2), solver=METHOD, linear=Linear(field),
        )  # fmt: skip
        return jnp.sum(jnp.log(out.saved))

    value = jax.jit(value)
    assert tree_allclose(
        jax.jit(jax.grad(value))(0.3), central_difference(value, 0.3), rtol=GRADIENT
    )
