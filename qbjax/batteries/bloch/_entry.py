"""The Bloch charger's entry in the catalogue."""

from qbjax.batteries.bloch.battery import BlochCharger
from qbjax.interface.catalogue import UNDRIVEN, Entry, Example, Maker
from qbjax.protocols import BlochPreparation

ENTRIES = (
    Entry(
        name="bloch",
        battery=Maker(BlochCharger),
        protocols={"bloch": Maker(BlochPreparation), **UNDRIVEN},
        example=Example({"decay": 0.2}, "bloch", {"theta": 2.0, "phi": 0.3}, 1.0, "coupling"),
    ),
)
