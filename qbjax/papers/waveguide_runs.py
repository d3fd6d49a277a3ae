"""Runs and searches that the claims about remote charging need."""

import warnings
from functools import cache
from typing import Any

import numpy as np
from scipy import constants

import qbjax as qb
from qbjax.batteries.waveguide import position

DECAY = 0.5
"""Γ₁₁/ω₁₁ of the paper."""

LINE, LIFETIME = 637e-9, 12e-9
"""Wavelength and life of a nitrogen-vacancy centre."""


def guide(frequency: float, distance: float, decay: float = DECAY) -> Any:
    """Two emitters in the waveguide."""
    return qb.batteries.Waveguide(frequency, distance, decay)


@cache
def states(frequency: float, distance: float, decay: float = DECAY) -> Any:
    """The bound states below the band."""
    return guide(frequency, distance, decay).bound_states()


def count(frequency: float, distance: float) -> float:
    """The number of bound states below the band."""
    return float(np.sum(np.asarray(states(frequency, distance).exists)))


def most(what: str, frequency: float, distance: float, decay: float = DECAY) -> float:
    """The most energy or ergotropy that comes back for ever."""
    return float(getattr(guide(frequency, distance, decay), f"steady_{what}_range")()[1])


def least_share(frequency: float, distance: float) -> float:
    """The least energy between the beats over the most."""
    low, high = guide(frequency, distance).steady_energy_range()
    return float(low / high)


def kept_without_memory(frequency: float, distance: float, time: float) -> float:
    """Population of both emitters by Markov's approximation."""
    both = guide(frequency, distance).markov_amplitudes([0.0, time])
    return float(sum(abs(c[1]) ** 2 for c in both))


def late(frequency: float, distance: float) -> float:
    """Largest distance of |c₂|² from Eq. (8) over the last tenth of 200/ω₁₁."""
    times = np.linspace(180.0, 200.0, 81)
    _, c2 = guide(frequency, distance).amplitudes(times)
    Z = np.asarray(states(frequency, distance).residues)
    E = np.asarray(states(frequency, distance).energies)
    kept = Z[0] * np.exp(-1j * E[0] * times) - Z[1] * np.exp(-1j * E[1] * times)
    return float(np.max(np.abs(np.abs(np.asarray(c2)) ** 2 - np.abs(kept) ** 2)))


def half_beat(frequency: float, distance: float, decay: float) -> float:
    """Half the period of the beats of two bound states."""
    return float(np.pi / states(frequency, distance, decay).splitting)


@cache
def best(search: str, **box: Any) -> tuple[float, float]:
    """The frequency that a search finds, and the value there."""
    found = getattr(position, search)(**box)
    place = getattr(found.protocol, "place", found.protocol)
    return float(place.frequency), float(found.value)


@cache
def centre(ratio: float = 1.0) -> Any:
    """A colour centre in the middle of a square waveguide whose cutoff is ω₀/ratio."""
    frequency = 2 * np.pi * constants.c / LINE
    side = ratio * LINE / np.sqrt(2)
    dipole = float(qb.batteries.waveguide.geometry.free_dipole(1 / LIFETIME, frequency))
    return qb.batteries.waveguide.RectangularGuide(side, side, frequency, dipole, 1e-6)


@cache
def near_field(frequency: float, distance: float) -> float:
    """Exchange by all modes above the lowest, over that of the lowest."""
    side, cutoff = 0.03, np.sqrt(2) * np.pi * constants.c / 0.03
    volume = constants.hbar * constants.epsilon_0 * constants.c * side**2
    dipole, length = np.sqrt(DECAY * volume / 4), 2 * np.pi * constants.c / cutoff
    made = qb.batteries.waveguide.RectangularGuide(
        side, side, frequency * cutoff, dipole, distance * length
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(made.higher_modes().exchange)


def synchronous() -> float:
    """Largest |c₁|² − |c₂|² at t = 180 … 200 with one bound state, ω₀ = 1.4."""
    both = guide(1.4, 0.1).amplitudes(np.linspace(180.0, 200.0, 41))
    first, second = (np.abs(np.asarray(c)) ** 2 for c in both)
    return float(np.max(np.abs(first - second)))
