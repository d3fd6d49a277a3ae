"""A DOPO that is not perfect: a pump that stops slowly or fluctuates, baths that are not empty."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip as qt

import qbjax as qb
from qbjax.studies.averages import average, normal
from tests.helpers import GRADIENT, central_difference, tree_allclose
from tests.systems import dopo_merits, qutip_equation

pytestmark = pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning")

TIMES = np.array([0.0, 0.6, 1.4])


def test_a_ramp_is_a_pulse_of_straight_lines():
    battery, pump = qb.batteries.DOPO(6, 4), qb.protocols.SwitchOff(1.4, 0.8, ramp=0.3)
    lines = qb.protocols.Sampled([0.0, 0.65, 0.95], [1.4, 1.4, 0.0])
    runs = [qb.charge(battery, each, TIMES) for each in (pump, lines)]
    for name in ("energy", "ergotropy", "pump_photons", "pump_energy", "squeezing"):
        one, other = (run.observables[name] for run in runs)
        assert tree_allclose(one, other, rtol=1e-8), name
    assert tree_allclose(runs[0].pump_energy[-1], 1.4**2 * (0.65 + 0.1), rtol=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ramp", "expected"), [(0, 2.5661), (0.02, 2.5662), (0.5, 2.5845), (1.0, 2.6355)]
)
def test_ramps_about_the_best_time(ramp, expected):
    battery = qb.batteries.DOPO(44, 5)
    run = qb.charge(battery, qb.protocols.SwitchOff(3.0, 10.0, ramp), [0.0, 11.0])
    assert float(run.ergotropy[-1]) == pytest.approx(expected, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "derive"), [("forward", jax.jacfwd), ("reverse", jax.grad)])
def test_slopes_by_switch_off_and_ramp(mode, derive):
    @jax.jit
    def ergotropy(u):
        pump = qb.protocols.SwitchOff(1.5, u[0], u[1])
        how = {"adjoint": mode, "solver": qb.Solver(rtol=1e-11, atol=1e-13)}
        return qb.charge(qb.batteries.DOPO(6, 3), pump, [0.0, 1.6], **how).ergotropy[-1]

    at = jnp.array([0.9, 0.3])
    slopes = jax.jit(derive(ergotropy))(at)
    for k, direction in enumerate(np.eye(2)):
        expected = central_difference(ergotropy, at, direction)
        assert tree_allclose(slopes[k], expected, rtol=GRADIENT), k


@pytest.mark.slow
def test_a_pump_that_fluctuates_from_run_to_run():
    """W grows faster than F, so that its mean gains; who does not know F has lost some of it."""
    battery = qb.batteries.DOPO(56, 5)

    @jax.jit
    def charged(deviation):
        def one(F):
            run = qb.charge(battery, qb.protocols.Constant(F), [0.0, 10.0])
            return run.ergotropy[-1], battery.cell(run.final_state)

        return average(one, normal(3.0, deviation, points=5))

    expected = ((0.0, 9.2695, 9.2695), (0.1, 9.3452, 9.2931), (0.3, 9.8999, 9.5279))
    for deviation, seen, unseen in expected:
        work, cell = charged(deviation)
        assert float(work) == pytest.approx(seen, abs=1e-4)
        found = float(qb.merit.ergotropy(cell, battery.cell_hamiltonian))
        assert found == pytest.approx(unseen, abs=1e-4)


def test_a_phase_that_fluctuates_costs_coherence_alone():
    """Every run has the same work; without knowing the phase, what is coherent dwindles."""
    battery = qb.batteries.DOPO(8, 3)
    levels = battery.cell_hamiltonian

    def one(phase):
        turned = jax.lax.complex(jnp.cos(phase), jnp.sin(phase))
        run = qb.charge(battery, qb.protocols.Constant(1.2 * turned), [0.0, 1.5])
        return run.ergotropy[-1], battery.cell(run.final_state)

    work, cell = jax.jit(lambda: average(one, normal(0.0, 0.8, points=12)))()
    plain = qb.charge(battery, qb.protocols.Constant(1.2), [0.0, 1.5])
    assert tree_allclose(work, plain.ergotropy[-1], rtol=1e-7)
    # A pump's phase φ turns |n><m| by φ(n − m)/2.
    apart = np.subtract.outer(np.arange(8), np.arange(8)) / 2
    blurred = np.asarray(battery.cell(plain.final_state)) * np.exp(-((0.8 * apart) ** 2) / 2)
    assert tree_allclose(np.asarray(cell), blurred.astype(complex), rtol=1e-6)
    assert float(qb.merit.ergotropy(cell, levels)) < 0.9 * float(work)


SQUEEZED = {"signal_squeezing": 0.3, "signal_thermal": 0.1}


def qutip_squeezed(battery, amplitude, times, levels):
    """Whole states of a DOPO in a squeezed bath, by its two jumps."""
    H, jumps = qutip_equation(battery, amplitude)
    a, r = qt.tensor(qt.destroy(levels[0]), qt.qeye(levels[1])), float(battery.signal_squeezing)
    down = np.cosh(r) * a + np.sinh(r) * a.dag()
    warm = float(battery.signal_thermal)
    bath = [np.sqrt(warm + 1) * down, np.sqrt(warm) * down.dag()]
    start = qt.tensor(*(qt.fock_dm(n, 0) for n in levels))
    options = {"method": "dop853", "rtol": 1e-10, "atol": 1e-12, "nsteps": 100_000}
    return qt.mesolve(H, start, times, c_ops=bath + jumps[2:], options=options).states


@pytest.mark.parametrize(
    ("frame", "numbers", "amplitude"),
    [
        ("lab", SQUEEZED, 1.2),
        ("lab", {"signal_squeezing": -0.3, "detuning": 0.4}, 1.0 + 0.5j),
        ("displaced", SQUEEZED, 0.8),
    ],
)
def test_a_squeezed_bath_is_qutip_s(frame, numbers, amplitude):
    levels = (6, 8)
    battery = qb.batteries.DOPO(*levels, frame=frame, **numbers)
    run = qb.charge(battery, qb.protocols.Constant(amplitude), TIMES)
    states = qutip_squeezed(battery, amplitude, TIMES, levels)
    rtol = 1e-9 if frame == "lab" else 1e-6
    for k in (1, 2):
        cell, merits = dopo_merits(states[k].full(), levels[0])
        for name in (
            "ergotropy",
            "coherent_ergotropy",
            "squeezing",
            "g2",
            "parity",
            "pump_photons",
        ):
            assert tree_allclose(run.observables[name][k], merits[name], rtol=rtol), name
    assert tree_allclose(np.asarray(battery.cell(run.final_state), complex), cell, rtol=rtol)
    h = 1e-4
    about = qb.charge(battery, qb.protocols.Constant(amplitude), [0.0, 0.6 - h, 0.6 + h])
    slope = (about.energy[2] - about.energy[1]) / (2 * h)
    assert tree_allclose(run.instantaneous_power[1], slope, rtol=1e-6)


@pytest.mark.parametrize("frame", ["lab", "displaced"])
def test_without_a_pump_the_cell_takes_the_squeezing_of_its_bath(frame):
    battery = qb.batteries.DOPO(20, 2, frame=frame, coupling=0.0, **SQUEEZED)
    steady = qb.steady_state(battery, qb.protocols.Constant(0.0), gap=False)
    for name, sign in (("x_variance", -2), ("p_variance", 2)):
        expected = (0.1 + 0.5) * np.exp(sign * 0.3)
        assert tree_allclose(steady.observables[name], expected, rtol=1e-5), name
    assert tree_allclose(steady.energy, 0.6 * np.cosh(0.6) - 0.5, rtol=1e-5)


def test_a_cell_in_a_squeezed_bath_is_discharged():
    battery, load = qb.batteries.DOPO(8, 3, **SQUEEZED), qb.loads.TwoLevel(1.3, decay=0.2)
    start, times = np.outer(*[[0.6, 0, 0.8, 0, 0, 0, 0, 0]] * 2), [0.0, 0.5, 1.0]
    out = qb.discharge(battery, start, load, times)
    a, down = qt.tensor(qt.destroy(8), qt.qeye(2)), qt.tensor(qt.qeye(8), qt.destroy(2))
    bath = np.cosh(0.3) * a + np.sinh(0.3) * a.dag()
    losses = [np.sqrt(1.1) * bath, np.sqrt(0.1) * bath.dag(), np.sqrt(0.2) * down]
    H, whole = 1.3 * (a * down.dag() + a.dag() * down), qt.Qobj(np.kron(start, np.diag([1.0, 0])))
    whole.dims = [[8, 2], [8, 2]]
    options = {"rtol": 1e-10, "atol": 1e-12, "nsteps": 100_000}
    found = qt.mesolve(
        H, whole, times, c_ops=losses, e_ops=[down.dag() * down, a.dag() * a], options=options
    )
    assert tree_allclose(np.asarray(out.load_energy), found.expect[0], rtol=1e-7)
    assert tree_allclose(np.asarray(out.energy), found.expect[1], rtol=1e-7)
    turning = qb.batteries.DOPO(8, 3, detuning=0.1, **SQUEEZED)
    with pytest.raises(ValueError, match="`detuning` of the battery must be left out"):
        qb.discharge(turning, start, load, times)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "derive"),
    [("forward", jax.jacfwd), pytest.param("reverse", jax.grad, marks=pytest.mark.slow)],
)
def test_slopes_by_squeezing_and_temperature(mode, derive):
    @jax.jit
    def ergotropy(u):
        thermal = qb.algebra.jumps.occupation(1.0, u[1])
        battery = qb.batteries.DOPO(5, 3, signal_squeezing=u[0], signal_thermal=thermal)
        solver = qb.Solver(rtol=1e-11, atol=1e-13)
        pump = qb.protocols.Constant(1.0)
        run = qb.charge(battery, pump, [0.0, 1.0], solver=solver, adjoint=mode)
        return run.ergotropy[-1]

    at = jnp.array([0.2, 0.5])
    slopes = derive(ergotropy)(at)
    for k, direction in enumerate(np.eye(2)):
        expected = central_difference(ergotropy, at, direction)
        assert tree_allclose(slopes[k], expected, rtol=GRADIENT), k
