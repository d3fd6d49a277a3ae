"""Claims of others on ergotropy, capacity and bounds of power, for any system."""

from functools import cache
from typing import Any

import jax.numpy as jnp
import numpy as np
from scipy.linalg import expm

import qbjax as qb
from qbjax.papers.claim import Claim, Ours, at_least, identity, printed

ERGOTROPY = "A. E. Allahverdyan et al., Europhys. Lett. 67, 565 (2004)"
PASSIVE = "A. Lenard, J. Stat. Phys. 19, 575 (1978)"
CORRELATED = "M. Perarnau-Llobet et al., PRX 5, 041011 (2015)"
COHERENCE = "G. Francica et al., PRL 125, 180603 (2020)"
CAPACITY = "X. Yang et al., PRL 131, 030402 (2023)"
QUANTACELL = "F. C. Binder et al., New J. Phys. 17, 075015 (2015)"
FISHER = "S. Julià-Farré et al., PRR 2, 023113 (2020)"
LEVELS = np.array([0.0, 0.7, 1.6, 2.0])
QUBIT = np.array([0.0, 1.0])


@cache
def state(seed: int, size: int = 4) -> np.ndarray:
    """A random density matrix."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    return a @ a.conj().T / np.trace(a @ a.conj().T)


def by_overlaps() -> float:
    """Error of W = Σ r_j ε_k (|⟨r_j|ε_k⟩|² − δ_jk), eigenvalues falling, levels rising."""
    r, vectors = np.linalg.eigh(state(0))
    overlaps = np.abs(vectors[:, ::-1].T) ** 2
    W = np.sum(r[::-1, None] * LEVELS * (overlaps - np.eye(4)))
    return float(W - qb.merit.ergotropy(state(0), LEVELS))


def by_relative_entropies(beta: float) -> float:
    """Error of the coherent ergotropy by C and relative entropies to a thermal state."""
    rho = state(0)
    spectra = [np.sort(np.real(np.diag(rho)))[::-1], np.sort(np.linalg.eigvalsh(rho))[::-1]]
    thermal = np.exp(-beta * LEVELS) / np.sum(np.exp(-beta * LEVELS))
    dephased, whole = (float(np.sum(p * np.log(p / thermal))) for p in spectra)
    coherence = -np.sum(spectra[0] * np.log(spectra[0])) - float(qb.merit.entropy(rho))
    printed = (coherence + dephased - whole) / beta
    return float(printed - qb.merit.coherent_ergotropy(rho, LEVELS))


def thermal_copies() -> float:
    """Ergotropy per copy of eight thermal qutrits."""
    levels = np.array([0.0, 0.9, 1.0])
    gibbs = np.exp(-1.3 * levels)
    return float(qb.merit.ergotropy_per_copy(np.diag(gibbs / gibbs.sum()), levels, 8))


def entangled(local: bool) -> float:
    """Ergotropy over energy of a pure state of two qubits whose parts are thermal, β = 1."""
    p = 1 / (1 + np.exp(-1.0))
    ket = np.array([np.sqrt(p), 0.0, 0.0, np.sqrt(1 - p)])
    rho, H = np.outer(ket, ket), np.array([0.0, 1.0, 1.0, 2.0])
    found = qb.merit.local_ergotropy(rho, [QUBIT, QUBIT]) if local else qb.merit.ergotropy(rho, H)
    return float(found / qb.merit.energy(rho, H))


def turned_capacity() -> float:
    """Capacity after a unitary less that before."""
    G = state(1)
    rho = expm(3j * G) @ state(0) @ expm(-3j * G)
    before, after = (qb.merit.capacity(x, LEVELS) for x in (state(0), rho))
    return float(after - before)


def together() -> float:
    """Capacity of two qutrits without correlations, over the sum of both."""
    levels = np.array([0.0, 0.7, 1.6])
    alone = sum(float(qb.merit.capacity(state(k, 3), levels)) for k in (2, 3))
    both = qb.merit.capacity(
        np.kron(state(2, 3), state(3, 3)), np.add.outer(levels, levels).ravel()
    )
    return float(both) / alone


def full_power(drive: np.ndarray, duration: float) -> float:
    """Mean power of three qubits under a constant drive for a time."""
    levels = np.array([bin(n).count("1") for n in range(8)], float)
    battery = qb.batteries.Lindblad(
        np.zeros((8, 8)), [], dims=(2, 2, 2), cell=(0, 1, 2), cell_hamiltonian=levels,
        controls=[drive],
    )  # fmt: skip
    run = qb.charge(battery, qb.protocols.Constant(1.0), [0.0, duration])
    return float(run.energy[-1]) / duration


def global_over_parallel() -> float:
    """Power of a drive of all three qubits at once over that of three, of the same norm."""
    x = np.array([[0.0, 1.0], [1.0, 0.0]])
    parallel = np.sum(
        [np.kron(np.kron(np.eye(2**k), x), np.eye(2 ** (2 - k))) for k in range(3)], axis=0
    )
    together = np.zeros((8, 8))
    together[0, 7] = together[7, 0] = np.max(np.abs(np.linalg.eigvalsh(parallel)))
    return full_power(together, np.pi / 6) / full_power(parallel, np.pi / 2)


def fisher_over_power() -> float:
    """The least of √(Var H · I) over the power, four spins and four photons on the way up."""
    battery, step = qb.batteries.TavisCummings(4, 4), 1e-4
    middles = np.linspace(0.1, 0.6, 6)
    times = np.sort(np.concatenate([[0.0], middles - step, middles, middles + step]))
    run = qb.charge(
        battery, qb.protocols.Constant(1.0), times, save=lambda _, s: jnp.real(battery.cell(s))
    )
    cells: Any = np.asarray(run.saved)[1:].reshape(6, 3, 5, 5)
    shares = []
    for early, now, late in cells:
        change, H = (late - early) / (2 * step), np.arange(5.0)
        power = np.real(np.trace(change @ np.diag(H)))
        shares.append(float(qb.merit.bounds.information_power(now, change, H)) / power)
    return min(shares)


# fmt: off
MERITS = (
    Claim(
        ERGOTROPY, "ergotropy by overlaps of eigenvectors, random state of four levels",
        identity(), "agrees", Ours(0.0, 1e-9, by_overlaps), "ours is by eigenvalues alone",
    ),
    Claim(
        PASSIVE, "ergotropy per copy of eight thermal qutrits", identity("0: completely passive"),
        "agrees", Ours(0.0, 1e-9, thermal_copies),
    ),
    Claim(
        CORRELATED, "ergotropy over energy of an entangled pair, each of which is thermal",
        printed("1.000", "1: all of it"), "agrees", Ours(1.0, 1e-9, lambda: entangled(False)),
    ),
    Claim(
        CORRELATED, "the same, a unitary on each qubit", identity("0: none"), "agrees",
        Ours(0.0, 1e-9, lambda: entangled(True)),
    ),
    Claim(
        COHERENCE, "coherent ergotropy by coherence and relative entropies, β = 0.8", identity(),
        "agrees", Ours(0.0, 1e-9, lambda: by_relative_entropies(0.8)), "for every β",
    ),
    Claim(
        CAPACITY, "capacity after a random unitary, less that before", identity(), "agrees",
        Ours(0.0, 1e-9, turned_capacity), "of eigenvalues alone",
    ),
    Claim(
        CAPACITY, "capacity of two qutrits together over the sum of both",
        at_least(1 - 1e-9, "at least 1"), "agrees", Ours(1.000614, 1e-6, together),
    ),
    Claim(
        QUANTACELL, "power of a global drive over a parallel one of the same norm, three qubits",
        printed("3.000", "N = 3"), "agrees", Ours(3.0, 1e-6, global_over_parallel),
        "needs an interaction of all qubits at once",
    ),
    Claim(
        FISHER, "least √(Var H · I) over the power, four spins and photons",
        at_least(1 - 1e-6, "at least 1"), "agrees",
        Ours(1.0000023, 1e-6, fisher_over_power, slow=True), "tight early on",
    ),
)
# fmt: on
