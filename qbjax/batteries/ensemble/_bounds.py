r"""Bounds on the energy of an ensemble, whatever the protocol.

Spins that a common drive turns, and noise of their own disturbs, never meet: from the ground state
each moves alone, $\rho(t) = \rho_1(t)^{\otimes N}$, so that a bound on one of them, N times, is a
bound on all. Lossless that is $E \le \omega N\sin^2\int|u|dt$. In a cavity without counter-rotating
terms and pump no spin has a quantum that was no photon: $E \le \omega\min(N, n)$.
"""

from typing import Any

import numpy as np

from qbjax import _checks
from qbjax.interface.pumps import pumps_of
from qbjax.merit.bounds import Driven, Reach, angle_energy, backward_energy
from qbjax.protocols.ranges import ranges

STEPS = 256
"""Steps of the backward equation in all stretches together, at least 16 in each."""


def energy_bounds(battery: Any, protocol: Any, times: Any) -> dict[str, Any]:
    """Bounds on the energy at the end of a run, by name, or why there is none.

    Args:
        battery: a `SpinEnsemble`, from the start of its own.
        protocol: with its free numbers.
        times: of the run.
    """
    names = ("top", "angle", "backward")
    if not _checks.is_concrete((battery, protocol)):
        return dict.fromkeys(names, "its numbers are traced")
    one, N = float(battery.frequency), battery.spins
    if battery.levels is not None:
        kept = not battery.counter_rotating and _checks.is_plain_zero(battery.local_pump)
        found: dict[str, Any] = {"top": one * (min(N, battery.photons) if kept else N)}
        return found | dict.fromkeys(names[1:], "a cavity charges it")
    found = {"top": one * N}
    if not _checks.is_plain_zero(battery.collective_decay):
        return found | dict.fromkeys(names[1:], "spins that decay together do not move alone")
    signals = ranges(pumps_of(protocol), times)
    if isinstance(signals, str):
        return found | dict.fromkeys(names[1:], signals)
    spin, reach = _spin(battery), Reach(*signals)
    steps = max(16, STEPS // len(signals.durations))
    back = float(backward_energy(spin, reach, steps=steps).energy)
    return found | {"angle": N * float(angle_energy(spin, reach)), "backward": N * back}


def _spin(battery: Any) -> Driven:
    """One spin, its ground state first."""
    lower, one = np.array([[0.0, 1.0], [0.0, 0.0]]), float(battery.frequency)
    number = lower.T @ lower
    jumps = {"local_decay": lower, "local_pump": lower.T, "local_dephasing": 2**0.5 * number}
    noise = [np.sqrt(float(getattr(battery, name))) * jump for name, jump in jumps.items()]
    stays = one if battery.counter_rotating else 0.0
    return Driven(stays * number, [lower + lower.T], one * number, [x for x in noise if x.any()])
