"""Stationary states of generators: both solvers against QuTiP and each other, derivatives against
differences, the parts of the iterative solver one by one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip as qt

from qbjax.algebra.packing import pack
from qbjax.dynamics.generator.lindblad import Generator
from qbjax.dynamics.generator.shifts import unstack
from qbjax.dynamics.generator.structure import Structure
from qbjax.dynamics.steady import doubling as steady_doubling
from qbjax.dynamics.steady import gap as steady_gap
from qbjax.dynamics.steady import solvers as steady_solvers
from qbjax.dynamics.steady import spectra as steady_spectra
from qbjax.dynamics.steady import sylvester as steady_sylvester
from qbjax.dynamics.steady.krylov import gmres
from qbjax.dynamics.steady.linear import steady
from tests.helpers import EXACT, REFERENCE, central_difference, random_hermitian

STEADY_GRADIENT = 1e-7
"""Asked of derivatives of steady states, relative."""

LEVELS = 12
LOWER = np.diag(np.sqrt(np.arange(1.0, LEVELS)), 1)
NUMBER = LOWER.T @ LOWER
KERR = Structure([NUMBER, LOWER.T @ NUMBER @ LOWER], [LOWER, LOWER.T], [LOWER + LOWER.T])


def kerr(drive_and_decay):
    """A driven Kerr oscillator in a warm bath: generator and signals."""
    F, decay = drive_and_decay
    numbers = jnp.array([0.1, 0.025])
    return Generator(KERR, numbers, jnp.stack([1.2 * decay, 0.2 * decay])), jnp.stack([F])


def dense_model(seed=0, d=5):
    rng = np.random.default_rng(seed)
    jumps = [rng.normal(size=(d, d)) + 1j * rng.normal(size=(d, d)) for _ in range(2)]
    H = random_hermitian(seed, d)
    return Structure([H], jumps), H, jumps


def density_matrix(generator, found):
    return generator.density_matrix(unstack(generator.structure, found.state))


def in_qutip(H, jumps):
    return qt.steadystate(qt.Qobj(H), [qt.Qobj(L) for L in jumps], method="direct").full()


@pytest.mark.parametrize("direct", [True, False])
def test_a_driven_kerr_oscillator_against_qutip(direct):
    L, signals = kerr(jnp.array([0.7, 1.0]))
    found = jax.jit(lambda: steady(L, signals, direct=direct))()
    H = 0.1 * NUMBER + 0.025 * LOWER.T @ NUMBER @ LOWER + 0.7 * (LOWER + LOWER.T)
    expected = in_qutip(H, [np.sqrt(1.2) * LOWER, np.sqrt(0.2) * LOWER.T])
    np.testing.assert_allclose(density_matrix(L, found), expected, atol=REFERENCE)
    assert int(found.status) == 0
    assert float(found.residual) < REFERENCE
    assert (int(found.steps) == 0) is direct


@pytest.mark.parametrize("direct", [pytest.param(True, marks=pytest.mark.slow), False])
def test_a_random_model_against_qutip(direct):
    structure, H, jumps = dense_model()
    L = Generator(structure, jnp.ones(1), jnp.array([0.5, 2.0]))
    assert not L.banded
    expected = in_qutip(H, [np.sqrt(0.5) * jumps[0], np.sqrt(2.0) * jumps[1]])
    found = density_matrix(L, steady(L, direct=direct))
    np.testing.assert_allclose(found, expected, atol=REFERENCE)


@pytest.mark.parametrize("direct", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_derivatives_in_both_modes(direct):
    at = jnp.array([0.7, 1.0])

    def photons(x):
        L, signals = kerr(x)
        (block,) = unstack(KERR, steady(L, signals, direct=direct).state)
        return jnp.sum(jnp.arange(float(LEVELS)) * jnp.diagonal(block))

    compiled = jax.jit(photons)
    expected = [central_difference(compiled, at, e, step=1e-2) for e in np.eye(2)]
    backward, forward = jax.jit(jax.grad(photons))(at), jax.jit(jax.jacfwd(photons))(at)
    np.testing.assert_allclose(backward, expected, rtol=STEADY_GRADIENT)
    np.testing.assert_allclose(forward, expected, rtol=STEADY_GRADIENT)


@pytest.mark.slow
@pytest.mark.parametrize("direct", [True, False])
def test_vmap_is_a_loop(direct):
    def state(F):
        L, signals = kerr(jnp.stack([F, jnp.ones(())]))
        return steady(L, signals, direct=direct).state

    drives = jnp.array([0.2, 0.7])
    together = jax.jit(jax.vmap(state))(drives)
    np.testing.assert_allclose(together[0], state(drives[0]), atol=REFERENCE)
    np.testing.assert_allclose(together[1], state(drives[1]), atol=REFERENCE)


def sectored():
    """Two sectors of unequal size, both kinds of jump, a real generator."""
    hop = np.zeros((5, 5))
    hop[0, 1] = hop[2, 3] = hop[3, 4] = 1.0
    leap = np.zeros((5, 5))
    leap[0, 2] = leap[1, 3] = leap[2, 0] = 0.7
    structure = Structure(
        [1j * (hop - hop.T)], [hop, leap], sectors=[np.arange(2), 2 + np.arange(3)]
    )
    return Generator(structure, jnp.array([0.6]), jnp.array([1.0, 0.5]))


@pytest.mark.slow
def test_unequal_sectors_are_one_state():
    L = sectored()
    plain = Structure(
        [m.toarray() for m in L.structure.hamiltonians], [m.toarray() for m in L.structure.jumps]
    )
    whole = Generator(plain, L.coefficients, L.rates)
    expected = density_matrix(whole, steady(whole, direct=True))
    for direct in (True, False):
        np.testing.assert_allclose(
            density_matrix(L, steady(L, direct=direct)), expected, atol=REFERENCE
        )


@pytest.mark.parametrize("storage", ["banded", "dense"])
def test_the_dual_is_the_transpose(storage):
    structure, _, _ = dense_model()
    L = Generator(structure, jnp.ones(1), jnp.array([0.5, 2.0]), storage=storage)
    x, y = jnp.asarray(np.random.default_rng(0).normal(size=(2, 1, 5, 5)))
    assert float(jnp.sum(y * L.stacked(x))) == pytest.approx(
        float(jnp.sum(x * L.dual(y))), abs=EXACT
    )


@pytest.mark.parametrize("way", [steady_sylvester, steady_doubling], ids=["cpu", "elsewhere"])
@pytest.mark.parametrize("real", [True, False])
def test_the_preconditioner_inverts_the_part_without_jumps(real, way):
    structure, H, jumps = dense_model()
    if real:
        jumps = [np.real(L) for L in jumps]
        H = 1j * np.imag(H)
        structure = Structure([H], jumps)
    rates, shifts = jnp.array([0.5, 2.0]), jnp.array([0.3 + 0j, -0.1 if real else 0.2j])
    weights = jnp.concatenate([jnp.ones(1), rates])
    drift = steady_sylvester.drift(structure, weights, rates, shifts, jnp.asarray(0.1))
    factors = way.factored(drift)
    assert jnp.isrealobj(factors[0]) is real
    G = -1j * H - 0.05 * np.eye(5)
    for rate, L, beta in zip([0.5, 2.0], jumps, np.asarray(shifts), strict=True):
        G = G + rate * (np.conj(beta) * L - abs(beta) ** 2 / 2 * np.eye(5) - L.conj().T @ L / 2)
    X = random_hermitian(3, 5, real=real)
    image = pack(jnp.asarray(G @ X + X @ G.conj().T))[None]
    solved = way.solve(structure, factors, jnp.real(image))
    np.testing.assert_allclose(solved[0], pack(jnp.asarray(X)), atol=1e3 * EXACT)
    x, y = jnp.asarray(np.random.default_rng(1).normal(size=(2, 1, 5, 5)))
    there = jnp.sum(y * way.solve(structure, factors, x))
    back = jnp.sum(x * way.solve(structure, factors, y, dual=True))
    assert float(there) == pytest.approx(float(back), abs=1e3 * EXACT)


@pytest.fixture
def elsewhere(monkeypatch):
    """What an accelerator does, done here."""

    def other(*operands, default, **_):
        return default(*operands)

    monkeypatch.setattr(jax.lax, "platform_dependent", other)


@pytest.mark.parametrize("real", [pytest.param(True, marks=pytest.mark.slow), False])
def test_without_eigenvectors_the_state_is_the_same(real, elsewhere):
    L = sectored() if real else Generator(dense_model()[0], jnp.ones(1), jnp.array([0.5, 2.0]))
    found = steady(L, direct=False)
    np.testing.assert_allclose(found.state, steady(L, direct=True).state, atol=REFERENCE)
    assert 0 < int(found.steps) < 40
    assert float(found.residual) < 1e-10


@pytest.mark.slow
def test_without_eigenvalues_the_gap_is_the_same(monkeypatch, elsewhere):
    L, signals = kerr(jnp.array([0.7, 1.0]))
    rates = np.sort(-np.linalg.eigvals(np.asarray(L.matrix(signals))).real)
    assert float(steady_gap.gap(L, signals)) == pytest.approx(rates[1], rel=REFERENCE)
    still = Generator(Structure([], [np.diag([1.0, -1.0])]), jnp.zeros(0), jnp.ones(1))
    assert float(steady_gap.gap(still)) == pytest.approx(0.0, abs=EXACT)
    monkeypatch.setattr(steady_gap, "DENSE", 0)
    assert float(steady_gap.gap(L, signals)) == pytest.approx(rates[1], rel=1e-6)


def hessenberg_matrices():
    """Random ones, two that fall apart, and one that Wilkinson's shift leaves as it is."""
    rng = np.random.default_rng(0)
    plain = np.triu(rng.normal(size=(3, 9, 9)), -1)
    plain[1, 5, 4] = plain[1, 8, 7] = 0.0
    plain[2] = np.triu(plain[2])
    return [*plain, np.roll(np.eye(9), 1, axis=0)]


@pytest.mark.parametrize("H", hessenberg_matrices())
def test_eigenvalues_without_lapack(H):
    values, vectors = map(np.asarray, steady_spectra.eigenvectors(jnp.asarray(H)))
    np.testing.assert_allclose(H @ vectors, vectors * values, atol=10 * EXACT)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=0), 1.0, rtol=EXACT)
    expected = np.linalg.eigvals(H)
    distances = np.abs(values[:, None] - expected)
    assert sorted(np.argmin(distances, axis=1)) == list(range(9))
    assert np.max(np.min(distances, axis=1)) < 1e3 * EXACT
    slowest = float(steady_spectra.abscissa(jnp.asarray(H)))
    assert slowest == pytest.approx(np.max(expected.real), abs=10 * EXACT)


def test_gmres_restarts_and_says_when_it_fails():
    rng = np.random.default_rng(0)
    A = jnp.asarray(np.eye(30) + 0.5 * rng.normal(size=(30, 30)) / np.sqrt(30))
    b = jnp.asarray(rng.normal(size=30))

    def solve(A, restart):
        return gmres(lambda x: A @ x, lambda x: x, b, 0 * b, jnp.array(1e-11), restart)

    for restart in (8, 32):
        found = solve(A, restart)
        np.testing.assert_allclose(A @ found.value, b, atol=1e-10)
    assert int(solve(A, 8).steps) > 8
    singular = A.at[0].set(0.0)
    assert float(solve(singular, 32).residual) > abs(float(b[0])) / 2


def test_the_gap_is_that_of_the_spectrum(monkeypatch):
    L, signals = kerr(jnp.array([0.7, 1.0]))
    rates = np.sort(-np.linalg.eigvals(np.asarray(L.matrix(signals))).real)
    assert float(steady_gap.gap(L, signals)) == pytest.approx(rates[1], rel=REFERENCE)
    monkeypatch.setattr(steady_gap, "DENSE", 0)
    assert float(steady_gap.gap(L, signals)) == pytest.approx(rates[1], rel=1e-6)
    monkeypatch.setattr(steady_solvers, "DIRECT", 0)
    assert float(steady_gap.gap(L, signals)) == pytest.approx(rates[1], rel=1e-6)


def test_two_stationary_states_have_no_gap():
    L = Generator(Structure([], [np.diag([1.0, -1.0])]), jnp.zeros(0), jnp.ones(1))
    assert float(steady_gap.gap(L)) == pytest.approx(0.0, abs=EXACT)
