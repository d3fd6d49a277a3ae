"""The entry of the coherent-Ising-machine battery in the catalogue."""

from qbjax.batteries.dopo.battery import DOPO
from qbjax.interface.catalogue import PUMPS, Entry, Example, Maker

ENTRIES = (
    Entry(
        name="dopo",
        battery=Maker(DOPO, sizes=("signal_levels", "pump_levels"), words=("frame",)),
        protocols=PUMPS,
        example=Example(
            {"signal_levels": 8, "pump_levels": 3}, "constant", {"amplitude": 0.5}, 1.0, "coupling"
        ),
    ),
)
