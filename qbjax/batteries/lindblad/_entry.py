"""The catalogue's entries of batteries that are Lindblad equations."""

from typing import Any

import numpy as np

from qbjax import _checks
from qbjax.algebra import jumps as noise
from qbjax.batteries.lindblad.battery import Lindblad
from qbjax.batteries.lindblad.ising import IsingMachine
from qbjax.batteries.lindblad.oscillators import Oscillators
from qbjax.batteries.lindblad.spin_chain import SpinChain
from qbjax.batteries.lindblad.tavis_cummings import TavisCummings
from qbjax.interface.catalogue import PUMPS, UNDRIVEN, Entry, Example, Maker


def lindblad(
    dims, hamiltonian, jumps=(), rates=1.0, cell=None, cell_hamiltonian=None, controls=(),
    initial=None, lowering=None,
) -> Lindblad:  # fmt: skip
    """Makes a battery of real matrices, written as lists, and one rate for all jumps or each."""
    operators = _matrices("jumps", jumps)
    each = [rates] * len(operators) if _checks.axes(rates) == 0 else list(rates)
    if len(each) != len(operators):
        raise ValueError(
            f"Argument `rates` must be one number or {len(operators)}, as there are jumps, but is "
            f"{_checks.show(rates)}."
        )
    return Lindblad(
        _matrix("hamiltonian", hamiltonian),
        list(zip(each, operators)),
        dims=dims,
        cell=cell,
        cell_hamiltonian=_matrix("cell_hamiltonian", cell_hamiltonian),
        controls=_matrices("controls", controls),
        initial=_matrix("initial", initial),
        lowering=_matrix("lowering", lowering),
    )


def spin_chain(spins, hopping=1.0, anisotropy=0, fields=3.0, decay=0, dephasing=0) -> SpinChain:
    """Makes a chain all of whose spins decay and dephase at these rates."""
    number = _checks.integer("spins", spins, low=1)
    dims, every = (2,) * number, tuple(range(number))
    jumps = noise.loss(_checks.optional_scalar("decay", decay, low=0), dims, every)
    rate = _checks.optional_scalar("dephasing", dephasing, low=0)
    jumps += noise.dephasing(rate, dims, every)
    return SpinChain(number, hopping=hopping, anisotropy=anisotropy, fields=fields, jumps=jumps)


def _matrices(name: str, given: Any) -> list[Any]:
    _checks.sequence(name, given)
    return [_matrix(name, one) for one in given]


def _matrix(name: str, given: Any) -> np.ndarray | None:
    """Numbers that are known: a trace must not make them unknown."""
    try:
        return None if given is None else np.asarray(given, float)
    except (TypeError, ValueError):
        raise TypeError(
            f"Argument `{name}` must be lists of numbers, such as [[0, 1], [1, 0]], but is "
            f"{_checks.show(given)}."
        ) from None


LOWER = [[0.0, 1.0], [0.0, 0.0]]

ENTRIES = (
    Entry(
        name="tavis_cummings",
        battery=Maker(
            TavisCummings, sizes=("spins", "photons", "levels"), words=("counter_rotating",)
        ),
        protocols=PUMPS,
        example=Example(
            {"spins": 2, "photons": 2, "cavity_decay": 0.1}, "constant", {"amplitude": 0.5}, 1.0,
            "cavity_decay",
        ),
    ),
    Entry(
        name="oscillators",
        battery=Maker(Oscillators, sizes=("levels",)),
        protocols=PUMPS,
        example=Example(
            {"levels": 5, "decay": 0.5}, "switch_off", {"amplitude": 0.3, "time": 0.5}, 1.0,
            "coupling",
        ),
    ),
    Entry(
        name="spin_chain",
        battery=Maker(spin_chain, sizes=("spins",)),
        protocols=PUMPS,
        example=Example(
            {"spins": 2, "anisotropy": 0.5, "dephasing": 0.1}, "segments",
            {"amplitudes": [1.0, 2.0], "duration": 1.0}, 1.0, "fields",
        ),
    ),
    Entry(
        name="ising_machine",
        battery=Maker(
            IsingMachine, sizes=("levels", "pump_levels"), words=("couplings", "pump")
        ),
        protocols=PUMPS,
        example=Example(
            {"couplings": [[0.0, -1.0], [-1.0, 0.0]], "levels": 6, "coupling": 2.0},
            "switch_off", {"amplitude": 0.4, "time": 0.8}, 1.0, "injection",
        ),
    ),
    Entry(
        name="lindblad",
        battery=Maker(
            lindblad,
            words=(
                "dims", "hamiltonian", "jumps", "cell", "cell_hamiltonian", "controls", "initial",
                "lowering",
            ),
        ),
        protocols=PUMPS | UNDRIVEN,
        example=Example(
            {
                "dims": [2], "hamiltonian": [[0.0, 0.0], [0.0, 1.0]], "jumps": [LOWER],
                "rates": 0.2, "cell": 0, "cell_hamiltonian": [0.0, 1.0],
                "controls": [[[0.0, 1.0], [1.0, 0.0]]], "lowering": LOWER,
            },
            "constant", {"amplitude": 0.7}, 1.0, "rates",
        ),
    ),
)  # fmt: skip
