"""States in the continuum of the waveguide: designs, decay beside them, ageing."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

import qbjax as qb
from qbjax.batteries.waveguide._ageing import ageing_free_time
from qbjax.batteries.waveguide._self_energy import self_energies, spectral_densities
from qbjax.batteries.waveguide.continuum import (
    continuum_design,
    continuum_distance,
    continuum_states,
    designed,
)
from qbjax.batteries.waveguide.spectrum import bound_states
from tests.helpers import central_difference

DECAY = 0.5


@pytest.mark.parametrize("order", [1, 2, 3, 8])
@pytest.mark.parametrize("distance", [0.2, 1.0, 6.0])
def test_a_design_is_dark_and_in_resonance(order, distance):
    frequency = continuum_design(order, distance, DECAY)
    sector, sign = (0, 1) if order % 2 else (1, -1)
    states = continuum_states(frequency, distance, DECAY)
    assert bool(states.exists[sector])
    assert int(states.orders[sector]) == order
    energy = np.sqrt(1 + (order / 2 / distance) ** 2)
    assert float(states.energies[sector]) == pytest.approx(energy, rel=1e-12)
    assert float(states.rates[sector]) == pytest.approx(0.0, abs=1e-25)
    alone, cross = spectral_densities(energy, distance, DECAY)
    assert float(alone + sign * cross) == pytest.approx(0.0, abs=1e-13)
    alone, cross = self_energies(energy, distance, DECAY)
    assert float(energy + alone + sign * cross) == pytest.approx(float(frequency), rel=1e-12)
    back = continuum_distance(order, frequency, DECAY)
    assert float(back) == pytest.approx(distance, rel=1e-10)


def test_numbers_of_the_first_design():
    assert float(continuum_distance(1, 1.4, DECAY)) == pytest.approx(0.463544273, abs=1e-9)
    states = continuum_states(1.4, 0.463544273, DECAY)
    assert states.exists.tolist() == [True, False]
    assert float(states.residues[0]) == pytest.approx(0.257678, abs=1e-6)
    assert np.isnan(float(continuum_distance(1, 1 - DECAY / 2 / np.pi, DECAY)))


def test_the_residue_is_an_integral():
    """½/(1 + ∫J₊/(ω − ω_*)²): the density's zero is double."""
    x = 0.463544273
    k = 0.5 / x
    energy = np.sqrt(1 + k * k)

    def integrand(q):
        omega = np.sqrt(1 + q * q)
        # (ω − ω_*)² = (q² − k²)²/(ω + ω_*)²
        return (
            (1 + np.cos(2 * np.pi * x * q)) * (omega + energy) ** 2 / omega / (q * q - k * k) ** 2
        )

    edges = [0.0, k - 1e-4, k + 1e-4, 5.0, 50.0, 2000.0]
    how = {"limit": 2000, "epsabs": 1e-10}
    pairs = [(a, b) for a, b in itertools.pairwise(edges) if not a < k < b]
    pieces = [quad(integrand, a, b, **how)[0] for a, b in pairs]
    # Where it is 0/0 it is smooth.
    pieces.append(2e-4 * (integrand(k - 1e-4) + integrand(k + 1e-4)) / 2)
    residue = 0.5 / (1 + DECAY / (2 * np.pi) * sum(pieces))
    found = continuum_states(1.4, x, DECAY).residues[0]
    # The tail beyond 2000 is 1/2/2000².
    assert float(found) == pytest.approx(residue, rel=1e-6)


def test_the_rate_grows_with_the_square_of_the_detuning():
    x = 0.463544273
    frequency = continuum_design(1, x, DECAY)
    k, d = 0.5 / x, 2 * np.pi * x
    residue = float(continuum_states(frequency, x, DECAY).residues[0])
    for detuning in (1e-5, -1e-5, 1e-3):
        states = continuum_states(frequency + detuning, x, DECAY)
        assert float(states.detunings[0]) == pytest.approx(detuning, rel=1e-9)
        rule = 4 * residue**3 * DECAY * d**2 * (1 + k * k) / k**3 * detuning**2
        assert float(states.rates[0]) == pytest.approx(rule, rel=5 * abs(detuning) / 1e-3 * 1e-2)


@pytest.mark.slow
def test_beside_any_design_its_pole_is_found():
    draw = np.random.default_rng(1).uniform
    distance, decay = 10 ** draw(-1.5, 1.3, 300), 10 ** draw(-2, np.log10(3), 300)
    order = np.random.default_rng(2).integers(1, 9, 300).astype(float)
    frequency, residue = jax.vmap(designed)(order, distance, decay)
    d, k = 2 * np.pi * distance, order / 2 / distance
    detuning = np.sqrt(1e-6 * k**3 / (4 * residue**3 * decay * d**2 * (1 + k * k)))
    keep = np.asarray(frequency - detuning > 0)
    states = jax.vmap(continuum_states)(frequency + detuning, distance, decay)
    sector = (1 - order % 2).astype(int)
    rates = np.asarray(states.rates)[np.arange(300), sector][keep]
    same = (np.asarray(states.orders)[np.arange(300), sector] == order)[keep]
    assert same.mean() > 0.9  # At low frequencies designs lie closer than that.
    # The next order in the detuning, where d is long and Γ is large.
    np.testing.assert_allclose(rates[same], 1e-6, rtol=0.1)


@pytest.mark.parametrize(("distance", "sector"), [(0.5, 0), (1.0, 1)])
def test_the_pole_is_seen_in_the_amplitudes(distance, sector):
    """What a bound state leaves of a_± decays at γ/2."""
    times = np.linspace(300.0, 500.0, 3)
    c1, c2 = qb.batteries.Waveguide(1.4, distance, DECAY).amplitudes(times)
    amplitude = np.asarray(c1 + c2 if sector == 0 else c1 - c2)
    below = bound_states(1.4, distance, DECAY)
    energy, residue = float(below.energies[sector]), float(below.residues[sector])
    rest = amplitude - 2 * residue * np.exp(-1j * energy * times)
    seen = -2 * np.log(np.abs(rest[1:] / rest[:-1])) / np.diff(times)
    rate = float(continuum_states(1.4, distance, DECAY).rates[sector])
    # A power of the time, from the band edge, lies over the exponential.
    np.testing.assert_allclose(seen, rate, rtol=0.02)
    assert 8e-4 < rate / 2 < 10e-4


def test_gradients():
    point, direction = jnp.array([1.4, 0.47, DECAY]), jnp.array([0.3, -0.1, 0.5])

    def of(point):
        states = continuum_states(*point)
        both = (states.detunings[0], states.energies[0], states.rates[0], states.residues[0])
        return jnp.stack([*both, continuum_distance(3, point[0], point[2])])

    _, found = jax.jvp(jax.jit(of), (point,), (direction,))
    expected = central_difference(jax.jit(of), point, direction, step=1e-4)
    np.testing.assert_allclose(found, expected, rtol=1e-7)


def test_everywhere_finite_designs():
    frequencies, distances = np.meshgrid([0.05, 0.9, 1.0, 1.4, 6.0], [0.01, 0.3, 2.0, 20.0])
    states = jax.vmap(lambda w, x: continuum_states(w, x, DECAY))(
        jnp.asarray(frequencies.ravel()), jnp.asarray(distances.ravel())
    )
    assert np.isfinite(states.detunings).all()
    assert ((states.residues > 0) & (states.residues < 0.5)).all()
    assert (states.orders[:, 0] % 2 == 1).all()
    assert (states.orders[:, 1] % 2 == 0).all()
    assert not states.exists.any()
    rates = np.asarray(states.rates)
    assert (rates[np.isfinite(rates)] >= 0).all()


def test_ageing():
    """Infinite below the band and on a design; else until Ze^(−γt/2) has lost the difference."""
    assert np.isinf(float(ageing_free_time(0.66, 0.1, DECAY)))
    design = continuum_distance(1, 1.4, DECAY)
    assert float(ageing_free_time(1.4, design, DECAY)) > 1e15
    below = float(jnp.sum(bound_states(1.4, 0.5, DECAY).residues))
    states = continuum_states(1.4, 0.5, DECAY)
    Z, rate = float(states.residues[0]), float(states.rates[0])
    for fraction in (0.9, 0.5):
        t = float(ageing_free_time(1.4, 0.5, DECAY, fraction))
        left = (below + Z * np.exp(-rate * t / 2)) ** 2
        assert left / (below + Z) ** 2 == pytest.approx(fraction, rel=1e-10)
    # What the states below the band keep alone is never lost.
    kept = (below / (below + Z)) ** 2
    assert np.isinf(float(ageing_free_time(1.4, 0.5, DECAY, 0.99 * kept)))
    assert np.isinf(float(ageing_free_time(1.4, 0.5, DECAY, narrow=0.001)))


def test_ageing_of_two_states_at_once():
    wide = ageing_free_time(1.4, 1.5, DECAY, 0.9, narrow=0.1)
    below = float(jnp.sum(bound_states(1.4, 1.5, DECAY).residues))
    states = continuum_states(1.4, 1.5, DECAY)
    ageing = np.asarray(states.residues * jnp.exp(-states.rates * wide / 2)).sum()
    whole = below + float(jnp.sum(states.residues))
    assert ((below + ageing) / whole) ** 2 == pytest.approx(0.9, rel=1e-10)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: continuum_design(0, 0.1, 0.5), "`order` must be at least 1"),
        (lambda: continuum_distance(1, -1.0, 0.5), "`frequency` must be greater than 0"),
        (lambda: continuum_states(1.4, 0.1, 0.5, -1.0), "`tolerance` must be at least 0"),
        (lambda: ageing_free_time(1.4, 0.1, 0.5, 1.0), "`fraction` must be greater than 0"),
        (lambda: ageing_free_time(1.4, 0.1, 0.5, narrow=-1), "`narrow` must be at least 0"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()
