"""Pulses of a given energy under a peak: exact, smooth, and reachable by an optimiser."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import qbjax as qb
from qbjax.protocols import (
    BoundedFourier,
    Fourier,
    PiecewiseConstant,
    coordinates,
    random_start,
    resolve,
)
from tests.helpers import EXACT, central_difference, tree_allclose

PEAK, DURATION = 3.0, 4.0
UNIT = st.floats(0.05, 0.95)
SHAPES = st.lists(st.one_of(st.floats(-3.0, -0.01), st.floats(0.01, 3.0)), min_size=2, max_size=9)
GIVEN = jnp.array([0.4, -1.0, 2.5, 0.02, -2.9])


def pulse(amplitudes, energy, peak=PEAK):
    return PiecewiseConstant.with_energy(amplitudes, DURATION, energy=energy, peak=peak)


@given(shape=SHAPES, part=UNIT, peak=st.sampled_from([None, PEAK]))
def test_energy_peak_and_sign(shape, part, peak):
    energy = part * PEAK**2 * DURATION
    shape = np.array(shape)
    saturated = np.mean(np.abs(shape) == PEAK)
    assume(saturated < part)
    made = pulse(shape, energy, peak)
    assert tree_allclose(made.energy, energy, rtol=EXACT)
    assert np.array_equal(np.sign(made.amplitudes), np.sign(shape))
    if peak is not None:
        assert float(made.peak) <= peak
        order = np.argsort(np.abs(shape))
        assert np.all(np.diff(np.abs(np.asarray(made.amplitudes))[order]) >= -1e-12)


@given(shape=SHAPES, peak=st.sampled_from([None, PEAK]))
def test_what_is_feasible_stays(shape, peak):
    shape = np.array(shape)
    made = pulse(shape, np.mean(shape**2) * DURATION, peak)
    assert tree_allclose(made.amplitudes, shape, rtol=1e-13, atol=1e-13)


def test_the_flow_shifts_every_logit_alike():
    before, after = ((np.asarray(x) / PEAK) ** 2 for x in (GIVEN, pulse(GIVEN, 25.0).amplitudes))
    shifts = np.log(after / (1 - after)) - np.log(before / (1 - before))
    assert tree_allclose(shifts, np.full(5, shifts[0]), rtol=1e-10)
    assert shifts[0] > 0.1


def test_a_high_peak_only_scales():
    free, bounded = pulse(GIVEN, 25.0, None), pulse(GIVEN, 25.0, 1e6)
    assert tree_allclose(free.amplitudes, bounded.amplitudes, rtol=1e-10)


@pytest.mark.parametrize("peak", [None, PEAK])
def test_derivatives_of_the_map(peak):
    direction = jnp.array([0.3, -0.7, 0.2, 0.5, 0.1])

    def along(h):
        made = pulse(GIVEN + h * direction, 20.0 + h, peak)
        return jnp.sum(jnp.arange(1.0, 6.0) * made.amplitudes**3)

    slope = jax.jvp(along, (0.0,), (1.0,))[1]
    expected = central_difference(jax.jit(along), 0.0)
    assert tree_allclose(slope, expected, rtol=1e-7)
    assert tree_allclose(jax.jit(jax.grad(along))(0.0), slope, rtol=EXACT)
    second = jax.jit(jax.grad(jax.grad(along)))(0.0)
    assert tree_allclose(second, central_difference(jax.jit(jax.grad(along)), 0.0), rtol=1e-7)
    many = jax.jit(jax.vmap(along))(jnp.array([0.0, 0.1]))
    assert tree_allclose(many, jnp.stack([along(0.0), along(0.1)]), rtol=EXACT)


def test_zeros_and_the_peak_have_finite_derivatives():
    def total(a):
        return jnp.sum(pulse(a, 20.0).amplitudes ** 3)

    slopes = jax.jit(jax.grad(total))(jnp.array([0.0, 1.0, 2.0, PEAK]))
    assert bool(jnp.all(jnp.isfinite(slopes)))


def test_traced_amplitudes_beyond_the_peak_count_as_at_it():
    beyond = jax.jit(lambda a: pulse(a, 30.0).amplitudes)(jnp.array([5.0, 1.0, -1.0, 1.0]))
    assert tree_allclose(
        beyond, pulse(np.array([3.0, 1.0, -1.0, 1.0]), 30.0).amplitudes, rtol=EXACT
    )
    lost = jax.jit(lambda a: pulse(a, 30.0).amplitudes)(jnp.array([1.0, 0.0, 0.0, 0.0]))
    assert bool(jnp.all(jnp.isnan(lost)))


def test_all_at_the_peak():
    made = pulse(GIVEN, PEAK**2 * DURATION)
    assert np.asarray(made.amplitudes).tolist() == (PEAK * np.sign(GIVEN)).tolist()
    half = pulse([1.0, 0.0], PEAK**2 * DURATION / 2)
    assert tree_allclose(half.amplitudes, np.array([PEAK, 0.0]), rtol=EXACT)
    node = pulse(qb.free(GIVEN), PEAK**2 * DURATION)
    us, rebuild = coordinates(node)
    slope = jax.jit(jax.grad(lambda u: jnp.sum(rebuild([u]).amplitudes)))(us[0])
    assert slope.tolist() == [0.0] * 5


@given(
    u=st.lists(st.floats(-50.0, 50.0).filter(lambda x: abs(x) > 1e-6), min_size=5, max_size=5),
    part=UNIT,
    peak=st.sampled_from([None, PEAK]),
)
def test_every_coordinate_is_feasible(u, part, peak):
    energy = part * PEAK**2 * DURATION
    _, rebuild = coordinates(pulse(qb.free(GIVEN), energy, peak))
    made = rebuild([jnp.array(u)])
    assert tree_allclose(made.energy, energy, rtol=EXACT)
    assert peak is None or float(made.peak) <= peak


@pytest.mark.parametrize("peak", [None, PEAK])
def test_there_and_back(peak):
    free = pulse(qb.free(GIVEN), 20.0, peak)
    us, rebuild = coordinates(free)
    assert tree_allclose(resolve(free), pulse(GIVEN, 20.0, peak), rtol=EXACT)
    assert tree_allclose(rebuild(us), resolve(free), rtol=1e-10)


def test_a_start_at_the_peak_and_at_zero_can_move():
    us, rebuild = coordinates(pulse(qb.free(jnp.array([PEAK, 0.0])), 18.0))
    slopes = jnp.abs(jax.jacobian(lambda u: rebuild([u]).amplitudes)(us[0]))
    assert bool(jnp.all((jnp.max(slopes, axis=1) > 1e-3) & (jnp.max(slopes, axis=1) < 1e2)))


@pytest.mark.parametrize("make", [PiecewiseConstant, Fourier])
@pytest.mark.parametrize("peak", [None, PEAK])
def test_random_starts_are_feasible_and_differ(make, peak):
    start = make.with_energy(qb.free(GIVEN), DURATION, energy=12.0, peak=peak)
    drawn = [resolve(random_start(key, start)) for key in jax.random.split(jax.random.key(1), 5)]
    for made in drawn:
        assert tree_allclose(made.energy, 12.0, rtol=EXACT)
        assert peak is None or float(made.peak) <= peak
    assert len({float(made.signal(jnp.array(0.5))) for made in drawn}) == 5


def water_filling(weights, energy):
    """The maximum of Σ w a under energy and peak: a = min(peak, λw)."""
    low, high = 0.0, 1e3
    for _ in range(100):
        middle = (low + high) / 2
        a = np.minimum(PEAK, middle * weights)
        low, high = (middle, high) if np.mean(a**2) * DURATION < energy else (low, middle)
    return a


@pytest.mark.standard_promotion
@pytest.mark.parametrize("peak", [None, PEAK])
def test_maximize_fills_the_water(peak):
    weights = jnp.array([0.2, 1.0, 3.0, 0.5, 2.5])

    def objective(made):
        return jnp.sum(weights * made.amplitudes)

    best = qb.maximize(objective, pulse(qb.free(jnp.ones(5)), 18.0, peak), tolerance=1e-10)
    expected = np.asarray(weights * jnp.sqrt(18.0 / DURATION / jnp.mean(weights**2)))
    if peak is not None:
        expected = water_filling(np.asarray(weights), 18.0)
        assert np.sum(expected == PEAK) == 2
    assert best.converged
    assert tree_allclose(best.value, np.sum(np.asarray(weights) * expected), rtol=1e-8)
    assert tree_allclose(best.protocol.amplitudes, expected, rtol=1e-3)
    assert tree_allclose(best.protocol.energy, 18.0, rtol=EXACT)


@pytest.mark.standard_promotion
def test_maximize_over_a_bounded_series():
    """∫F dt at a given energy is largest for the constant."""

    def objective(made):
        times = (jnp.arange(200) + 0.5) / 200 * DURATION
        return jnp.mean(jax.vmap(made.signal)(times))

    start = Fourier.with_energy(qb.free(jnp.array([1.0, 1.0, -0.5])), 4.0, energy=16.0, peak=PEAK)
    best = qb.maximize(objective, start, tolerance=1e-9)
    assert tree_allclose(best.value, 2.0, rtol=1e-7)
    assert tree_allclose(best.protocol.energy, 16.0, rtol=EXACT)


def bounded(coefficients, shift, t):
    """The formula of `BoundedFourier`, in NumPy."""
    waves = np.cos(np.pi * np.outer(t / DURATION, np.arange(len(coefficients))))
    tangent = np.exp(shift) * np.tan(waves @ coefficients / PEAK)
    return PEAK * tangent / np.sqrt(1 + tangent**2) * np.sign(np.cos(waves @ coefficients / PEAK))


@pytest.mark.slow
@given(
    shape=st.lists(st.floats(-2.0, 2.0), min_size=2, max_size=5).filter(lambda c: max(c) > 0.1),
    part=st.floats(0.05, 0.6),
)
def test_a_bounded_series_by_independent_quadrature(shape, part):
    energy = part * PEAK**2 * DURATION
    made = Fourier.with_energy(shape, DURATION, energy=energy, peak=PEAK)
    assert isinstance(made, BoundedFourier)
    assert tree_allclose(made.energy, energy, rtol=EXACT)
    assert float(made.peak) <= PEAK
    coefficients, shift = (np.asarray(x) for x in made.series)
    x, weights = np.polynomial.legendre.leggauss(20)
    times = (DURATION / 128 * (1 + x) + DURATION / 64 * np.arange(64)[:, None]).ravel()
    found = DURATION / 128 * np.tile(weights, 64) @ bounded(coefficients, shift, times) ** 2
    assert tree_allclose(found, energy, rtol=10 * EXACT)
    signal = jax.jit(jax.vmap(made.signal))(jnp.asarray(times[::100]))
    assert tree_allclose(signal, bounded(coefficients, shift, times[::100]), rtol=1e-10)


def test_a_bounded_series_is_the_series_under_a_high_peak_and_stays_if_feasible():
    free = Fourier.with_energy(GIVEN, DURATION, energy=5.0)
    bounded = Fourier.with_energy(GIVEN, DURATION, energy=5.0, peak=1e5)
    times = jnp.linspace(-0.5, 4.5, 41)
    assert tree_allclose(
        jax.jit(jax.vmap(free.signal))(times), jax.jit(jax.vmap(bounded.signal))(times), rtol=1e-8
    )
    again = Fourier.with_energy(
        GIVEN, DURATION, energy=BoundedFourier((GIVEN, 0.0), 4.0, 3.0).energy, peak=3.0
    )
    assert abs(again.series[1]) < 1e-12


def test_derivatives_of_a_bounded_series():
    def along(h):
        coefficients = GIVEN + h * jnp.array([0.3, -0.7, 0.2, 0.5, 0.1])
        made = Fourier.with_energy(coefficients, DURATION + h, energy=14.0 - h, peak=PEAK)
        return made.signal(jnp.array(1.3)) + made.signal(jnp.array(3.1)) ** 2

    slope = jax.jvp(along, (0.0,), (1.0,))[1]
    assert tree_allclose(slope, central_difference(jax.jit(along), 0.0), rtol=1e-7)
    assert tree_allclose(jax.jit(jax.grad(along))(0.0), slope, rtol=1e-10)


def test_a_series_all_at_the_peak_is_constant():
    made = Fourier.with_energy([-1.0, 0.3], DURATION, energy=PEAK**2 * DURATION, peak=PEAK)
    assert tree_allclose(made.signal(jnp.array(2.0)), -PEAK, rtol=EXACT)


def series(coefficients, energy, **options):
    return Fourier.with_energy(coefficients, DURATION, energy=energy, **options)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: pulse(GIVEN, 36.1), ValueError, r"`energy` must be at most 36 = peak²·duration"),
        (lambda: series(GIVEN, 36.1, peak=PEAK), ValueError, r"at most 36 = .*, but is 36.1"),
        (lambda: jax.jit(lambda a: pulse(a, 36.1).energy)(GIVEN), ValueError, "at most 36 = peak"),
        (lambda: pulse([1.0, 0.0], 20.0), ValueError, "must be at most 18, the largest feasible"),
        (lambda: pulse([1.0, 3.0], 17.0), ValueError, "must be at least 18, since an amplitude"),
        (lambda: pulse(GIVEN, 0.0), ValueError, "`energy` must be greater than 0"),
        (lambda: pulse(GIVEN, -1.0), ValueError, "`energy` must be greater than 0"),
        (lambda: pulse([0.0, 0.0], 1.0, None), ValueError, "all zero.* largest feasible energy"),
        (lambda: pulse([0.0, 0.0], 1.0), ValueError, "`amplitudes` must not be all zero"),
        (lambda: series([0.0, 0.0], 1.0), ValueError, "`coefficients` must not be all zero"),
        (
            lambda: pulse([1.0, -3.5], 1.0),
            ValueError,
            "within the peak 3, but one has the size 3.5",
        ),
        (lambda: pulse(GIVEN, 1.0, 0.0), ValueError, "`peak` must be greater than 0"),
        (lambda: pulse(GIVEN, jnp.nan), ValueError, "`energy` must be finite"),
        (lambda: pulse([[1.0]], 1.0), ValueError, r"`amplitudes` must have shape \(n,\)"),
        (lambda: pulse([1j], 1.0), TypeError, "`amplitudes` must be real"),
        (lambda: pulse(qb.free(GIVEN, -3, 3), 1.0), ValueError, "for `peak` bounds them, but"),
        (lambda: pulse(GIVEN, qb.free(1.0)), TypeError, "`energy` must be a plain number"),
        (lambda: series([0.0, 1.0], 35.99, peak=PEAK), ValueError, "farther below the largest"),
    ],
)
def test_bad_input(call, kind, words):
    with pytest.raises(kind, match=words):
        call()
