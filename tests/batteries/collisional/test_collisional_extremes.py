"""Points where a careless code would be wrong: numbers found by brute force elsewhere."""

import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.dynamics.record.trajectory import TruncationWarning
from tests.helpers import EXACT, random_state

LADDERS = qb.algebra.ladders
oscillator, spin, uniform = LADDERS.oscillator, LADDERS.spin, LADDERS.uniform
saturated = pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning")


def charge(ladder, theta, count, *qubit, **options):
    protocol = qb.protocols.Collisions(np.full(count, theta), *qubit, save_every=max(1, count))
    return qb.charge(qb.batteries.Collisional(ladder), protocol, **options)


@saturated
def test_an_angle_of_zero_leaves_any_state_alone():
    battery = qb.batteries.Collisional(oscillator(8))
    rho = random_state(0, 8)
    run = qb.charge(battery, qb.protocols.Collisions([0.0], 0.3, 0.7), initial=rho)
    assert float(jnp.max(jnp.abs(battery.cell(run.final_state) - rho))) < EXACT
    assert bool(jnp.isnan(run.transient_power[-1]) & jnp.isnan(run.charging_power[-1]))


def test_a_level_whose_way_down_is_closed_goes_up_alone():
    run = charge(oscillator(4), np.pi, 1, initial=np.eye(4)[1])
    assert float(run.energy[-1]) == pytest.approx(1.9291080928344089, rel=1e-14)


@pytest.mark.parametrize(
    ("ladder", "theta", "count", "qubit", "expected"),
    [
        (uniform(6), np.pi, 7, (0.3, 1.0), (0.0, 1.0, 0.0)),
        (oscillator(30), 0.6, 12, (0.0, 0.5, 1.0), (8.44053777814192, 0.12942666920079865,
                                                    5.382943486486192)),
        (oscillator(10), 0.6, 20, (1.0, 1.0), (0.0, 1.0, 0.0)),
        (oscillator(60), 0.2, 30, (0.5, 0.25), (1.0948320107817593, 0.47313640708801386,
                                                0.544629086913986)),
        (oscillator(60), 0.2, 30, (0.5, 0.75), (4.887632585874895, 0.6379577474212358,
                                                4.6036399305649764)),
        (oscillator(60), 0.2, 30, (0.5, 1.0), (7.8602402807091885, 0.8534002475496826,
                                               7.773261919442531)),
        (oscillator(1), 0.7, 5, (0.5, 1.0), (0.0, 1.0, 0.0)),
        (spin(0), 0.7, 5, (0.5, 1.0), (0.0, 1.0, 0.0)),
        (oscillator(40), np.pi / np.sqrt(15), 3000, (0.999, 1.0), (0.005425862541202108,
                                                                   0.9999999999999621,
                                                                   0.005425862541202244)),
    ],
)  # fmt: skip
@saturated
def test_energy_purity_ergotropy(ladder, theta, count, qubit, expected):
    run = charge(ladder, theta, count, *qubit)
    found = [float(run.observables[name][-1]) for name in ("energy", "purity", "ergotropy")]
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize(
    ("phase", "amplitude"),
    [(0.7, 1.7888639732843714 - 2.1238141410675486j), (np.pi, 2.7768004646919153j)],
)
def test_the_phase_of_the_qubits_turns_the_amplitude(phase, amplitude):
    """⟨a⟩ = −i e^{iα}|⟨a⟩|."""
    battery = qb.batteries.Collisional(oscillator(60))
    run = charge(oscillator(60), 0.2, 30, 0.5, 1.0, phase)
    rho = np.asarray(battery.cell(run.final_state))
    found = complex(np.trace(battery.ladder.lowering @ rho))
    assert found == pytest.approx(amplitude, rel=1e-12)
    assert float(run.energy[-1]) == pytest.approx(7.8602402807091885, rel=1e-12)


def test_a_ladder_too_short_says_so():
    with pytest.warns(TruncationWarning, match="Use size="):
        run = charge(oscillator(12), 0.2, 60, 0.5, 1.0)
    assert float(run.energy[-1]) == pytest.approx(4.730631026589572, rel=1e-11)
    assert float(run.truncation[-1, 0]) == pytest.approx(0.016282382722616964, rel=1e-9)
    enough = charge(oscillator(80), 0.2, 60, 0.5, 1.0)
    assert float(enough.energy[-1]) == pytest.approx(22.42649872005488, rel=1e-12)


@saturated
@pytest.mark.parametrize("loss", [1e-12, 1.0, 800.0])
def test_loss_scales_the_energy_for_any_waiting_time(loss):
    rho = random_state(1, 8)
    battery = qb.batteries.Collisional(oscillator(8), loss)
    run = qb.charge(battery, qb.protocols.Collisions([0.0]), initial=rho)
    assert float(run.energy[-1]) == pytest.approx(np.exp(-loss) * float(run.energy[0]), rel=1e-12)
    assert float(run.trace_defect[-1]) < EXACT
    assert float(battery.damping) == pytest.approx(-np.expm1(-loss), rel=1e-14)


@pytest.mark.slow
@saturated
def test_twenty_thousand_collisions_keep_trace_and_positivity():
    battery = qb.batteries.Collisional(oscillator(60))
    run = charge(oscillator(60), 2.3, 20_000, 0.4, 0.6)
    found = [float(run.observables[name][-1]) for name in ("energy", "purity", "ergotropy")]
    expected = (12.821138235573969, 0.5158763062358794, 12.140565943359142)
    np.testing.assert_allclose(found, expected, rtol=1e-8)
    assert float(run.trace_defect[-1]) < 1e-9
    assert float(jnp.linalg.eigvalsh(battery.cell(run.final_state))[0]) > -1e-12


def test_energy_is_even_but_not_linear_in_coherence():
    energies = [float(charge(oscillator(20), 0.2, 6, 0.5, c).energy[-1]) for c in (0.0, 0.5, 1.0)]
    assert energies[0] < energies[1] < energies[2]
    assert abs(energies[1] - (energies[0] + energies[2]) / 2) > 1e-3
    opposite = charge(oscillator(20), 0.2, 6, 0.5, 0.5, np.pi)
    assert float(opposite.energy[-1]) == pytest.approx(energies[1], rel=1e-13)


def test_a_settled_battery_meets_no_more_qubits():
    battery = qb.batteries.micromaser(20, loss=0.3)

    def run(settled):
        many = qb.protocols.Collisions(np.full(2000, 0.8), 0.25, 1.0, 0.3, 500, settled)
        return qb.charge(battery, many)

    whole, stopped = run(None), run(1e-15)
    assert int(whole.steps) == 2000
    assert int(stopped.steps) < 400
    np.testing.assert_allclose(stopped.purity, whole.purity, rtol=1e-12)
    with pytest.raises(ValueError, match=r"`settled` must be left out unless .* `theta` goes from"):
        qb.protocols.Collisions([0.1, 0.2], settled=1e-9)
