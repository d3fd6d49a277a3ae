"""A whole cycle: charged in the guide, withdrawn, stored outside, discharged into a load."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip as qt

import qbjax as qb
from tests.helpers import EXACT, GRADIENT, central_difference, tree_allclose

FREQUENCY, LOSS, COUPLING, DECAY = 0.66, 0.03, 1.2, 0.1
INSIDE = np.array([0.0, 6.0, 12.0])
OUTSIDE = np.array([0.0, 1.3, 2.5])
LOAD = {"coupling": COUPLING, "decay": DECAY, "frequency": FREQUENCY}


def guide(distance=0.1, outside_decay=LOSS):
    return qb.batteries.Waveguide(FREQUENCY, distance, 0.5, outside_decay=outside_decay)


def test_outside_a_battery_decays_alone():
    battery = guide()
    run = qb.charge(battery, None, INSIDE)
    kept = qb.store(battery, run.final_state, 10 * OUTSIDE, states="cell")
    left = float(run.energy[-1]) / FREQUENCY * np.exp(-10 * LOSS * OUTSIDE)
    assert tree_allclose(kept.energy, FREQUENCY * left, rtol=EXACT)
    assert tree_allclose(kept.ergotropy, FREQUENCY * np.maximum(2 * left - 1, 0), rtol=EXACT)
    assert tree_allclose(kept.states[1], np.diag([1 - left[1], left[1] + 0j]), rtol=EXACT)
    assert kept.ergotropy[0] > 0.1
    again = qb.store(battery, kept.final_state, [25.0, 1e7])
    assert tree_allclose(again.energy[0], kept.energy[-1], rtol=EXACT)
    traced = jax.jit(lambda t: qb.store(battery, run.final_state, t).energy)
    assert tree_allclose(traced(10 * OUTSIDE), kept.energy, rtol=EXACT)
    shielded = guide(outside_decay=0)
    run = qb.charge(shielded, None, INSIDE)
    kept = qb.store(shielded, run.final_state, OUTSIDE)
    assert tree_allclose(kept.energy, np.full(3, run.energy[-1]), rtol=EXACT)


def by_qutip(population, times):
    """The load's and the cell's populations, in the frame that rotates with both."""
    low = qt.destroy(2)
    cell, load = qt.tensor(low, qt.qeye(2)), qt.tensor(qt.qeye(2), low)
    H = COUPLING * (cell * load.dag() + cell.dag() * load)
    start = qt.tensor(qt.Qobj(np.diag([1 - population, population])), qt.fock_dm(2, 0))
    jumps = [np.sqrt(LOSS) * cell, np.sqrt(DECAY) * load]
    counted = [load.dag() * load, cell.dag() * cell]
    options = {"rtol": 1e-11, "atol": 1e-13}
    return qt.mesolve(H, start, times, jumps, e_ops=counted, options=options).expect


def test_a_load_gets_what_qutip_says():
    battery = guide()
    run = qb.charge(battery, None, INSIDE)
    kept = qb.store(battery, run.final_state, OUTSIDE)
    out = qb.discharge(battery, kept.final_state, qb.loads.TwoLevel(**LOAD), OUTSIDE)
    load, cell = by_qutip(float(kept.energy[-1]) / FREQUENCY, OUTSIDE)
    assert tree_allclose(out.load_energy, FREQUENCY * load, rtol=0, atol=1e-9)
    assert tree_allclose(out.energy, FREQUENCY * cell, rtol=0, atol=1e-9)
    work = FREQUENCY * np.maximum(2 * load - 1, 0)
    assert tree_allclose(out.load_ergotropy, work, rtol=0, atol=1e-9)
    assert work[1] > 0.03


@pytest.mark.parametrize(
    "discharged", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["stored", "discharged"]
)
def test_a_cycle_is_differentiable(discharged):
    """What the battery or the load has, by the emitters' distance and the decay outside."""

    def delivered(x):
        battery = guide(*x)
        run = qb.charge(battery, None, INSIDE)
        kept = qb.store(battery, run.final_state, OUTSIDE)
        if not discharged:
            return kept.energy[-1]
        load = qb.loads.TwoLevel(**LOAD)
        return qb.discharge(battery, kept.final_state, load, OUTSIDE[:2]).load_energy[-1]

    x, direction = jnp.array([0.1, 0.03]), jnp.array([0.05, -0.02])
    expected = central_difference(jax.jit(delivered), x, direction)
    assert tree_allclose(jax.jit(jax.grad(delivered))(x) @ direction, expected, rtol=GRADIENT)


def test_nothing_goes_back_into_the_guide():
    battery = guide()
    run = qb.charge(battery, None, INSIDE)
    kept = qb.store(battery, run.final_state, OUTSIDE)
    for state in (run.final_state, kept.final_state):
        with pytest.raises(ValueError, match="`initial` must be left out for a waveguide"):
            qb.charge(battery, None, INSIDE, initial=state)
    with pytest.raises(ValueError, match=r"`times` must start at 0 .* hand-over at 12"):
        qb.store(battery, run.final_state, [3.0, 4.0])
    with pytest.raises(ValueError, match="`frequency` of the load must be the cell's level"):
        qb.discharge(battery, run.final_state, qb.loads.TwoLevel(1.0), OUTSIDE)
    with pytest.raises(ValueError, match="with other parameters"):
        qb.store(guide(0.2), run.final_state, OUTSIDE)
