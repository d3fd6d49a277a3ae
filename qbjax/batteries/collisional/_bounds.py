"""Bounds on a collisional battery: `merit.bounds.incoherent_energy`, where it is one.

It is for an empty ladder and classical qubits on resonance, whose angles add up to what is known,
without loss or, for an oscillator, with loss into a cold bath between the collisions.
"""

from typing import Any

import numpy as np

from qbjax import _checks
from qbjax.merit.bounds import incoherent_energy
from qbjax.protocols import Collisions, Free, Share, is_free


def energy_bounds(battery: Any, protocol: Any) -> dict[str, Any]:
    """Bounds on the energy after all collisions, by name, or why there is none."""
    why = _why_none(battery, protocol)
    if why is None:
        tau = _largest_sum(protocol.theta)
        if isinstance(tau, str):
            why = tau
        else:
            lost = float(battery.loss) if battery.ladder.kind == "oscillator" else 0
            found = incoherent_energy(battery.ladder, tau, lost if lost else 0)
            return {"incoherent": float(found)}
    return {"incoherent": why}


def _why_none(battery: Any, protocol: Any) -> str | None:
    """The reason why the bound does not hold; None if it does."""
    if not isinstance(protocol, Collisions):
        return f"no bound is known for {type(protocol).__name__}"
    if not _checks.is_concrete((battery, protocol)):
        return "its numbers are traced"
    q = protocol.ground_population
    wanted = {
        "the qubits are coherent": _vanishes(protocol.coherence),
        "a population is free beyond 0 and 1": not isinstance(q, Free) or 0 <= q.low <= q.high <= 1,
        "the qubits are detuned": _vanishes(protocol.detuning),
        "the collisions scatter": protocol.scatter is None,
        "the waves do not rotate": battery.is_rotating_wave,
        "the frequencies are modulated": battery.is_steady,
        "the ladder loses while qubits are there": battery.is_brief,
        "the bath is warm": _vanishes(battery.thermal),
        f"with loss none is known for a {battery.ladder.kind} ladder": (
            battery.ladder.kind == "oscillator" or _vanishes(battery.loss)
        ),
    }
    return next((why for why, holds in wanted.items() if not holds), None)


def _vanishes(number: Any) -> bool:
    return not is_free(number) and not np.any(np.asarray(number))


def _largest_sum(theta: Any) -> float | str:
    """The largest sum of the angles, or why it is not known."""
    if isinstance(theta, Share):
        return float(theta.total)
    if isinstance(theta, Free):
        most = max(abs(theta.low), abs(theta.high))
        return most * np.size(theta.value) if np.isfinite(most) else "the angles have no bounds"
    if is_free(theta):
        return f"the sum of a {type(theta).__name__} is not known"
    return float(np.sum(np.asarray(theta)))
