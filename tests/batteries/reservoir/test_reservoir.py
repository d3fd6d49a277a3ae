"""Emitters in a reservoir of any spectral density."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries.reservoir import _response as reservoir_memory
from qbjax.batteries.reservoir._density import Density
from tests.batteries.reservoir.test_memory import TABLE
from tests.helpers import EXACT, GRADIENT, REFERENCE, central_difference, tree_allclose
from tests.waveguide_chain import chain_amplitudes, chain_field

EVERYWHERE = (-np.inf, np.inf)
LOSS = 0.3
TIMES = np.array([0.0, 1.0, 3.0, 8.0])


def lorentzian(w):
    """One lossy mode of frequency 1: f(t) = exp(−(i + LOSS)t)."""
    return LOSS / np.pi / ((w - 1) ** 2 + LOSS**2)


def guide(distance, decay=0.5):
    """The waveguide's spectral densities as a matrix, distance in wavelengths."""

    def J(w):
        k = jnp.sqrt((w - 1) * (w + 1))
        cross = jnp.cos(2 * jnp.pi * distance * k)
        return decay / (2 * jnp.pi * k) * jnp.array([[1.0, cross], [cross, 1.0]])

    return J


def rabi(strength, t):
    """Amplitude of an emitter on resonance with the lossy mode."""
    root = np.sqrt(complex(LOSS**2 - 4 * strength**2))
    return np.exp(-LOSS * t / 2) * (np.cosh(root * t / 2) + LOSS / root * np.sinh(root * t / 2))


def test_a_lossy_mode_damps_rabi_oscillations():
    battery = qb.batteries.Reservoir(lorentzian, [1.0], [0.7], band=EVERYWHERE)
    run = qb.charge(battery, None, TIMES)
    assert tree_allclose(run.populations[:, 0], np.abs(rabi(0.7, TIMES)) ** 2, rtol=REFERENCE)
    assert int(run.status) == 0
    assert np.all(run.amplitude_error < REFERENCE)


def test_two_emitters_share_the_bright_mode():
    """c = (bright ± dark)/2, and every observable by its definition; the run may start late."""
    battery = qb.batteries.Reservoir(lorentzian, [1.0, 1.0], [2.0, 2.0], band=EVERYWHERE)
    run = qb.charge(battery, None, TIMES + 2)
    bright = rabi(2.0 * np.sqrt(2), TIMES)
    p1, p2 = np.abs(bright + 1) ** 2 / 4, np.abs(bright - 1) ** 2 / 4
    assert tree_allclose(run.populations, np.stack([p1, p2], axis=1), rtol=REFERENCE)
    assert tree_allclose(run.field_population, 1 - p1 - p2, rtol=REFERENCE)
    assert tree_allclose(run.energy, p2, rtol=REFERENCE)
    work = np.maximum(2 * p2 - 1, 0)
    assert work.max() > 0.1
    assert tree_allclose(run.ergotropy, work, rtol=REFERENCE)
    assert tree_allclose(run.incoherent_ergotropy, work, rtol=REFERENCE)
    assert not np.any(run.coherent_ergotropy)
    assert tree_allclose(run.purity, p2**2 + (1 - p2) ** 2, rtol=REFERENCE)
    assert np.isnan(run.charging_power[0])
    assert np.isnan(run.ergotropic_power[0])
    assert tree_allclose(run.charging_power[1:], p2[1:] / TIMES[1:], rtol=REFERENCE)
    assert tree_allclose(run.ergotropic_power[1:], work[1:] / TIMES[1:], rtol=REFERENCE)
    cell = battery.cell(run.final_state)
    assert tree_allclose(cell, np.diag([1 - p2[-1], p2[-1]]).astype(complex), rtol=REFERENCE)
    assert np.allclose(qb.merit.ergotropy(cell, battery.cell_hamiltonian), work[-1])


def test_excited_and_cell_are_chosen():
    """Three emitters: the roles swap, the physics is symmetric."""
    w, g = [0.9, 1.2, 1.0], [0.5, 0.4, 0.3]
    one = qb.batteries.Reservoir(lorentzian, w, g, band=EVERYWHERE, excited=2, cell=0)
    two = qb.batteries.Reservoir(lorentzian, w[::-1], g[::-1], band=EVERYWHERE)
    there, back = qb.charge(one, None, TIMES), qb.charge(two, None, TIMES)
    assert tree_allclose(there.energy, back.energy, rtol=EXACT, atol=1e-11)
    assert tree_allclose(there.populations[0], np.array([0.0, 0.0, 1.0]), rtol=EXACT)


@pytest.mark.parametrize(
    "case", [(0.6, 0.1), pytest.param((1.4, 1.5), marks=pytest.mark.slow)], ids=str
)
def test_the_waveguide_as_a_matrix(case):
    frequency, distance = case
    battery = qb.batteries.Reservoir(guide(distance), [frequency] * 2, [1.0, 1.0], band=(1, np.inf))
    run = qb.charge(battery, None, np.array([0.0, 5.0, 10.0, 20.0]))
    expected = np.abs(np.array(TABLE[case])).T ** 2
    assert np.abs(run.populations[1:] - expected).max() < 1e-9
    assert np.all(run.amplitude_error < 1e-8)


def test_unequal_frequencies_and_the_norm_against_a_chain_of_modes():
    """Weights are made once, for all frequencies."""
    times = np.array([0.0, 4.0, 5.0])
    battery = qb.batteries.Reservoir(
        guide(0.2), [0.8, 1.1], [1.0, 1.0], band=(1, np.inf), step=1.0
    ).prepared(times)
    run = qb.charge(battery, None, times)
    c = np.array(chain_amplitudes((0.8, 1.1), 0.2, 0.5, times[1:]))
    assert np.abs(run.populations[1:] - np.abs(c.T) ** 2).max() < 1e-8
    equal = eqx.tree_at(lambda b: b.frequencies, battery, jnp.array([1.1, 1.1]))
    assert equal.prepared(times) is equal
    run = qb.charge(equal, None, times)
    assert np.abs(run.field_population[1:] - chain_field(1.1, 0.2, 0.5, times[1:])).max() < 2e-6


@pytest.mark.slow
@pytest.mark.parametrize("case", [(0.6, 0.1), (3.0, 0.1)], ids=str)
def test_the_chain_is_the_table(case):
    """The reference of the test above, against the branch cut; and its form for two
    frequencies, where LAPACK's errors are 1e-16 of the fastest mode, times t."""
    found = np.array(chain_amplitudes(case[0], case[1], 0.5, [5.0, 10.0, 20.0]))
    assert np.abs(found - np.array(TABLE[case])).max() < REFERENCE
    found = np.array(chain_amplitudes((case[0], case[0] + 1e-12), case[1], 0.5, [5.0]))
    assert np.abs(found[:, 0] - np.array(TABLE[case])[:, 0]).max() < 5e-9


def test_a_density_may_overflow_where_it_is_over():
    """Heat: ω³/(e^ω − 1) with math.exp, which gives up at ω = 710."""

    def J(w):
        return 0.01 * w**3 / (math.exp(w) - 1)

    run = qb.charge(qb.batteries.Reservoir(J, [1.0], [1.0]), None, TIMES)
    cut = qb.batteries.Reservoir(J, [1.0], [1.0], band=(0.0, 60.0))
    assert tree_allclose(run.populations, qb.charge(cut, None, TIMES).populations, rtol=REFERENCE)
    assert run.populations[-1, 0] < 0.9


def test_gradients_match_differences():
    """Of the stored energy, with respect to frequencies and couplings."""

    def stored(x):
        battery = qb.batteries.Reservoir(lorentzian, x[:2], x[2:], band=EVERYWHERE, step=1.0)
        return jnp.sum(qb.charge(battery, None, TIMES).energy)

    x, direction = jnp.array([0.9, 1.1, 0.6, 0.5]), jnp.array([0.3, -0.5, 0.4, 0.2])
    expected = central_difference(stored, x, direction)
    assert tree_allclose(jax.jit(jax.grad(stored))(x) @ direction, expected, rtol=GRADIENT)


def test_a_mesh_too_coarse_is_marked():
    battery = qb.batteries.Reservoir(lorentzian, [40.0], [0.5], band=EVERYWHERE, step=1.0)
    with pytest.warns(qb.dynamics.BreakdownWarning):
        run = qb.charge(battery, None, TIMES)
    assert int(run.status) == 3
    assert np.isnan(run.energy[-1])
    assert run.amplitude_error[-1] > 1e-4
    fine = qb.charge(battery.refined().refined().refined().refined(), None, TIMES)
    assert int(fine.status) == 0


def test_a_point_that_is_not_finite_spoils_no_other():
    def charged(frequency):
        battery = qb.batteries.Reservoir(lorentzian, [frequency], [0.5], band=EVERYWHERE, step=1.0)
        return qb.charge(battery, None, TIMES)

    assert jax.vmap(charged)(jnp.array([1.0, jnp.nan])).status.tolist() == [0, 2]


def test_saved_states_and_single_times():
    battery = qb.batteries.Reservoir(lorentzian, [1.0, 1.0], [0.5, 0.5], band=EVERYWHERE)
    run = qb.charge(battery, None, TIMES, save=lambda t, s: jnp.real(battery.cell(s)[1, 1]))
    assert tree_allclose(run.saved, run.energy, rtol=EXACT)
    alone = qb.charge(battery, None, [3.0])
    assert tree_allclose(alone.populations, np.array([[1.0, 0.0]]), rtol=EXACT)


def test_no_run_is_continued():
    battery = qb.batteries.Reservoir(lorentzian, [1.0, 1.0], [0.5, 0.5], band=EVERYWHERE)
    run = qb.charge(battery, None, TIMES[:2])
    with pytest.raises(TypeError, match="memory cannot be cut"):
        qb.store(battery, run.final_state, TIMES)
    with pytest.raises(ValueError, match="Argument `initial` must be left out for a reservoir"):
        qb.charge(battery, None, TIMES, initial=run.final_state)
    with pytest.raises(TypeError, match="Argument `battery` must have a cell"):
        qb.discharge(battery, run.final_state, qb.loads.TwoLevel(1.0), TIMES)


@pytest.mark.parametrize(
    ("J", "message"),
    [
        (lambda w: float("nan") if w > 2 else 1.0, r"`J` must be finite, but is nan at ω = "),
        (lambda w: 1 / 0.0, r"`J` must be finite, but is nan at ω = "),
        (lambda w: -1.0, r"`J` must not be negative, but is -1.0 at ω = "),
        (lambda w: 1j * w, r"`J` must be real, but is "),
        (lambda w: jnp.array([[1.0, 2.0], [2.0, 1.0]]), "`J` must have no negative eigenvalue"),
        (lambda w: np.array([[1.0, 0.5], [0.0, 1.0]]), "`J` must be symmetric"),
        pytest.param(
            lambda w: 1.0 + np.sin(3e6 * w), "`J` must be resolved", marks=pytest.mark.slow
        ),
    ],
)
def test_bad_densities_are_named(J, message):
    battery = qb.batteries.Reservoir(J, [1.0, 1.0], [0.1, 0.1], band=(0, 5))
    with pytest.raises(ValueError, match=message):
        qb.charge(battery, None, TIMES)


def test_a_density_that_does_not_fall_is_refused():
    battery = qb.batteries.Reservoir(lambda w: 1.0, [1.0], [0.1])
    with pytest.raises(ValueError, match="give `band` ends"):
        qb.charge(battery, None, TIMES)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"J": 3.0}, TypeError, "`J` must be callable"),
        ({"J": lambda w: np.ones(3)}, ValueError, r"`J` must return a number or a matrix \(2, 2\)"),
        ({"frequencies": [-1.0, 1.0]}, ValueError, "`frequencies` must be at least 0"),
        ({"couplings": [1.0]}, ValueError, r"`couplings` must have shape \(2,\)"),
        ({"band": (2.0, 1.0)}, ValueError, "`band` must ascend"),
        ({"excited": 2}, ValueError, "`excited` must be at least 0 and at most 1"),
        ({"cell": -1}, ValueError, "`cell` must be at least 0"),
        ({"step": 0.0}, ValueError, "`step` must be greater than 0"),
    ],
)
def test_bad_arguments(arguments, error, message):
    given = {"J": lorentzian, "frequencies": [1.0, 1.0], "couplings": [1.0, 1.0]} | arguments
    with pytest.raises(error, match=f"Argument {message}"):
        qb.batteries.Reservoir(**given)


def test_times_and_traces_are_refused_early():
    battery = qb.batteries.Reservoir(lorentzian, [1.0], [0.5], band=EVERYWHERE)
    with pytest.raises(TypeError, match="`protocol` must be None"):
        qb.charge(battery, qb.protocols.Constant(1.0), TIMES)
    with pytest.raises(ValueError, match="`times` must increase strictly"):
        qb.charge(battery, None, [0.0, 2.0, 1.0])
    with pytest.raises(TypeError, match="`times` must be known before compilation"):
        jax.jit(lambda t: qb.charge(battery, None, t).energy)(jnp.asarray(TIMES))
    with pytest.raises(TypeError, match="`step` must be given where frequencies or couplings"):
        jax.jit(
            jax.grad(
                lambda w: qb.charge(
                    qb.batteries.Reservoir(lorentzian, w[None], [0.5], band=EVERYWHERE), None, TIMES
                ).energy[-1]
            )
        )(jnp.asarray(1.0))
    many = qb.batteries.Reservoir(lorentzian, [1.0], [0.5], band=EVERYWHERE, step=1e-3)
    with pytest.raises(ValueError, match="`times` must span little enough"):
        qb.charge(many, None, TIMES)


def test_equal_elements_of_a_matrix_are_one_shape():
    density = Density(guide(0.1), 2, 1.5)
    kept, alike = reservoir_memory.shapes(density, np.array([1.1, 2.0, 7.0]))
    assert kept == [(0, 0), (1, 0)]
    assert alike == [[(0, 0), (1, 1)], [(1, 0)]]
    g = jnp.array([2.0, 3.0])
    mixing = reservoir_memory.mixing(reservoir_memory.patterns(alike, 2), g)
    assert mixing.tolist() == [[[4.0, 0.0], [0.0, 9.0]], [[0.0, 6.0], [6.0, 0.0]]]
    assert reservoir_memory.mixing(reservoir_memory.patterns([[]], 2), g).tolist() == [
        [[4.0, 6.0], [6.0, 9.0]]
    ]


def test_an_emitter_below_a_band_edge_stays_excited():
    """One emitter below an inverse-root edge: a bound state keeps Z² of it for ever."""
    decay, frequency = 0.5, 0.5

    def J(w):
        return decay / (2 * np.pi * np.sqrt((w - 1) * (w + 1)))

    def shift(E):
        return decay / (2 * np.pi) * np.arccos(-E) / np.sqrt(1 - E**2)

    E = frequency
    for _ in range(60):
        E = frequency - shift(E)
    slope = (shift(E + 1e-5) - shift(E - 1e-5)) / 2e-5
    battery = qb.batteries.Reservoir(J, [frequency], [1.0], band=(1, np.inf))
    run = qb.charge(battery, None, np.array([0.0, 60.0]))
    # The continuum leaves as t^(−3/2).
    assert abs(run.populations[-1, 0] - 1 / (1 + slope) ** 2) < 5e-3
    assert run.amplitude_error[-1] < 1e-8
