"""Claims of the paper on the Bloch-sphere charger: printed formulas against the propagation."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

import qbjax as qb
from qbjax.papers import bloch_optima
from qbjax.papers.claim import Claim, Ours, Paper, at_least, identity, printed

ANGLES = (0.4, np.pi / 2, 2.5, np.pi)
TIMES = np.linspace(0.0, 3.0, 61)
PHASE, FREQUENCY, LOSS = 0.3, 1.5, 0.7
"""φ, ω_b/J and, where there is loss, γ/J of the comparison."""


@cache
def propagated(theta: float, loss: float = 0.0) -> tuple[Any, np.ndarray]:
    """Charges from the Bloch sphere: the run, and density matrices over (time, 4, 4)."""
    battery = qb.batteries.BlochCharger(1.0, loss, FREQUENCY)
    preparation = qb.protocols.BlochPreparation(theta, PHASE)
    run = qb.charge(battery, preparation, TIMES, save=lambda t, s: parts(battery, s))
    saved: Any = run.saved
    return run, np.asarray(saved[0]) + 1j * np.asarray(saved[1])


def parts(battery: Any, state: Any) -> tuple[Any, Any]:
    """The density matrix as real and imaginary part."""
    rho = battery.density_matrix(state)
    return rho.real, rho.imag


def seen(name: str) -> Callable[[float, float], np.ndarray]:
    """Makes a function from θ and γ to an observable of the run."""
    return lambda theta, loss: np.asarray(propagated(theta, loss)[0].observables[name])


def element(i: int, j: int) -> Callable[[float, float], np.ndarray]:
    """Makes a function from θ and γ to an element of the density matrix; the cell comes first."""
    return lambda theta, loss: propagated(theta, loss)[1][:, i, j]


def charger(theta: float, loss: float) -> np.ndarray:
    """The mean of the charger's lowering operator."""
    return element(1, 0)(theta, loss) + element(3, 2)(theta, loss)


def cell(theta: float, loss: float) -> np.ndarray:
    """The mean of the cell's lowering operator."""
    return element(2, 0)(theta, loss) + element(3, 1)(theta, loss)


def off(formula: Callable, merit: Callable, loss: float = 0.0) -> Callable[[], float]:
    """Makes the largest difference between a formula of θ, t and what is propagated."""

    def largest() -> float:
        with np.errstate(divide="ignore", invalid="ignore"):  # a power at t = 0
            both = [formula(theta, TIMES) - merit(theta, loss) for theta in ANGLES]
        return float(np.nanmax(np.abs(both)))

    return largest


def s2(theta):
    """The factor sin²(θ/2) of an angle."""
    return np.sin(theta / 2) ** 2


def turning(t):
    """e^(−iω_b t) e^(iφ)."""
    return np.exp(1j * (PHASE - FREQUENCY * t))


def swing(t):
    """f(t) below Eq. (69), with G of Eq. (61)."""
    G = np.sqrt(1 - (LOSS / 4) ** 2)
    return np.sin(G * t) * np.exp(-LOSS * t / 4) / G


def ergotropy(theta, t):
    """The ergotropy of Eq. (38)."""
    root = np.sqrt(1 - s2(theta) ** 2 * np.sin(2 * t) ** 2)
    return FREQUENCY * (s2(theta) * np.sin(t) ** 2 - (1 - root) / 2)


def root(theta, t):
    """The square root of Eqs. (69) and (70)."""
    q = swing(t) ** 2
    return np.sqrt(1 - 4 * s2(theta) ** 2 * q * (1 - q))


def at_the_pole(t):
    """The ergotropy of Eq. (39)."""
    early = (t <= np.pi / 4) | (t >= 3 * np.pi / 4)
    return np.where(early, 0.0, -FREQUENCY * np.cos(2 * t))


def pole_off() -> float:
    """Largest error of Eq. (39), which is about θ = π."""
    return float(np.max(np.abs(at_the_pole(TIMES) - seen("ergotropy")(np.pi, 0.0))))


def variance(theta, t, twice=2):
    """Eq. (36), as printed with sin²(2Jt), or with sin²(Jt)."""
    p = s2(theta) * np.sin(t) ** 2
    return FREQUENCY**2 * p * (1 - s2(theta) * np.sin(twice * t) ** 2)


def lopsided() -> float:
    """Distance of Eq. (60) as printed from a Hermitian change of a state: θ = π/2, γ = 1."""
    a, rho = np.array([[0.0, 1.0], [0.0, 0.0]]), np.full((2, 2), 0.5)
    change = (2 * a @ rho @ a.T - 2 * a.T @ a @ rho) / 2
    return float(np.max(np.abs(change - change.T)))


def ends(name: str, theta: float, t: float) -> Callable[[], float]:
    """Makes an observable at one time."""

    def value() -> float:
        battery = qb.batteries.BlochCharger()
        run = qb.charge(battery, qb.protocols.BlochPreparation(theta), [0.0, t])
        return float(run.observables[name][1])

    return value


def fidelity() -> float:
    """Overlap of the cell's state with the one below Eq. (59), θ = π/2, Jt = π/2."""
    battery = qb.batteries.BlochCharger(1.0, 0, FREQUENCY)
    preparation = qb.protocols.BlochPreparation(np.pi / 2, PHASE)
    run = qb.charge(battery, preparation, [0.0, np.pi / 2])
    ket = np.array([1.0, np.exp(1j * (PHASE - FREQUENCY * np.pi / 2))]) / 2**0.5
    return float(np.real(ket.conj() @ np.asarray(battery.cell(run.final_state)) @ ket))


def at_equator(name: str) -> float:
    """An observable at θ = π/2, Jt = π/2."""
    return ends(name, np.pi / 2, np.pi / 2)()


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
    (*MOMENTS, *ENERGETICS, *THERMODYNAMICS, *bloch_optima.OPTIMA, *DISSIPATION),
)
