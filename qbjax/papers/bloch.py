"""Claims of the paper on the Bloch-sphere charger: printed formulas against the propagation."""

from collections.abc import Callable

import numpy as np

from qbjax.papers import bloch_matrices, bloch_optima
from qbjax.papers.bloch_runs import (
    FREQUENCY,
    LOSS,
    at_equator,
    cell,
    charger,
    element,
    ends,
    ergotropy,
    fidelity,
    lopsided,
    off,
    pole_off,
    root,
    s2,
    seen,
    swing,
    turning,
    variance,
)
from qbjax.papers.claim import Claim, Ours, Paper, at_least, identity, printed


def same(place: str, quantity: str, compute: Callable[[], float], why: str = "") -> Claim:
    """Makes the claim of an equation that holds."""
    return Claim(place, quantity, identity(), "agrees", Ours(0.0, 1e-12, compute), why)


def misprint(place: str, quantity: str, off: float, compute: Callable, why: str) -> Claim:
    """Makes the claim of an equation that does not hold as it was printed."""
    return Claim(place, quantity, identity(), "wrong", Ours(off, 1e-5, compute), why)


# fmt: off
MOMENTS = (
    same(
        "Eq. (22)", "⟨σ_a†σ_a⟩",
        off(
            lambda th, t: s2(th) * np.cos(t) ** 2, lambda th,
            g: element(1, 1)(th, g) + element(3, 3)(th, g),
        ),
    ),
    same(
        "Eq. (23)", "⟨σ_b†σ_b⟩",
        off(
            lambda th, t: s2(th) * np.sin(t) ** 2, lambda th,
            g: element(2, 2)(th, g) + element(3, 3)(th, g),
        ),
    ),
    misprint(
        "Eq. (24)", "⟨σ_a†σ_b⟩", 0.70705,
        off(lambda th, t: -s2(th) * np.sin(2 * t) / 2, element(2, 1)), "a factor i is missing",
    ),
    Claim(
        "Eq. (26)", "ω₀ on the diagonal", printed("1", "a frequency"), "cannot be checked",
        why="ω₀ is nowhere defined; Eqs. (27) and (28) follow with ω_b",
    ),
    same("Eq. (27)", "⟨σ_a⟩", off(lambda th, t: np.sin(th) * np.cos(t) * turning(t) / 2, charger)),
    misprint(
        "Eq. (28)", "⟨σ_b⟩", 0.70695,
        off(lambda th, t: -np.sin(th) * np.sin(t) * turning(t) / 2, cell), "a factor i is missing",
    ),
    same("Eq. (29)", "⟨σ_a†σ_aσ_b⟩", off(lambda th, t: 0 * t, element(3, 1))),
    same("Eq. (29)", "⟨σ_b†σ_bσ_a⟩", off(lambda th, t: 0 * t, element(3, 2))),
)

ENERGETICS = (
    same("Eq. (30)", "E", off(lambda th, t: FREQUENCY * s2(th) * np.sin(t) ** 2, seen("energy"))),
    same(
        "Eq. (33)", "P = E/t",
        off(lambda th, t: FREQUENCY * s2(th) * np.sin(t) ** 2 / t, seen("charging_power")),
    ),
    misprint(
        "Eq. (36)", "variance of the energy", 2.24417, off(variance, seen("energy_variance")),
        "sin²(2Jt) should read sin²(Jt)",
    ),
    same(
        "Eq. (36), mended", "variance of the energy",
        off(lambda th, t: variance(th, t, 1), seen("energy_variance")),
    ),
)

THERMODYNAMICS = (
    same("Eq. (38)", "ergotropy", off(ergotropy, seen("ergotropy"))),
    same("Eq. (39)", "ergotropy at θ = π", pole_off),
    same(
        "Eq. (55)", "inversion",
        off(lambda th, t: s2(th) * np.sin(t) ** 2 - 0.5, seen("inversion")),
    ),
    same(
        "Eq. (56)", "coherence",
        off(lambda th, t: np.sin(th) * np.abs(np.sin(t)) / 2, seen("coherence")),
    ),
    same(
        "Eq. (57)", "capacity",
        off(
            lambda th, t: FREQUENCY * np.sqrt(1 - s2(th) ** 2 * np.sin(2 * t) ** 2),
            seen("capacity"),
        ),
    ),
    same(
        "Eq. (59)", "concurrence",
        off(lambda th, t: s2(th) * np.abs(np.sin(2 * t)), seen("concurrence")),
    ),
    Claim(
        "Eq. (54)", "ergotropy over coherence, θ = π/2, Jt = π/2", printed("1.0"), "agrees",
        Ours(
            1.0, 1e-12,
            lambda: at_equator("ergotropy") / at_equator("coherence"),
        ),
    ),
    Claim(
        "Sec. 6", "capacity over ergotropy there", printed("2.0"), "agrees",
        Ours(
            2.0, 1e-12,
            lambda: (
                at_equator("capacity") / at_equator("ergotropy")
            ),
        ),
        "half of the capacity has been achieved",
    ),
    Claim(
        "below Eq. (59)", "overlap with the state at t_E, θ = π/2", printed("1.0"), "wrong",
        Ours(0.5, 1e-9, fidelity), "the excited amplitude lacks a factor −i",
    ),
    Claim(
        "Sec. 7", "concurrence at θ = π, Jt = π/4", printed("1.0"), "agrees",
        Ours(1.0, 1e-7, ends("concurrence", np.pi, np.pi / 4)),
    ),
    Claim(
        "Sec. 7", "concurrence at Jt = π/2, θ = π/2", printed("0.0"), "agrees",
        Ours(0.0, 1e-7, ends("concurrence", np.pi / 2, np.pi / 2)),
    ),
)

DISSIPATION = (
    misprint(
        "Eq. (60)", "what the loss does is Hermitian", 0.5, lopsided,
        "the last term should read −ρσ_a†σ_a",
    ),
    same(
        "Eq. (62)", "E with γ = 0.7 J",
        off(lambda th, t: FREQUENCY * s2(th) * swing(t) ** 2, seen("energy"), LOSS),
    ),
    same(
        "Eq. (69)", "ergotropy with γ = 0.7 J",
        off(
            lambda th, t: FREQUENCY * (s2(th) * swing(t) ** 2 - (1 - root(th, t)) / 2),
            seen("ergotropy"), LOSS,
        ),
    ),
    same(
        "Eq. (70)", "capacity with γ = 0.7 J",
        off(lambda th, t: FREQUENCY * root(th, t), seen("capacity"), LOSS),
    ),
    Claim(
        "Fig. 3e", "power's best time before the energy's: t_E − t_P at θ = π/2",
        at_least(0.0, "> 0"), "agrees",
        Ours(
            0.4052, 1e-4,
            lambda: np.pi / 2 - bloch_optima.best("best_charging_power", np.pi / 2)[0],
        ),
    ),
)
# fmt: on

PAPER = Paper(
    "bloch",
    "Charging from the Bloch sphere",
    'C. A. Downing and M. S. Ukhtary, "Charging a quantum battery from the Bloch sphere" (2026).',
    "An identity is tested at θ = 0.4, π/2, 2.5, π and sixty times up to 3/J, against the "
    "propagation of both qubits with φ = 0.3, ω_b = 1.5 J; its number is the largest difference.",
    (
        *MOMENTS,
        *ENERGETICS,
        *THERMODYNAMICS,
        *bloch_optima.OPTIMA,
        *DISSIPATION,
        *bloch_matrices.MATRICES,
        *bloch_matrices.MERITS,
    ),
)
