"""Distorted pumps: gain, phase, offset, delay and jitter against closed forms."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.dynamics.solve.integrate import integrate
from qbjax.protocols import (
    Constant,
    Distorted,
    Distortion,
    Filtered,
    Fourier,
    Noise,
    PiecewiseConstant,
    Sampled,
    SwitchOff,
    coordinates,
)
from tests.helpers import EXACT, tree_allclose

STEPS, START, DURATION = np.array([1.0, -0.5, 2.0]), 0.3, 1.5
PULSE = PiecewiseConstant(STEPS, DURATION, START)
EDGES = START + DURATION * np.arange(4) / 3
JITTER = np.array([0.1, -0.2, 0.05, 0.3])
TIMES = np.array([0.2, 0.45, 0.6, 0.75, 1.0, 1.35, 1.6, 2.1, 2.3])


@eqx.filter_jit
def _seen(pump, times):
    return jax.vmap(pump.signal)(times)


@eqx.filter_jit
def knows(pump):
    """Edges, energy and peak of a pump, in one program."""
    return pump.edges(), pump.energy, pump.peak


def seen(pump, times=TIMES):
    return np.asarray(_seen(pump, np.resize(np.asarray(times, float), 9)))[: len(times)]


def steps_at(times, edges, values):
    """Values between edges, 0 outside."""
    padded = np.concatenate([[0.0], values, [0.0]])
    return padded[np.searchsorted(edges, times, side="right")]


def test_segments_keep_their_amplitudes_when_edges_move():
    edges = EDGES + 0.04 + JITTER
    pump = Distorted(PULSE, 1.1, 0.3, 0.2 - 0.1j, 0.04, JITTER)
    factor = 1.1 * np.exp(0.3j)
    expected = steps_at(TIMES, edges, factor * STEPS + 0.2 - 0.1j)
    assert pump.is_complex
    assert pump.is_piecewise_constant
    assert tree_allclose(seen(pump), expected, rtol=EXACT)
    squares = np.abs(factor * STEPS + 0.2 - 0.1j) ** 2
    expected = (edges, np.diff(edges) @ squares, np.sqrt(squares.max()))
    assert tree_allclose(knows(pump), expected, rtol=EXACT)


def test_what_is_left_out_changes_nothing():
    plain = Distorted(PULSE)
    assert not plain.is_complex
    assert np.array_equal(seen(plain), seen(PULSE))
    assert tree_allclose(knows(plain), knows(PULSE), rtol=EXACT)


def test_smooth_pulses_are_stretched_between_their_edges():
    wave = [0.3, -1.0, 0.2]
    pump = Distorted(Fourier(wave, 2.0), delay=0.1, jitter=[0.1, 0.4])
    times = np.linspace(0.21, 2.49, 7)
    place = (times - 0.2) * 2.0 / 2.3
    expected = sum(c * np.cos(k * np.pi * place / 2) for k, c in enumerate(wave))
    assert tree_allclose(seen(pump, times), expected, rtol=EXACT)
    square = 0.3**2 + (1.0 + 0.2**2) / 2
    assert tree_allclose(knows(pump)[1], 2.3 * square, rtol=EXACT)
    shifted = Distorted(Fourier(wave, 2.0), offset=0.5)
    _, energy, peak = knows(shifted)
    assert tree_allclose(energy, 2.0 * (square + 0.8**2 - 0.3**2), rtol=EXACT)
    assert tree_allclose(peak, 2.0, rtol=1e-6)
    assert seen(shifted, [-0.1, 2.1]).tolist() == [0.0, 0.0]
    knots = Distorted(Sampled([0.0, 1.0, 2.0], [0.0, 2.0, 0.0]), jitter=[0.0, 0.5, 0.0])
    assert tree_allclose(seen(knots, [0.75, 1.75]), np.array([1.0, 1.0]), rtol=EXACT)


def test_how_long_an_offset_lasts():
    late = Distorted(SwitchOff(2.0, 1.0), offset=0.5, delay=0.2, jitter=[0.1])
    assert seen(late, [0.0, 1.29, 1.31]).tolist() == [2.5, 2.5, 0.0]
    assert seen(Distorted(Constant(2.0), 1.0, 0, -0.5), [0.0, 9.0]).tolist() == [1.5, 1.5]
    assert float(Distorted(Constant(2.0), 1.0, 0, -0.5).peak) == 1.5
    assert np.isinf(Distorted(Constant(2.0)).energy)
    # behind a filter a pulse has no end
    assert seen(Distorted(Filtered(PULSE, 9.0), offset=0.5), [-9.0, 99.0]).tolist() == [0.5, 0.5]


def test_an_edge_takes_along_the_one_that_it_would_overtake():
    pump = Distorted(PULSE, jitter=[0.0, 0.7, 0.0, 0.0])
    edges = np.maximum.accumulate(EDGES + np.array([0.0, 0.7, 0.0, 0.0]))
    assert tree_allclose(knows(pump), (edges, 1.2 * 1.0 + 0.3 * 4.0, 2.0), rtol=EXACT)
    assert tree_allclose(seen(pump), steps_at(TIMES, edges, STEPS), rtol=EXACT)


@pytest.mark.parametrize("kind", ["segments", "switch-off"])
def test_no_rounding_takes_the_wrong_side(kind):
    """The signal in a loop agrees with edges computed outside, one double before and behind."""
    values = np.arange(1.0, 12.0) if kind == "segments" else np.array([3.0])

    @jax.jit
    def sides(scale, delay, draw):
        plain = (
            PiecewiseConstant(values, DURATION * scale, START)
            if kind == "segments"
            else SwitchOff(3.0, 1.1 * scale)
        )
        pump = Distorted(plain, delay=2.0 * delay, jitter=0.02 * draw)
        edges = pump.edges()
        before = jnp.nextafter(edges, jnp.full_like(edges, -jnp.inf))
        beyond = jnp.nextafter(edges, jnp.full_like(edges, jnp.inf))

        def body(i, found):
            places = (before[i], edges[i], beyond[i])
            return found.at[i].set(jnp.stack([pump.signal(t) for t in places]))

        return jax.lax.fori_loop(0, edges.size, body, jnp.zeros((edges.size, 3)))

    padded = np.r_[0.0, values, 0.0] if kind == "segments" else np.r_[values, 0.0]
    expected = np.stack([padded[:-1], padded[1:], padded[1:]], axis=1)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        scale, delay = rng.uniform(0.5, 9.0, 2)
        assert np.array_equal(sides(scale, delay, rng.normal(size=len(expected))), expected), seed


def test_derivatives_through_moved_edges():
    """y' = F − y in closed form, by gain, offset, delay and every jitter; steps land on edges."""

    def exact(x):
        edges = EDGES + x[2] + x[3:]
        parts = jnp.exp(edges[1:] - 3.0) - jnp.exp(edges[:-1] - 3.0)
        return jnp.sum((x[0] * STEPS + x[1]) * parts)

    def value(x):
        pump = Distorted(PULSE, x[0], 0, x[1], x[2], x[3:])
        run = integrate(
            lambda t, y: pump.signal(t) - y, jnp.zeros(()), jnp.array([0.0, 3.0]), signals=(),
            save=lambda t, y: y, edges=pump.edges(), adjoint="forward", free_times="later",
            solver=qb.Solver(rtol=1e-11, atol=1e-13),
        )  # fmt: skip
        return run.final, (run.final, run.steps)

    x = jnp.array([1.1, 0.2, 0.04, *JITTER])
    slopes, (found, steps) = jax.jit(jax.jacfwd(value, has_aux=True))(x)
    assert tree_allclose(found, exact(x), rtol=1e-9)
    assert tree_allclose(slopes, jax.jit(jax.grad(exact))(x), rtol=1e-8)
    assert int(steps) < 400


def test_free_numbers_and_recipes():
    free = Distorted(PULSE, qb.free(1.0, 0.5, 1.5), jitter=qb.free(JITTER, -1.0, 1.0))
    us, rebuild = coordinates(free)
    assert tree_allclose(rebuild(us).edges(), EDGES + JITTER, rtol=1e-9)
    hum = Noise([0.1], [1.0], [0.3])
    recipe = Distortion(1.1, 0, 0.2, 0.04, JITTER, hum, True, 5.0)
    played = recipe(PULSE)
    assert isinstance(played, Filtered)
    noisy = played.pump
    assert float(noisy.noise.phases[0]) == 0.3
    assert tree_allclose(
        seen(noisy.pump), seen(Distorted(PULSE, 1.1, 0, 0.2, 0.04, JITTER)), rtol=0
    )
    assert np.array_equal(seen(Distortion()(PULSE)), seen(PULSE))


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: Distorted(3.0), TypeError, "`pump` must be a pump protocol"),
        (lambda: Distorted(PULSE, 1j), TypeError, "`gain` must be real"),
        (lambda: Distorted(PULSE, jitter=[0.1]), ValueError, r"`jitter` must have shape \(4,\)"),
        (lambda: Distorted(Constant(1.0), jitter=[0.1]), ValueError, "`jitter` must be left out"),
        (lambda: Distortion(noise=0.1), TypeError, "`noise` must be of qb.protocols.Noise"),
        (lambda: Distortion(bandwidth=0.0), ValueError, "`bandwidth` must be greater than 0"),
        (lambda: Distortion()(1.0), TypeError, "`pump` must be a pump protocol"),
    ],
)
def test_bad_input(call, kind, words):
    with pytest.raises(kind, match=words):
        call()
