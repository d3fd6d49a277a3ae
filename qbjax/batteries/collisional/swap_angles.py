r"""The best angle of every collision: what greedy and full swap are measured against.

Two questions, each with classical or with coherent qubits:

* **so many collisions**: which $\theta_1 … \theta_K$ give the largest average power
  $E_K/\tau_K$?
* **so much time**: which $\theta_k$ with $\sum\theta_k = \tau$ give the largest energy $E_K$, and
  how many should they be?

Classical qubits come excited, and the search starts from greedy or from full swap's proportions;
coherent ones choose their populations too. Landscapes have many maxima: `starts` adds random
ones, and qubits that a search has left idle are looked at a second time. With a loss, energies are
those after it.

Reference: R. Salvia et al., "Quantum advantage in charging cavity and spin batteries by repeated
interactions" (2023), whose adaptive protocols are greedy.
"""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from qbjax import _checks
from qbjax.batteries.collisional import _counts
from qbjax.batteries.collisional.battery import Collisional, check_collisional
from qbjax.batteries.collisional.classical import greedy, in_time
from qbjax.cycle import charge
from qbjax.protocols import Collisions, free, share
from qbjax.strategies.gradient import Best, Progress, check_search, maximize

STEPS = 400

IDLE, GAIN = 1e-3, 1e-9
"""Share of the mean angle below which a qubit is idle; share of the energy that counts as a gain.
"""


def average_power(protocol: Collisions, battery: Collisional) -> Array:
    """The average power $E_K/\\tau_K$ after the last collision."""
    return charge(battery, _counts.ended(protocol)).charging_power[-1]


def stored_energy(protocol: Collisions, battery: Collisional) -> Array:
    """The energy $E_K$ after the last collision."""
    return charge(battery, _counts.ended(protocol)).energy[-1]


def best_power(
    battery: Collisional | Any,
    count: int | Any,
    *,
    starts: int | Any = 1,
    key: Array | Any | None = None,
    progress: Callable[[Progress], None] | Any | None = None,
) -> Best:
    """Finds the angles of K excited qubits that charge with the largest average power.

    Args:
        battery: a collisional battery.
        count: K; the ladder must leave greedy an interior maximum at each.
        starts, key, progress: as in `maximize`; the first start is greedy.

    Returns:
        A `Best`; `best.protocol.theta` are the angles.

    Raises:
        TypeError, ValueError: as `greedy` and `maximize`.

    Example:
        >>> import qbjax as qb
        >>> battery = qb.batteries.Collisional(qb.algebra.ladders.oscillator(12))
        >>> best, plain = best_power(battery, 3), qb.strategies.greedy(battery, 3)
        >>> bool(best.value > qb.charge(battery, plain).charging_power[-1])
        True
    """
    check_search(progress=progress, starts=starts, key=key)
    first = greedy(battery, count).theta
    longest = max(2.0 / float(battery.ladder.couplings[0]), 1.5 * float(jnp.max(first)))
    return maximize(
        average_power, Collisions(free(first, 0.0, longest)), battery=battery, steps=STEPS,
        starts=starts, key=key, progress=progress,
    )  # fmt: skip


def best_energy(
    battery: Collisional | Any,
    duration: Any,
    count: int | Any = None,
    *,
    coherent: bool | Any = False,
    start: Collisions | Any | None = None,
    starts: int | Any = 1,
    key: Array | Any | None = None,
    progress: Callable[[Progress], None] | Any | None = None,
) -> Best:
    r"""Finds the angles that store the most energy in a given charging time.

    Args:
        battery: a collisional battery.
        duration: $\tau = \sum\theta_k > 0$.
        count: K; None for the best number, which coherent qubits have with a loss and a cold bath
            alone.
        coherent: whether the qubits are pure superpositions (c = 1) whose populations $q_k$ are
            chosen too; without loss more of them are always better, so that `count` must be given.
        start: a stream to begin from, of any duration, spread over as many qubits as there are to
            be. None for full swap's proportions, or for equal angles of coherent qubits with
            q = 1/2.
        starts, key, progress: as in `maximize`.

    Returns:
        A `Best`; `best.protocol` holds angles, and populations when coherent.

    Raises:
        TypeError, ValueError: for another battery, a duration or count that is not positive, and
            as `maximize`.

    Example:
        >>> import qbjax as qb
        >>> battery = qb.batteries.Collisional(qb.algebra.ladders.oscillator(12))
        >>> best = best_energy(battery, 2.0, 2)
        >>> round(float(best.protocol.times()[-1]), 9)
        2.0
    """
    check_collisional(battery)
    check_search(progress=progress, starts=starts, key=key)
    duration = _checks.scalar("duration", duration, low=0, open_low=True)
    coherent = _checks.flag("coherent", coherent)
    if start is not None:
        start = _counts.check_start(start)
    if count is None and coherent:
        _counts.check_bounded(battery)
    options: dict[str, Any] = {"battery": battery, "steps": STEPS, "starts": starts, "key": key}

    def search(stream: Collisions) -> Best:
        protocol = _chosen(stream, duration, coherent)
        return maximize(stored_energy, protocol, progress=progress, **options)

    if count is not None:
        count = _checks.integer("count", count, low=1)
        return _revived(search, search(_begin(battery, start, count, coherent)))
    if coherent:
        best = _counts.grown(search, start or _start(battery, _counts.FIRST, True))
        return _counts.trimmed(best, stored_energy, battery)
    first = start.count if start else _likely(battery, float(duration))
    return _counts.climbed(lambda count: search(_begin(battery, start, count, False)), first)


def _revived(search: Callable[[Collisions], Best], best: Best) -> Best:
    """The best with no qubit that is idle for having been driven to no angle, if that is better.

    A little angle of an inverted qubit brings its square alone, so that none is a maximum: a search
    that gets there does not return. Behind all others, where steps are small, such a qubit helps.
    """
    while True:
        theta = np.asarray(best.protocol.theta)
        busy = theta > IDLE * np.mean(theta)
        if np.all(busy):
            return best
        order = np.append(np.flatnonzero(busy), np.full(np.sum(~busy), np.flatnonzero(busy)[-1]))
        q, c = (np.broadcast_to(x, theta.shape)[order] for x in (
            best.protocol.ground_population, best.protocol.coherence
        ))  # fmt: skip
        again = search(Collisions(theta[order], q, c))
        if not again.value > best.value * (1 + GAIN):
            return best
        best = again


def _begin(battery: Collisional, start: Collisions | None, count: int, coherent: bool):
    return _counts.spread(start, count) if start else _start(battery, count, coherent)


def _start(battery: Collisional, count: int, coherent: bool) -> Collisions:
    """A stream of the proportions to begin with."""
    if coherent:
        return Collisions(np.ones(count), np.full(count, 0.5), 1.0)
    steps = np.minimum(np.arange(count), battery.ladder.size - 2)
    return Collisions(1 / battery.ladder.couplings[steps])


def _chosen(stream: Collisions, duration, coherent: bool) -> Collisions:
    """The stream with what is to be chosen marked, its angles scaled to the duration."""
    theta = share(stream.theta, duration)
    if not coherent:
        return Collisions(theta)
    q = _counts.populations(stream)
    return Collisions(theta, free(q, 0.0, 1.0), 1.0)


def _likely(battery: Collisional, duration: float) -> int:
    """The number of classical qubits at which the search begins: full exchanges, or greedy's."""
    swaps = max(1, int(np.searchsorted(np.cumsum(np.pi / 2 / battery.ladder.couplings), duration)))
    if not _counts.is_bounded(battery):
        return swaps
    try:
        return _counts.check_start(in_time(greedy(battery, 3 * swaps), duration)).count
    except ValueError:  # near full charge greedy has no choice
        return swaps
