r"""Ising instances: the energy of signs, and the patterns of lowest energy.

$$E(s) = -\sum_{i<j}J_{ij}s_is_j, \qquad s_i = \pm1$$

J > 0 wants equal signs (ferromagnetic), J < 0 opposite ones. Every pattern has a partner of all
signs turned, so that ground states come in pairs.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qbjax import _checks

MOST = 20
"""Spins whose patterns are all looked at: half a million up to a turn of all signs."""

TIE = 1e-9
"""Share of the sum of all |J| by which energies of the same level may differ: rounding."""


class GroundStates(NamedTuple):
    """The lowest energy of an instance, and its patterns.

    Attributes:
        energy: $E_0$.
        signs: all patterns that have it, shape (P, N); the turned ones behind.
    """

    energy: float
    signs: Float[np.ndarray, "P N"]


def energy(couplings: Any, signs: Any) -> Float[Array, "..."]:
    r"""The energy $-\sum_{i<j}J_{ij}s_is_j$ of patterns of signs.

    Args:
        couplings: J, symmetric (N, N) with zeros on the diagonal.
        signs: shape (..., N).

    Returns:
        energies, in the unit of J, shape (...).

    Raises:
        TypeError, ValueError: if `couplings` is no such matrix, `signs` does not fit.

    Example:
        Three that all want opposite neighbours: one pair at least is not content.

        >>> triangle = np.eye(3) - 1
        >>> energy(triangle, [[1, 1, 1], [1, 1, -1]]).tolist()
        [3.0, -1.0]
    """
    J, s = checked("couplings", couplings), _checks.array("signs", signs)
    if s.ndim == 0 or s.shape[-1] != len(J):
        raise ValueError(
            f"Argument `signs` must have shape (..., {len(J)}), but has shape {s.shape}."
        )
    return -jnp.sum((s @ jnp.asarray(J)) * s, axis=-1) / 2


def ground_states(couplings: Any) -> GroundStates:
    """Finds all patterns of lowest energy by looking at every one.

    Args:
        couplings: J, as `energy` takes it, of at most 20 spins.

    Raises:
        TypeError, ValueError: if `couplings` is no such matrix, or larger.

    Example:
        >>> found = ground_states(np.eye(3) - 1)
        >>> found.energy, len(found.signs)
        (-1.0, 6)
    """
    J = checked("couplings", couplings)
    if len(J) > MOST:
        raise ValueError(
            f"Argument `couplings` must have at most {MOST} spins for all patterns to be looked "
            f"at, but has {len(J)}."
        )
    turned = (np.arange(2 ** (len(J) - 1))[:, None] >> np.arange(len(J))) & 1
    signs = 1.0 - 2.0 * turned
    energies = -np.einsum("pi,ij,pj->p", signs, J, signs, optimize=True) / 2
    least = energies.min()
    lowest = signs[energies <= least + TIE * max(np.abs(J).sum(), 1e-300)]
    return GroundStates(float(least), np.concatenate([lowest, -lowest]))


def checked(name: str, couplings: Any) -> Float[np.ndarray, "N N"]:
    """Checks the couplings of an instance: known, square, symmetric, zero on the diagonal."""
    _checks.known(name, couplings)
    J = np.asarray(_checks.array(name, couplings, shape=("N", "N")))
    if len(J) < 2:
        raise ValueError(f"Argument `{name}` must couple two cells at least, but has {len(J)}.")
    skew = np.argwhere(J != J.T)
    if len(skew):
        i, j = map(int, skew[0])
        raise ValueError(
            f"Argument `{name}` must be symmetric, but element ({i}, {j}) is {J[i, j]:g} and "
            f"element ({j}, {i}) is {J[j, i]:g}."
        )
    if np.any(np.diagonal(J)):
        k = int(np.flatnonzero(np.diagonal(J))[0])
        raise ValueError(
            f"Argument `{name}` must be zero on the diagonal, but element ({k}, {k}) is "
            f"{J[k, k]:g}."
        )
    return J


def laplacian(J: Float[np.ndarray, "N N"]) -> Float[np.ndarray, "N N"]:
    r"""The signed Laplacian $K = \mathrm{diag}(\sum_j|J_{ij}|) - J$: what the couplings lose."""
    return np.diag(np.abs(J).sum(axis=1)) - J
