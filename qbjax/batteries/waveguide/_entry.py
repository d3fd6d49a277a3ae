"""The waveguide's entry in the catalogue."""

from qbjax.batteries.waveguide.battery import Waveguide
from qbjax.interface.catalogue import UNDRIVEN, Entry, Example, Maker

ENTRIES = (
    Entry(
        name="waveguide",
        battery=Maker(Waveguide, words=("longest",)),
        protocols=UNDRIVEN,
        example=Example({"frequency": 1.4, "distance": 0.1}, "none", {}, 5.0, "decay"),
    ),
)
