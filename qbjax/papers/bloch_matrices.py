"""Claims of the Bloch-sphere paper on its matrices, and on merits of inversion and coherence."""

from collections.abc import Callable
from typing import Any

import numpy as np

import qbjax as qb
from qbjax.papers.bloch_optima import best
from qbjax.papers.bloch_runs import ANGLES, FREQUENCY, LOSS, propagated, seen
from qbjax.papers.claim import Claim, Ours, identity, printed

DOWN = np.array([[0.0, 1.0], [0.0, 0.0]])
A, B = np.kron(np.eye(2), DOWN), np.kron(DOWN, np.eye(2))
"""Lowering operators of charger and cell; the cell comes first."""

SECOND = (A.T @ A, B.T @ B, A.T @ B, B.T @ A)
FIRST = (A, B, A.T @ A @ B, B.T @ B @ A)


def equation_off(matrix: Any, operators: tuple[np.ndarray, ...], loss: float) -> float:
    """Largest error of i∂ₜ⟨O⟩ = matrix · ⟨O⟩ as an equation of operators, J = 1."""
    H = FREQUENCY * (A.T @ A + B.T @ B) + A.T @ B + B.T @ A
    off = []
    for row, o in zip(np.asarray(matrix), operators):
        lost = A.T @ o @ A - (A.T @ A @ o + o @ A.T @ A) / 2
        moved = o @ H - H @ o + 1j * loss * lost
        off.append(np.max(np.abs(moved - np.tensordot(row, np.array(operators), 1))))
    return float(max(off))


def second(loss: float) -> float:
    """Eq. (21), and with loss its three elements of Sec. 8."""
    matrix = np.array([[0, 0, 1, -1], [0, 0, -1, 1], [1, -1, 0, 0], [-1, 1, 0, 0]], complex)
    return equation_off(matrix - 1j * loss * np.diag([1, 0, 0.5, 0.5]), SECOND, loss)


def first(loss: float) -> float:
    """Eq. (26) with ω_b for ω₀, and with loss its three elements of Sec. 8."""
    matrix = np.array([[0, 1, -2, 0], [1, 0, 0, -2], [0, 0, 0, -1], [0, 0, -1, 0]], complex)
    matrix += FREQUENCY * np.eye(4) - 1j * loss * np.diag([0.5, 0, 1, 0.5])
    return equation_off(matrix, FIRST, loss)


def joint_off() -> float:
    """Largest error of Eq. (58); the charger's excitation is its second level."""
    off = []
    for theta in ANGLES:
        rho = propagated(theta, 0.0)[1]
        a, b, aa, bb, ba = (
            np.einsum("tij,ji->t", rho, o) for o in (A, B, A.T @ A, B.T @ B, B.T @ A)
        )
        none = np.zeros_like(a)
        made = np.array(
            [[none + np.cos(theta / 2) ** 2, a.conj(), b.conj(), none],
             [a, aa, ba, none], [b, ba.conj(), bb, none], [none] * 4]
        )  # fmt: skip
        off.append(np.max(np.abs(made.transpose(2, 0, 1) - rho)))
    return float(max(off))


def merit_off(name: str, formula: Callable, angles: tuple[float, ...] = ANGLES) -> float:
    """Largest error of a merit by inversion and coherence."""
    off = []
    for theta in angles:
        inversion, coherence = (seen(n)(theta, 0.0) for n in ("inversion", "coherence"))
        found = seen(name)(theta, 0.0)
        off.append(np.max(np.abs(FREQUENCY * formula(inversion, coherence) - found)))
    return float(max(off))


def conserved() -> float:
    """Largest error of ⟨n_a⟩ + ⟨n_b⟩ = sin²(θ/2)."""
    n = A.T @ A + B.T @ B
    total = [np.einsum("tij,ji->t", propagated(theta, 0.0)[1], n) for theta in ANGLES]
    return float(np.max(np.abs(total - np.sin(np.array(ANGLES) / 2)[:, None] ** 2)))


def bell() -> float:
    """Overlap of both qubits at Jt = π/4, θ = π, with the Bell state of Sec. 7."""
    battery = qb.batteries.BlochCharger(1.0, 0, FREQUENCY)
    run = qb.charge(battery, qb.protocols.BlochPreparation(np.pi), [0.0, np.pi / 4])
    ket = np.array([0.0, 1.0, -1.0j, 0.0]) / 2**0.5
    return float(np.real(ket.conj() @ np.asarray(battery.density_matrix(run.final_state)) @ ket))


def most_capacity() -> float:
    """The largest capacity of θ = 2.5 over the times from 0 to 3/J, over ω_b."""
    return float(np.max(seen("capacity")(2.5, 0.0))) / FREQUENCY


def C() -> float:
    """The number C of Eq. (42)."""
    return best("best_ergotropic_power", np.pi)[0]


def same(place: str, quantity: str, compute: Callable[[], float], why: str = "") -> Claim:
    """Makes the claim of an equation that holds."""
    return Claim(place, quantity, identity(), "agrees", Ours(0.0, 1e-9, compute), why)


# fmt: off
MATRICES = (
    same("Eq. (21)", "i∂ₜ of the second moments", lambda: second(0.0), "an equation of operators"),
    same("Eq. (26), mended", "i∂ₜ of the first moments, ω_b for ω₀", lambda: first(0.0)),
    same("Sec. 8", "the changed elements of (21), γ = 0.7 J", lambda: second(LOSS)),
    same("Sec. 8", "the changed elements of (26), γ = 0.7 J", lambda: first(LOSS)),
    same("Sec. 3", "⟨σ_a†σ_a⟩ + ⟨σ_b†σ_b⟩ less sin²(θ/2)", conserved),
    same("Eq. (58)", "the density matrix of both qubits", joint_off),
    Claim(
        "Sec. 7", "overlap with the Bell state at θ = π, Jt = π/4", printed("1.0"), "agrees",
        Ours(1.0, 1e-9, bell), "here the −i is there that is missing below Eq. (59)",
    ),
)

MERITS = (
    same(
        "Eq. (50)", "ergotropy of inversion and coherence",
        lambda: merit_off("ergotropy", lambda i, c: i + np.sqrt(i**2 + c**2)),
    ),
    same(
        "Eq. (52)", "capacity of inversion and coherence",
        lambda: merit_off("capacity", lambda i, c: 2 * np.sqrt(i**2 + c**2)),
    ),
    same(
        "Eq. (53)", "ergotropy without coherence, θ = π",
        lambda: merit_off("ergotropy", lambda i, _: np.maximum(2 * i, 0.0), (np.pi,)),
    ),
    Claim(
        "Sec. 6", "largest capacity, θ = 2.5", printed("1.0"), "agrees",
        Ours(1.0, 1e-12, most_capacity), "also of the empty cell at the start",
    ),
    same(
        "Eq. (35)", "B less sin²A/A",
        lambda: (
            best("best_charging_power", np.pi)[1]
            - float(np.sin(best("best_charging_power", np.pi)[0]) ** 2)
            / best("best_charging_power", np.pi)[0]
        ),
    ),
    same("Eq. (42)", "1 + 2C tan 2C", lambda: float(1 + 2 * C() * np.tan(2 * C()))),
    same(
        "Eq. (44)", "D less −cos(2C)/C",
        lambda: best("best_ergotropic_power", np.pi)[1] + float(np.cos(2 * C())) / C(),
    ),
)
# fmt: on
