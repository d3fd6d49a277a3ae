r"""The inverse of a Sylvester equation by doubling: matrix products alone, no eigenvectors.

$$GX + XG^\dagger = Y \quad\Longleftrightarrow\quad X = CXC^\dagger - 2pRYR^\dagger, \qquad
  R = (p - G)^{-1}, \quad C = R(p + G),$$

$$X = \sum_k C^k X_0 C^{\dagger k}, \qquad
  X_{j+1} = X_j + C_jX_jC_j^\dagger, \quad C_{j+1} = C_j^2 .$$

G is dissipative, so that every C is a contraction and no sum is larger than the answer.
Accelerators have no eigenvectors of matrices that are not Hermitian; they do this instead of
`sylvester.solve`, with three products for each doubling and some twenty of those.

Reference: R. A. Smith, SIAM J. Appl. Math. 16, 198 (1968).
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Inexact

from qbjax.algebra.packing import pack, unpack
from qbjax.dynamics.generator.shifts import Stack
from qbjax.dynamics.generator.structure import Structure
from qbjax.dynamics.steady.sylvester import adjoint, inside

GONE = 1e-9
"""Norm of C below which one more doubling changes nothing."""

MOST = 60
"""Most doublings of one equation."""


class Cayley(NamedTuple):
    r"""The factors of one doubled equation: C, and $\sqrt{2p}\,R$."""

    turned: Inexact[Array, "S n n"]
    resolvent: Inexact[Array, "S n n"]


def factored(G: Inexact[Array, "S n n"]) -> Cayley:
    """Transforms dissipative matrices; p is a bound on the norm of each."""
    size = jnp.abs(G)
    bound = jnp.max(jnp.sum(size, 1), -1) * jnp.max(jnp.sum(size, 2), -1)
    p = jnp.sqrt(jnp.maximum(bound, jnp.finfo(float).tiny))[:, None, None]
    eye = jnp.eye(G.shape[-1])[None]
    R = jnp.linalg.inv((p * eye).astype(G.dtype) - G)
    return Cayley(R @ ((p * eye).astype(G.dtype) + G), jnp.sqrt(2 * p).astype(G.dtype) * R)


def solve(structure: Structure, factors: Cayley, state: Stack, *, dual: bool = False) -> Stack:
    """Applies $S^{-1}$, or the inverse of the dual, to a packed state (`sylvester.solve`)."""
    if not structure.imaginary:
        moved = doubled(factors, state, dual=dual)
    else:
        moved = doubled(factors, jax.vmap(partial(unpack, real=False))(state), dual=dual)
        moved = jax.vmap(pack)(moved)
    return jnp.where(inside(structure), moved, 0.0)


def doubled(
    factors: Cayley, Y: Inexact[Array, "S n n"], *, dual: bool = False
) -> Inexact[Array, "S n n"]:
    r"""Solves $GX + XG^\dagger = Y$, or with `dual` $G^\dagger X + XG = Y$.

    Example:
        >>> G = jnp.array([[[-1.0, 2.0], [0.0, -3.0]]])
        >>> X = doubled(factored(G), jnp.eye(2)[None])
        >>> bool(jnp.max(jnp.abs((G @ X + X @ G.swapaxes(1, 2))[0] - jnp.eye(2))) < 1e-14)
        True
    """
    C, R = (adjoint(x) for x in factors) if dual else factors

    def unfinished(carry):
        C, _, count = carry
        return (_largest(C) > GONE) & (count < MOST)

    def double(carry):
        C, X, count = carry
        return C @ C, X + C @ X @ adjoint(C), count + 1

    return lax.while_loop(unfinished, double, (C, -R @ Y @ adjoint(R), 0))[1]


def _largest(C) -> Float[Array, ""]:
    """The largest Frobenius norm of some matrices."""
    return jnp.sqrt(jnp.max(jnp.sum(jnp.abs(C) ** 2, axis=(1, 2))))
