"""Ensembles of spins against brute force over all 2^N levels, QuTiP's piqs and known numbers."""

import numpy as np
import pytest
import scipy.linalg

import qbjax as qb
from qbjax import merit
from qbjax.algebra.operators import partial_trace
from tests.batteries.ensemble import brute_force
from tests.batteries.ensemble.reference import CASES
from tests.helpers import EXACT

RATES = {"local_decay": 0.1, "local_pump": 0.05, "local_dephasing": 0.2, "collective_decay": 0.15}
SHORT = {name.removeprefix("local_").removesuffix("_decay"): x for name, x in RATES.items()}
CONSTANT = qb.protocols.Constant(0.7)
LEVELS = {"energy_variance": merit.energy_variance} | {
    name: getattr(merit, name)
    for name in ("energy", "ergotropy", "coherent_ergotropy", "incoherent_ergotropy")
}


@pytest.mark.parametrize("case", CASES, ids=["lossy cavity", "pumped spins"])
@pytest.mark.filterwarnings("ignore:Too few levels")
def test_in_a_cavity_against_brute_force(case):
    battery = qb.batteries.SpinEnsemble(
        case["spins"], case["photons"], case["levels"], **case["rates"]
    )
    fine = qb.Solver(rtol=1e-11, atol=1e-13)
    run = qb.charge(battery, qb.protocols.Constant(case["coupling"]), np.arange(9.0), solver=fine)
    assert np.allclose(run.energy, case["energy"], rtol=0, atol=2e-9)
    assert np.allclose(run.ergotropy, case["ergotropy"], rtol=0, atol=2e-9)
    assert np.allclose(run.purity, case["purity"], rtol=0, atol=2e-9)
    assert np.allclose(run.photons, case["photon_number"], rtol=0, atol=2e-9)
    # Quanta that are pumped reach the top of a cavity that is cut; others never do.
    assert int(run.status) == (4 if "local_pump" in case["rates"] else 0)


@pytest.fixture(scope="module")
def driven():
    """Three driven spins with every kind of noise, and what brute force finds."""
    battery = qb.batteries.SpinEnsemble(3, frequency=1.5, **RATES)
    run = qb.charge(battery, CONSTANT, 0.5 * np.arange(5.0), states="cell")
    return battery, run, brute_force.driven(3, 0.7, 0.5, 4, **SHORT)


def test_every_noise_against_brute_force(driven):
    _, run, states = driven
    energies = 1.5 * brute_force.quanta(3)
    for name, function in LEVELS.items():
        wanted = [function(rho, energies) for rho in states]
        assert np.allclose(run.observables[name], wanted, rtol=0, atol=EXACT), name
    for name, function in {"purity": merit.purity, "entropy": merit.entropy}.items():
        wanted = [function(rho) for rho in states]
        assert np.allclose(run.observables[name], wanted, rtol=0, atol=EXACT), name
    single = [partial_trace(rho, (2, 2, 2), 0) for rho in states]
    wanted = [merit.ergotropy(rho, np.array([0.0, 1.5])) for rho in single]
    assert np.allclose(run.spin_ergotropy, wanted, rtol=0, atol=EXACT)


def test_blocks_and_collective_ergotropy_against_brute_force(driven):
    battery, run, states = driven
    for i, rho in enumerate(states):
        apart = brute_force.blocks(rho, 3)
        assert np.allclose(run.states[i], scipy.linalg.block_diag(*apart), rtol=0, atol=EXACT)
        levels = [1.5 * (q + np.arange(len(block))) for q, block in enumerate(apart)]
        passive = sum(
            np.linalg.eigvalsh(block)[::-1] @ energies
            for block, energies in zip(apart, levels, strict=True)
        )
        assert abs(run.energy[i] - run.collective_ergotropy[i] - passive) < EXACT
    assert np.allclose(battery.cell(run.final_state), run.states[-1], rtol=0, atol=EXACT)


def test_the_order_of_ergotropies(driven):
    """One spin after the other, or all alike, extracts no more than all unitaries."""
    _, run, _ = driven
    assert np.all(run.collective_ergotropy <= run.ergotropy + EXACT)
    assert np.all(3 * run.spin_ergotropy <= run.ergotropy + EXACT)
    assert np.all(run.ergotropy <= run.energy + EXACT)


def test_against_piqs():
    """Six spins, local and collective noise; piqs keeps coefficients in single precision."""
    qutip, piqs = pytest.importorskip("qutip"), pytest.importorskip("qutip.piqs.piqs")
    system = piqs.Dicke(
        6, emission=0.1, pumping=0.05, dephasing=0.4, collective_emission=0.15,
        hamiltonian=1.4 * piqs.jspin(6, "x"),
    )  # fmt: skip
    excited = piqs.jspin(6, "z") + 3 * qutip.qeye(piqs.num_dicke_states(6))
    times = np.linspace(0.0, 2.0, 3)
    start = piqs.dicke(6, 3, -3)
    options = {"rtol": 1e-10, "atol": 1e-12, "nsteps": 100_000}
    found = qutip.mesolve(system.liouvillian(), start, times, [], e_ops=[excited], options=options)
    battery = qb.batteries.SpinEnsemble(6, **RATES)
    run = qb.charge(battery, CONSTANT, times)
    assert np.allclose(run.energy, found.expect[0], rtol=0, atol=1e-7)


@pytest.mark.parametrize(
    ("spins", "near", "energy", "ergotropy", "variance"),
    [
        (2, 1.082, 1.356727, 0.963948, 0.07080),
        (10, 1.083, 6.373343, 5.750548, 0.90195),
        (100, 1.093, 63.681581, 62.816763, 8.71514),
    ],
)
def test_ergotropy_and_its_variance_near_the_largest_power(
    spins, near, energy, ergotropy, variance
):
    """Coupling g/√N and N photons: a public notebook's numbers, at its energy."""
    battery = qb.batteries.SpinEnsemble(spins, spins)
    times = np.linspace(near - 4e-3, near + 4e-3, 15)
    run = qb.charge(battery, qb.protocols.Constant(spins**-0.5), [0.0, *times])
    seen = [np.asarray(x[1:]) for x in (run.energy, run.ergotropy, run.work_variance)]
    assert abs(np.interp(energy, seen[0], seen[1]) - ergotropy) < 2e-6
    assert abs(np.interp(energy, seen[0], seen[2]) - variance) < 2e-5
    assert np.all(run.collective_ergotropy[1:] < run.ergotropy[1:] - 1e-3)


def test_the_first_swing_of_two_spins():
    """A closed form: E = ⅔ sin²√6gt + (4/9)(1 − cos √6gt)², peak 16/9."""
    battery, times = qb.batteries.SpinEnsemble(2, 2), np.linspace(0.0, np.pi / 6**0.5, 5)
    run = qb.charge(battery, qb.protocols.Constant(1.0), times)
    turn = 6**0.5 * times
    wanted = 2 / 3 * np.sin(turn) ** 2 + 4 / 9 * (1 - np.cos(turn)) ** 2
    assert np.allclose(run.energy, wanted, rtol=0, atol=1e-9)
    assert battery.info()["sectors"] == "one number of quanta, 3 levels"
