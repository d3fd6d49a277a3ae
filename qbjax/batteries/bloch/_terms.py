r"""The terms of the Bloch charger's master equation: those whose numbers were given.

In the frame that rotates with ω_b; counter-rotating terms stay in the frame at rest.
"""

import functools
from typing import Any

import numpy as np

from qbjax import _checks
from qbjax.algebra.operators import embed, sigma_minus
from qbjax.dynamics.generator.structure import Structure

PLACES = ("cell", "charger")
"""The factors of the pair, in their order."""

LOWER = np.asarray(sigma_minus())
KINDS = {"loss": LOWER, "gain": LOWER.T, "dephasing": LOWER.T @ LOWER}
"""Jump operators of one qubit."""


def hamiltonian(battery: Any, coupling: Any) -> dict[str, Any]:
    """Coefficients of the Hamiltonian's terms, at a coupling."""
    if battery.counter_rotating:
        levels = {"cell": battery.frequency, "charger": battery.charger_frequency}
        return {"exchange": coupling, "pairs": coupling, **levels}
    detuned = {"charger": battery.detuning} if "detuning" in battery.further else {}
    return {"exchange": coupling, **detuned}


def rates(battery: Any, place: str) -> dict[str, Any]:
    """Rates of the jumps of the cell, or of the charger, by their kind."""
    prefix = "cell_" if place == "cell" else ""
    decay, thermal, dephasing = (
        getattr(battery, prefix + name) for name in ("decay", "thermal", "dephasing")
    )
    found = {}
    if not _checks.is_plain_zero(decay) and (place == "charger" or "cell_decay" in battery.further):
        found["loss"] = decay
        if f"{prefix}thermal" in battery.further:
            found |= {"loss": decay * (thermal + 1), "gain": decay * thermal}
    if f"{prefix}dephasing" in battery.further:
        found["dephasing"] = 2 * dephasing
    return found


@functools.lru_cache(maxsize=64)
def structure(terms: tuple[str, ...], jumps: tuple[tuple[str, str], ...]) -> Structure:
    """Structure of the master equation of some terms, and of some jumps as (place, kind)."""
    lower, number = (_embedded(operator) for operator in (LOWER, KINDS["dephasing"]))
    exchange, pairs = (x @ lower["cell"] for x in (lower["charger"].T, lower["charger"]))
    operators = {"exchange": exchange + exchange.T, "pairs": pairs + pairs.T, **number}
    return Structure(
        [operators[term] for term in terms],
        [_embedded(KINDS[kind])[place] for place, kind in jumps],
    )


def _embedded(operator: np.ndarray) -> dict[str, np.ndarray]:
    """An operator of one qubit as one of the pair, for either place."""
    return {place: np.asarray(embed(operator, (2, 2), k)) for k, place in enumerate(PLACES)}
