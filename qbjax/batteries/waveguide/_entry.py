"""The waveguide's entries in the catalogue: in its own units, in metres, of several emitters."""

from qbjax.batteries.waveguide.array import WaveguideArray
from qbjax.batteries.waveguide.battery import Waveguide
from qbjax.batteries.waveguide.geometry import RectangularGuide
from qbjax.interface.catalogue import UNDRIVEN, Entry, Example, Maker


def in_metres(
    width, height, frequency, dipole, separation, x=None, y=None, longest=1000.0
) -> Waveguide:
    """Makes the battery of a guide in SI units; the times of its runs stay those of ω₁₁."""
    return RectangularGuide(width, height, frequency, dipole, separation, x, y).battery(longest)


ENTRIES = (
    Entry(
        name="waveguide",
        battery=Maker(Waveguide, words=("longest",)),
        protocols=UNDRIVEN,
        example=Example({"frequency": 1.4, "distance": 0.1}, "none", {}, 5.0, "decay"),
    ),
    Entry(
        name="waveguide_si",
        battery=Maker(in_metres, words=("longest",)),
        protocols=UNDRIVEN,
        example=Example(
            {
                "width": 0.03,
                "height": 0.03,
                "frequency": 4.2e10,
                "dipole": 5.6e-21,
                "separation": 0.033,
            },
            "none",
            {},
            10.0,
            "separation",
        ),
    ),
    Entry(
        name="waveguide_array",
        battery=Maker(WaveguideArray, sizes=("chargers",), words=("longest",)),
        protocols=UNDRIVEN,
        example=Example(
            {"positions": [0.0, 0.1, 0.2], "chargers": [1], "frequency": 0.9},
            "none",
            {},
            5.0,
            "frequency",
        ),
    ),
)
