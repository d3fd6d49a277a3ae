r"""Fidelity of a state with a target.

Let $\rho = KK^\dagger$, $\sigma = LL^\dagger$, and let $s_i$ be the singular values of
$K^\dagger L = U S V^\dagger$. Then $\sqrt F = \sum_i s_i$, and no root is taken of what rounding
made of a zero, which would leave half the digits. The derivative divides by no eigenvalue:

$$dF = \sqrt F \sum_i \frac{1}{s_i}\left(\langle w_i|\,d\rho\,|w_i\rangle
  + \langle z_i|\,d\sigma\,|z_i\rangle\right), \qquad w_i = LV_i, \quad z_i = KU_i.$$

References: A. Uhlmann, Rep. Math. Phys. 9, 273 (1976); R. Jozsa, J. Mod. Opt. 41, 2315 (1994).
"""

from typing import Any

import jax
import jax.numpy as jnp

from qbjax import _checks
from qbjax._types import Ket, Rho, Scalar, TensorLike

FLOOR = 1e-13
"""Eigenvalues, and s, below this share of the largest are rounding: they count as zero."""


def fidelity(rho: TensorLike, sigma: TensorLike) -> Scalar:
    r"""Fidelity of two states, from 0 (orthogonal) to 1 (equal).

    $$F = \left(\mathrm{Tr}\sqrt{\sqrt\rho\,\sigma\sqrt\rho}\right)^2, \qquad
      F = \langle\psi|\rho|\psi\rangle \text{ for } \sigma = |\psi\rangle\langle\psi|$$

    A ket, at either place, takes the second form, a polynomial: give a pure target as one. (QuTiP's
    `fidelity` is the root of this one.)

    The first derivatives of the first form are finite everywhere, and right wherever F has some:
    at full rank, and at lower rank along every family of states that is smooth on both sides.
    Where F rises like a root of a new eigenvalue, that part is left out.

    Args:
        rho, sigma: density matrices (d, d) or kets (d,).

    Raises:
        TypeError, ValueError: if either is not a state, or their sizes differ.

    Example:
        >>> import numpy as np
        >>> round(float(fidelity(np.diag([0.2, 0.8]), np.array([0.0, 1.0]))), 6)
        0.8
        >>> round(float(fidelity(np.diag([0.2, 0.8]), np.diag([0.8, 0.2]))), 6)
        0.64

    References: Jozsa (1994).
    """
    first = _state("rho", rho, None)
    second = _state("sigma", sigma, first.shape[0])
    if first.ndim == second.ndim == 1:
        overlap = jnp.vdot(first, second)
        return jnp.real(overlap) ** 2 + jnp.imag(overlap) ** 2
    if first.ndim == 1:
        return _mean(second, first)
    return _mean(first, second) if second.ndim == 1 else _of_matrices(first, second)


def _state(name: str, value: Any, dim: int | None) -> Rho | Ket:
    check = _checks.ket if _checks.axes(value) == 1 else _checks.density_matrix
    return check(name, value, dim=dim).astype(complex)


def _mean(rho: Rho, psi: Ket) -> Scalar:
    return jnp.real(jnp.vdot(psi, rho @ psi))


@jax.custom_jvp
def _of_matrices(rho: Rho, sigma: Rho) -> Scalar:
    return jnp.sum(_decomposed(rho, sigma)[0]) ** 2


@_of_matrices.defjvp
def _of_matrices_jvp(primals: tuple[Rho, Rho], tangents: tuple[Rho, Rho]) -> tuple[Scalar, Scalar]:
    s, W, Z = _decomposed(*primals)
    total = jnp.sum(s)
    present = s > FLOOR * s[0]
    # Of orthogonal states nothing is present: what is then left is exact for a pure one.
    share = jnp.where(present, total / jnp.where(present, s, 1.0), jnp.where(s[0] > 0, 0.0, 1.0))
    slopes = jnp.zeros_like(s)
    for vectors, change in zip((W, Z), tangents, strict=True):
        slopes += jnp.real(jnp.sum(vectors.conj() * (change @ vectors), axis=0))
    return total**2, jnp.sum(share * slopes)


def _decomposed(rho: Rho, sigma: Rho):
    """The singular values s, descending, and the vectors w and z, in columns."""
    K, L = _factor(rho), _factor(sigma)
    U, s, Vh = jnp.linalg.svd(K.conj().T @ L)
    return s, L @ Vh.conj().T, K @ U


def _factor(rho: Rho) -> Rho:
    populations, vectors = jnp.linalg.eigh(rho)
    present = populations > FLOOR * populations[-1]
    amplitudes = jnp.where(present, jnp.sqrt(jnp.where(present, populations, 1.0)), 0.0)
    return vectors * amplitudes.astype(complex)[None, :]
