"""Formulas of the paper on repeated interactions as they were printed, and what they should be."""

from functools import cache
from typing import Any

import numpy as np
from scipy.integrate import quad, solve_ivp
from scipy.linalg import expm

import qbjax as qb
from qbjax.papers.claim import EXACT, Claim, Ours, Said, about, at_most, identity

bounds, ladders = qb.merit.bounds, qb.algebra.ladders
ROOT = -1.4603545088095868
"""The number ζ(1/2)."""


def zeta_half() -> float:
    """ζ(1/2) from the time of full swaps and the next term of Σ1/√k."""
    return swap_time(250) * 2 / np.pi - 2 * np.sqrt(250) - 0.5 / np.sqrt(250)


def swap_time(count: int) -> float:
    """Ωτ of full swaps."""
    battery = qb.batteries.Collisional(ladders.oscillator(count + 1))
    return float(qb.strategies.full_swap(battery, count).times()[-1])


@cache
def lossy_share(damping: float) -> float:
    """The least of (C4), integrated as printed, over the energy that one collision stores."""
    angles = np.linspace(0.05, np.pi / 2, 400)

    def rate(_, E):
        return float(bounds.R0) * (1 - damping) * np.sqrt(E + 1) - 2 / np.pi * damping * E

    E = solve_ivp(rate, (0.0, 2.0), [0.0], t_eval=angles, rtol=1e-10, atol=1e-12).y[0]
    return float(np.min(E / ((1 - damping) * np.sin(angles) ** 2)))


@cache
def turned(levels: int = 24) -> np.ndarray:
    """The cell after a thousand pure qubits of small angles, Ωτ = 2, α = 0."""
    battery = qb.batteries.Collisional(ladders.oscillator(levels))
    stream = qb.protocols.Collisions(np.full(1000, 0.002), 0.5, 1.0, save_every=1000)
    return np.asarray(battery.cell(qb.charge(battery, stream).final_state))


def overlap(amplitude: complex) -> float:
    """Missing overlap of that with a coherent state."""
    n = np.arange(24)
    fact = np.cumprod(np.append(1.0, np.arange(1.0, 24)))
    ket = np.exp(-(abs(amplitude) ** 2) / 2) * amplitude**n / np.sqrt(fact)
    return float(1 - np.real(ket.conj() @ turned() @ ket))


def spin_rotation() -> float:
    """Distance of Eq. (32) from a unitary, j = 1, Ωτ = 1."""
    down = np.diag(ladders.spin(1).couplings, 1)
    D = expm((down + down.T) / 2)
    return float(np.max(np.abs(D.T @ D - np.eye(3))))


def third_line(sign: float) -> float:
    """Largest excess of line 3 of Eq. (26) with ⟨J_z² ± J_z⟩ below line 2, over levels of j = 2."""
    m = np.arange(-2.0, 3.0)
    second = 6 - m * (m + 1)
    third = 6 - (m**2 + sign * m)
    return float(np.max(second - third))


def bound_off() -> float:
    """Time in which the differential inequality (14) leads to (15) at Ωτ = 10, less that time."""
    R0 = float(bounds.R0)
    return quad(lambda E: 1 / np.sqrt(E + 1), 0.0, R0 * 10 * (1 + R0 * 2.5))[0] / R0 - 10


def spin_bound(correct: bool) -> float:
    """Eq. (28) against the time of its differential inequality, j = 99/2 at ⟨J_z⟩ = −20."""
    j, x = 49.5, -20.0
    f = np.sqrt(j * (j + 1) - x * (x + 1))
    start = (1 - 2 * j) / (2 * np.sqrt(2 * j)) if correct else (1 - 2 * j) / 2
    left = np.arctan((2 * x + 1) / (2 * f)) - np.arctan(start)
    time = quad(lambda z: 1 / np.sqrt(j * (j + 1) - z * (z + 1)), -j, x)[0]
    return float(left - time)


def edge(first: bool) -> float:
    """Coherent generator of a uniform ladder, (B3) as printed (or mended), off the channel's."""
    size, theta, q = 4, 0.7, 0.4
    down = np.diag(np.ones(size - 1), 1)
    zero, top = np.diag(np.eye(size)[0]), np.diag(np.eye(size)[-1])
    if not first:
        zero, top = top, zero
    s, c = np.sin(theta), np.cos(theta)
    low = np.sqrt(q) * s * down + 1j * np.sqrt(1 - q) * (1 - c) * zero
    high = np.sqrt(1 - q) * s * down.T + 1j * np.sqrt(q) * (1 - c) * top
    rng = np.random.default_rng(0)
    rho = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    rho = rho @ rho.conj().T
    rho /= np.trace(rho)
    drive = np.sqrt(q * (1 - q)) * s * c * (down + down.T)
    moved = rho - 1j * (drive @ rho - rho @ drive)
    for L in (low, high):
        moved = moved + L @ rho @ L.conj().T - (L.conj().T @ L @ rho + rho @ L.conj().T @ L) / 2
    return float(np.max(np.abs(moved - one_collision(rho, theta, q))))


def one_collision(rho: Any, theta: float, q: float) -> np.ndarray:
    """A uniform ladder after one pure qubit."""
    battery = qb.batteries.Collisional(ladders.uniform(len(rho)))
    stream = qb.protocols.Collisions([theta], q, 1.0)
    return np.asarray(battery.cell(qb.charge(battery, stream, initial=rho).final_state))


# fmt: off
MISPRINTS = (
    Claim(
        "Eq. (17)", "time of 250 full swaps, less π√K − ζ", about(0.0, 0.1, "→ 0"), "wrong",
        Ours(-0.7839, 1e-4, lambda: swap_time(250) - (np.pi * np.sqrt(250) + ROOT)),
        "ζ(1/2) should read (π/2)ζ(1/2)",
    ),
    Claim(
        "Eq. (17), mended", "the same", about(0.0, 0.1, "→ 0"), "within reading",
        Ours(0.0496, 1e-3, lambda: swap_time(250) - np.pi * np.sqrt(250) - np.pi / 2 * ROOT),
    ),
    Claim(
        "below Eq. (17)", "−ζ(1/2)", about(1.46, 0.005), "within reading",
        Ours(1.4604, 5e-5, lambda: -zeta_half()),
    ),
    Claim(
        "Eq. (19)", "missing overlap with the amplitude Ωτ/2, Ωτ = 2", at_most(0.01, "→ 0"),
        "wrong", Ours(0.86453, 1e-5, lambda: overlap(1 + 0j)), "the amplitude is −ie^(iα)Ωτ/2",
    ),
    Claim(
        "Eq. (19), mended", "the same", at_most(0.01, "→ 0"), "agrees",
        Ours(0.001, 1e-4, lambda: overlap(-1j)),
    ),
    Claim(
        "Eq. (26)", "line 2 above line 3, at most, j = 2", at_most(EXACT, "≤ 0"), "wrong",
        Ours(4.0, 1e-9, lambda: third_line(-1.0)), "J_z² − J_z should read J_z² + J_z",
    ),
    Claim(
        "Eq. (28)", "its left side less R₀Ωτ, j = 99/2 at ⟨J_z⟩ = −20", identity(), "wrong",
        Ours(0.17993, 1e-5, lambda: spin_bound(False)), "(1 − 2j)/2 should read (1 − 2j)/2√(2j)",
    ),
    Claim(
        "Eq. (28), mended", "the same", identity(), "agrees",
        Ours(0.0, 1e-9, lambda: spin_bound(True)),
    ),
    Claim(
        "Eq. (32)", "D†D less 1", identity("0: a rotation"), "wrong",
        Ours(2.7622, 1e-4, spin_rotation), "a factor −i is missing",
    ),
    Claim(
        "App. A",
        "the coherence of a qubit as c pure and (1 − c)c mixed: total weight less 1, c = 0.3",
        identity(), "wrong", Ours(-0.49, 1e-9, lambda: 0.3 + 0.7 * 0.3 - 1.0),
        "the weights are c and 1 − c",
    ),
    Claim(
        "Eq. (B3)", "a collision of a uniform ladder by its operators, largest error", identity(),
        "wrong", Ours(0.02364, 1e-5, lambda: edge(True)), "|0⟩⟨0| and |N⟩⟨N| are exchanged",
    ),
    Claim(
        "Eq. (B3), mended", "the same", identity(), "agrees", Ours(0.0, 1e-9, lambda: edge(False)),
    ),
    Claim(
        "Eq. (C3)", "dimension of the last term", Said("an energy over a time"),
        "cannot be checked", why="a division by E is missing; in level spacings nothing changes",
    ),
)
# fmt: on
