"""Claims of others on oscillators, ladders, spins and levels that are charged."""

from functools import cache

import jax.numpy as jnp
import numpy as np
from scipy.linalg import expm

import qbjax as qb
from qbjax.papers.claim import Claim, Ours, about, at_least, identity, printed

MEDIATED = "G. M. Andolina et al., PRB 98, 205423 (2018)"
OPEN = "D. Farina et al., PRB 99, 035421 (2019)"
PRECISION = "N. Friis and M. Huber, Quantum 2, 61 (2018)"
COLLISIONS = "S. Seah et al., PRL 127, 100601 (2021)"
DISSIPATIVE = "F. Barra, PRL 122, 210601 (2019)"
MASER = "P. Filipowicz et al., PRA 34, 3077 (1986)"
CHAIN = "T. P. Le et al., PRA 97, 022106 (2018)"
CAVITY = "M. Tavis and F. W. Cummings, PR 170, 379 (1968)"
STABLE = "A. C. Santos et al., PRE 100, 032107 (2019)"
ladders = qb.algebra.ladders


def exchanged() -> tuple[float, float]:
    """Errors of E = |α|² sin²gt and of W = E, two oscillators, the charger coherent with α = 2."""
    battery = qb.batteries.Gaussian(2, hamiltonian=[[0, 0.7], [0.7, 0]])
    start = (np.array([0.0, 2 * 2**0.5, 0.0, 0.0]), np.eye(4) / 2)
    times = np.linspace(0.0, 4.0, 21)
    run = qb.charge(battery, (), times, initial=start)
    off = run.energy - 4 * np.sin(0.7 * times) ** 2
    return float(np.max(np.abs(off))), float(np.max(np.abs(run.ergotropy - run.energy)))


def driven_off() -> float:
    """Error of E = |b|² of the amplitudes of a driven lossy charger and its cell."""
    battery = qb.batteries.Gaussian(
        2, hamiltonian=[[0, 1.0], [1.0, 0]], decay=[0.0, 0.5], drives=[1]
    )
    times = np.linspace(0.0, 12.0, 25)
    run = qb.charge(battery, qb.protocols.Constant(0.5), times)
    M, end = np.array([[0, -1j], [-1j, -0.25]]), []
    for t in times:  # ȧ = M a + f
        end.append(np.linalg.solve(M, (expm(M * t) - np.eye(2)) @ np.array([0, -0.5j]))[0])
    return float(np.max(np.abs(run.energy - np.abs(end) ** 2)))


@cache
def displaced() -> float:
    """Error of the variance of the energy, a thermal oscillator of n̄ = 0.4 displaced by 1.5."""
    battery = qb.batteries.Gaussian(1, drives=[0])
    start = np.zeros(2), 0.9 * np.eye(2)
    run = qb.charge(battery, qb.protocols.Constant(1.0), [0.0, 1.5], initial=start)
    return float(run.energy_variance[-1] - (0.4 * 1.4 + 1.5**2 * 1.8))


@cache
def squeezed() -> float:
    """Variance of the energy of a vacuum squeezed to E = 1, over that of one displaced to it."""
    time = float(np.arcsinh(1.0))
    battery = qb.batteries.Gaussian(1, squeezing=[[1.0]])
    run = qb.charge(battery, (), [0.0, time])
    moved = qb.batteries.Gaussian(1, drives=[0])
    other = qb.charge(moved, qb.protocols.Constant(1.0), [0.0, 1.0])
    return float(run.energy_variance[-1] / other.energy_variance[-1])


@cache
def walked(c: int) -> tuple[float, float]:
    """Energy gained and its variance after twelve qubits, far from the ends of a uniform ladder."""
    ladder, start = ladders.uniform(41), np.diag(np.eye(41)[20])
    battery = qb.batteries.Collisional(ladder)
    stream = qb.protocols.Collisions(np.full(12, 0.7), 0.3, c)
    run = qb.charge(battery, stream, initial=start)
    rho = np.asarray(battery.cell(run.final_state))
    return float(run.energy[-1]) - 20, float(qb.merit.energy_variance(rho, ladder.levels))


def walk_off(c: int, moment: int) -> float:
    """Error of the mean 12 m (0) or the variance 12(s² − m² − v) + 144 v (1) of that."""
    s2, mean = np.sin(0.7) ** 2, 0.4 * np.sin(0.7) ** 2
    v = c * 0.21 * np.sin(1.4) ** 2 / 2
    return float(walked(c)[moment] - (12 * mean, 12 * (s2 - mean**2 - v) + 144 * v)[moment])


@cache
def speed_up() -> float:
    """Energy of an empty uniform ladder after 300 pure qubits of 0.1, over the classical bound."""
    ladder = ladders.uniform(80)
    battery = qb.batteries.Collisional(ladder)
    stream = qb.protocols.Collisions(np.full(300, 0.1), 0.5, 1.0, save_every=300)
    energy = qb.charge(battery, stream).energy[-1]
    return float(energy / qb.merit.bounds.incoherent_energy(ladder, 30.0))


@cache
def recharged() -> tuple[float, float]:
    """Ergotropy that thermal qubits restore, and the work of switching, β = 1.2."""
    p = float(1 / (1 + np.exp(-1.2)))
    pairs = np.zeros((4, 4))
    pairs[0, 3] = pairs[3, 0] = 1.0
    battery = qb.batteries.RepeatedInteractions([0.0, 1.0], [0.0, 1.0], pairs)
    stream = qb.protocols.Ancillas(np.full(60, 0.9), np.diag([p, 1 - p]))
    run = qb.charge(battery, stream, initial=np.diag([p, 1 - p]))
    return float(run.ergotropy[-1]), float(run.switching_work[-1])


def maser_off() -> float:
    """Error of the micromaser's photon law, Poissonian arrivals, θ = 0.8, loss 0.2, n̄ = 0.15."""
    battery = qb.batteries.micromaser(40, 0.2, 0.15)
    waits = qb.protocols.Scatter(waiting="random")
    stream = qb.protocols.Collisions(np.full(400, 0.8), save_every=400, scatter=waits)
    n = np.arange(1.0, 40)
    gain = 0.03 * n + np.sin(0.8 * np.sqrt(n)) ** 2
    law = np.cumprod(np.concatenate([[1.0], gain / (0.23 * n)]))
    cell = np.asarray(battery.cell(qb.charge(battery, stream).final_state))
    return float(np.max(np.abs(np.real(np.diag(cell)) - law / law.sum())))


def isotropic_off() -> float:
    """Energy of three spins with isotropic bonds less that of single ones, B = 2, J = 0.3."""
    bonds = qb.batteries.SpinChain(3, hopping=0.3, anisotropy=2.0, fields=[1.7, 1.4, 1.7])
    single = qb.batteries.SpinChain(3, hopping=0.0, fields=2.0)
    times = np.linspace(0.0, 3.0, 13)
    one, other = (qb.charge(x, qb.protocols.Constant(0.8), times).energy for x in (bonds, single))
    return float(np.max(np.abs(np.asarray(one) - np.asarray(other))))


@cache
def two_of_each() -> np.ndarray:
    """Energies of two spins and two photons, g = 1, and the closed form."""
    times = np.linspace(0.0, 2 * np.pi / 6**0.5, 41)
    run = qb.charge(qb.batteries.TavisCummings(2, 2), qb.protocols.Constant(1.0), times)
    turn = 6**0.5 * times
    return np.array([run.energy, 2 / 3 * np.sin(turn) ** 2 + 4 / 9 * (1 - np.cos(turn)) ** 2])


@cache
def adiabatic(duration: float) -> float:
    """Share of full charge of three levels, the lower pulse rising while the upper falls."""
    x = [np.zeros((3, 3)) for _ in range(2)]
    for k in range(2):
        x[k][k, k + 1] = x[k][k + 1, k] = 1.0
    battery = qb.batteries.Lindblad(
        np.zeros((3, 3)), [], dims=(3,), cell=0, cell_hamiltonian=np.array([0.0, 1.0, 1.95]),
        controls=x,
    )  # fmt: skip
    lower = qb.protocols.Function(lambda t: t / duration, duration)
    upper = qb.protocols.Function(lambda t: 1 - t / duration, duration)
    run = qb.charge(battery, (lower, upper), jnp.array([0.0, duration]))
    return float(run.energy[-1]) / 1.95


# fmt: off
SYSTEMS = (
    Claim(
        MEDIATED, "two oscillators, the charger coherent: E less |α|² sin²gt", identity(),
        "agrees", Ours(0.0, 1e-9, lambda: exchanged()[0]),
    ),
    Claim(
        MEDIATED, "the same: W less E", identity(), "agrees",
        Ours(0.0, 1e-9, lambda: exchanged()[1]), "all of the energy can be extracted",
    ),
    Claim(
        OPEN, "driven lossy charger: E less |b|² of its amplitude, all times", identity(),
        "agrees", Ours(0.0, 1e-9, driven_off),
    ),
    Claim(
        PRECISION, "variance of a displaced thermal oscillator less n̄(n̄ + 1) + |α|²(2n̄ + 1)",
        identity(), "agrees", Ours(0.0, 1e-9, displaced),
    ),
    Claim(
        PRECISION, "variance of squeezing over that of displacement, vacuum to E = 1",
        at_least(1.0, "above 1: less precise"), "agrees", Ours(4.0, 1e-6, squeezed),
        "2n(n + 1) against n",
    ),
    Claim(
        COLLISIONS, "mean of twelve classical qubits less k(1 − 2q) sin²θ", identity(), "agrees",
        Ours(0.0, 1e-9, lambda: walk_off(0, 0)), "a random walk, far from the ladder's ends",
    ),
    Claim(
        COLLISIONS, "its variance less that of a random walk", identity(), "agrees",
        Ours(0.0, 1e-9, lambda: walk_off(0, 1)), "linear in time",
    ),
    Claim(
        COLLISIONS, "mean of twelve pure qubits less k(1 − 2q) sin²θ", identity(), "agrees",
        Ours(0.0, 1e-9, lambda: walk_off(1, 0)), "no faster on average without an end",
    ),
    Claim(
        COLLISIONS, "its variance less that of a walk and k²q(1 − q) sin²(2θ)/2", identity(),
        "agrees", Ours(0.0, 1e-9, lambda: walk_off(1, 1)), "quadratic in time",
    ),
    Claim(
        COLLISIONS, "energy of 300 pure qubits, θ = 0.1, from the ground state, over the bound",
        at_least(1.0, "a quantum speed-up"), "agrees", Ours(1.11168, 1e-5, speed_up),
    ),
    Claim(
        DISSIPATIVE, "ergotropy of a qubit charged by thermal pairs less tanh(β/2), β = 1.2",
        identity(), "agrees", Ours(0.0, 1e-9, lambda: recharged()[0] - float(np.tanh(0.6))),
        "an active equilibrium",
    ),
    Claim(
        DISSIPATIVE, "that over the work of recharging", printed("0.500", "1/2"), "agrees",
        Ours(0.5, 1e-9, lambda: recharged()[0] / recharged()[1]), "the rest is heat",
    ),
    Claim(
        MASER, "photon numbers of excited atoms at random times, largest error", identity(),
        "agrees", Ours(0.0, 1e-9, maser_off),
    ),
    Claim(
        CHAIN, "isotropic bonds: E less that of single spins", identity(), "agrees",
        Ours(0.0, 1e-9, isotropic_off, slow=True),
        "the bonds commute with the field and the drive",
    ),
    Claim(
        CAVITY, "two spins, two photons: E less ⅔ sin²(√6gt) + (4/9)(1 − cos √6gt)²", identity(),
        "agrees",
        Ours(0.0, 1e-9, lambda: float(np.max(np.abs(two_of_each()[0] - two_of_each()[1])))),
    ),
    Claim(
        CAVITY, "its peak, at gt = π/√6", printed("1.7778", "16/9"), "agrees",
        Ours(1.77778, 5e-6, lambda: float(two_of_each()[0][20])),
    ),
    Claim(
        STABLE, "share of full charge of three levels after Ω₀τ = 60, linear ramps",
        about(1.0, 0.02, "adiabatic: full"), "within reading",
        Ours(0.99956, 2e-5, lambda: adiabatic(60.0)),
    ),
    Claim(
        STABLE, "the same, Ω₀τ = 5", None, "not in the paper",
        Ours(0.63325, 2e-5, lambda: adiabatic(5.0)),
    ),
)
# fmt: on
