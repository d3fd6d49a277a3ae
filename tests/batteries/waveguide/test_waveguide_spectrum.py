"""Bound states of the waveguide below the band: numbers computed elsewhere, and derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

from qbjax.batteries.waveguide._self_energy import self_energies
from qbjax.batteries.waveguide.spectrum import (
    bound_states,
    steady_energy_range,
    steady_ergotropy_range,
    threshold_distance,
    threshold_frequency,
)
from tests.helpers import central_difference, tree_allclose

DECAY = 0.5
SLOPES = 1e-7
"""Derivatives of roots against differences of roots."""

STATES = {
    (0.6, 0.1): (
        (0.34094302306724866, 0.3908801972763347),
        (0.5286244215461928, 0.48352181728254784),
    ),
    (1.4, 0.1): ((0.8072083002139652, 0.16883160667947472), None),
    (3.0, 0.1): ((0.9757851324893515, 0.01053393111597347), None),
    (2.8, 0.1): ((0.970962625, 0.013765822), None),
    (1.4, 0.5): (
        (0.8701388730886773, 0.13042665130593792),
        (0.9589183174945168, 0.14786858883288334),
    ),
    (1.4, 1.5): (
        (0.8998429128157687, 0.12606995872791615),
        (0.9050516443133629, 0.13505110158540437),
    ),
}
"""(E, Z) of the sectors + and −."""


@pytest.mark.parametrize(("frequency", "distance"), STATES)
def test_energies_and_residues(frequency, distance):
    states = bound_states(frequency, distance, DECAY)
    digits = 1e-8 if frequency == 2.8 else 1e-12
    for sector, expected in enumerate(STATES[frequency, distance]):
        assert bool(states.exists[sector]) == (expected is not None)
        energy, residue = expected or (1.0, 0.0)
        assert float(states.energies[sector]) == pytest.approx(energy, rel=digits)
        assert float(states.residues[sector]) == pytest.approx(residue, rel=digits)
        assert float(states.bindings[sector]) == pytest.approx(1 - energy, rel=digits * 100)


@pytest.mark.parametrize("decay", [0.01, 0.5, 3.0])
@pytest.mark.parametrize(("frequency", "distance"), [(0.05, 0.02), (0.9, 0.4), (1.05, 2.0)])
def test_they_solve_the_equation(frequency, distance, decay):
    """SciPy's root of E + S = ω₀, and the residue from the integral of J/(ω − E)²."""
    states = bound_states(frequency, distance, decay)
    for sector, sign in enumerate((1, -1)):
        if not states.exists[sector]:
            continue

        def missing(E, sign=sign):
            alone, cross = self_energies(E, distance, decay)
            return float(E - frequency + alone + sign * cross)

        E = brentq(missing, -1 + 1e-12, 1 - 1e-12, xtol=1e-15)
        assert float(states.energies[sector]) == pytest.approx(E, abs=2e-14)
        d = 2 * np.pi * distance

        def weight(u, E=E, sign=sign, d=d):
            return (1 + sign * np.cos(d * np.sinh(u))) / (np.cosh(u) - E) ** 2

        # Below the first thousand, then less than e^(−2u).
        slope = decay / (2 * np.pi) * quad(weight, 0, 14, limit=4000, epsabs=1e-9)[0]
        assert float(states.residues[sector]) == pytest.approx(0.5 / (1 + slope), rel=1e-7)


def test_anywhere():
    """Over the whole range: roots to rounding, measured by what a residue leaves of it."""
    draw = np.random.default_rng(0).uniform
    frequency, distance, decay = (10 ** draw(low, high, 500) for low, high in
                                  ((-3, np.log10(40)), (-4, 2), (-4, np.log10(3))))  # fmt: skip
    states = jax.vmap(bound_states)(frequency, distance, decay)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(states))
    assert (np.asarray(states.splitting) >= 0).all()
    assert np.asarray(states.residues).max() <= 0.5
    for sector, sign in enumerate((1, -1)):
        there, E = states.exists[:, sector], states.energies[:, sector]
        alone, cross = jax.vmap(self_energies)(jnp.where(there, E, 0.0), distance, decay)
        error = 2 * states.residues[:, sector] * (E - frequency + alone + sign * cross)
        np.testing.assert_allclose(error[there], 0.0, atol=1e-15)
        assert int(there.sum()) > 300


def test_thresholds():
    assert float(threshold_frequency(0.1, DECAY)) == pytest.approx(1.1117878467, abs=1e-10)
    assert float(threshold_distance(1.4, DECAY)) == pytest.approx(0.3003850141, abs=1e-10)
    assert np.isnan(float(threshold_distance(1.0, DECAY)))
    for distance, decay in ((1e-3, 0.1), (0.7, 3.0), (20.0, 0.5)):
        frequency = threshold_frequency(distance, decay)
        assert float(threshold_distance(frequency, decay)) == pytest.approx(distance, rel=1e-10)


def test_the_second_state_comes_with_a_kink():
    threshold = threshold_frequency(0.1, DECAY)
    delta, c = 1e-6, DECAY * (0.2 * np.pi) ** 2 / 4
    states = bound_states(threshold - delta, 0.1, DECAY)
    assert float(states.bindings[1]) == pytest.approx((delta / c) ** 2 / 2, rel=1e-3)
    assert float(states.residues[1]) == pytest.approx(delta / (2 * c**2), rel=1e-3)
    beyond = bound_states(threshold + delta, 0.1, DECAY)
    assert not bool(beyond.exists[1])
    assert float(beyond.residues[1]) == float(beyond.bindings[1]) == float(beyond.splitting) == 0


def test_zero_energy():
    """E_± = 0 at ω₀ = Γ(1 ± e^(−d))/4."""
    for sector, sign in enumerate((1, -1)):
        frequency = DECAY / 4 * (1 + sign * np.exp(-0.2 * np.pi))
        assert float(bound_states(frequency, 0.1, DECAY).energies[sector]) == pytest.approx(
            0.0, abs=1e-14
        )


def test_the_splitting_never_vanishes():
    assert float(bound_states(1.4, 1.7, DECAY).splitting) == pytest.approx(3.02e-3, abs=5e-6)
    distances = np.array([2.0, 2.9, 3.0, 5.0, 15.0])
    states = jax.vmap(lambda x: bound_states(1.4, x, DECAY))(distances)
    energies = np.asarray(states.energies)
    np.testing.assert_allclose(states.splitting, energies[:, 1] - energies[:, 0], atol=3e-16)
    # 2S₁/(1 + S′) of far emitters, that is Γe^(−κd) arccos(−E)/πκ · 2Z; E and Z of a lone one.
    E, Z = energies[-1, 0], float(states.residues[-1, 0])
    kappa = np.sqrt(1 - E * E)
    cross = DECAY / (2 * np.pi) * np.arccos(-E) / kappa * np.exp(-kappa * 30 * np.pi)
    assert float(states.splitting[-1]) == pytest.approx(4 * cross * Z, rel=1e-9)


@pytest.mark.parametrize(
    ("frequency", "distance", "most"),
    [(0.94316, 0.1, 0.57291), (1.0, 0.1, 0.566689), (1.0, 0.06455, 0.6), (1.0, 1e-7, 0.65921),
     (2.8, 0.1, 5.306e-4), (1.4, 8.0, 0.0947002), (1.4, 0.463544273, 0.3989)],
)  # fmt: skip
def test_the_most_energy(frequency, distance, most):
    low, high = steady_energy_range(frequency, distance, DECAY)
    assert float(high) == pytest.approx(most, rel=2e-4)
    assert 0 <= float(low) <= float(high)


@pytest.mark.parametrize(
    ("frequency", "distance", "most"),
    [(0.6, 0.1, 0.317495), (0.661161, 0.1, 0.3216320232), (0.564457, 0.3, 0.2680634595),
     (0.538265, 1.0, 0.2559826355), (1.4, 0.1, 0.0)],
)  # fmt: skip
def test_the_most_ergotropy(frequency, distance, most):
    low, high = steady_ergotropy_range(frequency, distance, DECAY)
    assert float(high) == pytest.approx(most, abs=1e-6 if frequency == 0.6 else 1e-10)
    assert float(low) == 0.0


def test_a_state_in_the_continuum_raises_the_range_only_if_counted():
    with_it = steady_energy_range(1.4, 0.463544273, DECAY)
    without = steady_energy_range(1.4, 0.463544273, DECAY, tolerance=0)
    assert float(without[1]) == pytest.approx(0.1068, abs=5e-5)
    assert float(with_it[1]) == pytest.approx(0.3989, abs=5e-5)


def numbers(point):
    """Everything a researcher differentiates, of (ω₀, x, Γ)."""
    states = bound_states(*point)
    ranges = jnp.stack([*steady_energy_range(*point), steady_ergotropy_range(*point)[1]])
    return jnp.concatenate(
        [states.energies, states.bindings, states.residues, states.splitting[None], ranges]
    )


VALUES, JACOBIAN = jax.jit(numbers), jax.jit(jax.jacfwd(numbers))


@pytest.mark.parametrize("point", [(0.66, 0.1, 0.5), (1.2, 0.35, 0.9), (0.9, 1.3, 0.4)])
def test_gradients(point):
    point = jnp.array(point)
    found = JACOBIAN(point)
    for i, direction in enumerate(np.eye(3)):
        expected = central_difference(VALUES, point, jnp.asarray(direction), step=2e-4)
        assert tree_allclose(found[:, i], expected, rtol=SLOPES)


@pytest.mark.slow
def test_second_derivatives_and_thresholds():
    def both(point):
        states = bound_states(*point)
        return jnp.sum(states.energies) + states.residues[1] + threshold_frequency(*point[1:])

    def thresholds(point):
        return threshold_frequency(*point[1:]) + threshold_distance(point[0] + 0.5, point[2])

    point, direction = jnp.array([0.9, 0.3, 0.5]), jnp.array([1.0, -0.3, 0.2])
    slope = jax.jit(jax.grad(both))
    bend = jax.jit(lambda p: jax.jvp(slope, (p,), (direction,))[1])
    expected = central_difference(slope, point, direction)
    assert tree_allclose(bend(point), expected, rtol=SLOPES)
    expected = central_difference(jax.jit(thresholds), point, direction)
    assert float(jax.grad(thresholds)(point) @ direction) == pytest.approx(expected, rel=SLOPES)


def test_finite_through_the_threshold_and_batched_equals_single():
    threshold = float(threshold_frequency(0.1, DECAY))
    around = threshold + np.array([-1e-3, -1e-9, -1e-15, 0.0, 1e-15, 1e-9, 1e-3, 8.0])
    points = jnp.stack([around, np.full(8, 0.1), np.full(8, DECAY)], axis=1)
    for point, value in zip(points, jax.vmap(numbers)(points)):
        assert np.isfinite(JACOBIAN(point)).all()
        assert tree_allclose(VALUES(point), value, rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0.0, 0.1, 0.5), "`frequency` must be greater than 0"),
        ((1.0, -0.1, 0.5), "`distance` must be greater than 0"),
        ((1.0, 0.1, 4.0), "`decay` must be greater than 0 and at most 3"),
        ((np.nan, 0.1, 0.5), "`frequency` must be finite"),
    ],
)
def test_bad_input(arguments, words):
    for function in (bound_states, steady_energy_range, steady_ergotropy_range):
        with pytest.raises(ValueError, match=words):
            function(*arguments)
    with pytest.raises(ValueError, match="`tolerance` must be at least 0"):
        steady_energy_range(1.0, 0.1, 0.5, tolerance=-1)
