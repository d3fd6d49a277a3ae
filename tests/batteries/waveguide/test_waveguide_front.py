"""The front of kept ergotropy against the time of the first charge; couplings that are free."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qbjax.batteries.waveguide.designs import continuum_designs
from qbjax.batteries.waveguide.front import Timed, best_in_time, half_beat, timed_margin
from qbjax.batteries.waveguide.position import best_power, best_steady_energy, steady_margin
from qbjax.batteries.waveguide.spectrum import steady_ergotropy_range
from tests.helpers import central_difference

pytestmark = pytest.mark.standard_promotion


@pytest.mark.parametrize(
    ("decay", "ergotropy", "time", "better", "frequency", "coupling"),
    [
        (0.5, 0.196, 11.5, 0.265, 0.730, 0.73),
        (0.05, 0.447, 46.6, 0.538, 0.815, 0.085),
        (0.01, 0.667, 159, 0.721, 0.879, 0.016),
        (1e-3, 0.897, 1302, 0.897, 0.952, 0.001),
    ],
)
def test_a_free_frequency_keeps_more_by_the_same_time(
    decay, ergotropy, time, better, frequency, coupling
):
    half = float(half_beat(0.95, 0.1, decay))
    assert half == pytest.approx(time, rel=5e-3)
    kept = float(steady_ergotropy_range(0.95, 0.1, decay)[1])
    assert kept == pytest.approx(ergotropy, abs=5e-4)
    best = best_in_time(half, 0.1)
    assert float(best.value) == pytest.approx(better, abs=5e-4)
    assert kept <= float(best.value)
    assert float(best.protocol.place.frequency) == pytest.approx(frequency, abs=5e-4)
    assert float(best.protocol.place.decay) == pytest.approx(coupling, rel=0.03)


@pytest.mark.parametrize("time", [6.0, 300.0, 1e9])
def test_the_best_place_keeps_the_time_and_the_ergotropy(time):
    best = best_in_time(time, 0.1)
    place = best.protocol.place
    assert float(half_beat(*place)) == pytest.approx(time, rel=1e-9)
    assert float(steady_ergotropy_range(*place)[1]) == pytest.approx(float(best.value), rel=1e-9)


@pytest.mark.slow
def test_no_place_of_a_lattice_is_better():
    """Frequencies and couplings, independently of the energies that the front is made of."""
    frequency, log_decay = np.meshgrid(np.linspace(0.5, 1.1, 31), np.linspace(-3, 0.4, 60))
    places = (frequency.ravel(), np.full(frequency.size, 0.1), 10 ** log_decay.ravel())
    kept = np.asarray(jax.vmap(lambda *p: steady_ergotropy_range(*p)[1])(*places))
    times = np.asarray(jax.vmap(half_beat)(*places))
    for time in (10.0, 60.0, 400.0):
        best = float(best_in_time(time, 0.1).value)
        assert best - 0.03 < kept[times <= time].max() <= best


def test_gradients():
    numbers, direction = jnp.array([0.2, 0.15, 40.0]), jnp.array([1.0, -0.5, 30.0])

    def of(numbers):
        timed = Timed(*numbers)
        return jnp.append(jnp.stack(timed.place), timed_margin(timed))

    _, found = jax.jvp(of, (numbers,), (direction,))
    expected = central_difference(of, numbers, direction, step=1e-4)
    np.testing.assert_allclose(found, expected, rtol=1e-8)


@pytest.mark.slow
def test_couplings_are_free_in_every_search():
    """Weak ones keep more: the bound; of the power there is an optimum, or the bound."""
    best = best_steady_energy(0.95, 0.1, decay=(1e-4, 1.0))
    assert float(best.protocol.decay) == pytest.approx(1e-4, rel=1e-3)
    best = best_power(frequency=1.4, distance=0.1, decay=(0.05, 3.0))
    narrow = (1.3999999, 1.4000001)
    fixed = [float(best_power(narrow, 0.1, g).value) for g in (1.0, 2.0, 3.0)]
    assert float(best.value) >= max(fixed) - 1e-6
    (found, *_) = continuum_designs((0.9, 2.0), (0.1, 3.0), (0.1, 0.5), orders=1)
    (strong, *_) = continuum_designs((0.9, 2.0), (0.1, 3.0), 0.5, orders=1)
    (weak, *_) = continuum_designs((0.9, 2.0), (0.1, 3.0), 0.1, orders=1)
    assert found.energy == pytest.approx(max(weak.energy, strong.energy), rel=1e-6)


@pytest.mark.slow
def test_a_free_coupling_alone():
    best = best_steady_energy(0.95, 0.1, decay=(1e-4, 1.0))
    assert float(best.protocol.decay) == pytest.approx(1e-4, rel=1e-3)
    assert float(steady_margin(best.protocol)) > 0.9


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: best_in_time(0.5), "`time` must be long enough for a coupling up to 3, but is"),
        (lambda: best_in_time(-1.0), "`time` must be greater than 0"),
        (lambda: best_in_time(20.0, (1.0, 0.5)), "`distance` must be positive bounds in order"),
        (lambda: best_power(decay=(0.1, 4.0)), "`decay` must be greater than 0 and at most 3"),
        (lambda: half_beat(0.95, 0.0, 0.1), "`distance` must be greater than 0"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()
