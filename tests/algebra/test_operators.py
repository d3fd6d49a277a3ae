"""Operators against their algebra and against QuTiP."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip

from qbjax.algebra import operators as op
from tests.helpers import EXACT, random_hermitian, random_state, tree_allclose


def commutator(A, B):
    return A @ B - B @ A


def test_ladder_operators():
    a = op.destroy(6)
    assert tree_allclose(a, qutip.destroy(6).full().real, rtol=EXACT)
    assert tree_allclose(op.create(6) @ a, op.number(6), rtol=EXACT)
    assert tree_allclose(commutator(a, op.create(6))[:5, :5], op.identity(5), rtol=EXACT)
    assert op.destroy(1).tolist() == [[0.0]]


def test_qubit_operators():
    x, y, z = op.pauli_x(), op.pauli_y(), op.pauli_z()
    assert tree_allclose(commutator(x, y), 2j * z, rtol=EXACT)
    assert tree_allclose(op.sigma_minus() + 0j, (x + 1j * y) / 2, rtol=EXACT)
    assert tree_allclose(op.sigma_plus() @ op.sigma_minus(), (op.identity(2) - z) / 2, rtol=EXACT)


@pytest.mark.parametrize("j", [1 / 2, 1, 3 / 2, 7])
def test_spin_operators(j):
    x, y, z = op.spin_x(j), op.spin_y(j), op.spin_z(j)
    d = round(2 * j) + 1
    assert tree_allclose(commutator(x, y), 1j * z, rtol=EXACT, atol=1e-11)
    assert tree_allclose(x @ x + (y @ y).real + z @ z, j * (j + 1) * np.eye(d), rtol=EXACT)
    # QuTiP counts from the top of the ladder.
    assert tree_allclose(op.spin_plus(j), qutip.jmat(j, "+").full().real[::-1, ::-1], rtol=EXACT)
    assert tree_allclose(op.spin_minus(j), op.spin_plus(j).T, rtol=0)
    assert z[0, 0] == -j


def test_operators_are_real_numpy_wherever_they_can_be():
    real = [op.destroy(3), op.number(3), op.pauli_x(), op.sigma_plus(), op.spin_x(1), op.spin_z(1)]
    assert all(type(A) is np.ndarray and A.dtype == np.float64 for A in real)
    assert op.pauli_y().dtype == op.spin_y(1).dtype == np.complex128


def test_tensor_and_embed_against_qutip():
    A, B = random_hermitian(0, 2), random_hermitian(1, 3, real=True)
    both = qutip.tensor(qutip.Qobj(A), qutip.Qobj(B)).full()
    assert tree_allclose(op.tensor(A, B), both, rtol=EXACT)
    expected = qutip.tensor(qutip.qeye(2), qutip.Qobj(B), qutip.qeye(4)).full().real
    assert tree_allclose(op.embed(B, (2, 3, 4), 1), expected, rtol=EXACT)


def test_tensor_of_kets_and_of_one():
    assert op.tensor([1.0, 0.0], [0.0, 1.0]).tolist() == [0.0, 1.0, 0.0, 0.0]
    assert op.tensor([[2]]).tolist() == [[2.0]]


def test_numpy_in_numpy_out_jax_in_jax_out():
    assert type(op.tensor(op.pauli_x(), op.pauli_y())) is np.ndarray
    assert type(op.embed(op.pauli_x(), (2, 2), 0)) is np.ndarray
    assert isinstance(op.tensor(op.pauli_y(), jnp.eye(2)), jax.Array)
    assert jax.jit(lambda x: op.tensor(op.pauli_x(), x))(jnp.eye(2)).shape == (4, 4)


@pytest.mark.parametrize("keep", [0, 1, 2, (0, 1), (0, 2), (2, 1), (0, 1, 2)])
def test_partial_trace_against_qutip(keep):
    rho = random_state(2, 24)
    expected = qutip.Qobj(rho, dims=[[2, 3, 4]] * 2).ptrace(keep).full()
    assert tree_allclose(op.partial_trace(rho, (2, 3, 4), keep), expected, rtol=EXACT)


def test_partial_trace_of_a_product_and_of_everything():
    A, B = random_state(3, 2), random_state(4, 3, real=True)
    assert tree_allclose(op.partial_trace(op.tensor(A, B), (2, 3), 0), A, rtol=EXACT)
    assert tree_allclose(op.partial_trace(A, (2,), ()), np.ones((1, 1), complex), rtol=EXACT)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: op.destroy(0), "`levels` must be at least 1, but is 0"),
        (lambda: op.spin_z(0.3), "`j` must be at least 0.5, but is 0.3"),
        (lambda: op.spin_z(0), "`j` must be at least 0.5, but is 0"),
        (lambda: op.tensor(np.eye(2), np.ones(2)), r"factors\[1\]` must have shape \(d, d\)"),
        (lambda: op.tensor(), "`factors` must hold at least one, but is empty"),
        (lambda: op.tensor(np.ones((2, 3))), r"factors\[0\]` must have shape \(d, d\)"),
        (lambda: op.embed(np.eye(2), (3, 2), 0), r"`op` must have shape \(3, 3\)"),
        (lambda: op.embed(np.eye(2), (3, 2), 2), "`index` must be at least 0 and at most 1"),
        (lambda: op.partial_trace(np.eye(4), (2, 3), 0), r"`rho` must have shape \(6, 6\)"),
        (lambda: op.partial_trace(np.eye(4), (2, 2), 2), "`keep` must be at least 0 and at most 1"),
        (lambda: op.partial_trace(np.eye(4), (2, -2), 0), r"`dims\[1\]` must be at least 1"),
    ],
)
def test_bad_arguments(call, words):
    with pytest.raises((TypeError, ValueError), match=words):
        call()
