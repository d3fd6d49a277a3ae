"""The entry of emitters in a reservoir in the catalogue."""

import math

from qbjax.batteries.reservoir.battery import Reservoir
from qbjax.interface.catalogue import UNDRIVEN, Entry, Example, Maker


def lorentzian(omega):
    """Spectral density of one lossy mode of frequency 1."""
    return 0.3 / math.pi / ((omega - 1) ** 2 + 0.3**2)


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
)
