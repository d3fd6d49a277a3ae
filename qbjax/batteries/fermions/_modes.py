r"""The motion of a covariance, and its exact form in the modes of M.

$$\Gamma = \begin{pmatrix} P & Q \\ -Q^T & R \end{pmatrix}, \qquad
  P_{jk} = \langle ia_ja_k\rangle, \quad Q_{jk} = \langle ia_jb_k\rangle, \quad
  R_{jk} = \langle ib_jb_k\rangle \quad (P_{kk} = R_{kk} = 0),$$

$$\dot\Gamma = A\Gamma + \Gamma A^T, \qquad A = \begin{pmatrix} 0 & M \\ -M^T & 0 \end{pmatrix} .$$

With $M = U\Sigma V^T$ every pair $(U^Ta, V^Tb)_k$ turns by the angle $\sigma_kh$: in these modes
the motion multiplies single elements, at any h. Derivatives never ask for those of U and V, which
are infinite where modes are alike: the modes are held fixed, and in them $dM' = S + T$, a symmetric
and an antisymmetric part, changes the motion by $e^{Ah} \to e^{Ah}(1 + K)$,

$$K = \int_0^he^{-As}\,dA\,e^{As}\,ds = \begin{pmatrix}
  s_-S - s_+T & c_-S + c_+T \\ -c_-S + c_+T & s_-S + s_+T \end{pmatrix}, \qquad
  c_\pm + is_\pm = \int_0^he^{i(\sigma_j \pm \sigma_k)s}\,ds .$$
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from qbjax.batteries.fermions._chain import Bands


class Blocks(NamedTuple):
    """The three blocks P, Q and R of a covariance, shape (N, N) each."""

    aa: Float[Array, "N N"]
    ab: Float[Array, "N N"]
    bb: Float[Array, "N N"]

    def whole(self) -> Float[Array, "q q"]:
        """The covariance Γ itself, all a before all b."""
        return jnp.block([[self.aa, self.ab], [-self.ab.T, self.bb]])


class Frame(NamedTuple):
    """The modes of a matrix M: its singular vectors U and V, in columns."""

    left: Float[Array, "N N"]
    right: Float[Array, "N N"]

    def inward(self, at: Blocks) -> Blocks:
        """A covariance of sites as one of modes."""
        U, V = self.left, self.right
        return Blocks(U.T @ at.aa @ U, U.T @ at.ab @ V, V.T @ at.bb @ V)

    def outward(self, at: Blocks) -> Blocks:
        """A covariance of modes as one of sites."""
        return Frame(self.left.T, self.right.T).inward(at)

    def seen(self, bands: Bands) -> Float[Array, "N N"]:
        """A matrix M between these modes."""
        return self.left.T @ bands.times(self.right)


def frame_of(bands: Bands) -> Frame:
    """The modes of a matrix M, not differentiated."""
    U, _, Vh = jnp.linalg.svd(lax.stop_gradient(bands.matrix()))
    return Frame(U, Vh.T)


def rate(times: Callable, transposed: Callable, at: Blocks) -> Blocks:
    """The rate at which a covariance changes.

    Args:
        times, transposed: X to M X, and to Mᵀ X.
        at: the covariance.
    """
    aa, bb = times(at.ab.T), transposed(at.ab)
    return Blocks(aa.T - aa, times(at.bb) + transposed(at.aa).T, bb.T - bb)


def rate_in(M: Float[Array, "N N"], at: Blocks) -> Blocks:
    """The same rate, by a matrix that is full."""
    return rate(lambda X: M @ X, lambda X: M.T @ X, at)


@jax.custom_jvp
def turned(M: Float[Array, "N N"], h: Float[Array, ""], at: Blocks) -> Blocks:
    """A covariance after a span h, all in the modes of M, which is diagonal there."""
    angles = jnp.diagonal(M) * h
    c, s = jnp.cos(angles), jnp.sin(angles)
    row, column = (c[:, None], s[:, None]), (c[None, :], s[None, :])
    P, Q, R = at
    upper = (row[0] * P - row[1] * Q.T, row[0] * Q + row[1] * R)
    lower = (-row[1] * P - row[0] * Q.T, -row[1] * Q + row[0] * R)
    return Blocks(
        upper[0] * column[0] + upper[1] * column[1],
        upper[1] * column[0] - upper[0] * column[1],
        lower[1] * column[0] - lower[0] * column[1],
    )


@turned.defjvp
def _turned_jvp(primals, tangents):
    (M, h, at), (dM, dh, dat) = primals, tangents
    M = _once(M)
    end = turned(M, h, at)
    started = jax.tree.map(jnp.add, dat, _rotated(jnp.diagonal(M), h, dM, at))
    moved, going = turned(M, h, started), rate_in(jnp.diag(jnp.diagonal(M)), end)
    return end, jax.tree.map(lambda a, b: a + dh * b, moved, going)


def _rotated(values, h, dM, at: Blocks) -> Blocks:
    """The change KΓ + ΓKᵀ of a covariance at the start of a span."""
    S, T = (dM + dM.T) / 2, (dM - dM.T) / 2
    rows, columns = values[:, None] * h, values[None, :] * h
    (cm, sm), (cp, sp) = _integrals(rows - columns, h), _integrals(rows + columns, h)
    K = sm * S - sp * T, cm * S + cp * T, cp * T - cm * S, sm * S + sp * T
    P, Q, R = at
    aa = K[0] @ P - K[1] @ Q.T
    ab, ba = K[0] @ Q + K[1] @ R, K[2] @ P - K[3] @ Q.T
    bb = K[2] @ Q + K[3] @ R
    return Blocks(aa - aa.T, ab - ba.T, bb - bb.T)


def _integrals(angles, h):
    """The integrals of cos and sin over the span h, at whose end they have these angles."""
    half = jnp.sinc(angles / (2 * jnp.pi))
    return h * jnp.sinc(angles / jnp.pi), h * jnp.sin(angles / 2) * half


@jax.custom_jvp
def _once(M):
    """The matrix as it is: its derivative's own would need more than diagonal elements."""
    return M


@_once.defjvp
def _once_jvp(primals, tangents):
    raise NotImplementedError(
        "A FermionChain has first derivatives by its couplings and by signals that are constant "
        "between edges, but no second ones: take differences of the first."
    )
