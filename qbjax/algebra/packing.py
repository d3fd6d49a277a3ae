r"""A Hermitian matrix as one real matrix.

Write $\rho = S + iA$ with $S$ real symmetric and $A$ real antisymmetric. Then

$$R = S + A, \qquad S = (R + R^T)/2, \qquad A = (R - R^T)/2$$

loses nothing and needs half the memory. *Every* real matrix $R$ stands for a
Hermitian $\rho$, so rounding cannot make a packed state non-Hermitian: the
exponential growth of an anti-Hermitian part, which ruins integrators of the
"$M + M^\dagger$" kind, cannot start. A superoperator $L = L_r + iL_i$ that keeps
Hermiticity acts as $R' = L_r R + L_i R^T$ (two real superoperators); when $L_i = 0$
and $\rho$ starts real, $R = \rho$ and nothing is transposed.
"""

from typing import Any

import numpy as np
from jax import lax
from jaxtyping import Array, Float, Inexact

from qbjax import _checks


def pack(rho: Inexact[Array | np.ndarray, "d d"]) -> Float[Any, "d d"]:
    """Packs a Hermitian matrix $S + iA$ into the real matrix $S + A$, NumPy's if ρ is.

    Example:
        >>> import jax.numpy as jnp
        >>> pack(jnp.array([[1.0, 2.0 + 3.0j], [2.0 - 3.0j, 0.0]])).tolist()
        [[1.0, 5.0], [-1.0, 0.0]]
    """
    xp = _checks.array_module(rho)
    return xp.real(rho) + xp.imag(rho) if xp.iscomplexobj(rho) else rho


def unpack(packed: Float[Array, "d d"], *, real: bool) -> Inexact[Array, "d d"]:
    """Unpacks the Hermitian matrix $S + iA$ from the real matrix $S + A$.

    If it is known to be real, A is rounding, and the answer is $S$.

    Example:
        >>> import jax.numpy as jnp
        >>> unpack(jnp.array([[1.0, 5.0], [-1.0, 0.0]]), real=False)[0, 1].item()
        (2+3j)
    """
    symmetric = (packed + packed.T) / 2
    if real:
        return symmetric
    return lax.complex(symmetric, (packed - packed.T) / 2)
