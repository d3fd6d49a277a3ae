"""States against closed forms, and their derivatives at the awkward points."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip

from qbjax.algebra import operators, states
from tests.helpers import EXACT, GRADIENT, REFERENCE, central_difference, tree_allclose


def expectation(A, psi):
    return jnp.real(psi.conj() @ jnp.asarray(A, psi.dtype) @ psi)


def test_fock_and_ground():
    assert states.fock(3, 2).tolist() == [0.0, 0.0, 1.0]
    assert states.ground(2).tolist() == [1.0, 0.0]


@pytest.mark.parametrize("alpha", [0.7, -2.0, 1.5 - 0.5j])
def test_coherent_state_has_the_poisson_amplitudes(alpha):
    psi = states.coherent(60, alpha)
    expected = qutip.coherent(60, alpha, method="analytic").full()[:, 0]
    expected = expected if isinstance(alpha, complex) else expected.real
    assert np.iscomplexobj(psi) == isinstance(alpha, complex)
    assert tree_allclose(psi, expected, rtol=REFERENCE)
    assert tree_allclose(expectation(operators.number(60), psi), abs(alpha) ** 2, rtol=REFERENCE)


def test_a_cut_coherent_state_is_normalised():
    assert tree_allclose(jnp.linalg.norm(states.coherent(3, 2.0)), 1.0, rtol=EXACT)
    assert tree_allclose(jnp.linalg.norm(states.coherent(1400, 26.0)), 1.0, rtol=EXACT)


@pytest.mark.parametrize("alpha", [0.0, 0.8])
def test_gradient_of_a_coherent_state(alpha):
    def quadrature(a):
        return expectation(operators.destroy(20), states.coherent(20, a))

    expected = central_difference(quadrature, alpha)
    assert tree_allclose(jax.jit(jax.grad(quadrature))(alpha), float(expected), rtol=GRADIENT)


def test_thermal_state():
    rho = states.thermal(400, 1.5)
    assert tree_allclose(jnp.trace(rho @ operators.number(400)), 1.5, rtol=EXACT)
    assert tree_allclose(
        rho[:20, :20],
        qutip.thermal_dm(400, 1.5, method="analytic").full()[:20, :20].real,
        rtol=1e-9,
    )
    assert states.thermal(2, 0).tolist() == [[1.0, 0.0], [0.0, 0.0]]
    slope = jax.jit(jax.grad(lambda n: jnp.trace(states.thermal(9, n) @ operators.number(9))))(0.0)
    assert tree_allclose(slope, 1.0, rtol=EXACT)


@pytest.mark.parametrize(("theta", "phi"), [(0.3, 1.1), (2.0, -0.4), (np.pi, 0.0)])
def test_bloch_vector(theta, phi):
    psi = states.bloch(theta, jnp.asarray(phi))
    vector = [
        expectation(A, psi) for A in (operators.pauli_x(), operators.pauli_y(), operators.pauli_z())
    ]
    expected = [np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)]
    assert tree_allclose(vector, expected, rtol=EXACT)


def test_a_plain_zero_keeps_the_bloch_ket_real_and_a_traced_one_does_not():
    assert states.bloch(0.3).dtype == states.bloch(0.3, 0.0).dtype == np.float64
    assert states.bloch(0.3, jnp.asarray(0.0)).dtype == np.complex128
    assert states.bloch(jnp.pi).round(12).tolist() == [0.0, 1.0]


def test_density():
    psi = states.bloch(0.3, 1.1)
    assert tree_allclose(states.density(psi), np.outer(psi, psi.conj()), rtol=EXACT)
    assert states.density([0.6, 0.8]).dtype == np.float64


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: states.fock(0, 0), "`levels` must be at least 1"),
        (lambda: states.fock(3, 3), "`n` must be at least 0 and at most 2, but is 3"),
        (lambda: states.coherent(3, 30.0), r"`\|alpha\|\^2` must be at most 700"),
        (lambda: states.coherent(3, float("nan")), "`alpha` must be finite, but is nan"),
        (lambda: states.coherent(3, np.complex64(1j)), "`alpha` must be in double precision"),
        (lambda: states.thermal(3, -0.1), "`mean_number` must be at least 0, but is -0.1"),
        (lambda: states.bloch(1j), "`theta` must be real"),
        (lambda: states.density([1.0, 1.0]), "`ket` must have norm 1"),
    ],
)
def test_bad_arguments(call, words):
    with pytest.raises((TypeError, ValueError), match=words):
        call()
