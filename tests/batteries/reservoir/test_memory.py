"""Amplitudes with memory: exact solutions, the table of the waveguide, orders, gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import expm

from qbjax.batteries.reservoir import _memory as memory
from qbjax.batteries.reservoir import _weights as memory_weights
from qbjax.batteries.reservoir._panels import pieces
from tests import waveguide_kernels
from tests.helpers import EXACT, GRADIENT, REFERENCE, central_difference, tree_allclose

ONE = jnp.array([1.0 + 0j, 0.0])
TIMES = np.array([0.0, 0.7, 5.0, 10.0, 20.0])

# Amplitudes at t = 5, 10, 20 and Γ = 1/2, from the integral along the branch cut with residues;
# a discretised waveguide agrees to 8e-9.
TABLE = {
    (0.6, 0.1): (
        [
            -0.4270318329078611 - 0.6335431429365626j,
            -0.09539466356562287 + 0.5156285542282586j,
            0.13309574054311188 + 0.2433995336805377j,
        ],
        [
            0.4180243587424471 - 0.16961421083712794j,
            -0.6219765731737912 - 0.2977652493900002j,
            0.5309344861782671 - 0.6384610784677318j,
        ],
    ),
    (3.0, 0.1): (
        [
            -0.5171506667614606 - 0.2519107599588292j,
            0.1929274576234148 + 0.1663319820914832j,
            0.12284743894284317 - 0.06088753112459971j,
        ],
        [
            -0.18083593924205177 + 0.24844531014856536j,
            0.33026174720061574 - 0.15302200274517558j,
            0.20073068868934757 + 0.02480246953472772j,
        ],
    ),
    (1.4, 1.5): (
        [
            0.12676603325718017 - 0.06510282697441813j,
            -0.30001444210339523 - 0.16077635755948597j,
            0.1712570458508083 + 0.20278595894444051j,
        ],
        [
            2.7947980199560796e-06 + 0.00000023284174829885096j,
            0.008045598679278093 + 0.007892452407086276j,
            -0.31107655790006994 + 0.12111498149564154j,
        ],
    ),
}


@pytest.fixture(scope="module")
def guide():
    """The weights of two emitters a tenth of a wavelength apart."""
    response = waveguide_kernels.response(0.2 * np.pi, 0.5, TIMES[-1])
    return memory_weights.pair(response, memory_weights.mesh(response, 1.0), TIMES)


def exponential(rate):
    """R of the kernel exp(−rate·t), up to t = 6."""
    return pieces(lambda t: np.exp(-rate * t)[None], np.array([0.0, 6.0]), 1e-14).integral()


def solved(weights, frequencies, mixing, initial=ONE):
    return memory.amplitudes(weights, jnp.asarray(frequencies), jnp.asarray(mixing), initial)


@pytest.mark.parametrize(
    "case",
    [pytest.param(c, marks=pytest.mark.slow) if c != (0.6, 0.1) else c for c in TABLE],
    ids=str,
)
def test_the_waveguide_to_ten_digits(case):
    frequency, x = case
    response = waveguide_kernels.response(2 * np.pi * x, 0.5, TIMES[-1])
    weights = memory_weights.pair(response, memory_weights.mesh(response, 1.0), TIMES)
    run = solved(weights, [frequency] * 2, waveguide_kernels.mixing())
    assert np.abs(run.values[2:].T - np.array(TABLE[case])).max() < 1e-10
    assert tree_allclose(run.values[0], ONE, rtol=EXACT)
    error = np.abs(run.values[2:].T - np.array(TABLE[case])).max(axis=0)
    assert np.all(error <= run.error[2:] + EXACT)


@pytest.mark.slow
def test_an_exponential_memory_is_a_damped_mode():
    """One mode of frequency ν and decay 2λ, with unequal emitters and couplings."""
    rate, frequencies, g = 0.3 + 1.1j, np.array([0.8, 1.3]), np.array([0.6, -0.4])
    times = np.array([0.0, 0.5, 6.0])
    weights = memory_weights.pair(exponential(rate), np.linspace(0, 6, 7), times)
    run = solved(weights, frequencies, np.outer(g, g)[None])
    H = np.diag([*(-1j * frequencies), -rate])
    H[:2, 2], H[2, :2] = -g, g
    exact = np.array([expm(H * t)[:2, 0] for t in times])
    assert tree_allclose(run.values, exact, rtol=1e-11)  # rounding of ten-point rules


def test_no_memory_is_free_motion():
    nothing = pieces(lambda t: 0j * t[None], np.array([0.0, 6.0]), 1e-14)
    times = np.array([0.0, 1.5, 6.0])
    weights = memory_weights.pair(nothing, np.linspace(0, 6, 7), times)
    run = solved(weights, [1.0, 0.3], np.ones((1, 2, 2)), jnp.array([0.6, 0.8j]))
    exact = np.exp(-1j * np.outer(times, [1.0, 0.3])) * [0.6, 0.8j]
    assert tree_allclose(run.values, exact, rtol=1e-11)


@pytest.mark.slow
def test_halving_the_step_divides_the_error_by_its_order():
    """Smooth kernel: order ten or better, of the rough run eight."""
    rate, times = 0.5 + 3j, np.array([6.0])
    mode = np.array([[-3.0j, -1], [1, -rate]])
    exact = expm(mode * times[0])[0, 0]
    errors = []
    for elements in (3, 6):
        edges = np.linspace(0, 6, elements + 1)
        run = solved(
            memory_weights.pair(exponential(rate), edges, times), [3.0], np.ones((1, 1, 1)), ONE[:1]
        )
        errors.append((abs(run.values[0, 0] - exact), run.error[0]))
    (coarse, told), (fine, _) = errors
    assert fine < 1e-6
    assert coarse / fine > 2**9
    assert coarse < told


def test_weights_are_exact_moments():
    """∫ log-kernel · polynomial in closed form, at a time inside the mesh and at its end."""
    log = pieces(lambda t: np.log(t)[None] + 0j, np.array([0.0, 2.0]), 1e-14).integral()
    times = np.array([0.5, 2.0])
    weights = memory_weights.weights(log, np.array([0.0, 1.0, 2.0]), times, 4)
    x = (np.polynomial.legendre.leggauss(4)[0] + 1) / 2
    nodes = np.concatenate([x, x + 1])
    t = 2.0  # R = t log t − t, and ∫₀^t R(t−τ) τ dτ = t³(6 log t − 5)/36 − t³/6
    expected = t**3 * (6 * np.log(t) - 5) / 36 - t**3 / 6
    assert abs(weights.last[1, 1] @ nodes - expected) < EXACT
    assert abs(weights.last[0, 0] @ nodes - 0.125) < EXACT


def test_pieces_follow_a_logarithm_in_the_middle_and_say_when_they_cannot():
    def function(t):
        return np.log(np.abs(t - 0.3))[None] + 0j

    found = pieces(function, np.array([0.0, 1.0]), 1e-13)
    t = np.array([0.1, 0.29, 0.7, 1.0])
    exact = (t - 0.3) * np.log(np.abs(t - 0.3)) - t + 0.3 * np.log(0.3)
    assert np.abs(found.integral()(t)[0] - exact).max() < EXACT
    assert found.defect <= 1e-13
    assert pieces(function, np.array([0.0, 1.0]), 1e-13, most=4).defect > 1e-3


def test_gradients_match_differences(guide):
    """With respect to frequencies and the strength of the kernel, in both modes."""
    mixing = jnp.asarray(waveguide_kernels.mixing())

    def stored(x):
        run = memory.amplitudes(guide, x[:2], x[2] * mixing, ONE)
        return jnp.sum(jnp.abs(run.values[2:, 1]) ** 2)

    x, direction = jnp.array([0.9, 1.1, 1.0]), jnp.array([0.3, -0.5, 0.2])
    expected = central_difference(jax.jit(stored), x, direction)
    assert tree_allclose(jax.jit(jax.grad(stored))(x) @ direction, expected, rtol=GRADIENT)
    assert tree_allclose(jax.jvp(stored, (x,), (direction,))[1], expected, rtol=GRADIENT)


@pytest.mark.slow
def test_weights_may_be_differentiated(guide):
    """The last column of the kernel is linear in its strength: scaling weights or mixing agree."""
    mixing = jnp.asarray(waveguide_kernels.mixing())
    start = jax.tree.map(jnp.asarray, guide)

    def by_weights(s):
        scaled = jax.tree.map(lambda w: w.at[:].multiply(1.0), start)
        rows = scaled.fine.rows.at[:, 1:].multiply(s)
        last = scaled.fine.last.at[1:].multiply(s)
        fine = memory_weights.Weights(rows, last, scaled.fine.times)
        total = jnp.concatenate([1j * jnp.diag(jnp.full(2, 1.2))[None], mixing.astype(complex)])
        return jnp.abs(memory.solve(fine, total, ONE)[-1, 1]) ** 2

    def by_mixing(s):
        run = memory.amplitudes(guide, jnp.full(2, 1.2), s * mixing, ONE)
        return jnp.abs(run.values[-1, 1]) ** 2

    one = jnp.asarray(1.0)
    assert tree_allclose(
        jax.jit(jax.grad(by_weights))(one), jax.jit(jax.grad(by_mixing))(one), rtol=REFERENCE
    )


def test_batches_equal_loops_and_nan_stays_alone(guide):
    mixing = jnp.asarray(waveguide_kernels.mixing())
    some = jnp.array([0.7, 1.4, jnp.nan])
    batch = jax.jit(jax.vmap(lambda w: memory.amplitudes(guide, jnp.full(2, w), mixing, ONE)))(some)
    single = memory.amplitudes(guide, jnp.full(2, 1.4), mixing, ONE)
    assert tree_allclose(batch.values[1], single.values, rtol=EXACT)
    assert np.isfinite(batch.values[:2]).all()
    assert np.isnan(batch.values[2]).any()
