"""Runs and bounds that the claims on repeated interactions are about."""

import warnings
from functools import cache
from typing import Any

import numpy as np

import qbjax as qb
from qbjax.batteries.collisional import critical, swap_angles

bounds, ladders = qb.merit.bounds, qb.algebra.ladders
OSCILLATOR, SHORT, SPIN = ladders.oscillator(250), ladders.oscillator(110), ladders.spin(49.5)


@cache
def equal(angle: float, count: int, damping: float = 0.0, q: float = 0.5, levels: int = 250):
    """A run of equal pure qubits: angle in π, as many as that, loss between them."""
    battery = qb.batteries.Collisional(ladders.oscillator(levels), -np.log1p(-damping))
    angles = np.full(count, angle * np.pi)
    return qb.charge(battery, qb.protocols.Collisions(angles, q, 1.0, save_every=count))


def stored(*numbers: Any, **more: Any) -> float:
    """Energy after them."""
    return float(equal(*numbers, **more).energy[-1])


def bound(tau: float, ladder: Any = OSCILLATOR, **more: Any) -> float:
    """The most that classical qubits store."""
    return float(bounds.incoherent_energy(ladder, tau, **more))


def full_time(form: str, ladder: Any = SPIN) -> float:
    """Least time in which classical qubits fill a spin."""
    return float(bounds.incoherent_time(ladder, ladder.size - 1, form=form))


@cache
def greedy(count: int, criterion: str, levels: int = 80):
    """A run of the greedy protocol."""
    battery = qb.batteries.Collisional(ladders.oscillator(levels))
    return qb.charge(battery, qb.strategies.greedy(battery, count, criterion))


def swaps_within(tau: float) -> float:
    """Number of full swaps that fit into a time."""
    return float(np.sum(np.cumsum(np.pi / 2 / OSCILLATOR.couplings) <= tau))


@cache
def crossing(angle: float, damping: float) -> float:
    """Time at which equal qubits first pass the bound."""
    battery = qb.batteries.Collisional(SHORT, -np.log1p(-damping))
    found = critical.lead(battery, angle * np.pi, 11.0, collisions=1800)
    return float(found.first_time)


@cache
def earliest(damping: float) -> float:
    """The angle in π, of a grid of 0.001, at which they do so earliest."""
    angles = np.arange(15, 33) / 1000
    times = [crossing(float(angle), damping) for angle in angles]
    return float(angles[np.nanargmin([t if t > 0 else np.nan for t in times])])


@cache
def last_angle(ladder: Any, low: float, high: float, duration: float, q: float = 0.5) -> float:
    """The largest angle in π at which equal qubits pass the bound without loss."""
    battery = qb.batteries.Collisional(ladder)
    span = low * np.pi, high * np.pi
    found = critical.critical_angles(battery, *span, duration, ground_population=q)
    return float(found[1] / np.pi)


@cache
def last_loss(q: float | None, low: float = 0.02, high: float = 0.055):
    """The loss at which equal qubits lose their lead."""
    return critical.critical_loss(SHORT, low * np.pi, high * np.pi, 14.0, ground_population=q)


@cache
def window() -> tuple[float, float]:
    """First and last collision of the lead at θ = 0.01π, γ = 1e-3."""
    battery = qb.batteries.Collisional(OSCILLATOR, -np.log1p(-1e-3))
    run = qb.charge(battery, qb.protocols.Collisions(np.full(850, 0.01 * np.pi), 0.5, 1.0))
    tau = 0.01 * np.pi * np.arange(851)
    ahead = np.asarray(run.energy) > bounds.R0 * tau * (1 + bounds.R0 * tau / 4)
    ahead[0] = False
    return float(np.argmax(ahead)), float(850 - np.argmax(ahead[::-1]))


@cache
def spin_greedy() -> float:
    """Number of collisions for which the greedy protocol of a spin 99/2 is defined."""
    battery = qb.batteries.Collisional(SPIN)
    for count in (101, 102):
        try:
            qb.strategies.greedy(battery, count)
        except ValueError:
            return float(count - 1)
    return float(count)


@cache
def best_energy(tau: float) -> float:
    """Most energy of a cold oscillator by seven classical qubits of any angles in a time."""
    battery = qb.batteries.Collisional(ladders.oscillator(80))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(swap_angles.best_energy(battery, tau, 7).value)


def beaten(ladder: Any) -> float:
    """Time of full swap over the least time of the printed bound: below 1, it is beaten."""
    return float(np.sum(np.pi / 2 / ladder.couplings)) / full_time("printed", ladder)


def average_share() -> float:
    """Energy of sixty greedy qubits over that of full swaps in their time."""
    run = greedy(60, "average")
    return float(run.energy[-1]) / swaps_within(float(run.times[-1]))


def transient_share() -> float:
    """Energy of sixty qubits of the largest transient power over that of full swaps."""
    run = greedy(60, "transient")
    return float(run.energy[-1]) / swaps_within(float(run.times[-1]))


def bound_share() -> float:
    """Energy of sixty greedy qubits over the bound of their time."""
    run = greedy(60, "average")
    return float(run.energy[-1]) / bound(float(run.times[-1]))


@cache
def ten() -> float:
    """Largest power of ten classical qubits over that of ten greedy ones."""
    battery = qb.batteries.Collisional(ladders.oscillator(80))
    best = swap_angles.best_power(battery, 10)
    return float(best.value) / float(greedy(10, "average").charging_power[-1])


def finite(q: float) -> float:
    """Energy of 159 equal qubits in Ωτ = 5."""
    return stored(5 / 159 / np.pi, 159, q=q, levels=40)
