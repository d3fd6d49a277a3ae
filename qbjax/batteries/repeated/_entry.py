"""The catalogue's entry of ladders in a row on one stream of ancillas."""

from typing import Any

import jax
import numpy as np

from qbjax import _checks
from qbjax.algebra import ladders
from qbjax.batteries.repeated import exchanging
from qbjax.batteries.repeated.battery import RepeatedInteractions
from qbjax.interface.catalogue import Entry, Example, Maker
from qbjax.protocols import Ancillas

KINDS = {"oscillator": ladders.oscillator, "uniform": ladders.uniform}


def cascade(
    levels: Any, ladder="oscillator", ancilla_levels=2, cells=1, loss=0, thermal=0
) -> RepeatedInteractions:
    """Makes ladders in a row, given by name and levels, of a spin 2j + 1; ancillas are spins."""
    _checks.choice("ladder", ladder, (*KINDS, "spin"))
    number = _checks.integer("levels", levels, low=1)
    size = _checks.integer("ancilla_levels", ancilla_levels, low=1)
    # Inside a trace even a plain j would be traced.
    with jax.ensure_compile_time_eval():
        cell = ladders.spin((number - 1) / 2) if ladder == "spin" else KINDS[ladder](number)
        ancilla = ladders.spin((size - 1) / 2)
        return exchanging.cascade(cell, ancilla, cells=cells, loss=loss, thermal=thermal)


def ancillas(theta, count, weights, coherence=0, phase=0, looks=None) -> Ancillas:
    """Makes `count` ancillas that are all alike, saved `looks` times in all."""
    number = _checks.integer("count", count, low=1)
    every = 1 if looks is None else max(1, number // looks)
    angle = _checks.scalar("theta", theta, low=0)
    return Ancillas.with_weights(angle * np.ones(number), weights, coherence, phase, every)


ENTRIES = (
    Entry(
        name="cascade",
        battery=Maker(cascade, sizes=("levels", "ancilla_levels", "cells"), words=("ladder",)),
        protocols={"ancillas": Maker(ancillas, sizes=("count",), stream=True)},
        example=Example(
            {"levels": 3, "ladder": "spin", "ancilla_levels": 3, "cells": 2, "loss": 0.1},
            "ancillas",
            {"theta": 0.4, "count": 4, "weights": [0.2, 0.3, 0.5], "coherence": 0.5},
            None,
            "loss",
        ),
    ),
)
