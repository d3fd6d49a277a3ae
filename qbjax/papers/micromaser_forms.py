"""Formulas of the micromaser's paper as they were printed, and what they should be."""

from functools import cache
from typing import Any

import numpy as np

import qbjax as qb
from qbjax.papers import micromaser_runs as runs
from qbjax.papers.claim import Claim, Ours, about, at_least, at_most, identity

SIZE, THETA, Q = 12, 0.7, 0.3


def state(diagonal: bool) -> np.ndarray:
    """A state of the lowest levels, for one collision does not reach the top of the ladder."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=(8, 8)) + 1j * rng.normal(size=(8, 8))
    rho = np.zeros((SIZE, SIZE), complex)
    rho[:8, :8] = a @ a.conj().T
    rho = np.diag(np.diag(rho)) if diagonal else rho
    return rho / np.trace(rho)


def collided(rho: Any, c: float) -> np.ndarray:
    """The state after one qubit."""
    battery = qb.batteries.micromaser(SIZE)
    stream = qb.protocols.Collisions([THETA], Q, c)
    return np.asarray(battery.cell(qb.charge(battery, stream, initial=rho).final_state))


def master(mended: bool) -> float:
    """Largest error of Eq. (7), c = 1, as printed or without its surplus a†."""
    n, a = np.arange(SIZE), np.diag(np.sqrt(np.arange(1.0, SIZE)), 1)
    high, low = (np.diag(np.cos(THETA * np.sqrt(n + k))) for k in (1, 0))
    s = np.diag(np.sin(THETA * np.sqrt(n + 1)) / np.sqrt(n + 1))
    up, rho = a.T, state(False)
    # The last term: a†s ρ a†c_N as printed, a†s ρ c_N when mended.
    surplus = low if mended else up @ low
    cross = low @ rho @ s @ a + high @ rho @ up @ s - s @ a @ rho @ high - up @ s @ rho @ surplus
    printed = (1 - Q) * high @ rho @ high + Q * s @ a @ rho @ up @ s
    printed = printed + (1 - Q) * up @ s @ rho @ s @ a + Q * low @ rho @ low
    printed = printed + 1j * np.sqrt(Q * (1 - Q)) * cross
    return float(np.max(np.abs(printed - collided(rho, 1.0))))


def populations() -> float:
    """Largest error of Eq. (8)."""
    p = np.real(np.diag(state(True)))
    s = np.sin(THETA * np.sqrt(np.arange(SIZE + 1))) ** 2
    above, below = np.append(p[1:], 0.0), np.append(0.0, p[:-1])
    moved = s[1:] * (Q * above - (1 - Q) * p) + s[:-1] * ((1 - Q) * below - Q * p) + p
    return float(np.max(np.abs(moved - np.real(np.diag(collided(state(True), 0.0))))))


def total(shift: int) -> float:
    """Sum of the populations of Eq. (11) less 1, q = 0.25, m = 15, with m + shift there."""
    r, n = 3.0, np.arange(15)
    return float(np.sum(r**n * (r - 1) / (r ** (15 + shift) - 1)) - 1)


@cache
def settled(m: int, q: float, c: float, count: int) -> np.ndarray:
    """The cell after many equal collisions at θ = π/√m, on more levels than the trap has."""
    battery = qb.batteries.micromaser(m + 5)
    stream = qb.protocols.Collisions(np.full(count, np.pi / np.sqrt(m)), q, c, save_every=count)
    with runs.unwarned():
        return np.asarray(battery.cell(qb.charge(battery, stream).final_state))


def populations_off() -> float:
    """Largest error of Eq. (11) with m for m + 1: q = 0.4, m = 5, after 2000 collisions."""
    r, n = 1.5, np.arange(10)
    printed = np.where(n < 5, r**n * (r - 1) / (r**5 - 1), 0.0)
    return float(np.max(np.abs(printed - np.real(np.diag(settled(5, 0.4, 0.0, 2000))))))


def purity(shift: int) -> float:
    """Eq. (12) less the trap's purity, q = 0.4, m = 5."""
    r, m = 1.5, 5 + shift
    printed = (r - 1) / (r + 1) * (r ** (2 * m) - 1) / (r**m - 1) ** 2
    return float(printed - qb.merit.purity(settled(5, 0.4, 0.0, 2000)))


def cotangent() -> float:
    """Largest error of Eq. (15), after 1500 collisions."""
    p = np.real(np.diag(settled(15, 0.25, 1.0, 1500)))[:15]
    n = np.arange(1, 15)
    ratio = 3.0 / np.tan(np.pi / (2 * np.sqrt(15)) * np.sqrt(n)) ** 2
    return float(np.max(np.abs(p[1:] - ratio * p[:-1])))


# fmt: off
CLASSICAL = (
    Claim(
        "Eq. (7)", "one collision, c = 1, largest error", identity(), "wrong",
        Ours(0.07775, 1e-5, lambda: master(False)), "the last term should read a†s ρ c",
    ),
    Claim(
        "Eq. (7), mended", "the same", identity(), "agrees",
        Ours(0.0, 1e-12, lambda: master(True)),
    ),
    Claim(
        "Eq. (8)", "populations after one collision, c = 0, largest error", identity(), "agrees",
        Ours(0.0, 1e-12, populations),
    ),
    Claim(
        "Eq. (11)", "sum of the populations less 1, q = 0.25", identity(), "wrong",
        Ours(-0.666667, 1e-6, lambda: total(1)), "m + 1 should read m",
    ),
    Claim("Eq. (11), mended", "the same", identity(), "agrees", Ours(0.0, 1e-12, lambda: total(0))),
    Claim(
        "Eq. (11), mended", "populations after 2000 collisions, q = 0.4, m = 5, largest error",
        identity(), "agrees", Ours(0.0, 1e-9, populations_off),
    ),
    Claim(
        "Eq. (12)", "less the purity of the trap, q = 0.4, m = 5", identity(), "wrong",
        Ours(-0.02217, 1e-5, lambda: purity(1)), "m + 1 should read m; then it is 1/m at q = 1/2",
    ),
    Claim(
        "Eq. (12), mended", "the same", identity(), "agrees", Ours(0.0, 1e-9, lambda: purity(0)),
    ),
)

COHERENT = (
    Claim(
        "Eq. (15)", "populations of the trap, c = 1, largest error", identity(), "agrees",
        Ours(0.0, 1e-9, cotangent),
    ),
    Claim(
        "Sec. 4", "time scale of the purity over that of the energy, pure qubits",
        about(1.0, 0.1, "coincide"), "within reading",
        Ours(
            0.9929, 1e-3,
            lambda: runs.settling_coherent("purity") / runs.settling_coherent("energy"),
        ),
        "both come nearer by e in 11 collisions",
    ),
    Claim(
        "Sec. 4", "1 − purity after 1000 pure qubits, θ = 1.2, q = 0.1",
        at_most(1e-6, "0 to best precision, all θ and q"), "wrong",
        Ours(7.076e-3, 1e-6, lambda: 1 - runs.after("purity", 1.2, 1000, q=0.1), slow=True),
        "almost pure; 6.5e-5 at θ = 0.8, q = 0.4",
    ),
)

LOSSY = (
    Claim(
        "Eq. (17)", "energy of five quanta after seven waits, less n̄ + (5 − n̄)exp(−γt)",
        identity(), "agrees",
        Ours(0.0, 1e-9, lambda: runs.relaxed() - (0.15 + 4.85 * float(np.exp(-0.7)))),
        "γt = 0.7, n̄ = 0.15",
    ),
    Claim(
        "Fig. 5", "energy after 30 collisions at γt_r = 0.1, over that without loss",
        at_most(1.0, "lower energy and power"), "agrees",
        Ours(
            0.62057, 1e-5,
            lambda: (
                runs.after("energy", runs.TRAP, 30, loss=0.1) / runs.after("energy", runs.TRAP, 30)
            ),
        ),
    ),
    Claim(
        "Fig. 1", "energy after 3000 excited qubits, θ = π/√15.6",
        at_least(14.0, "a metastable stop near 14, then on"), "agrees",
        Ours(
            73.9, 2e-2,
            lambda: runs.after("energy", runs.NEAR, 3000, 0.0, q=0.0, levels=420), slow=True,
        ),
        "39.96 after 1000",
    ),
)
# fmt: on
