r"""Exponentials of matrices that may be complex, by those of real ones.

$X + iY$ acts on real and imaginary parts as $\begin{pmatrix}X & -Y\\ Y & X\end{pmatrix}$.
"""

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Inexact

from qbjax.dynamics.solve.exponential import expm


def exponential(A: Inexact[Array, "n n"]) -> Inexact[Array, "n n"]:
    r"""The exponential $e^A$, real if A is.

    Example:
        >>> exponential(jnp.array([[1j * jnp.pi]])).real.round(12).tolist()
        [[-1.0]]
    """
    if not jnp.iscomplexobj(A):
        return expm(A)
    n, X, Y = len(A), jnp.real(A), jnp.imag(A)
    rows = [jnp.concatenate(pair, axis=1) for pair in ((X, -Y), (Y, X))]
    whole = expm(jnp.concatenate(rows))
    return lax.complex(whole[:n, :n], whole[n:, :n])
