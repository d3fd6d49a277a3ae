"""N spins over all 2^N levels, by dense matrices: what blocks of j must agree with."""

from functools import reduce

import numpy as np
import scipy.linalg

LOWER = np.array([[0.0, 1.0], [0.0, 0.0]])


def on_each(operator, spins):
    """The operator on every spin in turn."""
    return [
        reduce(np.kron, [operator if k == i else np.eye(2) for k in range(spins)], np.eye(1))
        for i in range(spins)
    ]


def quanta(spins):
    """Excited spins of every level."""
    return np.diag(sum(x.T @ x for x in on_each(LOWER, spins)))


def jumps(spins, *, decay=0.0, pump=0.0, dephasing=0.0, collective=0.0):
    lower = on_each(LOWER, spins)
    found = [decay**0.5 * x for x in lower] + [pump**0.5 * x.T for x in lower]
    found += [(dephasing / 2) ** 0.5 * x for x in on_each(np.diag([-1.0, 1.0]), spins)]
    return [*found, collective**0.5 * sum(lower)]


def driven(spins, drive, step, count, **rates):
    """Density matrices after equal steps under the drive of 2J_x, all spins down at first."""
    lower, d = sum(on_each(LOWER, spins)), 2**spins
    H, one = drive * (lower + lower.T), np.eye(d)
    L = -1j * (np.kron(H, one) - np.kron(one, H.T))
    for jump in jumps(spins, **rates):
        n = jump.T @ jump
        L = L + np.kron(jump, jump.conj()) - (np.kron(n, one) + np.kron(one, n.T)) / 2
    step_by = scipy.linalg.expm(L * step)
    found = [np.eye(1, d * d)[0].astype(complex)]
    for _ in range(count):
        found.append(step_by @ found[-1])
    return [x.reshape(d, d) for x in found]


def blocks(rho, spins):
    """The blocks ρ_j, j = N/2 first, by ladders down from every highest level."""
    lower, k, found = sum(on_each(LOWER, spins)), quanta(spins), []
    for q in range(spins // 2 + 1):
        top = np.eye(len(rho))[:, k == spins - q]
        highest = top @ scipy.linalg.null_space(lower.T @ top) if q else top
        block = 0
        for start in highest.T:
            ladder = [start]
            for _ in range(spins - 2 * q):
                ladder.append(lower @ ladder[-1])
                ladder[-1] = ladder[-1] / np.linalg.norm(ladder[-1])
            V = np.array(ladder[::-1]).T
            block = block + V.T @ rho @ V
        found.append(block)
    return found
