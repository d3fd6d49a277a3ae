"""What the waveguide's numbers mean: W.-L. Song et al., Phys. Rev. Lett. 132, 090401 (2024)."""

import numpy as np
import pytest
from scipy import constants

from qbjax.batteries.waveguide.spectrum import (
    bound_states,
    steady_energy_range,
    steady_ergotropy_range,
)


def test_between_the_beats_nothing_can_be_drawn():
    """ "The battery does not experience the aging": at its best place for energy."""
    low, high = steady_energy_range(0.94316, 0.1, 0.5)
    assert (float(low), float(high)) == pytest.approx((0.0212, 0.5729), abs=5e-5)
    assert float(steady_ergotropy_range(0.94316, 0.1, 0.5)[0]) == 0.0


@pytest.mark.parametrize(
    ("decay", "ergotropy", "half"),
    [(0.5, 0.196, 11.5), (0.05, 0.447, 46.6), (0.01, 0.667, 159), (0.001, 0.897, 1302)],
)
def test_weak_coupling_stores_more_and_later(decay, ergotropy, half):
    low, high = steady_ergotropy_range(0.95, 0.1, decay)
    assert float(low) == 0.0
    assert float(high) == pytest.approx(ergotropy, abs=5e-4)
    beat = np.pi / float(bound_states(0.95, 0.1, decay).splitting)
    assert beat == pytest.approx(half, rel=5e-3)


def test_the_rate_of_a_colour_centre():
    """Γ₁₁ below Eq. (2), of a dipole that decays freely in 12 ns, at 637 nm in the middle of a
    square waveguide with ω₁₁ = ω₀; in diamond, of index 2.4, it would be that much weaker."""
    wavelength, lifetime = 637 * constants.nano, 12 * constants.nano
    frequency = 2 * np.pi * constants.c / wavelength
    side = np.sqrt(2) * np.pi * constants.c / frequency
    assert 1e6 * side == pytest.approx(0.4504, abs=5e-5)
    assert 1e6 * side * 0.6 == pytest.approx(0.2703, abs=5e-5)
    free = 3 * np.pi * constants.epsilon_0 * constants.hbar * constants.c**3 / frequency**3
    dipole = np.sqrt(free / lifetime)
    volume = constants.epsilon_0 * constants.hbar * side**2 * constants.c
    guided = 4 * frequency * dipole**2 / volume
    assert guided * lifetime == pytest.approx(6 / np.pi, rel=1e-12)
    assert guided / frequency == pytest.approx(5.38e-8, rel=1e-3)
    assert guided / frequency / 2.4 == pytest.approx(2.24e-8, rel=2e-3)
