r"""The number of qubits: searches over K.

To an empty ladder in a cold bath an idle collision (θ = 0) does nothing, whatever the loss. So
streams of K qubits contain all shorter ones, their first angles zero, and the best value rises with
K; with a loss it stops where more qubits stay idle. Streams of 60, 120, … are looked at, so that
searches at many losses share a few programs, and the idle qubits are left out at the end.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import numpy as np

from qbjax import _checks
from qbjax.batteries.collisional.battery import Collisional
from qbjax.protocols import Collisions, resolve
from qbjax.strategies.gradient import Best, verify

FIRST, MOST = 60, 960
"""The number of qubits that a search begins with, and the largest."""
ENOUGH = 1e-6
"""Relative gain below which more qubits are of no use."""
IDLE = 1e-3
"""Share of the mean angle below which a leading qubit is left out."""


def is_bounded(battery: Collisional) -> bool:
    """Whether more and more qubits stop helping: there is a loss, and a cold bath."""
    return float(battery.loss) > 0 and _checks.is_plain_zero(battery.thermal)


def check_bounded(battery: Collisional) -> None:
    """Raises unless more and more coherent qubits stop helping."""
    if not is_bounded(battery):
        raise ValueError(
            "Argument `count` must be given for coherent qubits, of which more are always better, "
            "but is None."
        )


def check_start(start: Collisions | Any) -> Collisions:
    """Checks that a search can begin from a stream; returns the collisions that it makes."""
    _checks.instance("start", start, Collisions, "qb.protocols.Collisions")
    stream = resolve(start)
    made = stream.count if stream.made is None else int(stream.made)
    theta = np.asarray(stream.theta)[:made]
    if not np.any(theta > 0):
        raise ValueError("Argument `start` must make a collision with an angle, but makes none.")
    return Collisions(theta, populations(stream)[:made], stream.coherence)


def grown(search: Callable, first: Collisions):
    """The best of what a search finds, with twice as many qubits until some of them stay idle.

    Args:
        search: of a stream; what it returns has a `value` and a `protocol` of as many qubits.
        first: where it begins.

    Raises:
        ValueError: if more than `MOST` qubits would help.
    """
    count = FIRST
    while count < first.count:
        count *= 2
    best = search(spread(first, count))
    while without_idle(best.protocol).count == count:
        if count >= MOST:
            raise ValueError(
                f"Argument `count` must be given at so small a loss, where more than {MOST} qubits "
                "are better still, but is None."
            )
        count *= 2
        other = search(spread(best.protocol, count))
        if other.value - best.value <= ENOUGH * abs(best.value):
            break
        best = other
    return best


def climbed(search: Callable[[int], Best], count: int) -> Best:
    """The best search over K: more qubits while that helps, else fewer."""
    best, step = search(count), 1
    if count > 1 and (fewer := search(count - 1)).value > best.value:
        best, count, step = fewer, count - 1, -1
    while count + step >= 1 and (other := search(count + step)).value > best.value:
        best, count = other, count + step
    return best


def spread(stream: Collisions, count: int) -> Collisions:
    """A stream of another number of qubits: the same course of angles and populations."""
    if count == stream.count:
        return stream
    old, new = ((np.arange(k) + 0.5) / k for k in (stream.count, count))
    theta = np.interp(new, old, np.asarray(stream.theta)) * stream.count / count
    return Collisions(theta, np.interp(new, old, populations(stream)), stream.coherence)


def padded(stream: Collisions, count: int) -> Collisions:
    """A stream with idle qubits before it, so that there are so many."""
    theta, q = np.asarray(stream.theta)[-count:], populations(stream)[-count:]
    idle = (count - theta.size, 0)
    return Collisions(np.pad(theta, idle), np.pad(q, idle, mode="edge"), stream.coherence)


def without_idle(stream: Collisions) -> Collisions:
    """A stream without the qubits before the first that meets the ladder for a while."""
    theta = np.asarray(stream.theta)
    begins = int(np.argmax(theta > IDLE * theta.mean()))
    return Collisions(theta[begins:], populations(stream)[begins:], stream.coherence)


def trimmed(best: Best, objective: Callable, battery: Collisional) -> Best:
    """The result without its idle qubits, looked at anew."""
    stream = without_idle(best.protocol)
    if stream.count == best.protocol.count:
        return best
    verified, status = verify(objective, stream, battery)
    return eqx.tree_at(
        lambda b: (b.protocol, b.value, b.verified_value, b.verified_status),
        best,
        (stream, objective(stream, battery), verified, status),
    )


def populations(stream: Collisions) -> np.ndarray:
    """The population q of every qubit."""
    return np.broadcast_to(np.asarray(stream.ground_population, float), (stream.count,))


def ended(stream: Collisions) -> Collisions:
    """A stream that is looked at after its last collision only."""
    return Collisions(
        stream.theta, stream.ground_population, stream.coherence, stream.phase,
        save_every=max(1, stream.count), made=stream.made,
    )  # fmt: skip
