r"""The states of lowest energy, and the energies of the modes.

With $M = U\Sigma V^T$ the lowest state has $Q = -UV^T$, P = R = 0, and the energy
$-\tfrac12\sum_k\sigma_k$ beside a constant; σ are the energies of its excitations. Its parity is
$\det UV^T$. The lowest state of the other parity has the lowest mode filled: $\sigma_N$ and the
last column of U change their sign. With signs so chosen,

$$d\sigma_k = X_{kk}, \qquad dQ = -U\,\frac{X_{jk} - X_{kj}}{\sigma_j + \sigma_k}\,V^T, \qquad
  X = U^T\,dM\,V .$$

Sums of energies divide, not their differences: modes that are alike are no trouble, those of no
energy are.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

ALONE = 1e-9
"""Least gap above the lowest state, in units of the largest energy of a mode."""

NAMES = {1: "even", -1: "odd"}


class Signed(NamedTuple):
    """The singular value decomposition with signs of the lowest state of a parity."""

    left: Any
    values: Any
    right: Any


def signed(M: Any, parity: int | None, xp: Any = jnp) -> Signed:
    """The decomposition of M, descending, where the product of U and Vᵀ has a given determinant.

    Args:
        M: shape (N, N).
        parity: of the lowest state: 1, −1, or None for whichever it is.
        xp: the library that M is an array of.
    """
    U, values, Vh = xp.linalg.svd(M)
    if parity is not None:
        flip = parity * xp.linalg.slogdet(U @ Vh)[0]
        signs = xp.concatenate([xp.ones(len(values) - 1), flip[None]])
        U, values = U * signs[None, :], values * signs
    return Signed(U, values, Vh.T)


@partial(jax.custom_jvp, nondiff_argnums=(1,))
def energies(M: Float[Array, "N N"], parity: int | None) -> Float[Array, " N"]:
    """Energies of the modes, of which the last is negative if it is filled to have a parity."""
    return signed(M, parity).values


@energies.defjvp
def _energies_jvp(parity, primals, tangents):
    (M,), (dM,) = primals, tangents
    U, values, V = signed(M, parity)
    return values, jnp.sum(U * (dM @ V), axis=0)


@partial(jax.custom_jvp, nondiff_argnums=(1,))
def lowest(M: Float[Array, "N N"], parity: int | None) -> Float[Array, "N N"]:
    """The block Q of the lowest state, of a parity; NaN if another one is as low."""
    U, values, V = signed(M, parity)
    return jnp.where(_is_alone(values, parity), -U @ V.T, jnp.nan)


@lowest.defjvp
def _lowest_jvp(parity, primals, tangents):
    (M,), (dM,) = primals, tangents
    U, values, V = signed(M, parity)
    X = U.T @ dM @ V
    sums = values[:, None] + values[None, :]
    none = sums == 0
    turn = jnp.where(none, 0.0, (X - X.T) / jnp.where(none, 1.0, sums))
    alone = _is_alone(values, parity)
    return jnp.where(alone, -U @ V.T, jnp.nan), jnp.where(alone, -U @ turn @ V.T, jnp.nan)


def known_lowest(M: Float[np.ndarray, "N N"], parity: int | None) -> Float[np.ndarray, "N N"]:
    """The same block of known numbers, on the host.

    Raises:
        ValueError: if another state is as low.
    """
    U, values, V = signed(M, parity, np)
    if not _is_alone(values, parity):
        gap = _gap(values, parity)
        which = "" if parity is None else f" of {NAMES[parity]} parity"
        advice = (
            ": zero modes, such as a Kitaev or Ising chain has at its ends where pairing beats the "
            'fields; parity="even" or "odd" chooses one of the two states'
            if parity is None
            else ""
        )
        raise ValueError(
            f"Arguments `fields`, `hopping` and `pairing` must leave the chain one ground state"
            f"{which}, but it has an excitation of energy {abs(gap):.3g}{advice}."
        )
    return -U @ V.T


def _is_alone(values: Any, parity: int | None) -> Any:
    """Whether no other state, of the parity, is as low."""
    alone = parity is not None and len(values) == 1
    return True if alone else _gap(values, parity) > ALONE * abs(values[0])


def _gap(values: Any, parity: int | None) -> Any:
    """The least energy above the lowest state: a parity leaves pairs of excitations alone."""
    return values[-1] if parity is None else values[-2] + values[-1]
