"""Optimal swap angles: the optima of brute-force searches, and that greedy loses."""

import jax
import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries.collisional.swap_angles import best_energy, best_power

# optax mixes integer types.
pytestmark = pytest.mark.standard_promotion

BATTERY = qb.batteries.Collisional(qb.algebra.ladders.oscillator(60))


@pytest.mark.parametrize(
    ("count", "power"),
    [(10, 1.374269332352), pytest.param(20, 1.811284888880, marks=pytest.mark.slow)],
)
def test_largest_power_of_so_many(count, power):
    best = best_power(BATTERY, count)
    assert float(best.value) == pytest.approx(power, rel=1e-9)
    greedy = qb.charge(BATTERY, qb.strategies.greedy(BATTERY, count)).charging_power[-1]
    assert float(greedy) < 0.995 * power
    assert float(best.verified_value) == pytest.approx(power, rel=1e-9)


@pytest.mark.parametrize(
    ("tau", "count", "energy"),
    [(5.0, 7, 5.955582975061), (10.0, 22, 18.261384814433)],
)
@pytest.mark.slow  # test_cli_swap_angles.py has a fast one
def test_most_energy_in_so_much_time(tau, count, energy):
    best = best_energy(BATTERY, tau)
    assert best.protocol.count == count
    assert float(best.value) == pytest.approx(energy, rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tau", "count", "energy"),
    [
        (10.0, 20, 18.0408292525),
        pytest.param(10.0, 40, 22.5129858625, marks=pytest.mark.slow),
        pytest.param(10.0, 80, 24.4610610726, marks=pytest.mark.slow),
        pytest.param(5.0, 40, 6.3456422, marks=pytest.mark.slow),
    ],
)
def test_coherent_qubits_choose_their_populations(tau, count, energy):
    best = best_energy(BATTERY, tau, count, coherent=True)
    assert float(best.value) == pytest.approx(energy, rel=1e-7)
    assert float(best.protocol.times()[-1]) == pytest.approx(tau)
    assert np.all(best.protocol.ground_population <= 0.5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tau", "count", "energy", "starts"),
    [(5.0, 7, 5.955582975061, 5), (10.0, 22, 18.261384814433, 20)],
)
def test_every_random_start_reaches_the_known_optimum(tau, count, energy, starts):
    """Without a second look at qubits that became idle three of ten do, and none of thirty."""
    rng = np.random.default_rng(0)
    for _ in range(starts):
        start = qb.protocols.Collisions(rng.exponential(size=count))
        best = best_energy(BATTERY, tau, count, start=start)
        assert float(best.value) == pytest.approx(energy, rel=1e-9)
        assert np.min(best.protocol.theta) > 0.1


@pytest.mark.slow
def test_loss_changes_the_best_angles():
    lossy = qb.batteries.Collisional(qb.algebra.ladders.oscillator(30), loss=0.05)
    best = best_energy(lossy, 3.0, 4, starts=2, key=jax.random.key(0))
    plain = best_energy(qb.batteries.Collisional(lossy.ladder), 3.0, 4)
    kept = qb.charge(lossy, qb.protocols.Collisions(plain.protocol.theta)).energy[-1]
    assert kept < best.value < plain.value


@pytest.mark.slow
def test_with_loss_the_number_of_classical_qubits_is_searched_from_greedy_s():
    lossy = qb.batteries.Collisional(qb.algebra.ladders.oscillator(24), loss=-np.log1p(-0.02))
    best = best_energy(lossy, 5.0)
    assert best.protocol.count == 7
    assert float(best.value) == pytest.approx(5.382748108, rel=1e-9)
    others = [float(best_energy(lossy, 5.0, count).value) for count in (6, 8)]
    assert others == pytest.approx([5.238531993, 5.248814832], rel=1e-8)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: best_energy(3, 1.0), TypeError, "`battery` must be"),
        (lambda: best_energy(BATTERY, 0.0), ValueError, "`duration` must be greater than 0"),
        (lambda: best_energy(BATTERY, 1.0, 0), ValueError, "`count` must be at least 1"),
        (lambda: best_energy(BATTERY, 1.0, coherent=True), ValueError, "`count` must be given"),
    ],
)
def test_bad_input(call, error, words):
    with pytest.raises(error, match=words):
        call()
