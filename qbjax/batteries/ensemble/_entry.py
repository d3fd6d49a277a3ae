"""The catalogue's entry of ensembles of spins."""

from qbjax.batteries.ensemble.battery import SpinEnsemble
from qbjax.interface.catalogue import PUMPS, Entry, Example, Maker

ENTRIES = (
    Entry(
        name="spin_ensemble",
        battery=Maker(
            SpinEnsemble, sizes=("spins", "photons", "levels"), words=("counter_rotating",)
        ),
        protocols=PUMPS,
        example=Example(
            {"spins": 4, "local_decay": 0.1, "local_dephasing": 0.2},
            "constant",
            {"amplitude": 0.5},
            1.0,
            "local_decay",
        ),
    ),
)
