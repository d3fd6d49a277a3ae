"""Free-fermion chains with arguments that are good, and the kind of each."""

from qbjax import batteries
from tests.front_door.doors import door

CHAIN = batteries.FermionChain(2)

CHAINS = [
    door(
        batteries.FermionChain, sites=(3, "levels"), hopping=(1.0, "real or more"),
        pairing=(0.5, "real or more"), fields=(3.0, "real or more"), cell=(None, "cells?"),
        drives=(["fields"], "driven kinds"), ring=(False, "flag"), parity=(None, "choice?"),
    ),
    door(CHAIN.covariance, state=(CHAIN.start(), "thing")),
    door(CHAIN.cell, state=(CHAIN.start(), "thing")),
]  # fmt: skip
