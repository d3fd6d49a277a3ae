"""Where the pump's energy goes: the balance of drive, losses, cell and charger."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate

import qbjax as qb
from tests.helpers import GRADIENT, central_difference, tree_allclose

pytestmark = pytest.mark.filterwarnings("ignore:Too few levels")

TIMES = np.linspace(0.0, 2.0, 401)
PULSE = qb.protocols.PiecewiseConstant(jnp.array([0.4, 1.2, 0.8]), 1.5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "battery",
    [
        qb.batteries.DOPO(14, 8, pump_decay=4.0, frame="lab"),
        qb.batteries.DOPO(14, 5, pump_decay=4.0, pump_thermal=0.1, signal_thermal=0.05),
        qb.batteries.DOPO(14, 5, pump_decay=4.0, detuning=0.4),
    ],
    ids=["lab", "displaced, warm", "displaced, detuned"],
)
def test_balance(battery):
    """d(E + 2n_p)/dt = drive − γ_s(n_s − n̄_s) − 2γ_p(n_p − n̄_p): three-wave mixing keeps
    n_s + 2n_p, so that work is what is there and what was lost, integrated by Simpson."""
    run = qb.charge(battery, PULSE, TIMES)
    leak = battery.signal_decay * (run.energy - battery.signal_thermal)
    leak += 2 * battery.pump_decay * (run.pump_photons - battery.pump_thermal)
    lost = scipy.integrate.cumulative_simpson(np.asarray(leak), x=TIMES, initial=0.0)
    stored = run.energy + run.charger_energy
    # Simpson across the two edges of the pump costs digits; truncation a few more.
    assert tree_allclose(run.drive_work, stored - stored[0] + lost, rtol=1e-4, atol=1e-4)
    assert tree_allclose(run.charger_energy, 2 * run.pump_photons, rtol=1e-12)


def test_pump_energy_and_efficiency():
    """∫F² of a pulse is known; per pump energy is NaN before any was spent."""
    run = qb.charge(qb.batteries.DOPO(10, 3), PULSE, jnp.array([0.0, 0.25, 1.5, 2.0]))
    spent = jnp.array([0.0, 0.04, 1.12, 1.12])
    assert tree_allclose(run.pump_energy, spent, rtol=1e-12)
    assert tree_allclose(PULSE.energy, spent[-1], rtol=1e-14)
    assert np.isnan(run.ergotropy_per_pump_energy[0])
    assert tree_allclose(
        run.ergotropy_per_pump_energy[1:], run.ergotropy[1:] / spent[1:], rtol=1e-12
    )


def test_complex_pump_counts_its_modulus():
    """A phase of the pump turns the battery and changes no energy."""
    battery, times = qb.batteries.DOPO(8, 4, frame="lab"), jnp.array([0.0, 0.7])
    real = qb.charge(battery, qb.protocols.Constant(0.8), times)
    turned = qb.charge(battery, qb.protocols.Constant(0.8 * np.exp(0.9j)), times)
    for name in ("pump_energy", "drive_work", "energy"):
        assert tree_allclose(turned.observables[name], real.observables[name], rtol=1e-8)


@pytest.mark.slow  # twenty seconds of compilation
@pytest.mark.parametrize("frame", ["displaced", "lab"])
def test_reverse_gradient_of_a_pulse(frame):
    """By every segment and the duration (which moves the edges), against differences; the run
    ends inside the last segment, on an edge, and after the pulse."""
    battery = qb.batteries.DOPO(7, 4, pump_decay=9.0, frame=frame)
    tight = qb.Solver(rtol=1e-11, atol=1e-13)

    def value(numbers, end):
        pulse = qb.protocols.PiecewiseConstant(numbers[:3], numbers[3])
        times = jnp.stack([jnp.array(0.0), jnp.array(0.3), end])
        run = qb.charge(battery, pulse, times, solver=tight)
        return run.ergotropy[-1] + run.energy[1] + run.drive_work[-1] / run.pump_energy[-1]

    numbers, plain = jnp.array([0.4, 1.2, 0.8, 1.5]), jax.jit(value)
    slopes = jax.jit(jax.grad(value))
    for end in (1.3, 1.5, 1.9):
        gradient = slopes(numbers, jnp.array(end))
        for k in range(3 if end == 1.5 else 4):  # the duration has a one-sided slope there
            numeric = central_difference(
                lambda x, end=end: plain(x, jnp.array(end)), numbers, jnp.zeros(4).at[k].set(1.0)
            )
            assert tree_allclose(gradient[k], numeric, rtol=GRADIENT)


@pytest.mark.slow
def test_a_run_that_ends_with_its_pump():
    """The end and the edge move together: the slope is that of a pump that stays on."""
    battery = qb.batteries.DOPO(8, 3)

    def photons(pump, end):
        return qb.charge(battery, pump, [0.0, end], adjoint="forward").pump_photons[-1]

    @jax.jit
    def value_and_slope(end):
        at = (end,), (jnp.ones(()),)
        switched = jax.jvp(lambda t: photons(qb.protocols.SwitchOff(1.1, t), t), *at)
        return switched, jax.jvp(lambda t: photons(qb.protocols.Constant(1.1), t), *at)

    switched, constant = value_and_slope(jnp.array(1.2))
    assert tree_allclose(switched, constant, rtol=1e-6)
