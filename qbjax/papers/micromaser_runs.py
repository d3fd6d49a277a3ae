"""Runs of the micromaser that the claims about it need."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

import qbjax as qb

TRAP, NEAR = np.pi / 15**0.5, np.pi / 15.6**0.5
Q = 0.25


@contextmanager
def unwarned() -> Iterator[None]:
    """Keeps quiet about a ladder without a top."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@cache
def run(theta: float, count: int, c: float, loss: Any = 0, q: float = Q, levels: int = 60):
    """Observables after so many collisions; n̄ = 0.15 where there is loss."""
    battery = qb.batteries.micromaser(levels, loss, 0.15 if loss else 0)
    stream = qb.protocols.Collisions(np.full(count, theta), q, c, save_every=count)
    with unwarned():
        return qb.charge(battery, stream)


def after(name: str, theta: float, count: int, c: float = 1.0, **more: Any) -> float:
    """An observable after so many collisions."""
    return float(run(theta, count, c, **more).observables[name][-1])


@cache
def trapped(q: float, c: int = 0, turns: int = 1) -> np.ndarray:
    """The trapping state of m = 15."""
    return np.asarray(qb.batteries.trapping_state(15, q, c, 0, turns))


def trapped_energy(q: float, c: int = 0, turns: int = 1) -> float:
    """Energy of the trapping state of m = 15."""
    return float(qb.merit.energy(trapped(q, c, turns), np.arange(15.0)))


@cache
def stationary(theta: float, levels: int, q: float = Q, c: float = 1.0, loss: Any = 0):
    """The end of endless collisions."""
    battery = qb.batteries.micromaser(levels, loss, 0.15 if loss else 0)
    with unwarned():
        return qb.batteries.stationary_state(battery, qb.protocols.Collisions([theta], q, c))


def slowest(turns: int, q: float) -> float:
    """Collisions in which the slowest decay towards the trap falls by a factor e."""
    lives = np.asarray(stationary(turns * TRAP, 24, q).lifetimes)
    return float(lives[np.isfinite(lives)][0])


def settling(name: str) -> float:
    """Collisions in which the distance to the end falls by e, classical qubits, q = 0."""
    end = {"energy": 14.0, "purity": 1.0}[name]
    gap = [end - after(name, TRAP, count, 0.0, q=0.0, levels=20) for count in (900, 1000)]
    return float(100 / np.log(gap[0] / gap[1]))


def settling_coherent(name: str) -> float:
    """Collisions in which the distance to the end falls by e, pure qubits, q = 0.25."""
    end = after(name, TRAP, 1500, levels=20)
    gap = [end - after(name, TRAP, count, levels=20) for count in (150, 200)]
    return float(50 / np.log(gap[0] / gap[1]))


def relaxed() -> float:
    """Energy of five quanta after seven waits of γt_r = 0.1, n̄ = 0.15."""
    battery = qb.batteries.micromaser(40, 0.1, 0.15)
    stream = qb.protocols.Collisions(np.zeros(7))
    return float(qb.charge(battery, stream, initial=np.diag(np.eye(40)[5])).energy[-1])


@cache
def during() -> float:
    """Energy after 130 rounds of loss 0.1 that acts during the collision, less that after it."""
    ladder, stream = qb.algebra.ladders.oscillator(18), qb.protocols.Collisions
    whole = stream(np.full(130, TRAP), Q, 1.0, save_every=130)
    joint = qb.batteries.Collisional(ladder, 0, 0.15, collision_loss=0.1 / TRAP)
    apart = qb.batteries.Collisional(ladder, 0.1, 0.15)
    both = [float(qb.charge(battery, whole).energy[-1]) for battery in (joint, apart)]
    return both[0] - both[1]


@cache
def beyond(ratio: Any, nu: float | None = None, loss: Any = 0, levels: int = 40) -> float:
    """Energy of twenty qubits (a hundred with loss) with counter-rotating terms; θ = 0.8."""
    ladder = qb.algebra.ladders.oscillator(levels)
    how = {"modulation": 1.2024, "modulation_frequency": nu} if nu else {}
    theta, count = (TRAP, 100) if loss else (0.8, 20)
    battery = qb.batteries.Collisional(ladder, loss, 0.15 if loss else 0, ratio or 0, **how)
    stream = qb.protocols.Collisions(np.full(count, theta), Q, 1.0, save_every=count)
    with unwarned():
        return float(qb.charge(battery, stream).energy[-1])


@cache
def cavities(count: int, excited: bool) -> float:
    """Energy of cavities that six qubits pass one after the other, θ = 0.25."""
    ladder, qubit = qb.algebra.ladders.oscillator(7), qb.algebra.ladders.spin(0.5)
    weights, c = ([0.0, 1.0], 0.0) if excited else ([0.5, 0.5], 1.0)
    stream = qb.protocols.Ancillas.with_weights(np.full(6, 0.25), weights, c, save_every=6)
    return float(
        qb.charge(qb.batteries.repeated.cascade(ladder, qubit, cells=count), stream).energy[-1]
    )


def shared(excited: bool) -> float:
    """Energy of two such cavities over twice that of one."""
    return cavities(2, excited) / (2 * cavities(1, excited))
