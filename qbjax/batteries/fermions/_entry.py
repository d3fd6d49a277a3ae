"""The catalogue's entry of free-fermion chains."""

from qbjax.batteries.fermions.battery import FermionChain
from qbjax.interface.catalogue import PUMPS, Entry, Example, Maker

ENTRIES = (
    Entry(
        name="fermion_chain",
        battery=Maker(FermionChain, sizes=("sites",), words=("cell", "drives", "ring", "parity")),
        protocols=PUMPS,
        example=Example(
            {"sites": 4, "hopping": 1.0, "pairing": 0.5, "fields": 3.0},
            "constant",
            {"amplitude": -2.0},
            1.0,
            "pairing",
        ),
    ),
)
