"""The charger's point on the Bloch sphere."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.protocols import BlochPreparation
from tests.helpers import EXACT, tree_allclose


@pytest.mark.parametrize("theta", [0.0, 0.4, np.pi / 2, np.pi])
@pytest.mark.parametrize("phi", [0.0, 1.3, -2.0])
def test_ket(theta, phi):
    """Its components are those of the Bloch vector; ⟨σ₋⟩ = e^{iφ} sin θ/2."""
    ket = BlochPreparation(theta, phi).ket()
    lowering = jnp.conj(ket[0]) * ket[1]
    assert tree_allclose(lowering, np.exp(1j * phi) * np.sin(theta) / 2, rtol=0, atol=EXACT)
    expected = np.array([np.cos(theta / 2), np.sin(theta / 2)]) ** 2
    assert tree_allclose(jnp.abs(ket) ** 2, expected, rtol=0, atol=EXACT)


def test_free_angles():
    """Trainable, inside their bounds; the ket is that of the present values."""
    free = BlochPreparation(qb.free(1.0, 0.0, np.pi), qb.free(0.3))
    assert tree_allclose(free.ket(), BlochPreparation(1.0, 0.3).ket(), rtol=0)
    coordinates, rebuild = qb.protocols.coordinates(free)
    assert len(coordinates) == 2
    moved = rebuild([c + 5.0 for c in coordinates])
    assert 0 <= float(moved.theta) <= np.pi


def test_derivatives_at_the_poles():
    for theta in (0.0, np.pi):
        slope = jax.jacfwd(lambda x: jnp.real(BlochPreparation(x).ket()))(theta)
        expected = np.array([-np.sin(theta / 2), np.cos(theta / 2)]) / 2
        assert tree_allclose(slope, expected, rtol=0, atol=EXACT)


@pytest.mark.parametrize(
    ("angles", "error", "words"),
    [
        ((3.2,), ValueError, r"`theta` must be at least 0 and at most 3.14159, but is 3.2"),
        ((-0.1,), ValueError, "`theta` must be at least 0"),
        ((qb.free(4.0),), ValueError, "`theta` must be at least 0"),
        (([1.0, 2.0],), ValueError, "`theta` must be a single number"),
        ((1.0, np.inf), ValueError, "`phi` must be finite"),
        ((1.0, 1j), TypeError, "`phi` must be real"),
        (("equator",), TypeError, "`theta`"),
    ],
)
def test_bad_input(angles, error, words):
    with pytest.raises(error, match=words):
        BlochPreparation(*angles)
