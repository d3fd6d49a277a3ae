"""Bounds on a Bloch charger, whatever its preparation: the cell starts empty.

The coupling is driven between the ends of its envelope. At a fixed coupling nothing is left to the
protocol but the preparation, and the backward equation has the best of them.
"""

from typing import Any

import numpy as np

from qbjax import _checks
from qbjax.algebra.operators import embed
from qbjax.batteries.bloch import _terms as terms
from qbjax.merit.bounds import Driven, Reach, angle_energy, backward_energy
from qbjax.protocols import BlochPreparation, Constant
from qbjax.protocols.ranges import ranges

STEPS = 256
"""Steps of the backward equation in all stretches together, at least 16 in each."""


def energy_bounds(battery: Any, protocol: Any, times: Any) -> dict[str, Any]:
    """Bounds on the cell's energy at the end of a run, by name, or why there is none."""
    found: dict[str, Any] = {"top": None, "angle": None, "backward": None}
    if not isinstance(protocol, BlochPreparation):
        return dict.fromkeys(found, "the charger is not prepared")
    if not _checks.is_concrete((battery, protocol)):
        return dict.fromkeys(found, "its numbers are traced")
    found["top"] = float(battery.frequency)
    envelope = Constant(1.0) if protocol.envelope is None else protocol.envelope
    signals = ranges([envelope], times)
    if isinstance(signals, str):
        return found | dict.fromkeys(("angle", "backward"), signals)
    driven, reach = _driven(battery), Reach(*signals)
    found["angle"] = float(angle_energy(driven, reach))
    steps = max(16, STEPS // len(signals.durations))
    back = np.asarray(backward_energy(driven, reach, steps=steps).operator)
    best = float(np.linalg.eigvalsh(back[:2, :2])[-1])  # of the cell's ground state, any charger
    return found | {"backward": min(best, found["top"])}


def _driven(battery: Any) -> Driven:
    """The pair, driven by its coupling, cell first."""
    lower = {place: _embedded(terms.LOWER, place) for place in terms.PLACES}
    exchange = lower["cell"].T @ lower["charger"]
    if battery.counter_rotating:
        exchange = exchange + lower["cell"] @ lower["charger"]
    energies = terms.hamiltonian(battery, 0.0)
    number = terms.KINDS["dephasing"]
    drift = [energies.get(place, 0.0) * _embedded(number, place) for place in terms.PLACES]
    noise = [
        np.sqrt(float(rate)) * _embedded(terms.KINDS[kind], place)
        for place in terms.PLACES
        for kind, rate in terms.rates(battery, place).items()
        if float(rate) > 0
    ]
    return Driven(
        np.asarray(sum(drift)),
        [float(battery.coupling) * (exchange + exchange.T)],
        float(battery.frequency) * np.diag(_embedded(number, "cell")),
        noise,
    )


def _embedded(operator: np.ndarray, place: str) -> np.ndarray:
    return np.asarray(embed(operator, (2, 2), terms.PLACES.index(place)))
