"""Chains of many spins: kets and sparse operators, against matrices, lines and exponentials."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse as sp
import scipy.sparse.linalg as spl

import qbjax as qb
from qbjax.algebra.operators import partial_trace
from qbjax.batteries.lindblad import _cell as cells
from qbjax.batteries.lindblad import _ground as grounds
from qbjax.batteries.lindblad import _sparse as large_ones
from qbjax.batteries.lindblad import _spins as spins
from qbjax.batteries.lindblad import spin_chain
from tests.helpers import central_difference

CONSTANT = qb.protocols.Constant
TIMES = np.linspace(0.0, 1.5, 4)
UNEVEN = {
    "hopping": np.array([0.8, 0.5, -0.6, 0.3]),
    "anisotropy": 0.6,
    "fields": np.array([2.0, 2.9, 2.1, 2.4, 2.2]),
}
SMALL = qb.batteries.SpinChain(5, **UNEVEN)


@pytest.fixture
def large(monkeypatch):
    """Makes five spins go the way of many."""
    monkeypatch.setattr(spin_chain, "LARGE", 4)
    return lambda **more: qb.batteries.SpinChain(5, **{**UNEVEN, **more})


def total(battery):
    """The Hamiltonian of a chain, sparse."""
    pairs = zip(battery.coefficients, battery.model.hamiltonians, strict=True)
    return sp.csr_array(sum(float(x) * m for x, m in pairs)).real


def test_operators_are_those_of_small_chains(large):
    np.testing.assert_allclose(
        total(large()).toarray(), np.asarray(SMALL.cell_hamiltonian), atol=1e-14
    )
    even = {"hopping": 0.7, "fields": 3.0}
    few = total(large(**even)).toarray()
    np.testing.assert_allclose(
        few, total(large(hopping=np.full(4, 0.7), fields=np.full(5, 3.0))).toarray(), atol=1e-14
    )
    assert len(large(**even).coefficients) == 3


def test_runs_and_blocks_of_spins_as_of_small_chains(large):
    battery = large()
    run = qb.charge(
        battery,
        CONSTANT(1.7),
        TIMES,
        save=lambda t, s: [battery.block_ergotropy(s, k) for k in (1, 2)],
    )
    dense = qb.charge(SMALL, CONSTANT(1.7), TIMES)
    np.testing.assert_allclose(run.energy, dense.energy, atol=1e-8)
    np.testing.assert_array_equal(run.ergotropy, run.energy)
    np.testing.assert_allclose(run.purity, 1.0)
    assert "coherent_ergotropy" not in run.observables
    rho = SMALL.density_matrix(dense.final_state)
    for saved, size in zip(run.saved, (1, 2), strict=True):
        now = SMALL.block_ergotropy(dense.final_state, size)
        np.testing.assert_allclose(saved[-1], now, atol=1e-8)
    pair = partial_trace(rho, (2,) * 5, (1, 2))
    n, hop = np.diag([0.0, 1.0]), np.zeros((4, 4))
    hop[1, 2] = hop[2, 1] = 1.0
    both, one = np.kron(n, n), np.eye(2)
    H = 2.9 * np.kron(n, one) + 2.1 * np.kron(one, n) + 0.5 * (hop + 0.6 * both)
    np.testing.assert_allclose(now[1], qb.merit.ergotropy(pair, H), atol=1e-10)
    some = battery.reduced(run.final_state, (0, 3))
    np.testing.assert_allclose(some, partial_trace(rho, (2,) * 5, (0, 3)), atol=1e-8)
    np.testing.assert_allclose(SMALL.reduced(dense.final_state, (0, 3)), some, atol=1e-8)


def test_slopes_by_protocol_and_by_numbers(large):
    @jax.jit
    @jax.value_and_grad
    def both(x):
        battery = large(fields=UNEVEN["fields"] + x[0], anisotropy=x[1])
        return qb.charge(battery, CONSTANT(x[2]), [0.0, 1.0]).energy[-1]

    at = jnp.array([0.1, 0.6, 1.7])
    differences = [central_difference(lambda x: both(x)[0], at, e) for e in np.eye(3)]
    np.testing.assert_allclose(both(at)[1], differences, rtol=1e-6)


def test_ground_states(large):
    weak = {"hopping": np.full(4, 1.0), "fields": np.array([1.0, 1.1, 0.9, 1.2, 1.0])}
    battery = large(**weak)
    levels = np.linalg.eigvalsh(total(battery).toarray())
    assert levels[0] < -0.1
    assert float(battery.cell_hamiltonian.ground) == pytest.approx(levels[0], abs=1e-12)
    assert qb.charge(battery, CONSTANT(0.0), [0.0, 1.0]).energy[0] == pytest.approx(0, abs=1e-12)
    with pytest.raises(ValueError, match="must leave the chain one ground state"):
        large(hopping=np.zeros(4), fields=np.zeros(5))
    # Of traced numbers it must be known from them that no spin is flipped.
    traced = jax.jit(lambda b: large(**{**weak, "fields": b}).start().content)
    assert np.all(np.isnan(traced(jnp.ones(5))[0]))


def test_lanczos_finds_the_lowest_levels_of_sectors(monkeypatch):
    monkeypatch.setattr(grounds, "DENSE", 8)
    chain = sp.csr_array(sum(spins.hops(7)) + 0.3 * sum(spins.flipped(7)))
    exact = np.linalg.eigvalsh(chain.toarray())
    found = grounds.in_sectors(chain, spins.sectors(7))
    np.testing.assert_allclose(found.levels, exact[:2], atol=1e-10)
    np.testing.assert_allclose(chain @ found.vector, exact[0] * found.vector, atol=1e-8)
    assert grounds.lowest(chain) == pytest.approx(exact[0], abs=1e-10)


@pytest.mark.parametrize("seed", range(20))
def test_bare_chains_have_no_flipped_spin_in_their_ground_state(seed):
    rng = np.random.default_rng(seed)
    J, delta, B = rng.normal(size=4), 3 * rng.normal(), rng.random(5) * 5
    groups = ((B, spins.flipped(5)), (J, spins.hops(5)), (J * delta, spins.both(5)))
    H = sum(x * m.toarray() for numbers, some in groups for x, m in zip(numbers, some, strict=True))
    levels, vectors = np.linalg.eigh(H)
    if grounds.is_bare(B, J, delta, np):
        assert levels[0] == pytest.approx(0, abs=1e-12)
        assert abs(vectors[0, 0]) > 1 - 1e-9
    assert grounds.is_bare(np.full(5, 20.0), J, delta, np)


def against_scipy(battery):
    run = qb.charge(battery, CONSTANT(2.0), TIMES)
    H, drive = total(battery), battery.model.controls[0].real
    start = np.asarray(battery.lindblad.given)
    drift = sp.csr_array(-1j * (H + 2.0 * drive))
    kets = spl.expm_multiply(drift, start, TIMES[0], TIMES[-1], TIMES.size)
    energies = np.array([np.vdot(k, H @ k).real for k in kets])
    ground = float(battery.cell_hamiltonian.ground)
    np.testing.assert_allclose(run.energy, energies - ground, atol=1e-7)


def test_eleven_spins_against_scipy():
    against_scipy(qb.batteries.SpinChain(11, hopping=0.7, anisotropy=0.4))


def test_one_flipped_spin_of_many_is_a_particle_on_a_line():
    battery, states = qb.batteries.SpinChain(12, hopping=0.7), spins.sectors(12)[1]
    levels = np.linalg.eigvalsh(total(battery)[states][:, states].toarray())
    line = np.sort(3.0 + 1.4 * np.cos(np.pi * np.arange(1, 13) / 13))
    np.testing.assert_allclose(levels, line, atol=1e-12)


@pytest.mark.filterwarnings("ignore:Too few levels")
@pytest.mark.parametrize("sparse", [False, True], ids=["factors", "matrix"])
def test_any_battery_that_stores_with_all_it_has(sparse, monkeypatch):
    dims, rng = (3, 2, 2), np.random.default_rng(4)
    made = [rng.normal(size=(n, n)) + 1j * rng.normal(size=(n, n)) for n in (3, 12, 12)]
    part, H, control = ((m + m.conj().T) / 2 for m in made)
    given = (part, np.array([0.0, 1.0]), np.array([0.5, 0.0]))

    def run(cell_hamiltonian):
        battery = qb.batteries.Lindblad(
            H, [], dims=dims, cell=(0, 1, 2), cell_hamiltonian=cell_hamiltonian,
            controls=[control], observables={"drive": control}, truncated=(0,),
        )  # fmt: skip
        return battery, qb.charge(battery, CONSTANT(0.3), TIMES)

    battery, dense = run(given)
    for module in (large_ones, cells):
        monkeypatch.setattr(module, "LARGE", 4)
    _, found = run(sp.csr_array(np.asarray(battery.cell_hamiltonian)) if sparse else given)
    names = ("energy", "ergotropy", "drive", *(() if sparse else ("local_ergotropy",)))
    for name in names:
        np.testing.assert_allclose(found.observables[name], dense.observables[name], atol=1e-7)
    np.testing.assert_allclose(found.truncation, dense.truncation, atol=1e-7)
    assert ("local_ergotropy" in found.observables) != sparse


@pytest.mark.slow
def test_fourteen_spins_against_scipy():
    against_scipy(qb.batteries.SpinChain(14, hopping=0.7, anisotropy=0.4, fields=1.2))


@pytest.mark.slow
@pytest.mark.parametrize("count", [16, 18])
def test_many_spins_keep_their_energy(count):
    battery = qb.batteries.SpinChain(count, anisotropy=0.5)
    run = qb.charge(battery, qb.protocols.SwitchOff(2.0, 0.4), [0.0, 0.4, 1.0, 2.0])
    np.testing.assert_allclose(run.energy[2:], run.energy[1], rtol=1e-9)
    assert run.energy[1] > 1
    assert np.max(run.trace_defect) < 1e-9


def test_what_does_not_fit_is_said():
    with pytest.raises(ValueError, match=r"`spins` must be small enough .* a ket of so many"):
        qb.batteries.SpinChain(31)
    noise = qb.algebra.jumps.dephasing(0.1, (2,) * 13, tuple(range(13)))
    battery = qb.batteries.SpinChain(13, jumps=noise)
    with pytest.raises(ValueError, match=r"takes 0.5 GiB a copy. Watch them instead: qb.traj"):
        qb.charge(battery, CONSTANT(1.0), TIMES)
    with pytest.raises(ValueError, match=r"`state` must be of at most 1024 levels .* but has 8192"):
        battery.density_matrix(battery.start())
    mixed = np.eye(2048) / 2048
    with pytest.raises(ValueError, match="`initial` must be a ket for a battery of 2048 levels"):
        qb.charge(qb.batteries.SpinChain(11), CONSTANT(1.0), TIMES, initial=mixed)
    assert "all of it: 8192 levels" in battery.info()["cell"]
