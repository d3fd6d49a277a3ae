"""Identities of the DOPO battery: arithmetic, layouts, storing, observables, closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from tests.helpers import EXACT, is_complete, random_state, tree_allclose
from tests.systems import coherent_cell

pytestmark = pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning")

SOLVER = 1e-8
"""Error of the default solver where it counts: runs whose steps differ agree to this."""

LEVELS = (8, 6)
TIMES = np.array([0.0, 0.4, 1.0, 1.5, 2.5])
PUMP = qb.protocols.Constant(1.5)
MERITS = ("energy", "ergotropy", "coherent_ergotropy", "purity", "pump_photons", "trace_defect")
BOTH_FRAMES = pytest.mark.parametrize("frame", ["displaced", "lab"])


def charge(frame="displaced", pump=PUMP, times=TIMES, initial=None, **numbers):
    """One compilation per frame serves most of this file."""
    battery = qb.batteries.DOPO(*LEVELS, frame=frame, **numbers)
    return battery, qb.charge(battery, pump, times, initial=initial)


def merits(run, where=slice(None)):
    return {name: getattr(run, name)[where] for name in MERITS}


@BOTH_FRAMES
def test_a_run_is_physical(frame):
    _, run = charge(frame)
    assert is_complete(run)
    assert run.truncation.shape == (5, 2)
    assert run.modes == ("signal", "pump")
    assert jnp.max(run.trace_defect) < 1e-10
    assert jnp.all((run.ergotropy >= -EXACT) & (run.ergotropy <= run.energy + EXACT))
    total = run.coherent_ergotropy + run.incoherent_ergotropy
    assert tree_allclose(total, run.ergotropy, rtol=EXACT)
    assert jnp.all((run.purity > 0) & (run.purity <= 1 + EXACT))
    assert (float(run.energy[0]), float(run.purity[0])) == (0.0, 1.0)
    assert jnp.isnan(run.fano[0])  # of the vacuum


@BOTH_FRAMES
def test_the_final_state_has_the_last_merits(frame):
    battery, run = charge(frame)
    rho, levels = battery.cell(run.final_state), battery.cell_hamiltonian
    assert tree_allclose(jnp.trace(rho), 1.0, rtol=1e-10)
    assert jnp.linalg.eigvalsh(rho)[0] > -1e-10
    for merit in ("energy", "ergotropy", "coherent_ergotropy", "incoherent_ergotropy"):
        alone = jax.jit(getattr(qb.merit, merit))(rho, levels)
        assert tree_allclose(alone, run.observables[merit][-1], rtol=1e-10), merit
    assert tree_allclose(jax.jit(qb.merit.purity)(rho), run.purity[-1], rtol=1e-10)
    assert tree_allclose(jax.jit(qb.merit.fano_factor)(rho), run.fano[-1], rtol=1e-10)
    top = jnp.sum(jnp.diagonal(rho)[-2:])
    assert tree_allclose(top, run.truncation[-1, 0], rtol=EXACT)
    if frame == "lab":
        both = jnp.diagonal(battery.density_matrix(run.final_state)).reshape(LEVELS)
        assert tree_allclose(jnp.sum(both[:, -2:]), run.truncation[-1, 1], rtol=EXACT)


def test_powers_divide_by_the_elapsed_time():
    _, run = charge(times=TIMES + 3.0)
    assert jnp.isnan(run.charging_power[0])
    assert jnp.isnan(run.ergotropic_power[0])
    assert tree_allclose(run.charging_power[1:], run.energy[1:] / TIMES[1:], rtol=EXACT)
    assert tree_allclose(run.ergotropic_power[1:], run.ergotropy[1:] / TIMES[1:], rtol=EXACT)
    assert tree_allclose(merits(run), merits(charge()[1]), rtol=SOLVER)


@BOTH_FRAMES
def test_instantaneous_power_is_the_slope_of_the_energy(frame):
    h = 0.01
    _, run = charge(frame, times=np.array([0.0, 1 - 2 * h, 1 - h, 1 + h, 1 + 2 * h]))
    e = run.energy
    slope = (8 * (e[3] - e[2]) - (e[4] - e[1])) / (12 * h)
    power = charge(frame)[1].instantaneous_power[2]
    assert tree_allclose(power, slope, rtol=1e-6)  # h⁴ and (solver error)/h


@BOTH_FRAMES
def test_complex_arithmetic_gives_what_real_does(frame):
    """An array 0 keeps the detuning's term."""
    _, run = charge(frame, detuning=jnp.asarray(0.0))
    _, plain = charge(frame)
    assert (run.final_state.layout.real, plain.final_state.layout.real) == (False, True)
    assert tree_allclose(merits(run), merits(plain), rtol=SOLVER)


def test_a_phase_of_the_pump_turns_the_signal_by_half_of_it():
    battery, turned = charge("lab", pump=qb.protocols.Constant(1.5 * np.exp(0.8j)))
    _, plain = charge("lab")
    assert tree_allclose(merits(turned), merits(plain), rtol=SOLVER)
    turn = np.exp(0.4j * np.arange(LEVELS[0]))
    cell = np.asarray(battery.cell(plain.final_state)) * np.outer(turn, turn.conj())
    assert tree_allclose(battery.cell(turned.final_state), cell, rtol=SOLVER)


@BOTH_FRAMES
def test_parity_sectors_give_what_the_whole_does(frame):
    vacuum = np.diag(np.eye(LEVELS[0])[0])
    # A traced state may hold any coherence, so it gets the whole layout.
    whole = jax.jit(lambda rho: charge(frame, initial=rho)[1])(vacuum)
    _, halves = charge(frame, initial=vacuum)
    assert (whole.final_state.layout.sectored, halves.final_state.layout.sectored) == (False, True)
    assert tree_allclose(merits(whole), merits(halves), rtol=SOLVER)


@BOTH_FRAMES
def test_storing_continues_as_a_switched_off_pump_does(frame):
    battery, full = charge(frame)
    kept = qb.store(battery, full.final_state, 2.5 + TIMES)
    assert tree_allclose(merits(kept, 0), merits(full, -1), rtol=1e-10)
    pump = qb.protocols.SwitchOff(1.5, 2.5)
    _, run = charge(frame, pump, np.array([0.0, 2.5, 2.9, 4.0, 5.0]))
    same = np.array([0, 1, 3, 4])
    assert tree_allclose(merits(kept, same), merits(run, slice(1, None)), rtol=SOLVER)


def test_two_halves_are_one_run():
    battery, run = charge()
    half = qb.charge(battery, PUMP, [0.0, 0.2, 0.4, 0.6, 1.0])
    rest = qb.charge(battery, PUMP, [1.0, 1.2, 1.5, 2.0, 2.5], initial=half.final_state)
    assert tree_allclose(merits(rest, -1), merits(run, -1), rtol=SOLVER)
    cells = [battery.cell(x.final_state) for x in (rest, run)]
    assert tree_allclose(*cells, rtol=SOLVER)


def test_without_coupling_the_cell_only_decays_and_turns():
    """A coherent state in a cold bath stays coherent: α(t) = α e^{-(γ/2 + iΔ)t}."""
    alpha, numbers = 0.3 + 0.2j, {"coupling": 0.0, "signal_decay": 0.8, "detuning": 0.5}
    battery, run = charge("lab", initial=coherent_cell(LEVELS[0], alpha), **numbers)
    later = alpha * np.exp(-(0.4 + 0.5j) * TIMES[-1])
    # Cut at eight levels the state is coherent to 0.36⁷/√8! = 4e-6.
    cell = coherent_cell(LEVELS[0], later)
    assert tree_allclose(battery.cell(run.final_state), cell, rtol=1e-5)
    assert tree_allclose(run.energy, run.energy[0] * np.exp(-0.8 * TIMES), rtol=SOLVER)


@pytest.mark.parametrize("detuning", [0, jnp.asarray(0.5)])
def test_without_coupling_the_pump_is_a_driven_lossy_mode(detuning):
    """⟨a_p⟩ = (√γ F/z)(1 − e^{−zt}) with z = γ/2 + 2iΔ."""
    _, run = charge(coupling=0.0, detuning=detuning, pump_decay=3.0)
    z = 1.5 + 2j * float(detuning)
    amplitude = np.sqrt(3.0) * 1.5 / z * (1 - np.exp(-z * TIMES))
    assert tree_allclose(run.pump_photons, abs(amplitude) ** 2, rtol=SOLVER)
    assert tree_allclose(run.energy, np.zeros(5), rtol=EXACT)


@pytest.mark.parametrize("real", [True, False])
def test_an_initial_cell_comes_back(real):
    rho, battery = random_state(3, LEVELS[0], real=real), qb.batteries.DOPO(*LEVELS, frame="lab")
    state = battery.start(rho)
    assert tree_allclose(battery.cell(state), jnp.asarray(rho), rtol=EXACT)
    whole = np.kron(rho, np.diag(np.eye(LEVELS[1])[0]))
    assert tree_allclose(battery.density_matrix(state), whole, rtol=EXACT)
    ket = np.array([0.6, 0.8j] + [0] * 6) if not real else np.array([0.6, 0.8] + [0] * 6)
    cell = battery.cell(battery.start(ket))
    assert tree_allclose(cell, jnp.asarray(np.outer(ket, ket.conj())), rtol=EXACT)


def test_the_caller_s_own_observable_is_computed_on_the_fly():
    battery = qb.batteries.DOPO(*LEVELS)

    def save(t, state):
        return {"time": t, "cell": battery.cell(state)}

    run = qb.charge(battery, PUMP, TIMES, save=save)
    assert tree_allclose(run.saved["time"], TIMES, rtol=EXACT)
    assert tree_allclose(run.saved["cell"][-1], battery.cell(run.final_state), rtol=EXACT)
    populations = jnp.diagonal(run.saved["cell"], axis1=1, axis2=2)
    assert tree_allclose(populations @ battery.cell_hamiltonian, run.energy, rtol=EXACT)
