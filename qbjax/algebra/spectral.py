r"""Spectra whose derivatives are finite everywhere.

With $\rho = V\,\mathrm{diag}(\lambda)\,V^\dagger$ and $M = V^\dagger\,d\rho\,V$,

$$d\lambda_j = M_{jj}, \qquad dv_k = \sum_{j \ne k} v_j \frac{M_{jk}}{\lambda_k - \lambda_j}.$$

The first derivative of an eigenvalue never divides; that of an eigenvector divides by a
gap, and a battery's favourite states (the vacuum, the maximally mixed state) have gaps of
exactly zero. So a merit that needs the spectrum alone should use `eigenvalues` and never
see an eigenvector.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from qbjax import _checks
from qbjax._types import Levels, Rho, TensorLike

TIE = 1e-10
"""Distance below which eigenvalues are tied, in units of the width of the spectrum: far above
rounding (1e-16), far below any gap that a second derivative could resolve."""

ROUNDING = 4 * float(np.finfo(float).eps)
"""Share of the largest eigenvalue, times their number, by which rounding may part equal ones."""


def eigenvalues(rho: TensorLike) -> Levels:
    r"""Eigenvalues of a Hermitian matrix, ascending, with finite first and second derivatives.

    $$d\lambda = \mathrm{Re}\,\mathrm{diag}(V^\dagger\,d\rho\,V)$$

    The NaN it avoids: JAX differentiates `eigvalsh` through this same formula, but writes
    its second derivative with unguarded $1/(\lambda_k - \lambda_j)$, so that Hessians on
    the vacuum are $0 \cdot \infty$. Here pairs tied within `TIE` are left out of the second
    derivative.

    Finite is not smooth: where eigenvalues cross they have a kink, and the gradient is
    *one* subgradient there, namely that of the eigenvectors LAPACK happened to return.
    `directional_derivative` is exact at ties.

    Args:
        rho: real symmetric or complex Hermitian matrix (d, d); its anti-Hermitian part is
            dropped.

    Returns:
        real array (d,).

    Raises:
        TypeError, ValueError: if `rho` is not a square matrix of numbers.

    Example:
        >>> eigenvalues(np.array([[0.5, 0.5j], [-0.5j, 0.5]])).round(6).tolist()
        [0.0, 1.0]
    """
    return _eigenvalues(
        _hermitian_part(_checks.array("rho", rho, shape=("d", "d"), complex_ok=True))
    )


def eigensystem(rho: TensorLike) -> tuple[Levels, Rho]:
    r"""Eigenvalues of a Hermitian matrix, ascending, and its eigenvectors, in columns.

    The NaN it avoids: $dv_k$ divides by gaps that a degenerate Hamiltonian does not have.
    Pairs tied within `TIE` are left out, which is exact for anything that does not depend
    on the basis chosen inside a degenerate level.

    Returns real array (d,) and unitary (d, d), real if `rho` is; arguments and errors are those of
    `eigenvalues`.

    Example:
        >>> eigensystem(jnp.diag(jnp.array([2.0, 1.0])))[0].tolist()
        [1.0, 2.0]
    """
    return _eigh(_hermitian_part(_checks.array("rho", rho, shape=("d", "d"), complex_ok=True)))


def directional_derivative(rho: TensorLike, drho: TensorLike) -> tuple[Levels, Levels]:
    r"""Eigenvalues of ρ and the rates at which they start to move along dρ: exact at ties.

    $$\lambda(\rho + t\,d\rho) = \lambda + t\,\lambda' + O(t^2), \qquad t \to 0^+$$

    Inside a cluster of tied eigenvalues, $\lambda'$ are the eigenvalues of $d\rho$
    restricted to the cluster. That is not linear in dρ, so no gradient can contain it: the
    gradient of `eigenvalues` gives −3.0 where a pure state's ergotropy starts to change at
    −2.25, and 0 where a maximally mixed state's starts at +1.5.

    Args:
        rho: real symmetric or complex Hermitian matrix (d, d).
        drho: direction, a Hermitian matrix (d, d).

    Returns:
        eigenvalues (d,), ascending, and their one-sided derivatives (d,), ascending within
        each cluster.

    Raises:
        TypeError, ValueError: if the arguments are not square matrices of one size.

    Example:
        >>> swap = jnp.array([[0.0, 1.0], [1.0, 0.0]])
        >>> directional_derivative(jnp.eye(2) / 2, swap)[1].round(6).tolist()
        [-1.0, 1.0]
    """
    checked = _checks.array("rho", rho, shape=("d", "d"), complex_ok=True)
    direction = _checks.array("drho", drho, shape=checked.shape, complex_ok=True)
    values, V = _eigh(_hermitian_part(checked))
    M = rotated(V, _hermitian_part(direction))
    label = clusters(values, closeness(values))
    tied = label[:, None] == label[None, :]
    # All clusters in one diagonalisation: a ladder of shifts wider than ‖M‖ keeps their
    # spectra apart and in order.
    shifts = label.astype(float) * jax.lax.stop_gradient(2 * jnp.linalg.norm(M))
    blocks = jnp.where(tied, M, jnp.zeros_like(M)) + jnp.diag(shifts).astype(M.dtype)
    return values, _eigenvalues(blocks) - shifts


def closeness(values: Float[Array, " d"] | Float[np.ndarray, " d"]) -> Any:
    r"""The distance below which eigenvalues count as one, in their own unit.

    $$10^{-10}(\lambda_\text{max} - \lambda_\text{min})
      + 4d\,\epsilon\,|\lambda|_\text{max}$$

    The second part is rounding, which splits equal ones: it matters where all share an offset that
    is far larger than what is between them, and gaps below it cannot be told from none.

    A number of the same kind: NumPy's for NumPy's.

    Example:
        >>> round(float(closeness(np.array([0.0, 1e-34])) / 1e-34), 12)
        1e-10
    """
    some: Any = values  # NumPy's or JAX's
    return TIE * (some.max() - some.min()) + ROUNDING * some.size * abs(some).max()


def clusters(values: Float[Array, "d"], atol: float | Float[Array, ""]) -> Int[Array, "d"]:
    """Numbers the clusters of nearby values, from the lowest; neighbours share one within `atol`.

    Example:
        >>> clusters(jnp.array([2.0, 0.0, 1.0, 0.0]), 1e-9).tolist()
        [2, 0, 1, 0]
    """
    order = jnp.argsort(values)
    steps = jnp.diff(values[order]) > atol
    ranks = jnp.concatenate([jnp.zeros(1, int), jnp.cumsum(steps)])
    return jnp.zeros_like(ranks).at[order].set(ranks)


def rotated(V: Rho, A: Rho) -> Rho:
    r"""An operator in another basis, $V^\dagger A V$: real only if both are.

    Example:
        >>> rotated(jnp.eye(2)[::-1], jnp.diag(jnp.array([1.0, 2.0]))).tolist()
        [[2.0, 0.0], [0.0, 1.0]]
    """
    dtype = np.result_type(V.dtype, A.dtype)
    U = V.astype(dtype)
    return U.conj().T @ A.astype(dtype) @ U


def root(squared: Float[Array, "..."]) -> Float[Array, "..."]:
    """The square root, with the derivative 0 where it vanishes: there it would be infinite.

    Example:
        >>> root(jnp.array(9.0)).item(), jax.grad(root)(0.0).item()
        (3.0, 0.0)
    """
    zero = squared == 0
    return jnp.where(zero, 0.0, jnp.sqrt(jnp.where(zero, 1.0, squared)))


def _hermitian_part(A: Rho) -> Rho:
    return (A + A.conj().T) / 2


@jax.custom_jvp
def _eigenvalues(A: Rho) -> Levels:
    return jnp.linalg.eigvalsh(A, symmetrize_input=False)


@_eigenvalues.defjvp
def _eigenvalues_jvp(primals: tuple[Rho], tangents: tuple[Rho]) -> tuple[Levels, Levels]:
    (A,), (dA,) = primals, tangents
    values, V = _eigh(A)
    return values, jnp.real(jnp.sum(V.conj() * (dA @ V), axis=0))


@jax.custom_jvp
def _eigh(A: Rho) -> tuple[Levels, Rho]:
    values, vectors = jnp.linalg.eigh(A, symmetrize_input=False)
    return values, vectors


@_eigh.defjvp
def _eigh_jvp(
    primals: tuple[Rho], tangents: tuple[Rho]
) -> tuple[tuple[Levels, Rho], tuple[Levels, Rho]]:
    (A,), (dA,) = primals, tangents
    values, V = _eigh(A)
    M = rotated(V, dA)
    gaps = values[None, :] - values[:, None]
    tied = jnp.abs(gaps) <= closeness(values)
    inverse = jnp.where(tied, 0, 1 / jnp.where(tied, 1, gaps))
    return (values, V), (jnp.real(jnp.diag(M)), V @ (inverse.astype(M.dtype) * M))
