"""Full swap and greedy against brute force: 250 levels, or a spin 99/2."""

import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries.collisional.swap_angles import best_power
from qbjax.strategies import full_swap, greedy, in_time

LADDERS = qb.algebra.ladders
OSCILLATOR = qb.batteries.Collisional(LADDERS.oscillator(80))
BEYOND = qb.batteries.Collisional(LADDERS.oscillator(9), 0, 0, 0.1)

saturated = pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning")


@saturated
def test_full_swap_fills_the_ladder():
    battery = qb.batteries.Collisional(LADDERS.oscillator(251))
    protocol = full_swap(battery, 250)
    assert float(protocol.times()[-1]) == pytest.approx(47.4286782144, rel=1e-11)
    run = qb.charge(battery, protocol)
    np.testing.assert_allclose(run.energy, np.arange(251.0), atol=1e-9)


@pytest.mark.parametrize(
    ("criterion", "energy", "tau", "first"),
    [
        ("average", 56.1982364242, 19.3135170409, (1.1655611852, 0.8975998465, 0.7584306142)),
        ("transient", 49.1570868318, 17.6074361428, (1.1655611852, 0.8458254702, 0.7007093318)),
    ],
)
def test_greedy_sixty(criterion, energy, tau, first):
    protocol = greedy(OSCILLATOR, 60, criterion)
    run = qb.charge(OSCILLATOR, protocol)
    assert float(run.energy[-1]) == pytest.approx(energy, rel=1e-9)
    assert float(run.times[-1]) == pytest.approx(tau, rel=1e-9)
    np.testing.assert_allclose(protocol.theta[:3], first, rtol=1e-9)


def test_full_swap_is_well_behind():
    """When greedy has taken its sixty."""
    swaps = np.cumsum(np.pi / 2 / OSCILLATOR.ladder.couplings)
    assert np.sum(swaps <= 19.3135170409) == 46


@pytest.mark.parametrize(("count", "power"), [(10, 1.363776432830), (20, 1.7981)])
def test_greedy_power(count, power):
    run = qb.charge(OSCILLATOR, greedy(OSCILLATOR, count))
    assert float(run.charging_power[-1]) == pytest.approx(power, rel=5e-5 if count > 10 else 1e-9)


@pytest.mark.parametrize(
    ("criterion", "energy"), [("average", 17.71529156), ("transient", 18.07952571)]
)
def test_greedy_cut_at_ten(criterion, energy):
    protocol = in_time(greedy(OSCILLATOR, 30, criterion), 10.0)
    run = qb.charge(OSCILLATOR, protocol)
    assert float(run.times[-1]) == pytest.approx(10.0)
    assert float(run.energy[-1]) == pytest.approx(energy, rel=1e-8)


@pytest.mark.parametrize("criterion", ["average", "transient"])
@pytest.mark.parametrize("ladder", [LADDERS.spin(8), LADDERS.uniform(40)], ids=["spin", "uniform"])
@pytest.mark.parametrize("loss", [0, 0.01])
def test_no_other_angle_nearby_is_better(ladder, criterion, loss):
    """At the last step, with the loss that follows."""
    battery = qb.batteries.Collisional(ladder, loss)
    theta = np.asarray(greedy(battery, 5, criterion).theta)

    def power(last):
        run = qb.charge(battery, qb.protocols.Collisions(np.append(theta[:-1], last)))
        return float((run.charging_power if criterion == "average" else run.transient_power)[-1])

    best = power(theta[-1])
    assert all(power(theta[-1] + d) < best for d in (-1e-3, 1e-3))


def test_near_full_charge_there_is_no_interior_maximum():
    battery = qb.batteries.Collisional(LADDERS.spin(99 / 2))
    greedy(battery, 101)
    with pytest.raises(ValueError, match="none at collision 102 of 110"):
        greedy(battery, 110)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: greedy(OSCILLATOR, 3, "mean"), ValueError, "`criterion` must be"),
        (lambda: greedy(OSCILLATOR, 0), ValueError, "`count` must be at least 1"),
        (lambda: full_swap(OSCILLATOR, 80), ValueError, "`count` must be"),
        (lambda: full_swap(3, 80), TypeError, "`battery` must be a qb.batteries.Collisional"),
        (lambda: full_swap(BEYOND, 2), ValueError, "`battery` must be without counter-rotating"),
        (lambda: greedy(BEYOND, 2), ValueError, "`battery` must be without counter-rotating"),
        (lambda: best_power(BEYOND, 2), ValueError, "`battery` must be without counter-rotating"),
    ],
)
def test_bad_input(call, error, words):
    with pytest.raises(error, match=words):
        call()
