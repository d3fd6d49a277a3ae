r"""The end of a map repeated for ever, and what stays for a very long time on the way.

A map Λ of states has the eigenvalue 1, whose eigenvector is stationary, and others inside the
unit circle: a mode of eigenvalue λ lives $1/(1-|\lambda|)$ collisions. Where some lifetimes are
far longer than the rest, a start ρ first reaches the *metastable* state

$$P\rho = V(W^TV)^{-1}W^T\rho ,$$

V and W being bases of the slow right and left modes, and stays there for as long as they live.

How eigenvalues within 1e-10 of 1 are told apart: V and W are found together, by iterating the
resolvent $(\Lambda-\sigma)^{-1}$, σ just outside 1, on a few columns, which converges by the ratio
of slow to fast rates and does not care how close the slow ones are to each other. Only then they
are resolved, in the small matrix $(W^TV)^{-1}W^T\Lambda V$, whose rounding is what limits them:
a rate $1-|\lambda|$ is known to about 1e-15 absolutely, and one below `RESOLUTION` is not told
from 0. Such a mode is called permanent.

Modes near −1 (a state that alternates) are looked for likewise. Elsewhere on the unit circle
nothing is slow in these maps unless θ ≪ 1, and then it is also near 1.

Reference: G. W. Stewart, "Matrix Algorithms II" (2001), Sec. 5.1, on subspace iteration; K.
Macieszczak et al., Phys. Rev. Lett. 116, 240404 (2016), on metastable states of open systems.
"""

from typing import NamedTuple

import numpy as np
import scipy.linalg
from jaxtyping import Complex, Float

from qbjax.batteries.collisional._diagonals import Columns, Diagonals, Resolvent

RESOLUTION = 1e-13
"""Rates of decay below this are not told from 0 in double precision."""

OUTSIDE = 1e-4
"""Distance from the unit circle, outside, at which the resolvent is taken. Farther out it separates
slow from fast more slowly; nearer, it magnifies slow modes so much that nothing else is left in the
columns."""

COLUMNS = 16
"""Number of modes iterated together."""

MOST = 100
"""Largest number of iterations; ten suffice unless a great many modes are slow."""

FAST = 1e-9
"""A fast eigenvalue has been found when an iteration changes it by no more than this."""

SLOW = 1e-11
"""Slow modes have been found when the map takes no element of them farther out of their span, and
another iteration does not halve that: it is rounding then."""


CLEAR = 100.0
"""Ratio of rates that tells slow from fast: Pρ may be negative by about its inverse."""


class MetastableWarning(UserWarning):
    """A state that collisions reach is not the one that they would lead to in the end."""


class Modes(NamedTuple):
    """The slow modes of a map, and the first of the others.

    Attributes:
        eigenvalues: those found, near 1 or −1, by decreasing modulus.
        slow: among them, how many near 1 are slow.
        right: V.
        left: W.
        small: $(W^TV)^{-1}W^T\\Lambda V$.
    """

    eigenvalues: Complex[np.ndarray, " M"]
    slow: int
    right: Float[np.ndarray, "D s"]
    left: Float[np.ndarray, "D s"]
    small: Float[np.ndarray, "s s"]

    def reached(self, start: Float[np.ndarray, " D"]) -> Float[np.ndarray, " D"]:
        """The metastable state Pρ: what slow modes leave of a start when the fast ones are gone."""
        return self.right @ self._weights(start)

    def limit(self, start: Float[np.ndarray, " D"]) -> Float[np.ndarray, " D"]:
        """The stationary state: what permanent modes alone leave of a start."""
        values, vectors = np.linalg.eig(self.small)
        weights = np.linalg.solve(vectors, self._weights(start).astype(complex))
        weights = np.where(np.abs(1 - values) <= RESOLUTION, weights, 0)
        return self.right @ np.real(vectors @ weights)

    def _weights(self, start):
        return np.linalg.solve(self.left.T @ self.right, self.left.T @ start)


def modes(diagonals: Diagonals, slow: float) -> Modes:
    """Finds the modes of a map that decay slower than a rate |1 − λ|.

    The slow ones end at the last gap up to there that is wider than `CLEAR`, for else Pρ is no
    state; or at the widest. Eigenvalues of fast ones that converged with them are given, too.

    Example:
        >>> import jax.numpy as jnp
        >>> from qbjax.algebra import ladders
        >>> from qbjax.batteries.collisional._channels import Collision
        >>> from qbjax.batteries.collisional._diagonals import diagonals
        >>> swap = Collision(jnp.array(jnp.pi / 4), jnp.array(0.25))
        >>> modes(diagonals(ladders.oscillator(2), swap, None), 1e-4).eigenvalues.round(6).real
        array([1. , 0.5])
    """
    near = Resolvent(diagonals, 1 + OUTSIDE)
    values, right = _iterated(diagonals, near, 1, slow)
    _, left = _iterated(diagonals, near, 1, slow, dual=True)
    small = np.linalg.solve(left.T @ right, left.T @ diagonals(right))
    # The two-sided values are the better ones: their error is of second order.
    refined = np.linalg.eigvals(small).astype(complex)
    away, _ = _iterated(diagonals, Resolvent(diagonals, -1 - OUTSIDE), -1, slow)
    found = np.concatenate([refined, values[refined.size :], away[away.real < 0]])
    found = found[np.argsort(-np.abs(found), kind="stable")]
    return Modes(found, refined.size, right, left, small)


def _iterated(
    diagonals: Diagonals, resolvent: Resolvent, end: int, slow: float, *, dual: bool = False
) -> tuple[Complex[np.ndarray, " M"], Columns]:
    """Eigenvalues found, nearest to an end of the circle first, and a basis of the slow modes."""
    total = sum(diagonals.sizes)
    basis = np.random.default_rng(0).normal(size=(total, min(COLUMNS, total)))
    before, error = np.full(basis.shape[1], np.inf, complex), np.inf
    for _ in range(MOST):
        basis, _ = np.linalg.qr(resolvent(basis, dual=dual))
        moved = diagonals(basis, dual=dual)
        small = basis.T @ moved
        values = np.linalg.eigvals(small).astype(complex)
        values = values[np.argsort(np.abs(values - end), kind="stable")]
        count = _count(end * values, slow)
        turn = _leading(end * small, count)
        found = np.abs(values - before) < FAST
        before = values
        error, last = np.max(np.abs(moved @ turn - basis @ (small @ turn))), error
        if np.all(found[: count + 2]) and last < SLOW and error > last / 2:
            break
    first_open = values.size if np.all(found) else int(np.argmin(found))
    return values[: max(count + 1, first_open)], basis @ turn


def _leading(small: Float[np.ndarray, "m m"], count: int) -> Float[np.ndarray, "m s"]:
    """An orthonormal basis of the `count` modes of a matrix nearest to 1."""
    if count == len(small):
        return np.eye(count)
    rates = np.sort(np.abs(1 - np.linalg.eigvals(small)))
    cut = (rates[count - 1] + rates[count]) / 2
    _, turn, _ = scipy.linalg.schur(small, sort=lambda x, y: np.hypot(x - 1, y) < cut)
    return turn[:, :count]


def _count(values, slow: float) -> int:
    """The number of slow modes among eigenvalues, as `modes` counts them."""
    rates = np.maximum(np.abs(1 - values), RESOLUTION)
    steps = rates[1:] / rates[:-1] * (rates[:-1] <= max(slow, RESOLUTION))
    if not np.any(steps):
        return 1
    clear = np.flatnonzero(steps >= CLEAR)
    return int(clear[-1] if clear.size else np.argmax(steps)) + 1
