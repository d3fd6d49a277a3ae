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


@pytest.mark.parametrize("length", [1.0, 0.3, 0.0])
def test_density_matrix(length):
    """The Bloch vector (sin θ cos φ, sin θ sin φ, −cos θ) of that length; pure as the ket's."""
    prepared = BlochPreparation(1.1, 0.4, length)
    rho = np.asarray(prepared.density_matrix())
    vector = np.array([np.sin(1.1) * np.cos(0.4), np.sin(1.1) * np.sin(0.4), np.cos(1.1)])
    paulis = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    found = np.einsum("kab,ba->k", paulis, rho).real
    assert tree_allclose(found, length * vector, rtol=0, atol=EXACT)
    assert tree_allclose(np.trace(rho), 1.0 + 0j, rtol=EXACT)
    if length == 1:
        ket = np.asarray(prepared.ket())
        assert np.array_equal(rho, np.asarray(jnp.outer(ket, ket.conj())))


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
        ((1.0, 0.0, 1.1), ValueError, "`length` must be at least 0 and at most 1, but is 1.1"),
        ((1.0, 0.0, 1.0, 0.5), TypeError, r"`envelope` .*0.5: write qb.protocols.Constant\("),
        (
            (1.0, 0.0, 1.0, qb.protocols.Constant(-2.0)),
            ValueError,
            "`envelope` must stay between -1 and 1, .* but reaches 2",
        ),
        ((1.0, 0.0, 1.0, qb.protocols.Constant(0.5j)), TypeError, "`envelope` must be real"),
    ],
)
def test_bad_input(angles, error, words):
    with pytest.raises(error, match=words):
        BlochPreparation(*angles)
