"""Quadratures, squeezing, coherence, parity: closed forms, definitions, derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip as qt

from qbjax import merit
from qbjax.algebra import states
from tests.helpers import EXACT, GRADIENT, central_difference, random_state, tree_allclose
from tests.systems import light

SQUEEZE = 0.4


def squeezed(phase=0.0, levels=60):
    """A squeezed vacuum: Var p is e^{-2r}/2 at phase 0."""
    n = np.arange(levels // 2)
    ratio = np.sqrt((2 * n[1:] - 1) / (2 * n[1:])) * np.tanh(SQUEEZE) * np.exp(2j * phase)
    even = np.cumprod(np.concatenate([[1.0], ratio]))
    ket = np.zeros(levels, complex)
    ket[::2] = even / np.linalg.norm(even)
    return np.outer(ket, ket.conj())


@pytest.mark.parametrize("phase", [0.0, 0.3])
def test_squeezed_light(phase):
    rho = squeezed(phase)
    for angle, exponent in ((phase, 2), (phase + np.pi / 2, -2)):
        expected = np.exp(exponent * SQUEEZE) / 2
        assert tree_allclose(merit.quadrature_variance(rho, angle), expected, rtol=1e-10)
    assert tree_allclose(merit.squeezing(rho), -20 * SQUEEZE * np.log10(np.e), rtol=1e-9)
    assert tree_allclose(merit.parity(rho), 1.0, rtol=EXACT)
    assert tree_allclose(merit.g2(rho), 3 + 1 / np.sinh(SQUEEZE) ** 2, rtol=1e-9)


def test_coherent_and_thermal_light():
    laser = states.density(states.coherent(60, 1.5 - 0.8j))
    assert tree_allclose(merit.quadrature_variance(laser, 0.7), 0.5, rtol=1e-10)
    assert tree_allclose(merit.squeezing(laser), 0.0, rtol=1e-9)
    assert tree_allclose(merit.g2(laser), 1.0, rtol=1e-10)
    assert tree_allclose(merit.parity(laser), np.exp(-2 * 2.89), rtol=1e-9)
    lamp = states.thermal(200, 0.8)
    assert tree_allclose(merit.g2(lamp), 2.0, rtol=1e-10)
    assert tree_allclose(merit.squeezing(lamp), 10 * np.log10(2.6), rtol=1e-10)
    assert np.isnan(merit.g2(np.diag([1.0, 0.0])))


def test_any_state_by_its_definitions():
    rho = random_state(4, 6)
    expected = light(rho)
    assert tree_allclose(merit.quadrature_variance(rho), expected["x_variance"], rtol=EXACT)
    across = merit.quadrature_variance(rho, np.pi / 2)
    assert tree_allclose(across, expected["p_variance"], rtol=EXACT)
    for name in ("squeezing", "g2", "parity"):
        assert tree_allclose(getattr(merit, name)(rho), expected[name], rtol=1e-11), name
    x = (qt.destroy(7) * np.exp(-0.4j) + qt.create(7) * np.exp(0.4j)) / np.sqrt(2)
    variance = qt.variance(x, qt.Qobj(np.pad(rho, (0, 1))))
    assert tree_allclose(merit.quadrature_variance(rho, 0.4), variance, rtol=1e-11)


def test_derivatives_and_the_vacuum():
    rho, change = random_state(1, 5), random_state(2, 5) - random_state(1, 5)

    @jax.jit
    def all_of(u):
        state = jnp.asarray(rho) + u.astype(complex) * jnp.asarray(change)
        four = merit.squeezing(state), merit.g2(state), merit.parity(state)
        return jnp.stack([*four, merit.quadrature_variance(state, 0.3 + u)])

    slope = jax.jacfwd(all_of)(0.0)
    assert tree_allclose(slope, central_difference(all_of, 0.0), rtol=GRADIENT)
    vacuum = jnp.diag(jnp.eye(4)[0])
    for merit_of in (merit.squeezing, merit.g2):
        assert np.all(np.isfinite(jax.grad(merit_of)(vacuum)))
