"""Best places in the waveguide, against numbers found by scans, and what makes them optima."""

import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries.waveguide.continuum import continuum_states
from qbjax.batteries.waveguide.designs import continuum_designs
from qbjax.batteries.waveguide.position import (
    best_power,
    best_steady_energy,
    best_steady_ergotropy,
)
from qbjax.batteries.waveguide.spectrum import steady_energy_range, steady_ergotropy_range

pytestmark = pytest.mark.standard_promotion
OPTIMUM = 1e-9
"""A maximum is flat: values to ten digits, places to five."""


@pytest.mark.parametrize(
    ("distance", "frequency", "ergotropy"),
    [
        (0.1, 0.661161, 0.3216320232),
        (0.3, 0.564457, 0.2680634595),
        pytest.param(1.0, 0.538265, 0.2559826355, marks=pytest.mark.slow),
    ],
)
def test_most_ergotropy_at_a_distance(distance, frequency, ergotropy):
    best = best_steady_ergotropy(distance=distance)
    place = best.protocol
    assert float(best.value) == pytest.approx(ergotropy, rel=OPTIMUM)
    assert float(place.frequency) == pytest.approx(frequency, abs=1e-5)
    assert float(place.distance) == distance
    assert float(steady_ergotropy_range(*place)[1]) == pytest.approx(float(best.value), rel=1e-12)


@pytest.mark.slow
def test_in_a_box_the_emitters_approach():
    """The limit Δ_z → 0 is not attained: the box decides, and stays below it."""
    best = best_steady_ergotropy(distance=(1e-3, 1.0))
    assert float(best.protocol.distance) == pytest.approx(1e-3, abs=1e-8)
    assert 0.3812428525 - 2e-3 < float(best.value) < 0.3812428525


@pytest.mark.slow
def test_most_energy_at_a_distance():
    """Not at ω₀ = 1.0, and less than 0.6."""
    best = best_steady_energy(distance=0.1)
    assert float(best.protocol.frequency) == pytest.approx(0.94316, abs=1e-5)
    assert float(best.value) == pytest.approx(0.57291, abs=5e-6)
    assert float(steady_energy_range(*best.protocol)[1]) == pytest.approx(float(best.value))
    assert float(steady_energy_range(1.0, 0.1, 0.5)[1]) < float(best.value)


@pytest.mark.slow
def test_most_energy_further_apart():
    best = best_steady_energy(distance=0.5)
    frequencies = np.linspace(0.05, 3.0, 60)
    scanned = [float(steady_energy_range(w, 0.5, 0.5)[1]) for w in frequencies]
    assert max(scanned) <= float(best.value) < max(scanned) + 1e-3


@pytest.mark.slow
def test_largest_power():
    best = best_power()
    moment = best.protocol
    assert float(best.value) == pytest.approx(0.0886635289, rel=OPTIMUM)
    assert float(moment.place.frequency) == pytest.approx(1.4590, abs=1e-4)
    run = qb.charge(qb.batteries.Waveguide(*moment.place), None, [0.0, float(moment.time)])
    assert float(run.charging_power[1]) == pytest.approx(float(best.value), rel=1e-8)
    fixed = best_power(frequency=(1.3999999, 1.4000001))
    assert float(fixed.value) == pytest.approx(0.0884224566, rel=1e-7)
    assert float(fixed.protocol.time) == pytest.approx(5.3629, abs=1e-3)


@pytest.mark.slow
def test_largest_power_further_apart():
    best = best_power(distance=0.3)
    assert float(best.value) == pytest.approx(0.0477193, abs=5e-8)
    assert float(best.protocol.place.frequency) == pytest.approx(1.6077, abs=1e-4)


@pytest.mark.slow
def test_high_frequencies_charge_as_without_memory():
    """Where the wave fits, Γ max (1 − e^(−y))²/4y."""
    y = np.linspace(0.5, 3.0, 20001)
    limit = 0.5 * np.max((1 - np.exp(-y)) ** 2 / 4 / y)
    assert limit == pytest.approx(0.1018 * 0.5, abs=1e-4)
    best = best_power(frequency=(29.0, 31.0), distance=0.3)
    assert 0.95 * limit < float(best.value) < limit
    place = best.protocol.place
    halves = 2 * 0.3 * np.sqrt(float(place.frequency) ** 2 - 1)
    assert halves == pytest.approx(round(halves), abs=0.1)


@pytest.mark.slow
def test_designs_in_the_continuum():
    designs = continuum_designs(orders=3)
    assert [design.order for design in designs] == [1, 2, 3]
    for design in designs:
        place = (design.frequency, design.distance, 0.5)
        states = continuum_states(*place)
        sector = 1 - design.order % 2
        assert bool(states.exists[sector])
        assert design.residue == pytest.approx(float(states.residues[sector]), rel=1e-9)
        assert design.energy == pytest.approx(float(steady_energy_range(*place)[1]), rel=1e-9)
        # The width is where the rate is 10⁻³, to first order in the width.
        beside = continuum_states(design.frequency + 0.01 * design.width, *place[1:])
        assert float(beside.rates[sector]) == pytest.approx(1e-7, rel=0.05)
    best = designs[0]
    assert (best.frequency, best.distance) == pytest.approx((1.17858, 0.662859), abs=1e-4)
    assert best.energy == pytest.approx(0.46523014, rel=1e-7)
    for factor in (0.95, 1.05):
        x = factor * best.distance
        other = qb.batteries.waveguide_continuum.continuum_design(1, x, 0.5)
        assert float(steady_energy_range(other, x, 0.5)[1]) < best.energy


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: best_steady_ergotropy(1.0, 0.1), "`frequency` or `distance` must be a pair"),
        (lambda: best_steady_energy(distance=(1.0, 0.5)), "`distance` must be positive bounds"),
        (lambda: best_steady_energy(frequency=(0.0, 1.0)), "`frequency` must be positive bounds"),
        (lambda: best_steady_energy(decay=5.0), "`decay` must be greater than 0 and at most 3"),
        (lambda: best_power(until=0.0), "`until` must be greater than 0"),
        (lambda: continuum_designs(orders=0), "`orders` must be at least 1"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()
