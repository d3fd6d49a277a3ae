"""The implicit method against closed forms, exponentials, Runge–Kutta and differences."""

from functools import partial

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.algebra import operators
from qbjax.dynamics import Exponential, Implicit
from qbjax.dynamics.solve import implicit
from qbjax.dynamics.solve.integrate import NON_FINITE, OK, STEP_LIMIT, integrate
from tests.helpers import EXACT, GRADIENT, central_difference, tree_allclose
from tests.systems import PROBLEMS, switched_decay

METHOD = qb.Solver(method=Implicit())

ACCURACY = 1e-8
"""Of METHOD on stiff systems, against what is known better."""

FAST = 1e6
"""A rate that Tsit5 would follow for 3e5 steps per unit time."""

BUMP = qb.protocols.Fourier(jnp.array([1.0, 0.5, -0.7]), 3.0)
SAMPLES = qb.protocols.Sampled([0.0, 1.0, 2.2, 3.0], [0.0, 1.0, 0.3, 0.8])
SHAPED = qb.protocols.Function(lambda t: jnp.sin(t) ** 2, 3.0)
TIMES = jnp.array([0.0, 0.3, 1.7, 4.0])


def test_coefficients():
    """Order conditions (E. Hairer and G. Wanner, Solving ODEs II, IV.7): every digit counts."""
    # Of α_ij and γ_ij only αΓ⁻¹ and 1/γ − Γ⁻¹ are in the table.
    inverse = np.eye(8) / implicit.GAMMA - implicit.MEMORY
    gamma = np.linalg.inv(inverse)
    alpha = implicit.INPUTS @ gamma
    assert np.allclose(alpha.sum(axis=1), implicit.NODES, rtol=0, atol=EXACT)
    assert np.allclose(gamma.sum(axis=1), implicit.SLOPES, rtol=0, atol=EXACT)
    b, beta = implicit.STEP @ gamma, alpha + gamma
    one, c, s = np.ones(8), implicit.NODES, beta.sum(axis=1)
    assert b @ one == pytest.approx(1, abs=EXACT)
    for power in range(1, 5):
        assert b @ c**power == pytest.approx(1 / (power + 1), abs=EXACT)
        linear = b @ np.linalg.matrix_power(beta, power) @ one
        assert linear == pytest.approx(1 / np.prod(np.arange(2, power + 2)), abs=EXACT)
    assert b @ (c * (alpha @ s)) == pytest.approx(1 / 8, abs=EXACT)


def test_order():
    """Steps half as long: errors 2⁵ times smaller at their ends, 2⁴ between them."""

    @partial(jax.jit, static_argnums=0)
    def errors(count):
        ends = jnp.linspace(0.0, 2.0, count + 1)
        between = (ends[1:] + ends[:-1]) / 2

        def exact(t):
            return jnp.exp(jnp.sin(t)) / (1 + jnp.exp(-t))

        out = diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, y, _: y * (jnp.cos(t) + 1 - y * jnp.exp(-jnp.sin(t)))),
            Implicit(), 0.0, 2.0, 2.0 / count, exact(0.0),
            saveat=diffrax.SaveAt(ts=jnp.sort(jnp.concatenate([ends, between]))),
            adjoint=diffrax.ForwardMode(),
        )  # fmt: skip
        error = jnp.abs(out.ys - exact(out.ts))
        return jnp.max(error[::2]), jnp.max(error[1::2])

    (ends, between), (half_ends, half_between) = errors(16), errors(32)
    assert 24 < ends / half_ends < 48
    assert 12 < between / half_between < 48


def test_closed_forms():
    out = jax.jit(
        lambda times: integrate(
            lambda t, y: {p.name: p.field(t, y[p.name]) for p in PROBLEMS},
            {p.name: p.initial for p in PROBLEMS},
            times,
            signals=(),
            save=lambda t, y: y,
            solver=METHOD,
        )
    )(jnp.array([0.5, 0.9, 2.0, 2.5]))
    exact = jax.vmap(lambda t: {p.name: p.exact(t) for p in PROBLEMS})
    assert int(out.status) == OK
    assert tree_allclose(out.saved, exact(jnp.array([0.5, 0.9, 2.0, 2.5])), rtol=ACCURACY)


def follow(rate, frequency, times=TIMES, solver=METHOD, adjoint="forward"):
    """y follows cos ωt at a rate, z = ∫y."""

    def field(t, y):
        angle = frequency * t
        return jnp.stack(
            [-rate * (y[0] - jnp.cos(angle)) - frequency * jnp.sin(angle), y[0] + 0 * y[1]]
        )

    return integrate(
        field,
        jnp.array([1.0, 0.0]),
        times,
        signals=(),
        save=lambda t, y: y,
        solver=solver,
        adjoint=adjoint,
    )


@pytest.mark.parametrize("rate", [1.0, FAST])
def test_stiff_relaxation(rate):
    """Prothero and Robinson's problem, cos ωt and sin ωt/ω, in no more steps than it bends."""
    out = jax.jit(follow)(jnp.array(rate), jnp.array(2.0))
    exact = np.stack([np.cos(2 * TIMES), np.sin(2 * TIMES) / 2], -1)
    assert tree_allclose(out.saved, exact, rtol=0, atol=ACCURACY)
    assert (int(out.status), int(out.steps) < 400) == (OK, True)


def test_lanes():
    """Each lane of a batch has its own factors."""
    frequencies = jnp.array([0.5, 1.0, 2.0])
    many = jax.jit(jax.vmap(lambda w: follow(FAST * w, w).saved[:, 0]))(frequencies)
    assert tree_allclose(many, np.cos(np.outer(frequencies, TIMES)), rtol=0, atol=ACCURACY)


@pytest.mark.parametrize("adjoint", ["forward", "reverse"])
def test_derivatives(adjoint):
    """By rate and frequency; the fast rate has none."""

    def last(frequency):
        return follow(FAST, frequency, adjoint=adjoint).saved[-1]

    derive = jax.jacrev if adjoint == "reverse" else jax.jacfwd
    exact = [-4 * np.sin(8), 2 * np.cos(8) - np.sin(8) / 4]
    assert tree_allclose(jax.jit(derive(last))(2.0), np.array(exact), rtol=0, atol=GRADIENT)


@pytest.mark.slow
@pytest.mark.parametrize("adjoint", ["forward", pytest.param("reverse", marks=pytest.mark.slow)])
def test_derivative_by_an_edge(adjoint):
    """A drive that stops, followed at a fast rate."""

    def last(off):
        out = integrate(
            lambda t, y: jnp.stack([jnp.where(t < off, 1.0, 0.0) - y[0], -FAST * (y[1] - y[0])]),
            jnp.zeros(2), TIMES, signals=(), save=lambda t, y: y, edges=off[None], solver=METHOD,
            adjoint=adjoint,
        )  # fmt: skip
        return out.saved[-1]

    off = jnp.array(1.1)
    derive = jax.jacrev if adjoint == "reverse" else jax.jacfwd
    value, slope = jax.jit(last)(off), jax.jit(derive(last))(off)
    expected = switched_decay(4.0, off) * np.ones(2)
    assert tree_allclose(value, expected, rtol=0, atol=1e-5)  # y₁ lags behind y₀ by 1/FAST
    assert tree_allclose(slope, np.exp(1.1 - 4.0) * np.ones(2), rtol=0, atol=1e-5)


def test_failure_is_data():
    few = qb.Solver(max_steps=3, method=Implicit())
    out = follow(FAST, 2.0, solver=few)
    assert int(out.status) == STEP_LIMIT
    assert np.isnan(out.saved[-1]).all()
    out = integrate(
        lambda t, y: y * jnp.nan, jnp.ones(1), TIMES, signals=(), save=lambda t, y: y, solver=METHOD
    )
    assert int(out.status) == NON_FINITE


def fast_cavity(decay, controls=1):
    """A qubit behind a driven cavity that empties at once: the drive arrives at a rate of one."""
    dims = (2, 3)
    s, a = (operators.embed(operators.destroy(n), dims, k) for k, n in enumerate(dims))
    g = np.sqrt(decay) / 2
    return qb.batteries.Lindblad(
        g * (s @ a.T + s.T @ a), [(decay, a), (0.02, s)], dims=dims, cell=0,
        cell_hamiltonian=np.arange(2.0), controls=controls * [g * (a + a.T)], truncated=(),
    )  # fmt: skip


def charged(battery, pump, solver, times=TIMES, adjoint="forward"):
    run = qb.charge(battery, pump, times, solver=solver, adjoint=adjoint)
    return {name: x[1:] for name, x in run.observables.items()}, run.status, run.steps


@pytest.mark.slow
def test_battery_against_runge_kutta():
    """Signals that move, with knots and ends between the saved times."""
    battery, pumps = fast_cavity(300.0, controls=3), (BUMP, SAMPLES, SHAPED)
    explicit = charged(battery, pumps, qb.Solver(rtol=1e-10, atol=1e-12))
    found, status, steps = charged(battery, pumps, METHOD)
    assert tree_allclose(found, explicit[0], rtol=0, atol=ACCURACY)
    assert int(status) == OK
    assert int(steps) < int(explicit[2])


@pytest.mark.slow
def test_stiff_battery_against_exponential():
    """Where explicit steps would number 3e6."""
    battery, pump = fast_cavity(FAST), qb.protocols.SwitchOff(1.0, 1.1)
    exact, *_ = charged(battery, pump, qb.Solver(method=Exponential()))
    found, status, steps = charged(battery, pump, METHOD)
    assert tree_allclose(found, exact, rtol=0, atol=ACCURACY)
    assert (int(status), int(steps) < 1500) == (OK, True)


def test_ket():
    battery = qb.batteries.TavisCummings(spins=1, photons=2, cavity=200.0)
    explicit, *_ = charged(battery, BUMP, qb.Solver(rtol=1e-10, atol=1e-12))
    found, status, _ = charged(battery, BUMP, METHOD)
    assert tree_allclose(found, explicit, rtol=0, atol=ACCURACY)
    assert int(status) == OK


@pytest.mark.slow
@pytest.mark.parametrize("adjoint", ["forward", "reverse"])
def test_gradient_of_a_battery(adjoint):
    """Through a stiff charge, by the coefficients of its pulse, against differences."""
    battery, direction = fast_cavity(1e4), jnp.array([0.3, -0.2, 1.0])

    def value(coefficients, adjoint="forward"):
        pump = qb.protocols.Fourier(coefficients, 3.0)
        run = qb.charge(battery, pump, TIMES, solver=METHOD, adjoint=adjoint)
        return run.ergotropy[2] + run.energy[-1]

    numeric = central_difference(jax.jit(value), BUMP.coefficients, direction)
    derive = jax.jacrev if adjoint == "reverse" else jax.jacfwd
    slope = jax.jit(derive(partial(value, adjoint=adjoint)))(BUMP.coefficients)
    assert tree_allclose(slope @ direction, numeric, rtol=GRADIENT)
