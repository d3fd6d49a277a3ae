"""Closed forms of a two-level system against the general merits and against an integrated
Lindblad equation."""

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given

import qbjax as qb
from qbjax.algebra import operators
from qbjax.dynamics.generator.lindblad import Generator
from qbjax.dynamics.generator.structure import Structure
from qbjax.dynamics.solve.integrate import integrate
from qbjax.merit import two_level
from tests.helpers import EXACT, GRADIENT, REFERENCE, central_difference, tree_allclose

STATES = {
    "below": (0.3, 0.2 - 0.1j),
    "above": (0.8, 0.1 + 0.25j),
    "half": (0.5, 0.2j),
    "pure": (0.2, 0.4),
    "diagonal below": (0.1, 0.0),
    "diagonal above": (0.9, 0.0),
    "mixed": (0.5, 0.0),
    "ground": (0.0, 0.0),
    "excited": (1.0, 0.0),
}
FREQUENCY = 1.7


def matrix(p, c):
    return np.array([[1 - p, c], [np.conj(c), p]])


def assert_merits(p, c):
    rho, levels = matrix(p, c), np.array([0.0, FREQUENCY])
    pairs = {
        "energy": (two_level.energy(p, FREQUENCY), qb.merit.energy),
        "passive": (two_level.passive_energy(p, c, FREQUENCY), qb.merit.passive_energy),
        "ergotropy": (two_level.ergotropy(p, c, FREQUENCY), qb.merit.ergotropy),
        "coherent": (two_level.coherent_ergotropy(p, c, FREQUENCY), qb.merit.coherent_ergotropy),
        "incoherent": (two_level.incoherent_ergotropy(p, FREQUENCY), qb.merit.incoherent_ergotropy),
    }
    for name, (actual, merit) in pairs.items():
        assert tree_allclose(actual, merit(rho, levels), rtol=EXACT), name
    spectrum = qb.algebra.spectral.eigenvalues(rho)
    assert tree_allclose(two_level.eigenvalues(p, c), spectrum, rtol=EXACT)


@pytest.mark.parametrize("name", STATES)
def test_the_merits_are_the_general_ones(name):
    assert_merits(*STATES[name])


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 6))
def test_the_merits_of_any_state(p, part, angle):
    assert_merits(p, part * np.sqrt(p * (1 - p)) * np.exp(1j * angle))


@pytest.mark.parametrize(("p", "c"), [(0.3, 1e-9), (0.7, 1e-9j)])
def test_a_faint_coherence_keeps_its_digits(p, c):
    expected = abs(c) ** 2 / abs(2 * p - 1)
    assert tree_allclose(two_level.coherent_ergotropy(p, c), expected, rtol=EXACT, atol=0)


DECAY, TIMES = 0.6, np.array([0.0, 0.7, 2.5])


@jax.jit
def integrated(rho):
    """The Lindblad equation's states at three times."""
    lower = operators.sigma_minus()
    structure = Structure([lower.T @ lower], [lower])
    generator = Generator(structure, jnp.array([FREQUENCY]), jnp.array([DECAY]))
    return integrate(
        lambda t, y: generator(y),
        generator.blocks(rho),
        jnp.asarray(TIMES),
        signals=(),
        save=lambda t, y: generator.density_matrix(y),
        solver=qb.Solver(rtol=1e-11, atol=1e-13),
    ).saved


@pytest.mark.parametrize("name", ["below", "above", "pure"])
def test_damping_is_the_lindblad_equation(name):
    p, c = STATES[name]
    for t, rho in zip(TIMES, integrated(matrix(p, c).astype(complex)), strict=True):
        later = two_level.damped(p, c, t, DECAY, FREQUENCY)
        assert tree_allclose(later, (rho[1, 1].real, rho[0, 1]), rtol=REFERENCE)


def test_the_damped_coherent_part_on_both_sides_of_one_half():
    """Eq. (D28), with the absolute value, from p = 0.9 down through 1/2."""
    p, c, decay = 0.9, 0.3, 1.0
    for t in (0.1, float(np.log(1.8)), 2.0):
        left = p * np.exp(-decay * t)
        z = 2 * left - 1
        expected = (np.sqrt(z**2 + 4 * c**2 * np.exp(-decay * t)) - abs(z)) / 2
        later = two_level.damped(p, c, t, decay, 0)
        assert tree_allclose(two_level.coherent_ergotropy(*later), expected, rtol=EXACT)


@jax.jit
def work(x):
    return two_level.ergotropy(x[0], jax.lax.complex(x[1], x[2]), FREQUENCY)


slope_of_work = jax.jit(jax.grad(work))


@pytest.mark.parametrize("name", ["below", "above", "half", "pure"])
def test_gradients_are_differences(name):
    p, c = STATES[name]
    at = jnp.array([p, np.real(c), np.imag(c)])
    # Pure states cannot be moved in all directions and stay states: inwards only.
    directions = [jnp.array([0.0, -1.0, 0.0])] if name == "pure" else list(jnp.eye(3))
    for direction in directions:
        numeric = central_difference(work, at, direction)
        assert tree_allclose(slope_of_work(at) @ direction, numeric, rtol=GRADIENT)


@jax.jit
def slopes_of_both(p, x, y):
    """Of the ergotropy and the eigenvalues, by population and coherence."""

    def both(p, x, y):
        c = jax.lax.complex(x, y)
        return two_level.ergotropy(p, c), two_level.eigenvalues(p, c)

    return jax.jacrev(both, argnums=(0, 1, 2))(p, x, y)


@pytest.mark.parametrize("name", STATES)
def test_gradients_are_finite_everywhere(name):
    p, c = STATES[name]
    slopes = slopes_of_both(float(p), float(np.real(c)), float(np.imag(c)))
    assert all(bool(jnp.all(jnp.isfinite(x))) for x in jax.tree.leaves(slopes))


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: two_level.energy(1.2), ValueError, "`excited_population` must be at least 0 and"),
        (
            lambda: two_level.ergotropy(0.2, 0.5),
            ValueError,
            r"at most sqrt\(p \(1 - p\)\) = 0.4 in",
        ),
        (lambda: two_level.energy(0.2, -1.0), ValueError, "`frequency` must be at least 0"),
        (lambda: two_level.energy(0.2j), TypeError, "`excited_population` must be real"),
        (lambda: two_level.damped(0.5, 0.1, -1.0, 1.0), ValueError, "`time` must be at least 0"),
        (lambda: two_level.damped(0.5, 0.1, 1.0, -1.0), ValueError, "`decay` must be at least 0"),
        (
            lambda: two_level.eigenvalues(0.5, np.ones(2)),
            ValueError,
            "`coherence` must be a single",
        ),
    ],
)
def test_bad_input(call, kind, words):
    with pytest.raises(kind, match=words):
        call()
