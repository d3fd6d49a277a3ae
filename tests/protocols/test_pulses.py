"""Pulses: their signal, edges, energy and peak, and what they refuse."""

from itertools import pairwise

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

import qbjax as qb
from qbjax.dynamics.solve.integrate import integrate
from qbjax.protocols import (
    Fourier,
    Function,
    PiecewiseConstant,
    Sampled,
    SwitchOff,
    coordinates,
    random_start,
    resolve,
)
from tests.helpers import EXACT, GRADIENT, central_difference, tree_allclose

START, DURATION = 0.3, 1.4
END = START + DURATION


class Bump(eqx.Module):
    """A function with a parameter."""

    width: object

    def __call__(self, t):
        return jnp.exp(-(((t - 1.0) / self.width) ** 2))


def sawtooth(t):
    return jnp.where(t < 0.9, t, t - 1.0).astype(complex) + 0.5j


def np_sawtooth(t):
    return (t if t < 0.9 else t - 1.0) + 0.5j


def series(c, t):
    return sum(c[k] * np.cos(k * np.pi * (t - START) / DURATION) for k in range(len(c)))


STEPS, COSINES = np.array([1.0, -0.5, 2.0]), np.array([0.3, -1.0, 0.2, 0.4])
KNOTS, VALUES = np.array([START, 0.5, 1.5, END]), np.array([0.2, 1 - 1j, 0.4j, -1.0])
PULSES = {
    "piecewise": (
        PiecewiseConstant(STEPS, DURATION, START),
        lambda t: STEPS[min(int((t - START) / DURATION * 3), 2)],
        [START + DURATION / 3, START + 2 * DURATION / 3],
    ),
    "fourier": (Fourier(COSINES, DURATION, START), lambda t: series(COSINES, t), []),
    "sampled": (Sampled(KNOTS, VALUES), lambda t: np.interp(t, KNOTS, VALUES), KNOTS[1:-1]),
    "function": (Function(Bump(jnp.array(0.4)), DURATION, START), Bump(0.4), []),
    "complex function": (Function(sawtooth, DURATION, START, [0.9]), np_sawtooth, [0.9]),
}
NAMES = pytest.mark.parametrize("name", PULSES)


@NAMES
def test_signal(name):
    pulse, expected, _ = PULSES[name]
    inside = np.linspace(START + 1e-3, END - 1e-3, 29)
    found = jax.jit(jax.vmap(lambda t: pulse.signal(t)))(jnp.asarray(inside))
    assert tree_allclose(found, np.array([expected(t) for t in inside]), rtol=EXACT)
    assert jnp.iscomplexobj(found) == pulse.is_complex
    assert [complex(pulse.signal(jnp.array(t))) for t in (-1.0, 0.2999, 1.7001, 9.0)] == [0] * 4
    for end in (START, END):
        assert tree_allclose(pulse.signal(jnp.array(end)), expected(end), rtol=EXACT)


@NAMES
def test_edges_energy_and_peak(name):
    pulse, expected, inner = PULSES[name]
    assert tree_allclose(pulse.edges(), np.array([START, *inner, END]), rtol=EXACT)
    bounds = [START, *inner, END]
    energy = sum(
        quad(lambda t: abs(complex(expected(t))) ** 2, a, b, epsabs=1e-11)[0]
        for a, b in pairwise(bounds)
    )
    assert tree_allclose(pulse.energy, energy, rtol=1e-9)
    dense = np.linspace(START, END, 20_000)[1:-1]
    largest = max(abs(complex(expected(t))) for t in dense[:: 1 if name == "sampled" else 20])
    assert tree_allclose(pulse.peak, largest, rtol=1e-3)


@pytest.mark.parametrize("n", [1, 3, 7, 64, 100])
def test_no_rounding_takes_the_wrong_side(n):
    """The solver evaluates one double before an edge and one after it, in a loop of its own:
    the signal must agree there with the edges computed outside."""
    values = jnp.arange(1.0, n + 1)

    @jax.jit
    def sides(start, duration):
        pulse = PiecewiseConstant(values, duration, start)
        edges = pulse.edges()
        before = jnp.nextafter(edges, jnp.full_like(edges, -jnp.inf))
        beyond = jnp.nextafter(edges, jnp.full_like(edges, jnp.inf))

        def body(i, found):
            return found.at[i].set(
                jnp.stack(
                    [pulse.signal(before[i]), pulse.signal(edges[i]), pulse.signal(beyond[i])]
                )
            )

        return jax.lax.fori_loop(0, n + 1, body, jnp.zeros((n + 1, 3)))

    expected = np.stack([np.r_[0.0, values], np.r_[values, 0.0], np.r_[values, 0.0]], axis=1)
    for seed in range(20):
        start, duration = np.random.default_rng(seed).uniform(0.1, 9.0, 2)
        assert np.array_equal(sides(start, duration), expected), (start, duration)


def test_steps_land_on_every_edge():
    """About three steps per segment wherever it starts; one edge on the wrong side costs more
    than a hundred."""

    @jax.jit
    def steps(start):
        pulse = PiecewiseConstant(jnp.resize(STEPS, 12), DURATION, start)
        return _relax(pulse, jnp.array([0.0, 2.0]), solver=qb.Solver()).steps

    assert max(int(steps(start)) for start in np.linspace(0.05, 0.5, 8)) < 50
    switched = Function(lambda t: jnp.where(t < 1.1, 1.0, -1.0), DURATION, START, edges=[1.1])
    assert int(_relax(switched, jnp.array([0.0, 2.0]), solver=qb.Solver()).steps) < 50


def test_a_run_may_start_on_an_edge():
    """A charge in two parts: the first step must not vanish, nor the edge be missed."""
    for pulse, edge, value in [
        (PiecewiseConstant([5.0, 1.0], 2.0), 1.0, 1.0),
        (PiecewiseConstant([5.0, 5.0, 1.0], 1.2, 0.4), 0.4 + 2 * 1.2 / 3, 1.0),
        (PiecewiseConstant([5.0, 1.0], 2.0, -1.0), 0.0, 1.0),
        (Function(lambda t: jnp.where(t > 1.0, 1.0, 5.0), 2.0, edges=[1.0]), 1.0, 1.0),
        (SwitchOff(3.0, 0.0), 0.0, 0.0),
        (SwitchOff(3.0, 1.0), 1.0, 0.0),
    ]:
        times = jnp.array([edge, edge + 0.3])
        run = _relax(pulse, times, solver=qb.Solver())
        assert int(run.status) == 0
        assert int(run.steps) < 50
        assert tree_allclose(run.final, value * (1 - np.exp(-0.3)), rtol=1e-7)


def test_a_pulse_may_end_at_zero():
    pulse = Sampled([-1.0, 0.0], [2.0, 2.0])
    assert float(jax.jit(lambda t: pulse.signal(t))(0.0)) == 2.0
    run = _relax(pulse, jnp.array([-1.0, 0.0]), solver=qb.Solver())
    assert tree_allclose(run.final, 2 - 2 * np.exp(-1.0), rtol=1e-7)
    assert int(run.steps) < 50


def _relax(pulse, times, **options):
    return integrate(
        lambda t, y: pulse.signal(t) - y,
        jnp.array(0.0),
        times,
        signals=(),
        save=lambda t, y: y,
        edges=pulse.edges(),
        **({"solver": qb.Solver(rtol=1e-11, atol=1e-13)} | options),
    )


@pytest.mark.parametrize("end", ["later", "with the pulse"])
def test_derivatives_through_the_edges(end):
    """y' = F − y from 0 in closed form, with respect to amplitude, start and duration; also
    where the run ends with the pulse."""
    together = end == "with the pulse"

    def exact(x):
        edges = x[1] + x[2] * jnp.array([0.0, 1 / 3, 2 / 3, 1.0])
        last = edges[-1] if together else 2.0
        parts = jnp.exp(edges[1:] - last) - jnp.exp(edges[:-1] - last)
        return jnp.sum(jnp.array([x[0], -0.5, 2.0]) * parts)

    def value(x):
        pulse = PiecewiseConstant(jnp.stack([x[0], -0.5, 2.0]), x[2], x[1])
        times = [0.0, pulse.start + pulse.duration] if together else [0.0, 2.0]
        run = _relax(pulse, jnp.stack(times), adjoint="forward", free_times="later")
        return run.saved[-1], run.final

    x = jnp.array([1.0, START, DURATION])
    for found in jax.jit(jax.jacfwd(value))(x):
        assert tree_allclose(found, jax.jit(jax.grad(exact))(x), rtol=1e-8)
    assert tree_allclose(value(x)[0], exact(x), rtol=1e-9)


def test_free_numbers():
    pulse = PiecewiseConstant(qb.free(STEPS, -3, 3), qb.free(DURATION, 0.5, 5), qb.free(0.1, 0, 1))
    us, rebuild = coordinates(pulse)
    assert tree_allclose(rebuild(us).edges(), resolve(pulse).edges(), rtol=1e-9)
    assert float(rebuild([us[0], us[1] + 0.1, us[2]]).edges()[-1]) > 0.1 + DURATION
    drawn = resolve(random_start(jax.random.key(0), pulse))
    assert 0.5 <= float(drawn.duration) <= 5
    bump = Function(Bump(qb.free(0.4, 0.1, 1.0)), DURATION)
    us, rebuild = coordinates(bump)
    slope = jax.jit(jax.grad(lambda u: rebuild([u]).signal(jnp.array(1.2))))(us[0])
    assert abs(float(slope)) > 1e-3


def test_functions_are_seen_inside_the_pulse_only():
    """√ has no finite derivative at the end: it must not come through the selection."""
    pulse = Function(lambda t: jnp.sqrt(1.0 - t), 1.0)
    assert float(jax.jit(jax.grad(pulse.signal))(jnp.array(2.0))) == 0.0
    assert tree_allclose(Function(lambda t: 2.0, 1.0).energy, 4.0, rtol=EXACT)


OF_DURATION = {
    "piecewise": lambda T: PiecewiseConstant(STEPS, T),
    "fourier": lambda T: Fourier(COSINES, T),
    "sampled": lambda T: Sampled(jnp.linspace(0.0, 1.0, 4) * T, VALUES),
    "function": lambda T: Function(Bump(0.4), T),
}


@pytest.mark.parametrize("kind", OF_DURATION)
def test_derivative_of_the_energy(kind):
    def energy(T):
        return OF_DURATION[kind](T).energy

    slope = jax.jit(jax.grad(energy))(DURATION)
    assert tree_allclose(slope, central_difference(jax.jit(energy), DURATION), rtol=GRADIENT)


@NAMES
@pytest.mark.parametrize("times", [[-1.0, START], [END, 3.0], [5.0, 6.0], [-2.0, -1.0]])
def test_times_must_overlap(name, times):
    pulse = PULSES[name][0]
    pulse.check_times(jnp.array([0.0, START + 0.1]))
    pulse.check_times(jnp.array([5.0]))
    with pytest.raises(ValueError, match=r"`times` must overlap the pulse, which lasts from"):
        pulse.check_times(jnp.array(times))


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: PiecewiseConstant([], 1.0), ValueError, "`amplitudes` must hold at least one"),
        (lambda: PiecewiseConstant(1.0, 1.0), ValueError, r"must have shape \(n,\)"),
        (lambda: PiecewiseConstant([1.0, jnp.nan], 1.0), ValueError, "must be finite"),
        (lambda: PiecewiseConstant([1.0], 0.0), ValueError, "`duration` must be greater than 0"),
        (lambda: PiecewiseConstant([1.0], 1j), TypeError, "`duration` must be real"),
        (lambda: PiecewiseConstant([1.0], 1.0, jnp.inf), ValueError, "`start` must be finite"),
        (lambda: PiecewiseConstant(["a"], 1.0), TypeError, "`amplitudes` must be made of numbers"),
        (
            lambda: PiecewiseConstant([1.0], qb.free(1.0)),
            ValueError,
            "`duration` must be free above",
        ),
        (lambda: Fourier([[1.0]], 1.0), ValueError, r"`coefficients` must have shape \(n,\)"),
        (lambda: Fourier([1.0], -1.0), ValueError, "`duration` must be greater than 0"),
        (lambda: Sampled([0.0, 0.0], [1.0, 1.0]), ValueError, "`times` must increase strictly"),
        (lambda: Sampled([0.0], [1.0]), ValueError, "`times` must hold at least two knots"),
        (lambda: Sampled([0.0, 1.0], [1.0]), ValueError, r"`amplitudes` must have shape \(2,\)"),
        (lambda: Function(3.0, 1.0), TypeError, "`function` must be callable"),
        (lambda: Function(float, 1.0), TypeError, "`function` must be traceable"),
        (lambda: Function(lambda t: t[0], 1.0), TypeError, "`function` must be traceable"),
        (lambda: Function(lambda t: jnp.ones(2), 1.0), ValueError, "must return a scalar"),
        (lambda: Function(lambda t: (t, t), 1.0), ValueError, "must return a scalar"),
        (lambda: Function(lambda t: t > 0, 1.0), TypeError, "a real or complex number of double"),
        (lambda: Function(jnp.sin, 0.0), ValueError, "`duration` must be greater than 0"),
        (lambda: Function(jnp.sin, 1.0, edges=[2.0]), ValueError, "`edges` must lie inside"),
        (lambda: Function(jnp.sin, 1.0, edges=[0.4, 0.2]), ValueError, "`edges` must increase"),
    ],
)
def test_bad_input(call, kind, words):
    with pytest.raises(kind, match=words):
        call()
