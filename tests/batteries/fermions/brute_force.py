"""Chains of spins in all their levels, by NumPy, and the momentum sums of uniform rings."""

from functools import reduce

import numpy as np
from scipy.linalg import expm


def lowering(count):
    """Operators σ⁻ of all spins; level 1 is the flipped one."""
    low = np.array([[0.0, 1.0], [0.0, 0.0]])
    return [
        reduce(np.kron, [low if j == k else np.eye(2) for j in range(count)]) for k in range(count)
    ]


def hamiltonian(count, hopping=0.0, pairing=0.0, fields=0.0, ring=False):
    """The Hamiltonian as it is written, of numbers or lists."""
    s, bonds = lowering(count), count if ring else count - 1
    J, D, B = (x * np.ones(n) for x, n in ((hopping, bonds), (pairing, bonds), (fields, count)))
    H = sum(b * x.T @ x for b, x in zip(B, s))
    for k in range(bonds):
        j = (k + 1) % count
        half = J[k] * s[k].T @ s[j] + D[k] * s[k].T @ s[j].T
        H = H + half + half.T
    return H


def ground(H, parity=None):
    """The ket of lowest energy, of an even or odd number of flipped spins."""
    flipped = np.array([i.bit_count() % 2 for i in range(len(H))])
    keep = flipped >= 0 if parity is None else flipped == (parity == "odd")
    psi = np.zeros(len(H))
    psi[keep] = np.linalg.eigh(H[np.ix_(keep, keep)])[1][:, 0]
    return psi


def evolved(H, psi, times):
    """The kets at some times."""
    return [expm(-1j * H * t) @ psi for t in times]


def reduced(psi, first, count):
    """The density matrix of neighbouring spins in a ket."""
    spins = int(np.log2(len(psi)))
    x = psi.reshape(2**first, 2**count, 2 ** (spins - first - count))
    return np.einsum("abc,adc->bd", x, x.conj())


def quench(count, before, after, times):
    r"""Energy that a quench of a uniform ring of even parity leaves, by momenta.

    With $\epsilon(\sin, \cos) = (2D\sin q, B + 2J\cos q)$ of either chain and the angle θ between
    the two, $E = \sum_{0<q<\pi}\epsilon_1\sin^2\theta\,(1 - \cos2\epsilon_2t)$.

    Args:
        count: N, even.
        before, after: (J, D, B) of the two.
        times: after the quench.
    """
    q = (2 * np.arange(count // 2) + 1) * np.pi / count

    def vector(J, D, B):
        return np.array([2 * D * np.sin(q), B + 2 * J * np.cos(q)])

    (x, z), (u, w) = vector(*before), vector(*after)
    own, other = np.hypot(x, z), np.hypot(u, w)
    sine = (x * w - z * u) / (own * other)
    return np.array([np.sum(own * sine**2 * (1 - np.cos(2 * other * t))) for t in times])
