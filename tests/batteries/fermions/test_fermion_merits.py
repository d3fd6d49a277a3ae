"""Merits of mixed chains and of blocks of any size, and what a chain conserves."""

import jax
import jax.numpy as jnp
import numpy as np

import qbjax as qb
from qbjax.batteries.fermions import _ceiling, _merits
from tests.batteries.fermions import brute_force as brute
from tests.helpers import EXACT, central_difference, tree_allclose

N = 4
DRAW = np.random.default_rng(7)
J, D, B = DRAW.normal(size=N - 1), DRAW.normal(size=N - 1), DRAW.normal(size=N) + 2


def chain(**more):
    return qb.batteries.FermionChain(N, hopping=J, pairing=D, fields=B, **more)


def majoranas(count):
    """Operators a, then b, of all sites."""
    s, string, found = brute.lowering(count), np.eye(2**count), []
    for low in s:
        c = string @ low
        found.append((c + c.T, 1j * (c.T - c)))
        string = string @ (np.eye(2**count) - 2 * low.T @ low)
    return [a for a, _ in found] + [b for _, b in found]


def covariance(rho):
    """By its definition."""
    x = majoranas(int(np.log2(len(rho))))
    second = np.array([[1j * np.trace(p @ q @ rho) for q in x] for p in x])
    return np.real(second - 1j * np.eye(len(x)))


def thermal(H, beta):
    levels, V = np.linalg.eigh(H)
    weights = np.exp(-beta * (levels - levels[0]))
    return (V * weights / weights.sum()) @ V.T


def test_a_mixed_chain_is_its_density_matrix():
    """A thermal state of other couplings: all levels sorted, by Gaussian unitaries less."""
    H = brute.hamiltonian(N, J, D, B)
    rho = thermal(brute.hamiltonian(N, J[::-1], -D, B[::-1] - 1.5), 0.7)
    times = np.array([0.0, 0.6, 1.2])
    run = qb.charge(
        chain(), qb.protocols.Constant(-1.0), times, initial=covariance(rho), states="cell"
    )
    moved = H - brute.hamiltonian(N, fields=1.0)
    for k, t in enumerate(times):
        U = np.array([brute.evolved(moved, e, [t])[0] for e in np.eye(2**N)]).T
        now = U @ rho @ U.conj().T
        assert tree_allclose(np.asarray(run.states[k]), now, rtol=1e-11)
        for name, given in (("energy", (H,)), ("ergotropy", (H,)), ("entropy", ()), ("purity", ())):
            expected = getattr(qb.merit, name)(now, *given)
            assert tree_allclose(run.observables[name][k], expected, rtol=1e-11), name
    spread = np.asarray(run.ergotropy - run.gaussian_ergotropy)
    assert np.all(spread > -EXACT)
    assert spread[0] > 1e-4


def test_long_blocks_are_between_two_bounds():
    """Beyond ten sites: the Gaussian bound from below, the thermal one from above."""
    sites = 12
    long = qb.batteries.FermionChain(2 * sites, pairing=1.0, cell=list(range(3, 3 + sites)))
    run = qb.charge(long, qb.protocols.Constant(-3.0), [0.0, 0.4, 0.8])
    assert tree_allclose(run.ergotropy, run.gaussian_ergotropy, rtol=EXACT)
    between = np.asarray(run.ergotropy_ceiling - run.ergotropy)
    assert np.all(between > -EXACT)
    assert between[-1] > 1e-3
    assert np.all(np.asarray(run.energy - run.ergotropy_ceiling) > -EXACT)
    assert np.all(np.diff(run.entropy) > 0)


def test_a_thermal_state_gives_nothing_by_any_unitary():
    energies, beta = jnp.array([0.3, 1.0, 2.5]), 1.3

    def ceiling(beta, scale=1.0):
        filled = 1 / (jnp.exp(beta * energies) + 1)
        own = _ceiling.occupied_entropy(filled)
        return _ceiling.thermal_energy(own, scale * energies), jnp.sum(energies * filled)

    found = jax.jit(ceiling)
    assert tree_allclose(*found(beta), rtol=1e-11)
    by_both = jax.jit(jax.grad(lambda *x: ceiling(*x)[0], (0, 1)))(beta, 1.0)
    differences = (
        central_difference(lambda x: found(x, 1.0)[0], beta),
        central_difference(lambda x: found(beta, x)[0], 1.0),
    )
    assert tree_allclose(by_both, differences, rtol=1e-7)
    assert abs(float(_ceiling.thermal_energy(jnp.zeros(()), energies))) < EXACT


def test_storing_keeps_the_energy_and_a_state_goes_on():
    """Idle, a chain moves by its own Hamiltonian; a covariance starts another chain."""
    run = qb.charge(chain(), qb.protocols.Constant(-1.0), [0.0, 0.6, 1.2])
    kept = qb.store(chain(), run.final_state, [0.0, 7.0, 1e4])
    assert tree_allclose(kept.energy, np.full(3, float(run.energy[-1])), rtol=1e-11)
    assert tree_allclose(
        kept.energy_variance, np.full(3, float(run.energy_variance[-1])), rtol=1e-9
    )
    G = chain().covariance(run.final_state)
    assert tree_allclose(G @ G, -np.eye(2 * N), rtol=1e-12)
    again = chain().start(np.asarray(G))
    assert again.layout is True  # known to be pure
    assert tree_allclose(chain().covariance(again), G, rtol=EXACT)
    values = _merits.modes_of(again.content)
    assert tree_allclose(values, np.ones(N), rtol=EXACT)
    hot = qb.charge(chain(), qb.protocols.Constant(-1.0), [0.0, 0.6, 1.2], initial=np.zeros((8, 8)))
    assert int(hot.status) == 0
    assert tree_allclose(hot.ergotropy, np.zeros(3), rtol=EXACT)


def test_an_ordered_chain_has_a_ground_state_of_each_parity():
    """Zero modes at the ends: at both parities the energy is that of the ground state."""
    ordered = {"hopping": 1.0, "pairing": 1.0, "fields": 0.2}
    for parity in ("even", "odd"):
        ising = qb.batteries.FermionChain(40, **ordered, parity=parity)
        Q = -np.asarray(ising.covariance(ising.start()))[:40, 40:]
        assert round(float(np.linalg.det(Q))) == {"even": 1, "odd": -1}[parity]
        assert float(ising.modes()[-1]) < EXACT
        again = brute.ground(brute.hamiltonian(6, **ordered), parity)
        few = qb.batteries.FermionChain(6, **ordered, parity=parity)
        assert tree_allclose(
            covariance(np.outer(again, again)), few.covariance(few.start()), rtol=1e-9
        )
