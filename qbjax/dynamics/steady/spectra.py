r"""Eigenvalues of small matrices that are not Hermitian, on processors without LAPACK.

On a CPU LAPACK finds them. Elsewhere the slowest decay comes from powers of the exponential,

$$\max_\lambda\mathrm{Re}\,\lambda(A) = \lim_k \frac{1}{2^k\tau}\log\lVert e^{2^k\tau A}\rVert ,$$

by squaring and with the norm taken out each time; and the eigenvectors of a few numbers come from
QR steps with Wilkinson's shift, as in LAPACK, on matrices of one shape.
"""

import jax
import jax.numpy as jnp
import jax.scipy.linalg
from jax import lax
from jaxtyping import Array, Complex, Float

SQUARINGS = 60
"""Squarings: beyond 2^53 times the first span nothing is left of a norm that is not its growth."""

TURNS = 12
"""QR steps per eigenvalue at most; two or three are usual."""


def abscissa(A: Float[Array, "N N"]) -> Float[Array, ""]:
    """The largest real part of the eigenvalues of a matrix, by powers of its exponential.

    It is as accurate as eigenvalues are: to rounding of the matrix's norm times the condition of
    the eigenvalue.

    Example:
        >>> A = jnp.array([[-1.0, 5.0, 0.0], [-5.0, -1.0, 0.0], [3.0, 0.0, -2.0]])
        >>> round(float(abscissa(A)), 12)
        -1.0
    """
    scale = jnp.maximum(jnp.linalg.norm(A), jnp.finfo(float).tiny)
    power = jax.scipy.linalg.expm(A / scale, max_squarings=1)

    def square(_, carry):
        power, growth, share = carry
        power, share = power @ power, share / 2
        norm = jnp.linalg.norm(power)
        safe = jnp.where(norm > 0, norm, 1.0)
        return power / safe, growth + share * jnp.log(safe), share

    norm = jnp.linalg.norm(power)
    begin = (power / norm, jnp.log(norm), jnp.ones(()))
    return scale * lax.fori_loop(0, SQUARINGS, square, begin)[1]


def eigenvectors(H: Float[Array, "m m"]) -> tuple[Complex[Array, " m"], Complex[Array, "m m"]]:
    """Eigenvalues and eigenvectors of an upper Hessenberg matrix, in the columns of the second.

    Example:
        >>> H = jnp.array([[0.0, 1.0], [-1.0, 0.0]])
        >>> values, vectors = eigenvectors(H)
        >>> bool(jnp.max(jnp.abs(H.astype(complex) @ vectors - vectors * values[None])) < 1e-14)
        True
    """
    T, Q = _schur(H.astype(complex))
    m, scale = H.shape[0], jnp.linalg.norm(H)
    smallest = jnp.finfo(float).eps * jnp.where(scale > 0, scale, 1.0)

    def vector(k):
        # (T − λ)y = 0 with y[k] = 1, and nothing below.
        before = jnp.arange(m) < k
        gaps = jnp.diagonal(T) - T[k, k]
        gaps = jnp.where(
            before, jnp.where(jnp.abs(gaps) < smallest, smallest.astype(complex), gaps), 1.0
        )
        upper = jnp.where(before[:, None] & before[None], jnp.triu(T, 1), 0.0) + jnp.diag(gaps)
        right = jnp.where(before, -T[:, k], 0.0).at[k].set(1.0)
        y = jax.scipy.linalg.solve_triangular(upper, right)
        return Q @ y / jnp.linalg.norm(y).astype(complex)

    return jnp.diagonal(T), jax.vmap(vector, out_axes=1)(jnp.arange(m))


def _schur(H):
    """The Schur form T and the unitary Q of an upper Hessenberg matrix, H = QTQ†."""
    m, eps = H.shape[0], jnp.finfo(float).eps
    eye = jnp.eye(m, dtype=complex)

    def step(carry):
        T, Q, last, count = carry
        active = jnp.arange(m) <= last
        # Wilkinson's shift leaves a cyclic permutation as it is.
        stuck, odd = count % 10 == 9, jnp.abs(T[last, last - 1]).astype(complex)
        shift = jnp.where(stuck, T[last, last] + odd, _shift(T, last))
        shifted = jnp.where(active[:, None] & active[None], T - shift * eye, eye)
        q, _ = jnp.linalg.qr(shifted)
        T, Q = q.conj().T @ T @ q, Q @ q
        beside = jnp.abs(T[last, last]) + jnp.abs(T[last - 1, last - 1])
        done = jnp.abs(T[last, last - 1]) <= eps * beside
        return T, Q, last - done.astype(int), count + 1

    def unfinished(carry):
        _, _, last, count = carry
        return (last > 0) & (count < TURNS * m)

    T, Q, _, _ = lax.while_loop(unfinished, step, (H, eye, jnp.asarray(m - 1), 0))
    return T, Q


def _shift(T, last):
    """The eigenvalue of the last two rows and columns that is nearer to the last element."""
    a, b = T[last - 1, last - 1], T[last - 1, last]
    c, d = T[last, last - 1], T[last, last]
    half = (a - d) / 2
    root = jnp.sqrt(half**2 + b * c)
    away = jnp.where(jnp.real(half.conj() * root) < 0, half - root, half + root)
    return d - jnp.where(away == 0, 0.0, b * c / jnp.where(away == 0, 1.0, away))
