"""The entries of emitters in a reservoir in the catalogue: of any density, and of those by name."""

import math

from qbjax.batteries.reservoir.battery import Reservoir
from qbjax.batteries.reservoir.densities import Lattice, Lorentzian, Ohmic
from qbjax.interface.catalogue import UNDRIVEN, Entry, Example, Maker


def lorentzian(omega):
    """Spectral density of one lossy mode of frequency 1."""
    return 0.3 / math.pi / ((omega - 1) ** 2 + 0.3**2)


def lossy_mode(frequencies, couplings, center, width, excited=0, cell=None, step=None) -> Reservoir:
    """Makes emitters that share a lossy mode."""
    density = Lorentzian(center, width)
    return Reservoir(density, frequencies, couplings, excited=excited, cell=cell, step=step)


def cavities(
    frequencies, couplings, center, hopping, sites=None, end=False, excited=0, cell=None, step=None
) -> Reservoir:
    """Makes emitters at the cavities of a line."""
    density = Lattice(center, hopping, sites, end)
    return Reservoir(density, frequencies, couplings, excited=excited, cell=cell, step=step)


def ohmic(frequencies, couplings, exponent, cutoff, excited=0, cell=None, step=None) -> Reservoir:
    """Makes emitters that share an Ohmic reservoir."""
    density = Ohmic(exponent, cutoff)
    return Reservoir(density, frequencies, couplings, excited=excited, cell=cell, step=step)


PLACES, PAIR = ("excited", "cell"), {"frequencies": [1.0, 1.0], "couplings": [0.6, 0.6]}

ENTRIES = (
    Entry(
        name="reservoir",
        battery=Maker(
            Reservoir, sizes=("excited", "cell"), words=("band", "step"), functions=("J",)
        ),
        protocols=UNDRIVEN,
        example=Example(
            {
                "J": lorentzian,
                "frequencies": [1.0, 1.0],
                "couplings": [2.0, 2.0],
                "band": [-math.inf, math.inf],
                "step": 0.5,
            },
            "none",
            {},
            2.0,
            "couplings",
        ),
    ),
    Entry(
        name="reservoir_lorentzian",
        battery=Maker(lossy_mode, sizes=PLACES, words=("step",)),
        protocols=UNDRIVEN,
        example=Example(
            {**PAIR, "center": 1.0, "width": 0.6, "step": 0.5}, "none", {}, 2.0, "width"
        ),
    ),
    Entry(
        name="reservoir_lattice",
        battery=Maker(cavities, sizes=(*PLACES, "sites"), words=("end", "step")),
        protocols=UNDRIVEN,
        example=Example(
            {**PAIR, "center": 1.0, "hopping": 0.3, "sites": [0, 1], "step": 0.5},
            "none",
            {},
            3.0,
            "hopping",
        ),
    ),
    Entry(
        name="reservoir_ohmic",
        battery=Maker(ohmic, sizes=PLACES, words=("step",)),
        protocols=UNDRIVEN,
        example=Example(
            {**PAIR, "exponent": 1.0, "cutoff": 2.0, "step": 0.5}, "none", {}, 2.0, "cutoff"
        ),
    ),
)
