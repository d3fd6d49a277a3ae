r"""Entanglement of any two parts: the negativity.

Of a state that is not entangled the partial transpose is a state, too. So its negative eigenvalues
tell entanglement; of more than 2 × 3 levels not all of it.

Reference: G. Vidal, R. F. Werner, Phys. Rev. A 65, 032314 (2002), Eq. (3).
"""

import math
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from qbjax import _checks
from qbjax._types import Scalar, TensorLike
from qbjax.algebra import spectral


def negativity(rho: TensorLike, dims: Sequence[int] | Any, factor: int | Any = 0) -> Scalar:
    r"""Negativity of one factor and the rest, from 0 to (d − 1)/2 of a smaller part of d levels.

    $$\mathcal N = \sum_{\mu<0}|\mu|, \qquad \mu \in \mathrm{spec}\,\rho^{T_k}$$

    Where an eigenvalue μ changes sign it has a kink.

    Args:
        rho: density matrix (D, D).
        dims: levels of every factor, D their product.
        factor: index k of the factor that is transposed.

    Raises:
        TypeError, ValueError: if `rho` is not a state of such factors, or there is no such one.

    Example:
        >>> import numpy as np
        >>> bell = np.outer([1.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 1.0]) / 2
        >>> round(float(negativity(bell, (2, 2))), 6)
        0.5

    References: Vidal and Werner (2002), Eq. (3).
    """
    sizes = _checks.dimensions("dims", dims)
    k = _checks.integer("factor", factor, low=0, high=len(sizes) - 1)
    D = math.prod(sizes)
    state = _checks.density_matrix("rho", rho, dim=D)
    before, after = math.prod(sizes[:k]), math.prod(sizes[k + 1 :])
    apart = state.reshape(before, sizes[k], after, before, sizes[k], after)
    turned = apart.transpose(0, 4, 2, 3, 1, 5).reshape(D, D)
    return jnp.sum(jnp.maximum(-spectral.eigenvalues(turned), 0.0))
