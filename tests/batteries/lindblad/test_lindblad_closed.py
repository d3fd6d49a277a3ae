"""Closed systems: kets instead of density matrices, with the same answers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip as qt
import scipy.linalg

import qbjax as qb
from qbjax.dynamics.generator import kets
from qbjax.dynamics.generator.dual import of_kets
from qbjax.dynamics.generator.pattern import shifts_of
from qbjax.dynamics.generator.structure import Structure
from tests.helpers import GRADIENT, central_difference, random_hermitian

TIMES = np.linspace(0.0, 2.0, 5)
SEED, DIMS = 4, (2, 3)


def closed(initial=None, **more):
    return qb.batteries.Lindblad(
        random_hermitian(SEED, 6), [], dims=DIMS, cell=1, cell_hamiltonian=np.arange(3.0),
        controls=[random_hermitian(SEED + 1, 6)], initial=initial, truncated=(), **more,
    )  # fmt: skip


def start():
    rng = np.random.default_rng(SEED)
    psi = rng.normal(size=6) + 1j * rng.normal(size=6)
    return psi / np.linalg.norm(psi)


def test_a_ket_moves_like_its_projector():
    psi, pump = start(), qb.protocols.SwitchOff(0.7, 1.2)
    observables = {"O": random_hermitian(SEED + 2, 6)}
    pure = closed(psi, observables=observables)
    mixed = closed(np.outer(psi, psi.conj()), observables=observables)
    assert pure.start().layout.pure
    assert not mixed.start().layout.pure
    one, other = (qb.charge(b, pump, TIMES) for b in (pure, mixed))
    for name in ("energy", "ergotropy", "coherent_ergotropy", "purity", "O"):
        np.testing.assert_allclose(one.observables[name], other.observables[name], atol=1e-7)
    whole = pure.density_matrix(one.final_state)
    np.testing.assert_allclose(whole, mixed.density_matrix(other.final_state), atol=1e-7)
    np.testing.assert_allclose(pure.cell(one.final_state), mixed.cell(other.final_state), atol=1e-7)
    kept = qb.store(pure, one.final_state, [2.0, 3.0])
    assert kept.final_state.layout.pure


@pytest.mark.parametrize("method", [None, qb.dynamics.Chebyshev()])
def test_against_qutip(method):
    psi = start()
    run = qb.charge(closed(psi), qb.protocols.Constant(0.3), TIMES, solver=qb.Solver(method=method))
    H = qt.Qobj(random_hermitian(SEED, 6) + 0.3 * random_hermitian(SEED + 1, 6))
    options = {"atol": 1e-13, "rtol": 1e-11, "nsteps": 100_000}
    out = qt.sesolve(H, qt.Qobj(psi), TIMES, options=options).states
    exact = [np.sum(np.abs(s.full().reshape(2, 3)) ** 2 * np.arange(3.0)) for s in out]
    np.testing.assert_allclose(run.energy, exact, atol=1e-8)
    assert np.max(run.trace_defect) < 1e-7


def test_energies_far_from_zero():
    """A ket turns with its energies, not with their differences."""
    psi, far, H = start(), 1e5, random_hermitian(SEED, 6)
    battery = qb.batteries.Lindblad(
        H + far * np.eye(6), [], dims=(6,), cell=0, cell_hamiltonian=np.arange(6.0),
        initial=psi, truncated=(),
    )  # fmt: skip
    run = qb.charge(battery, None, [0.0, 1e-3], solver=qb.Solver(method=qb.dynamics.Chebyshev()))
    expected = np.abs(scipy.linalg.expm(-1e-3j * H) @ psi) ** 2 @ np.arange(6.0)
    assert int(run.status) == 0
    assert float(run.energy[-1]) == pytest.approx(expected, abs=1e-7)


def test_a_ket_of_the_cell():
    """The rest starts in its ground state."""
    cell = np.array([0.0, 0.6, 0.8j])
    state = closed().start(cell)
    assert state.layout.pure
    expected = np.kron([1.0, 0.0], cell)
    rho = closed().density_matrix(state)
    np.testing.assert_allclose(rho, np.outer(expected, expected.conj()), atol=1e-15)


def test_gradients():
    """Of the energy with respect to two drives, against differences."""

    def energy(amplitudes, adjoint):
        pump = qb.protocols.PiecewiseConstant(amplitudes, 2.0)
        return qb.charge(closed(start()), pump, TIMES, adjoint=adjoint).energy[-1]

    amplitudes = jnp.array([0.3, -0.2])
    reverse = jax.jit(jax.grad(lambda a: energy(a, "reverse")))(amplitudes)
    value = jax.jit(lambda a: energy(a, "reverse"))
    differences = [central_difference(value, amplitudes, e) for e in np.eye(2)]
    np.testing.assert_allclose(reverse, differences, rtol=GRADIENT)


@pytest.mark.parametrize("signal", [0.0, 0.6])
def test_a_full_hamiltonian_moves_a_ket_by_products(signal):
    """As many diagonals as levels: one matrix, and the same as diagonal by diagonal."""
    d = 40
    structure = Structure([random_hermitian(1, d)], [], [np.diag(np.arange(float(d)))])
    rng = np.random.default_rng(SEED)
    psi, weights = kets.split(jnp.asarray(rng.normal(size=d) + 1j)), jnp.array([1.0, signal])
    assert not kets.by_shifts(structure)
    found = kets.moved(kets.form_of(structure), psi, weights)
    shifted = kets.moved(shifts_of(structure), psi, weights)
    np.testing.assert_allclose(found, shifted, atol=1e-12)


def test_the_field_of_a_ket_taken_apart():
    """Its transposes are what JAX makes of it, with diagonals of either kind."""
    hop = np.eye(5, k=1) + np.eye(5, k=-1)
    structure = Structure([random_hermitian(1, 5), hop], [], [np.diag(np.arange(5.0))])
    form, weights = shifts_of(structure), jnp.array([0.7, -1.2, 0.4])
    y, z = jnp.asarray(np.random.default_rng(SEED).normal(size=(2, 2, 5)))
    dual = of_kets(form, lambda t: weights)
    back = jax.vjp(lambda w, y: kets.moved(form, y, w), weights, y)[1](z)
    found = dual.total(dual.products(weights, y, z)), dual.back(weights, z)
    for mine, theirs in zip(found, back, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-13)


def test_a_full_hamiltonian_against_its_exponential():
    d, H = 30, random_hermitian(1, 30) / 4
    battery = qb.batteries.Lindblad(
        H, [], dims=(d,), cell=0, cell_hamiltonian=np.arange(float(d)), truncated=()
    )
    for method in (None, qb.dynamics.Chebyshev()):
        run = qb.charge(battery, None, [0.0, 1.5], solver=qb.Solver(method=method))
        psi = scipy.linalg.expm(-1.5j * H)[:, 0]
        found = battery.density_matrix(run.final_state)
        np.testing.assert_allclose(found, np.outer(psi, psi.conj()), atol=1e-7)
