r"""Entanglement of cell and charger: Wootters' concurrence of two qubits.

Let $\rho = KK^\dagger$, and let λ₁ ≥ λ₂ ≥ λ₃ ≥ λ₄ be the singular values of
$M = K^T(\sigma_y\otimes\sigma_y)K$; they are the square roots of the eigenvalues of
$\rho\tilde\rho$, which are not taken: those of a zero would have infinite slopes, and half the
digits. With $M = U\Lambda V^\dagger$ the derivative is

$$d\lambda_i = \frac{1}{\lambda_i}\langle w_i|\,d\rho\,|w_i\rangle, \qquad
  w_i = (\sigma_y\otimes\sigma_y)(KV)_i^* .$$

References: W. K. Wootters, Phys. Rev. Lett. 80, 2245 (1998), Eqs. (7)–(15).
"""

import jax
import jax.numpy as jnp
import numpy as np

from qbjax import _checks
from qbjax._types import Rho, Scalar, TensorLike

FLOOR = 1e-13
"""Eigenvalues of ρ, and λ, below this share of Tr ρ are rounding: they count as zero."""

FLIP = np.fliplr(np.diag([-1.0, 1.0, 1.0, -1.0]))
"""The spin flip σ_y ⊗ σ_y."""

SIGNS = np.array([1.0, -1.0, -1.0, -1.0])


def concurrence(rho: TensorLike) -> Scalar:
    r"""Concurrence of two qubits, from 0 (separable) to 1 (a Bell state).

    $$C = \max(0, \lambda_1 - \lambda_2 - \lambda_3 - \lambda_4)$$

    Its first derivatives are finite everywhere. They are right wherever C has some: at full
    rank with C > 0, and at lower rank along every family of states that is smooth on both sides.
    C is not differentiable

    * where it reaches 0, a product of pure states included: what is given lies between the
      derivatives of the two sides;
    * at lower rank, in directions that raise the rank: what they add to λ₂, λ₃, λ₄ from zero
      is left out.

    Second derivatives exist where the eigenvalues of ρ, and the λ, are distinct and not zero.

    Args:
        rho: density matrix (4, 4) in the product basis 00, 01, 10, 11, of either order.

    Raises:
        TypeError, ValueError: if `rho` is not a state of two qubits.

    Example:
        >>> bell = np.array([1.0, 0.0, 0.0, 1.0]) / np.sqrt(2)
        >>> concurrence(np.outer(bell, bell)).round(6).item()
        1.0

    References: Wootters (1998), Eq. (10).
    """
    return concurrence_of_matrix(_checks.density_matrix("rho", rho, dim=4))


def concurrence_of_matrix(rho: Rho) -> Scalar:
    """Concurrence of a matrix that is known to be a state of two qubits: nothing is checked."""
    return jnp.maximum(_difference(rho.astype(complex)), 0.0)


@jax.custom_jvp
def _difference(rho: Rho) -> Scalar:
    """The difference λ₁ − λ₂ − λ₃ − λ₄, positive for an entangled state."""
    return jnp.sum(SIGNS * _decomposed(rho)[0])


@_difference.defjvp
def _difference_jvp(primals: tuple[Rho], tangents: tuple[Rho]) -> tuple[Scalar, Scalar]:
    (rho,), (drho,) = primals, tangents
    values, W = _decomposed(rho)
    present = values > FLOOR * jnp.real(jnp.trace(rho))
    weights = jnp.where(present, SIGNS / jnp.where(present, values, 1.0), 0.0)
    slopes = jnp.real(jnp.sum(W.conj() * (drho @ W), axis=0))
    return jnp.sum(SIGNS * values), jnp.sum(weights * slopes)


def _decomposed(rho: Rho):
    """The singular values λ, descending, and the vectors w, in columns."""
    populations, vectors = jnp.linalg.eigh(rho)
    present = populations > FLOOR * jnp.sum(populations)
    amplitudes = jnp.where(present, jnp.sqrt(jnp.where(present, populations, 1.0)), 0.0)
    K = vectors * amplitudes.astype(complex)[None, :]
    flip = FLIP.astype(complex)
    _, values, Vh = jnp.linalg.svd(K.T @ flip @ K)
    return values, flip @ (K @ Vh.conj().T).conj()
