"""A waveguide in metres: its numbers against field theory, its other modes, refusals."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import constants

from qbjax.batteries.waveguide import geometry
from qbjax.batteries.waveguide.geometry import RectangularGuide, free_dipole
from tests.helpers import EXACT, GRADIENT, central_difference, tree_allclose

SIDES = 0.03, 0.022
DIPOLE = 5e-21
PLACE = 0.011, 0.007


def guide(frequency=4e10, separation=0.05, sides=SIDES, dipole=DIPOLE, place=PLACE):
    return RectangularGuide(*sides, frequency, dipole, separation, *place)


def square(frequency, distance, decay, side=0.03):
    """A square guide with the emitters in the middle, from the numbers of its battery."""
    cutoff = np.sqrt(2) * np.pi * constants.c / side
    volume = constants.hbar * constants.epsilon_0 * constants.c * side**2
    length = 2 * np.pi * constants.c / cutoff
    dipole = np.sqrt(decay * volume / 4)
    return RectangularGuide(side, side, frequency * cutoff, dipole, distance * length)


def rate_by_fermi(made, m, n, frequency):
    """Fermi's golden rule with a mode whose field follows from Maxwell's equations, normalised by
    quadrature; both directions of the wave."""
    a, b = float(made.width), float(made.height)
    cut = np.hypot(m * np.pi / a, n * np.pi / b)
    k = np.sqrt((frequency / constants.c) ** 2 - cut**2)
    x, w = np.polynomial.legendre.leggauss(40)
    X, Y = np.meshgrid((x + 1) * a / 2, (x + 1) * b / 2, indexing="ij")
    p, q = m * np.pi / a, n * np.pi / b
    along = np.sin(p * X) * np.sin(q * Y)
    across = np.stack([p * np.cos(p * X) * np.sin(q * Y), q * np.sin(p * X) * np.cos(q * Y)])
    squared = along**2 + (k / cut**2) ** 2 * np.sum(across**2, axis=0)
    norm = np.einsum("i,j,ij->", w * a / 2, w * b / 2, squared)  # times the length L
    here = np.sin(p * float(made.x)) ** 2 * np.sin(q * float(made.y)) ** 2
    factor = frequency / (2 * constants.epsilon_0 * constants.hbar)
    coupling = factor * float(made.dipole) ** 2 * here / norm  # |g|²L
    velocity = constants.c**2 * k / frequency
    return 2 * np.pi * coupling * 2 / (2 * np.pi * velocity)


@pytest.mark.parametrize(("m", "n"), [(1, 1), (3, 2)])
def test_rates_are_those_of_fermis_rule(m, n):
    """2πJ(ω) = Γ/√((ω/ω_mn)² − 1) above the cutoff."""
    made = guide()
    cutoff, rate = (float(x) for x in made._modes(float(m), float(n)))
    for above in (1.2, 2.0):
        expected = rate_by_fermi(made, m, n, above * cutoff)
        assert rate / np.sqrt(above**2 - 1) == pytest.approx(expected, rel=1e-10)
    if (m, n) == (1, 1):
        assert (float(made.cutoff), float(made.decay)) == (cutoff, rate)


def test_a_wide_guide_is_free_space():
    """All open modes together, averaged over frequencies, decay as an emitter in free space."""
    sides = 0.31, 0.287
    made = guide(sides=sides, place=(0.143, 0.131))
    i = np.arange(1.0, 60.0)
    cutoffs, rates = (np.asarray(x) for x in made._modes(*map(np.ravel, np.meshgrid(i, i))))
    found = []
    for frequency in np.linspace(3.2e10, 4e10, 400):
        open_ = cutoffs < frequency
        total = np.sum(rates[open_] / np.sqrt((frequency / cutoffs[open_]) ** 2 - 1))
        found.append(float(free_dipole(total, frequency)) / DIPOLE)
    assert np.mean(found) == pytest.approx(1.0, rel=5e-3)


@pytest.mark.parametrize("separation", [0.0025, 0.006])
def test_all_modes_together_are_the_near_field(separation):
    """At rest, the exchange is the field of a dipole and of its images in the walls."""
    made = guide(separation=separation)
    indices = np.meshgrid(*[np.arange(1.0, 200.0)] * 2)
    cutoffs, rates = made._modes(*map(np.ravel, indices))
    found = float(jnp.sum(made._exchange(0.0, cutoffs, rates)))
    (a, b), (x, y) = SIDES, PLACE
    p = np.arange(-150, 151)
    total = 0.0
    for sign, there in ((1, x), (-1, -x)):
        for turned, over in ((1, y), (-1, -y)):
            across = np.hypot(*np.meshgrid(there + 2 * p * a - x, over + 2 * p * b - y))
            r = np.hypot(across, separation)
            total += sign * turned * np.sum((2 * separation**2 - across**2) / r**5)
    expected = DIPOLE**2 / (4 * np.pi * constants.epsilon_0 * constants.hbar) * total
    assert found == pytest.approx(expected, rel=1e-5)
    if separation == 0.0025:
        near = DIPOLE**2 / (2 * np.pi * constants.epsilon_0 * constants.hbar * separation**3)
        assert found == pytest.approx(near, rel=0.05)


def test_a_colour_centre_and_the_distances_of_the_paper():
    """637 nm and 12 ns in squares that make ω₀ = 1.0 and 0.6; 1 μm there, 0.1 m at 2.87 GHz."""
    omega = 2 * np.pi * constants.c / 637e-9
    dipole = float(free_dipole(1 / 12e-9, omega))
    made = RectangularGuide(0.4504e-6, 0.4504e-6, omega, dipole, 1e-6)
    battery = made.battery(shielded=True)
    assert float(battery.decay) == pytest.approx(5.38e-8, rel=1e-3)
    assert float(battery.frequency) == pytest.approx(1.0, rel=1e-4)
    assert 1e6 * 1.7 * float(made.wavelength) == pytest.approx(1.083, abs=1e-3)
    narrow = RectangularGuide(0.2703e-6, 0.2703e-6, omega, dipole, 1e-6)
    assert float(narrow.battery().frequency) == pytest.approx(0.6, rel=1e-3)
    cutoff = 2 * np.pi * 2.87e9
    side = np.sqrt(2) * np.pi * constants.c / cutoff
    slow = RectangularGuide(side, side, cutoff, 1e-22, 0.1)
    assert float(slow.battery().distance) == pytest.approx(0.957, abs=1e-3)


def test_a_battery_has_the_numbers_of_its_guide():
    made = square(0.66, 0.8, 0.5)
    battery = made.battery(longest=50.0)
    numbers = (battery.frequency, battery.distance, battery.decay)
    assert tree_allclose(numbers, (0.66, 0.8, 0.5), rtol=EXACT)
    assert battery.longest == 50.0
    assert float(battery.outside_decay) == pytest.approx(0.5 * 0.66**3 * np.pi / 6, rel=EXACT)
    assert made.battery(shielded=True).outside_decay == 0
    told = made.info()
    assert told["next mode"] == "TM 1,3 from 2.23607 omega_11"
    assert told["distance"] == "0.8 lambda_11"
    turned = RectangularGuide(*SIDES[::-1], 4e10, DIPOLE, 0.05, *PLACE[::-1])
    assert tree_allclose(turned.higher_modes().exchange, guide().higher_modes().exchange, rtol=1e-9)


@pytest.mark.parametrize(
    ("frequency", "distance", "decay", "share"),
    [(0.66, 0.1, 0.5, 9.745), (0.66, 0.3, 0.5, 0.481), (1.4, 0.3, 0.5, 0.256),
     (0.66, 0.73, 0.5, 0.01045), (0.95, 0.5, 0.001, 0.00787)],
)  # fmt: skip
def test_near_emitters_feel_more_than_the_lowest_mode(frequency, distance, decay, share):
    """The paper's 0.1 λ₁₁ is "much larger than the typical range of the dipole-dipole
    interactions": the near field has ten times the exchange of TM₁₁ there."""
    made = square(frequency, distance, decay)
    assert float(made.higher_modes().exchange) == pytest.approx(share, rel=2e-3)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        made.battery()
    assert [w.category for w in seen] == [geometry.ModeWarning] * (share > geometry.LIMIT)


def test_an_open_mode_is_warned_of():
    """Off the middle TM 2,1 is felt, from 1.58 ω₁₁ on, however far apart the emitters are."""
    made = square(1.7, 3.0, 0.1)
    made.battery()
    off = RectangularGuide(0.03, 0.03, made.frequency, made.dipole, made.separation, x=0.013)
    more = off.higher_modes()
    assert (int(more.m), int(more.n)) == (2, 1)
    assert float(more.cutoff) == pytest.approx(np.sqrt(5 / 2), rel=1e-12)
    with pytest.warns(geometry.ModeWarning, match="TM 2,1 the next of them from 1.581"):
        off.battery()
    # In the middle a mode without a field there matters nothing, at its own cutoff either.
    assert np.isfinite(float(square(2.0, 1.0, 0.1).higher_modes().exchange))


def test_gradients_match_differences():
    """Of a battery's numbers and of the other modes' share, in sides, place and separation."""

    def seen(x):
        a, b, separation, at, over = 0.03 * x
        made = RectangularGuide(a, b, 4e10, DIPOLE, separation, at, over)
        battery = made.battery()
        numbers = jnp.stack([battery.frequency, battery.distance, battery.decay])
        return jnp.sum(numbers**2) + made.higher_modes().exchange

    x, direction = jnp.array([1.0, 0.8, 1.1, 0.4, 0.3]), jnp.array([0.3, -0.5, 0.4, 0.2, -0.1])
    both = jax.jit(lambda x: jax.jvp(seen, (x,), (direction,)))
    expected = central_difference(lambda x: both(x)[0], x, direction)
    assert tree_allclose(both(x)[1], expected, rtol=GRADIENT)
    many = jax.vmap(lambda s: guide(separation=s).battery().distance)(jnp.array([0.05, 0.1]))
    assert tree_allclose(many[1], 2 * many[0], rtol=EXACT)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sides": (0.03, 0.0)}, "`height` must be greater than 0"),
        ({"place": (0.03, 0.01)}, "`x` must be greater than 0 and less than 0.03"),
        ({"place": (0.01, -0.01)}, "`y` must be greater than 0"),
        ({"frequency": 1e13}, "`frequency` must be at most 40 times the cutoff 5.309e.10 rad/s"),
        ({"dipole": 1e-18}, "`dipole` must make a rate above 0 and at most 3 of the cutoff"),
        ({"dipole": 1e-200}, "`dipole` must make a rate above 0"),
    ],
)
def test_bad_arguments(changed, message):
    with pytest.raises(ValueError, match=f"Argument {message}"):
        guide(**changed)
