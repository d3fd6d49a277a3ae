"""Runs and formulas that the claims about the Bloch-sphere charger compare."""

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import numpy as np

import qbjax as qb

ANGLES = (0.4, np.pi / 2, 2.5, np.pi)
TIMES = np.linspace(0.0, 3.0, 61)
PHASE, FREQUENCY, LOSS = 0.3, 1.5, 0.7
"""φ, ω_b/J and, where there is loss, γ/J of the comparison."""


@cache
def compiled(loss: float) -> Callable[[float], Any]:
    """Charges from the Bloch sphere, by one program for all angles."""
    battery = qb.batteries.BlochCharger(1.0, loss, FREQUENCY)

    @jax.jit
    def charged(theta):
        preparation = qb.protocols.BlochPreparation(theta, PHASE)
        return qb.charge(battery, preparation, TIMES, save=lambda t, s: parts(battery, s))

    return charged


@cache
def propagated(theta: float, loss: float) -> tuple[Any, np.ndarray]:
    """A run from the Bloch sphere, and density matrices over (time, 4, 4)."""
    run = compiled(loss)(theta)
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
