"""Self-energies of the waveguide against SciPy's quadrature, and the approximation without
memory."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from qbjax.batteries.waveguide._markov import markov_amplitudes, markov_rates
from qbjax.batteries.waveguide._self_energy import (
    STRONGEST_DECAY,
    evanescent,
    fading,
    gap_sectors,
    self_energies,
    spectral_densities,
)
from tests.helpers import EXACT, central_difference, tree_allclose

DECAY = 0.5
CAUCHY = 1e-10
"""SciPy's principal values are no better."""

MARKOV = {
    (0.6, 0.1): (0.4462145012557413, 0.9884284804993254, 0.045750477748480546, 0.695264967867105),
    (1.4, 0.1): (0.1662061668215252, 0.10081422925959163, 0.03837421165481166, 1.8216336e-09),
    (3.0, 0.1): (0.104208802048777, 0.1316201960482793, 0.026542460355305244, 1.5486441e-13),
    (1.4, 0.5): (0.21187183172263577, 0.24460201233778922, 0.244900231960836, 0.2035546643922622),
    (1.4, 1.5): (
        0.20580112587102087,
        0.22625383244314223,
        0.20789121229157198,
        0.03951526875236037,
    ),
}
"""|c₂|² at t = 5, 10, 20, 200, computed elsewhere."""


def below_the_band(E, x):
    """S₁ with its sign function, whose last digits are lost near E = 0."""
    d, kappa = 2 * np.pi * x, np.sqrt(1 - E * E)

    def integrand(v):
        return np.exp(-d * np.cosh(v)) / (np.sinh(v) ** 2 + E * E)

    ends = {"points": sorted({abs(E), 0.1, 0.5, 1.0, 3.0}), "limit": 500, "epsabs": 1e-15}
    M = quad(integrand, 0, 20, epsrel=1e-13, **ends)[0]
    edge = np.pi / (2 * kappa) * (1 + np.sign(E)) * np.exp(-kappa * d)
    return DECAY / (2 * np.pi) * (edge - E * M)


def by_definition(E, x):
    """∫J₁/(ω − E) over k, where dω/k = dk/ω; the principal value in the band."""
    d, pole = 2 * np.pi * x, np.sqrt(max(E * E - 1, 0.0))

    def far(k):
        omega = np.sqrt(1 + k * k)
        return DECAY / (2 * np.pi) / omega / (omega - E)

    def near(k):
        omega = np.sqrt(1 + k * k)
        return DECAY / (2 * np.pi) * np.cos(k * d) * (omega + E) / omega / (k + pole)

    inner = quad(near, 0, 2 * pole, weight="cauchy", wvar=pole, limit=400)[0] if pole else 0.0
    wave = {"weight": "cos", "wvar": d, "limit": 800, "limlst": 800, "epsabs": 1e-13}
    return inner + quad(far, 2 * pole, np.inf, **wave)[0]


@pytest.mark.parametrize("x", [1e-3, 0.1, 1.0])
@pytest.mark.parametrize("E", [-0.9, -0.3, -0.05, 0.05, 0.5, 0.9])
def test_below_the_band(E, x):
    alone, cross = self_energies(E, x, DECAY)
    assert float(alone) == pytest.approx(
        DECAY / (2 * np.pi) * np.arccos(-E) / np.sqrt(1 - E * E), rel=EXACT
    )
    assert float(cross) == pytest.approx(below_the_band(E, x), abs=1e-15)


@pytest.mark.parametrize("x", [0.1, 1.0])
@pytest.mark.parametrize("E", [0.3, 1.05, 1.4, 3.0])
def test_by_definition(E, x):
    assert float(self_energies(E, x, DECAY)[1]) == pytest.approx(by_definition(E, x), abs=CAUCHY)


def test_at_energy_zero_there_is_a_closed_form_and_no_step():
    for x in (1e-3, 0.1, 2.0):
        expected = DECAY / 4 * np.exp(-2 * np.pi * x)
        assert float(self_energies(0.0, x, DECAY)[1]) == pytest.approx(expected, rel=EXACT)
    cross = jax.jit(lambda E: self_energies(E, 0.1, DECAY)[1])
    slope = jax.jit(jax.grad(cross))
    assert float(slope(0.0)) == pytest.approx(float(central_difference(cross, 0.0)), rel=1e-9)
    bend = central_difference(slope, 0.0)
    assert float(jax.grad(slope)(0.0)) == pytest.approx(float(bend), rel=1e-9)


def test_sectors_are_sums_and_differences_and_finite_at_the_edge():
    angle, x = jnp.asarray(0.7), jnp.asarray(0.3)
    alone, cross = self_energies(jnp.cos(angle), x, DECAY)
    sectors = gap_sectors(angle, x, jnp.asarray(DECAY))
    assert tree_allclose(sectors, (jnp.sin(angle) * (alone + cross), alone - cross), rtol=EXACT)
    near = gap_sectors(jnp.asarray(1e-9), x, jnp.asarray(DECAY))
    at = gap_sectors(jnp.asarray(0.0), x, jnp.asarray(DECAY))
    assert tree_allclose(near, at, rtol=1e-8)
    assert float(at[0]) == pytest.approx(DECAY, rel=EXACT)


def test_densities_are_the_imaginary_part():
    assert [float(J) for J in spectral_densities(1.0, 0.1, DECAY)] == [0.0, 0.0]
    alone, cross = spectral_densities(1.4, 0.1, DECAY)
    k = np.sqrt(1.4**2 - 1)
    assert float(alone) == pytest.approx(DECAY / (2 * np.pi) / k, rel=EXACT)
    assert float(cross) == pytest.approx(float(alone) * np.cos(0.2 * np.pi * k), rel=EXACT)


def test_the_edge_is_nan_and_its_neighbours_have_finite_slopes():
    assert np.isnan([float(S) for S in self_energies(1.0, 0.1, DECAY)]).all()
    slopes = jax.vmap(jax.grad(lambda E: self_energies(E, 0.1, DECAY)[1]))
    energies = np.array([-0.99, 0.0, 0.999999, 1.000001, 30.0])
    assert np.isfinite(slopes(energies)).all()


def test_evanescent_part_of_a_complex_energy():
    """It is analytic: its derivative does not depend on the direction."""
    x, omega = jnp.asarray(0.3 + 0j), 1.4 - 0.2j
    along, across = (
        central_difference(lambda w: evanescent(jnp.asarray(w), x), omega, way) for way in (1.0, 1j)
    )
    assert complex(across) == pytest.approx(1j * complex(along), rel=1e-9)


def test_fading_keeps_its_derivatives_at_zero():
    value, slope, bend = fading, jax.grad(fading), jax.grad(jax.grad(fading))
    zero = jnp.asarray(0.0)
    assert [float(f(zero)) for f in (value, slope, bend)] == pytest.approx([1, -1 / 2, 1 / 3])
    x = np.array([1e-12, 1e-6, 0.3, 0.999999, 1.000001, 40.0, 1e9])
    assert tree_allclose(jax.vmap(fading)(x), -np.expm1(-x) / x, rtol=1e-14)


@pytest.mark.parametrize(("frequency", "distance"), MARKOV)
def test_markov_amplitudes(frequency, distance):
    times = [5.0, 10.0, 20.0, 200.0]
    c1, c2 = markov_amplitudes(frequency, distance, DECAY, times)
    expected = np.array(MARKOV[frequency, distance])
    np.testing.assert_allclose(np.abs(c2) ** 2, expected, rtol=1e-7, atol=1e-16)
    if frequency < 1:
        np.testing.assert_allclose(np.abs(c1) ** 2 + np.abs(c2) ** 2, 1.0, rtol=EXACT)


def test_markov_rates():
    """Nothing is damped below the band; in it one combination is not where the wave fits."""
    assert all(abs(complex(rate).real) == 0 for rate in markov_rates(0.7, 0.1, DECAY))
    assert np.isnan([abs(complex(rate)) for rate in markov_rates(1.0, 0.1, DECAY)]).all()
    fitting = 0.5 / np.sqrt(1.4**2 - 1)
    alone, cross = markov_rates(1.4, fitting, DECAY)
    assert complex(alone + cross).real == pytest.approx(0.0, abs=1e-15)
    c1, c2 = markov_amplitudes(1.4, fitting, DECAY, [1e4])
    assert [abs(complex(c[0])) for c in (c1, c2)] == pytest.approx([0.5, 0.5], rel=1e-9)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((-1.0, 0.1, 0.5), "`energy` must be greater than -1"),
        ((0.5, 0.0, 0.5), "`distance` must be greater than 0"),
        ((0.5, 0.1, -0.5), "`decay` must be greater than 0 and at most 3"),
        ((0.5, 0.1, 1.1 * STRONGEST_DECAY), "`decay` must be greater than 0 and at most 3"),
    ],
)
def test_bad_input(arguments, words):
    with pytest.raises(ValueError, match=words):
        self_energies(*arguments)
