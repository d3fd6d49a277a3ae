"""Noise of a drive: its spectrum over many draws, against the definition."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

import qbjax as qb
from qbjax.dynamics.solve.integrate import integrate
from qbjax.interface import signals
from qbjax.protocols import Constant, Distorted, Filtered, Fourier, Noise, Noisy, PiecewiseConstant
from tests.helpers import EXACT, tree_allclose

LOW, HIGH, RMS, RATE = 0.05, 8.0, 0.3, 2.0
SPECTRA = {
    "white": (lambda key: Noise.power_law(key, RMS, LOW, HIGH, 0.0), lambda f: 1.0, LOW),
    "1/f": (lambda key: Noise.power_law(key, RMS, LOW, HIGH), lambda f: 1 / f, LOW),
    "steep": (lambda key: Noise.power_law(key, RMS, LOW, HIGH, 1.7), lambda f: f**-1.7, LOW),
    "relaxing": (
        lambda key: Noise.relaxing(key, RMS, RATE, HIGH, count=16),
        lambda f: 1 / (RATE**2 + (2 * np.pi * f) ** 2), 0.0,
    ),
}  # fmt: skip
DRAWS = 4000


@pytest.mark.parametrize("name", SPECTRA)
def test_covariance_over_draws(name):
    """⟨ξ(t)ξ(t + τ)⟩ = ∫S cos 2πfτ df, to within five standard errors; the mean is 0."""
    draw, spectrum, low = SPECTRA[name]
    keys = jax.random.split(jax.random.key(11), DRAWS)
    lags = np.array([0.0, 0.03, 0.2, 1.0, 7.0])
    values = jax.jit(jax.vmap(lambda key: jax.vmap(draw(key).signal)(3.3 + lags)))(keys)
    values = np.asarray(values)
    products = values[:, :1] * values
    total = quad(spectrum, low, HIGH, limit=200)[0]
    for lag, sample in zip(lags, products.T, strict=True):
        weighted = quad(spectrum, low, HIGH, weight="cos", wvar=2 * np.pi * lag, limit=200)
        expected = RMS**2 * weighted[0] / total
        error = sample.std() / np.sqrt(DRAWS)
        assert abs(sample.mean() - expected) < 5 * error, lag
        assert error < 0.03 * RMS**2
    assert np.all(np.abs(values.mean(axis=0)) < 5 * RMS / np.sqrt(DRAWS))


@pytest.mark.parametrize("name", SPECTRA)
def test_every_share_of_the_power_has_its_cosine(name):
    draw, spectrum, low = SPECTRA[name]
    noise = draw(jax.random.key(2))
    frequencies, count = np.asarray(noise.frequencies), noise.frequencies.size
    total = quad(spectrum, low, HIGH)[0]
    shares = np.array([quad(spectrum, low, f)[0] / total for f in frequencies])
    assert np.array_equal(np.floor(shares * count), np.arange(count))
    assert tree_allclose(jnp.sum(noise.amplitudes**2) / 2, RMS**2, rtol=EXACT)


def test_an_ornstein_uhlenbeck_process():
    """With all frequencies the covariance decays as exp(−Γτ)."""
    keys, lags = jax.random.split(jax.random.key(5), DRAWS), np.array([0.0, 0.2, 0.5, 1.0])

    @jax.jit
    def products(keys):
        noise = jax.vmap(lambda key: Noise.relaxing(key, RMS, RATE, 1e6, count=16))(keys)
        values = jax.vmap(lambda one: jax.vmap(one.signal)(lags))(noise)
        return values[:, :1] * values

    found = np.asarray(products(keys))
    error = found.std(axis=0) / np.sqrt(DRAWS)
    assert np.all(np.abs(found.mean(axis=0) - RMS**2 * np.exp(-RATE * lags)) < 5 * error)


def test_a_key_is_a_noise_and_all_numbers_may_be_traced():
    key = jax.random.key(7)

    @jax.jit
    def at(key, x):
        return Noise.power_law(key, x[0], x[1], x[2]).signal(2.2)

    x = jnp.array([RMS, LOW, HIGH])
    plain = Noise.power_law(key, RMS, LOW, HIGH)
    assert tree_allclose(at(key, x), plain.signal(2.2), rtol=1e-9)
    assert float(at(key, x)) != float(at(jax.random.key(8), x))
    slope = jax.jit(jax.grad(at, argnums=1))(key, x)
    assert tree_allclose(slope[0], plain.signal(2.2) / RMS, rtol=1e-9)
    close = Noise.power_law(key, RMS, LOW, HIGH, 1.0 + 1e-8)
    assert tree_allclose(close.frequencies, plain.frequencies, rtol=1e-7)


def test_noisy_pumps():
    hum = Noise([0.1, 0.2], [1.0, 0.25], [0.0, 0.0])
    pulse = PiecewiseConstant([2.0, 4.0], 2.0)
    wave = 0.1 * np.cos(np.pi) + 0.2 * np.cos(np.pi / 4)
    for relative, expected in ((True, 2.0 * (1 + wave)), (False, 2.0 + wave)):
        noisy = Noisy(pulse, hum, relative)
        assert tree_allclose(noisy.signal(0.5), expected, rtol=EXACT)
        assert tree_allclose(noisy.signal(9.0), 0.0 if relative else 0.1, rtol=EXACT, atol=EXACT)
        assert not noisy.is_complex
        assert np.array_equal(noisy.edges(), pulse.edges())
    assert float(Noisy(pulse, hum).peak) == pytest.approx(4.0 * 1.3)
    assert Noisy(Distorted(pulse, 1.0, 0.1), hum).is_complex
    answer = Filtered(Noisy(Constant(0.0), hum, False), 3.0, points=128)
    expected = sum(
        a * np.cos(2 * np.pi * f * 0.7 - np.arctan(2 * np.pi * f / 3.0))
        / np.sqrt(1 + (2 * np.pi * f / 3.0) ** 2)
        for a, f in ((0.1, 1.0), (0.2, 0.25))
    )  # fmt: skip
    assert tree_allclose(answer.signal(0.7), expected, rtol=1e-10)


@eqx.filter_jit
def collected(pump, times):
    """Solves y' = F from rest."""
    run = integrate(
        lambda t, y: pump.signal(t), jnp.zeros(()), times, signals=signals([pump], times),
        save=lambda t, y: y, edges=pump.edges(), solver=qb.Solver(),
    )  # fmt: skip
    return run.final, run.steps


def test_fast_noise_and_late_pulses_are_seen():
    """Of a thousand waves in a run, and of a short pulse late in a noisy one."""
    noise = Noise([1.0], [2.0], [-np.pi / 2])  # the integral of a sine over 500.25 of its waves
    found, steps = collected(Noisy(Constant(0.0), noise, False), jnp.array([0.0, 250.125]))
    assert tree_allclose(found, 1 / (4 * np.pi), rtol=1e-6)
    assert int(steps) < 25_000
    late = Noisy(Fourier([1.0, 0.2], 0.5, 240.0), Noise([0.1], [2.0], [0.0]))
    found, _ = collected(late, jnp.array([0.0, 250.125]))
    wave = np.linspace(0.0, 0.5, 20_001)
    signal = (1 + 0.2 * np.cos(2 * np.pi * wave)) * (1 + 0.1 * np.cos(4 * np.pi * wave))
    assert tree_allclose(found, np.trapezoid(signal, wave), rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda k: Noise.power_law(k, 0.1, 1.0, 0.5), "`high` must be above `low`=1"),
        (lambda k: Noise.power_law(k, 0.1, 0.0, 0.5), "`low` must be greater than 0"),
        (lambda k: Noise([1.0], [-1.0], [0.0]), "`frequencies` must be at least 0"),
        (lambda k: Noise([1.0], [1.0, 2.0], [0.0]), r"`frequencies` must have shape \(1,\)"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call(jax.random.key(0))
