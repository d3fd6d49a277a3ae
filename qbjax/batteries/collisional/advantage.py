r"""The largest lead of coherent qubits that are all chosen, and the loss at which it ends.

Pure superpositions, each of an angle and a population of its own, against classical qubits in the
same charging time $\tau = \sum\theta_k$, which is chosen as well:

$$\Lambda^*(\ell) = \max_{K,\,\theta_k,\,q_k}\frac{E_K}{E_\text{cl}(\tau)} - 1 .$$

The energy is linear in every coherence $c_k$, and of either sign of it one is as good as another
phase: so c = 1. Energies are those after the loss $\ell = \kappa t_0$, and $E_\text{cl}$ is the
bound of classical qubits without loss, as the paper compares, or with it.

The last lead is found from below. A stream p survives up to the loss at which $\Lambda(p, \ell)$
vanishes; there better streams are sought, until there are none: every step is a lower limit of what
can be survived, and the last few gain quadratically.

Reference: R. Salvia et al., "Quantum advantage in charging cavity and spin batteries by repeated
interactions" (2023), Sec. III.D, where all qubits are alike (`critical`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from scipy.optimize import brentq

from qbjax import _checks
from qbjax.algebra.ladders import Ladder
from qbjax.batteries.collisional import _counts
from qbjax.batteries.collisional.battery import Collisional, check_collisional
from qbjax.batteries.collisional.classical import greedy
from qbjax.batteries.collisional.critical import Against
from qbjax.cycle import charge
from qbjax.merit import bounds
from qbjax.protocols import Collisions, free
from qbjax.strategies.gradient import Best, Progress, check_search, maximize

STEPS = 600
SETTLED = 1e-8
"""Relative gain of the loss that ends the search for the last lead."""


class CriticalStream(NamedTuple):
    """The stream with which the last lead is lost.

    Attributes:
        protocol: its angles and populations.
        damping: $\\gamma = 1 - e^{-\\kappa t_0}$ up to which it keeps a lead.
        loss: $\\kappa t_0$.
        time: Ωτ of the stream.
        energy: after its last collision, that of the classical bound.
    """

    protocol: Collisions
    damping: float
    loss: float
    time: float
    energy: float


def best_lead(
    battery: Collisional | Any,
    count: int | Any = None,
    *,
    against: Against | str | Any = "lossless",
    start: Collisions | Any | None = None,
    starts: int | Any = 1,
    key: Array | Any | None = None,
    progress: Callable[[Progress], None] | Any | None = None,
) -> Best:
    r"""Finds the coherent qubits with the largest lead over classical ones.

    Args:
        battery: a collisional battery, with its loss.
        count: K; with a loss and a cold bath None for as many as help.
        against: "lossless" or "lossy": which bound.
        start: a stream to begin from, spread over as many qubits as there are to be: with the best
            at another loss a maximum is followed. None for the better of what is reached from
            equal qubits and from greedy.
        starts, key, progress: as in `maximize`.

    Returns:
        A `Best`: its value is Λ*, its protocol the stream.

    Raises:
        TypeError, ValueError: for a bad argument; for a "lossy" bound that is not known; without a
            count where more qubits are always better.

    Example:
        >>> import qbjax as qb
        >>> battery = qb.batteries.Collisional(qb.algebra.ladders.oscillator(24), loss=0.03)
        >>> best = best_lead(battery, 8)
        >>> print(f"{best.value:.3f}, {best.protocol.times()[-1]:.2f}")
        -0.193, 1.07
    """
    check_collisional(battery)
    _check_steps(battery.ladder)
    check_search(progress=progress, starts=starts, key=key)
    count = None if count is None else _checks.integer("count", count, low=1)
    if count is None:
        _counts.check_bounded(battery)
    objective = _Ratio(_checks.choice("against", against, ("lossless", "lossy")))
    how = {"starts": starts, "key": key, "progress": progress}

    def search(stream: Collisions) -> Best:
        return _search(objective, battery, stream, how)

    if start is not None:
        begin = _counts.check_start(start)
    else:
        rough = map(search, _guesses(objective, battery, count or _counts.FIRST))
        begin = max(rough, key=lambda best: float(best.value)).protocol
    if count is not None:
        return _as_lead(search(_counts.spread(begin, count)))
    return _as_lead(_counts.trimmed(_counts.grown(search, begin), objective, battery))


def critical_stream(
    ladder: Ladder | Any,
    count: int | Any = None,
    *,
    against: Against | str | Any = "lossless",
    start: Collisions | Any | None = None,
    progress: Callable[[Progress], None] | Any | None = None,
) -> CriticalStream:
    r"""Finds the qubits that keep a lead up to the largest loss.

    Args:
        ladder: what is charged.
        count: K; None for as many as help.
        against: "lossless" or "lossy": which bound.
        start: a stream to begin from; None for equal qubits.
        progress: as in `maximize`.

    Returns:
        A `CriticalStream`: what was found is survived, more might be.

    Raises:
        TypeError, ValueError: for a bad argument; for a "lossy" bound that is not known; if there
            is no lead even without loss.
    """
    battery = Collisional(ladder, jnp.asarray(0.0))
    check_collisional(battery)
    _check_steps(battery.ladder)
    check_search(progress=progress)
    _checks.choice("against", against, ("lossless", "lossy"))
    count = None if count is None else _checks.integer("count", count, low=1)
    objective, how = _Ratio(against), {"starts": 1, "key": None, "progress": progress}
    climb = _Climb(objective, battery, how)
    begin = _equal(battery, count or _counts.FIRST) if start is None else _counts.check_start(start)
    begin = begin if count is None else _counts.spread(begin, count)
    begin = begin if climb.survived(begin) else climb.without_loss(begin)
    last = climb(begin) if count else _counts.grown(climb, begin)
    stream = last.protocol if count else _counts.without_idle(last.protocol)
    loss = climb.survived(stream)
    run = charge(climb.at(loss), _counts.ended(stream))
    damping = float(-np.expm1(-loss))
    return CriticalStream(stream, damping, loss, float(run.times[-1]), float(run.energy[-1]))


@dataclass(frozen=True)
class _Ratio:
    """The energy over that of classical qubits; equal ones share their compiled program."""

    against: str

    def __call__(self, stream: Collisions, battery: Collisional) -> Array:
        run = charge(battery, _counts.ended(stream))
        return run.energy[-1] / self.opponent(battery, run.times[-1])

    def opponent(self, battery: Collisional, tau) -> Array:
        """The energy that is to be beaten at a time."""
        lossy = {"loss": battery.loss, "thermal": battery.thermal}
        how: dict[str, Any] = lossy if self.against == "lossy" else {}
        return bounds.incoherent_energy(battery.ladder, tau, **how)


class _Step(NamedTuple):
    """A loss that is survived, and by which stream."""

    value: float
    protocol: Collisions


@dataclass(frozen=True)
class _Climb:
    """The search for the largest loss, of streams of one number of qubits at a time."""

    objective: _Ratio
    battery: Collisional
    how: dict[str, Any]

    def __call__(self, stream: Collisions) -> _Step:
        best = _Step(self.survived(stream), stream)
        while True:
            found = _search(self.objective, self.at(best.value), best.protocol, self.how)
            loss = self.survived(found.protocol)
            if loss <= best.value * (1 + SETTLED):
                return best
            best = _Step(loss, found.protocol)

    def without_loss(self, stream: Collisions) -> Collisions:
        """The best stream without loss; raises if it has no lead."""
        best = _search(self.objective, self.battery, stream, self.how)
        if best.value <= 1:
            raise ValueError(
                "Argument `ladder` must leave coherent qubits a lead without loss, but with "
                f"{stream.count} of them they are {1 - float(best.value):.2%} behind at best."
            )
        return best.protocol

    def survived(self, stream: Collisions) -> float:
        """The loss at which a stream meets the bound; 0 if it is behind without loss."""
        most = 1e-3

        def ahead(loss: float) -> float:
            return float(_ratio(self.objective, stream, self.at(loss))) - 1

        if ahead(0.0) <= 0:
            return 0.0
        while ahead(most) > 0:
            most *= 2
        return brentq(ahead, 0.0, most, xtol=1e-15, rtol=1e-12)

    def at(self, loss: float) -> Collisional:
        """The battery with a loss."""
        return eqx.tree_at(lambda b: b.loss, self.battery, jnp.asarray(loss, float))


@eqx.filter_jit
def _ratio(objective: _Ratio, stream: Collisions, battery: Collisional) -> Array:
    return objective(stream, battery)


def _search(objective: _Ratio, battery: Collisional, stream: Collisions, how) -> Best:
    """The best stream near another; its value is the ratio, 1 + Λ."""
    theta, q = np.asarray(stream.theta), _counts.populations(stream)
    longest = max(2.0 / float(battery.ladder.couplings[0]), 1.5 * float(theta.max()))
    chosen = Collisions(free(theta, 0.0, longest), free(q, 0.0, 1.0), 1.0)
    return maximize(objective, chosen, battery=battery, steps=STEPS, **how)


def _as_lead(best: Best) -> Best:
    """The result with leads in place of ratios."""

    def values(best: Best) -> tuple:
        return best.value, best.verified_value, best.history, best.start_values

    return eqx.tree_at(values, best, tuple(value - 1 for value in values(best)))


def _guesses(objective: _Ratio, battery: Collisional, count: int):
    """Streams to begin from: equal superpositions, and the best part of greedy."""
    yield _equal(battery, count)
    tries = count
    while tries:
        try:
            greedily = greedy(battery, tries).theta
            break
        except ValueError:  # near full charge there is no choice left
            tries //= 2
    else:
        return
    run = charge(battery, Collisions(greedily))
    bound = jax.vmap(lambda tau: objective.opponent(battery, tau))(run.times[1:])
    best = int(np.argmax(run.energy[1:] / bound)) + 1
    yield _counts.padded(Collisions(greedily[:best], 0.0, 1.0), count)


def _equal(battery: Collisional, count: int) -> Collisions:
    """Equal superpositions for half as long as driving needs to take the lead, and half."""
    ladder, tau = battery.ladder, np.inf
    if ladder.kind != "uniform":
        tau = 1.5 * float(bounds.crossing_time(ladder))
    if not np.isfinite(tau):
        tau = np.pi / 2 if ladder.kind == "spin" else 8.0
    return Collisions(np.full(count, tau / count), np.full(count, 0.45), 1.0)


def _check_steps(ladder: Ladder) -> None:
    if ladder.size < 2:
        raise ValueError("Argument `battery` must have at least two levels to climb, but has 1.")
