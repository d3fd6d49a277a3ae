"""Networks of modes against master equations in Fock space, and their density matrices."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries.gaussian import Drive, _ceiling, _merits, moments
from tests.helpers import EXACT, central_difference, tree_allclose

MODES, LEVELS = 3, 5
SIZE = LEVELS**MODES


def lowering(levels):
    """Annihilation operators of all modes."""
    a = np.diag(np.sqrt(np.arange(1.0, levels)), 1)
    return [
        functools.reduce(np.kron, [a if j == k else np.eye(levels) for j in range(MODES)])
        for k in range(MODES)
    ]


def drawn(seed, shape):
    draw = np.random.default_rng(seed)
    return draw.normal(size=shape) + 1j * draw.normal(size=shape)


class Given:
    """Numbers of a network with every kind of term, and its operators in Fock space."""

    def __init__(self, seed, weak=1.0):
        h, s = drawn(seed, (2, MODES, MODES))
        self.h, self.s = (h + h.conj().T) / 2, 0.1 * weak * (s + s.T)
        self.dh, self.ds, self.c = self.h[::-1, ::-1].conj().T, self.s.T[::-1, ::-1], weak * h[0]
        self.dh = (self.dh + self.dh.conj().T) / 2
        self.ds = (self.ds + self.ds.T) / 2
        self.decay, self.thermal = np.array([0.3, 0.7, 0.2]), weak * np.array([0.1, 0.0, 0.4])
        self.M = weak * np.array([0.2, 0.0, 0.3j])
        self.u, self.v = 0.4 * drawn(seed + 1, (2, MODES))
        self.v = weak * self.v / 2

    def network(self, **more):
        return qb.batteries.Gaussian(
            MODES, hamiltonian=self.h, squeezing=self.s, decay=self.decay, thermal=self.thermal,
            bath_squeezing=self.M, jumps=[(self.u, self.v), self.u[::-1]],
            drives=[Drive(self.c, self.dh, self.ds)], **more,
        )  # fmt: skip

    def hamiltonian(self, a, signal):
        def whirl(h):
            return sum(h[j, k] * a[j].T @ a[k] for j in range(MODES) for k in range(MODES))

        def rising(c, s):
            twice = sum(s[j, k] * a[j].T @ a[k].T for j in range(MODES) for k in range(MODES))
            return twice / 2 + sum(c[k] * a[k].T for k in range(MODES))

        pairs = rising(0 * self.c, self.s) + signal * rising(self.c, self.ds)
        return whirl(self.h + np.real(signal) * self.dh) + pairs + pairs.conj().T

    def rate(self, rho, a, signal):
        """The master equation, as it is written."""
        H = self.hamiltonian(a, signal)
        found = -1j * (H @ rho - rho @ H)

        def jump(L, R, weight):
            return weight * (L @ rho @ R - (R @ L @ rho + rho @ R @ L) / 2)

        for k, (kappa, n, M) in enumerate(zip(self.decay, self.thermal, self.M)):
            found = found + jump(a[k], a[k].T, kappa * (n + 1)) + jump(a[k].T, a[k], kappa * n)
            found = found - jump(a[k].T, a[k].T, kappa * M) - jump(a[k], a[k], kappa * np.conj(M))
        mixed = sum(u * x + v * x.T for u, v, x in zip(self.u, self.v, a))
        common = sum(u * x for u, x in zip(self.u[::-1], a))
        for L in (mixed, common):
            found = found + jump(L, L.conj().T, 1.0)
        return found


def moments_of(rho, a):
    """Mean and covariance by their definitions; ρ may be a derivative: then Tr ρ is 0."""
    r = [(x + x.T) / np.sqrt(2) for x in a] + [(x - x.T) / (1j * np.sqrt(2)) for x in a]
    mean = np.array([np.trace(q @ rho).real for q in r])
    second = np.array([[np.trace((p @ q + q @ p) @ rho).real / 2 for q in r] for p in r])
    return mean, second


def test_the_equation_of_moments_is_that_of_the_master_equation():
    """For any state, Gaussian or not: exactly, where no level is near the last."""
    given, a = Given(3), lowering(LEVELS)
    low = np.all(np.indices((LEVELS,) * MODES).reshape(MODES, -1) < 3, axis=0)
    psi = np.where(low, drawn(8, SIZE), 0)
    rho = np.outer(psi, psi.conj()) / np.vdot(psi, psi).real
    mean, second = moments_of(rho, a)
    for signal in (0.7, 0.4 - 0.8j):
        dmean, dsecond = moments_of(given.rate(rho, a, signal), a)
        change = given.network().equation.at([jnp.asarray(signal)])
        moved = change(_merits.Moments(jnp.asarray(mean), second - np.outer(mean, mean)))
        assert tree_allclose(np.asarray(moved.mean), dmean, rtol=1e-11)
        both = np.outer(dmean, mean) + np.outer(mean, dmean)
        assert tree_allclose(np.asarray(moved.covariance), dsecond - both, rtol=1e-11)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_random_networks_against_lindblad(seed):
    """Few photons: what the levels leave out is of the order 1e-9, of energies of 1e-2."""
    given, a = Given(seed, 0.1), lowering(LEVELS)
    jumps = [(k * (n + 1), x) for k, n, x in zip(given.decay, given.thermal, a)]
    jumps += [(k * n, x.T) for k, n, x in zip(given.decay, given.thermal, a)]
    mixed = sum(u * x + v * x.T for u, v, x in zip(given.u, given.v, a))
    common = sum(u * x for u, x in zip(given.u[::-1], a))
    given.M = 0 * given.M
    whole = qb.batteries.Lindblad(
        given.hamiltonian(a, 0.6), [*jumps, mixed, common], dims=(LEVELS,) * MODES, cell=0,
        cell_hamiltonian=np.arange(float(LEVELS)),
    )  # fmt: skip
    times = np.linspace(0.0, 2.0, 5)
    expected = qb.charge(whole, None, times)
    run = qb.charge(given.network(), qb.protocols.Constant(0.6), times)
    for name in ("energy", "ergotropy", "purity"):
        ours, theirs = run.observables[name], expected.observables[name]
        assert tree_allclose(ours, theirs, rtol=1e-6, atol=3e-8), name
    rho = whole.density_matrix(expected.final_state)
    shared = np.log2(1 + 2 * qb.merit.negativity(rho, (LEVELS,) * MODES, 0))
    assert shared > 1e-3
    assert tree_allclose(run.logarithmic_negativity[-1], shared, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_a_discharge_is_that_of_oscillators():
    load, times = qb.loads.TwoLevel(1.0, decay=0.1), np.linspace(0.0, 2.0, 5)
    found = []
    for battery in (
        qb.batteries.Oscillators(14, decay=0.5, thermal=0.1),
        qb.batteries.Gaussian(
            2, hamiltonian=[[0, 1], [1, 0]], decay=[0, 0.5], thermal=0.1, drives=[1], levels=14
        ),
    ):
        run = qb.charge(battery, qb.protocols.Constant(0.5), times)
        found.append(qb.discharge(battery, run.final_state, load, times))
    for name in ("energy", "ergotropy", "load_energy", "load_ergotropy"):
        ours, theirs = (run.observables[name] for run in found)
        assert tree_allclose(ours, theirs, rtol=1e-6), name


def test_density_matrices():
    """Energy, ergotropy, purity and variance of the matrix are those of the moments."""
    battery = qb.batteries.Gaussian(2, levels=40, frequencies=1.5)
    start = moments(2, displacement=0.6 - 0.3j, squeezing=0.3j, thermal=0.2)
    state = battery.start(start)
    rho, H = np.asarray(battery.cell(state)), battery.cell_hamiltonian
    assert abs(np.trace(rho).real - 1) < 1e-9
    assert np.linalg.eigvalsh(rho)[0] > -EXACT
    seen = _merits.observables(start, (0,), battery.frequencies)
    assert tree_allclose(qb.merit.energy(rho, H), seen["energy"], rtol=1e-7)
    assert tree_allclose(qb.merit.ergotropy(rho, H), seen["ergotropy"], rtol=1e-7)
    assert tree_allclose(qb.merit.energy_variance(rho, H), seen["energy_variance"], rtol=1e-6)
    assert tree_allclose(qb.merit.purity(rho), seen["purity"], rtol=1e-8)
    assert tree_allclose(qb.merit.fano_factor(rho), seen["fano"], rtol=1e-6)
    a = np.diag(np.sqrt(np.arange(1.0, 40)), 1)
    assert abs(np.trace(a @ rho) - (0.6 - 0.3j)) < 1e-8
    x, p = (a + a.T) / np.sqrt(2), (a - a.T) / (1j * np.sqrt(2))
    cross = np.trace((x @ p + p @ x) @ rho).real / 2 - 2 * 0.6 * -0.3
    assert abs(cross - start.covariance[0, 2]) < 1e-8


def test_negativity_of_two_squeezed_modes():
    r"""Two-mode squeezing by r has $E_N = 2r/\ln2$; of cell and charger of a pure state too."""
    squeezed = qb.batteries.Gaussian(2, squeezing=[[0, 1], [1, 0]])
    run = qb.charge(squeezed, None, [0.0, 0.3, 0.6])
    expected = 2 * np.array([0.0, 0.3, 0.6]) / np.log(2)
    assert tree_allclose(run.logarithmic_negativity, expected, rtol=1e-11)
    assert tree_allclose(run.energy, np.sinh([0.0, 0.3, 0.6]) ** 2, rtol=1e-11)
    assert tree_allclose(run.ergotropy, np.zeros(3), rtol=1e-11)
    values = squeezed.symplectic_eigenvalues(run.final_state)
    assert tree_allclose(values, np.full(2, 0.5), rtol=1e-10)


def test_what_rounding_blurs_is_nan():
    """The small axis of a state that is squeezed and turned; energy and ergotropy are known."""
    for strong, known in ((3.0, True), (11.0, False)):
        cell = moments(1, squeezing=1j * strong)
        seen = _merits.energetics(cell, jnp.ones(1))
        assert bool(np.isnan(seen["purity"])) is not known
        assert tree_allclose(seen["ergotropy"], np.sinh(strong) ** 2, rtol=1e-6)


def test_equal_frequencies_are_not_enough_for_all_unitaries():
    """One mode empty, the other hot: swaps of levels extract what no Gaussian unitary does."""
    start = moments(2, thermal=[0.0, 0.8])
    seen = _merits.energetics(start, jnp.ones(2))
    assert abs(float(seen["ergotropy"])) < EXACT
    share = 0.8 / 1.8
    populations = np.where(np.arange(30) < 1, 1, 0)[:, None] * (1 - share) * share ** np.arange(30)
    levels = np.add.outer(np.arange(30.0), np.arange(30.0)).ravel()
    best = float(qb.merit.ergotropy(np.diag(populations.ravel()), levels))
    assert 0.1 < best < float(seen["ergotropy_ceiling"])
    for thermal, frequencies in (([0.5, 0.5], [1.0, 1.0]), ([0.0, 0.0], [1.0, 3.0])):
        alike = moments(2, thermal=thermal, squeezing=[0.4, 0.2j], displacement=[0.3, 0.0])
        both = _merits.energetics(alike, jnp.array(frequencies))
        assert tree_allclose(both["ergotropy_ceiling"], both["ergotropy"], rtol=1e-10)


def test_the_least_energy_of_an_entropy_has_its_slope():
    def least(x):
        return _ceiling.thermal_energy(jnp.array([0.6, 1.4]) * x, jnp.array([1.0, 2.0]) / x)

    assert tree_allclose(jax.grad(least)(1.1), central_difference(least, 1.1), rtol=1e-7)
    assert np.isfinite(
        jax.grad(lambda x: _ceiling.thermal_energy(x * jnp.ones(2) / 2, jnp.ones(2)))(1.0)
    )
