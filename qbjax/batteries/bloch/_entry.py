"""The entries of the Bloch charger and of the Bloch array in the catalogue."""

from typing import Any

from qbjax.batteries.bloch.array import BlochArray
from qbjax.batteries.bloch.battery import BlochCharger
from qbjax.interface.catalogue import UNDRIVEN, Entry, Example, Maker
from qbjax.protocols import BlochPreparation, PiecewiseConstant


def prepared(theta, phi=0.0, length=1.0) -> BlochPreparation:
    """Prepares a charger whose coupling stays what it is."""
    return BlochPreparation(theta, phi, length)


def switched(
    theta, amplitudes: Any, duration: Any, phi=0.0, length=1.0, start=0.0
) -> BlochPreparation:
    """Prepares a charger whose coupling is J times the values of equal segments."""
    envelope = PiecewiseConstant(amplitudes, duration, start)
    return BlochPreparation(theta, phi, length, envelope)


PREPARED = {"bloch": Maker(prepared), "bloch_segments": Maker(switched), **UNDRIVEN}

ENTRIES = (
    Entry(
        name="bloch",
        battery=Maker(BlochCharger, words=("counter_rotating",)),
        protocols=PREPARED,
        example=Example({"decay": 0.2}, "bloch", {"theta": 2.0, "phi": 0.3}, 1.0, "coupling"),
    ),
    Entry(
        name="bloch_array",
        battery=Maker(BlochArray, sizes=("cells", "chargers"), words=("geometry",)),
        protocols=PREPARED,
        example=Example(
            {"cells": 3, "decay": 0.2},
            "bloch_segments",
            {"theta": 2.0, "amplitudes": [1.0, 0.5], "duration": 1.0},
            1.0,
            "coupling",
        ),
    ),
)
