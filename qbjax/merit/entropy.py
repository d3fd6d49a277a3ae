r"""Entropy of a state, and the information that its factors share.

$$S(\rho) = -\sum_n\lambda_n\ln\lambda_n$$

Its slope is infinite where an eigenvalue leaves 0; there, and below, it counts as 0.

Reference: M. A. Nielsen, I. L. Chuang, *Quantum Computation and Quantum Information* (2000),
Secs. 11.3 and 11.4.
"""

import math
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from qbjax import _checks
from qbjax._types import Levels, Scalar, TensorLike
from qbjax.algebra import spectral
from qbjax.algebra.operators import partial_trace


def entropy(rho: TensorLike) -> Scalar:
    r"""Von Neumann entropy of a state, from 0 (pure) to ln d (maximally mixed).

    $$S = -\mathrm{Tr}\,\rho\ln\rho$$

    Args:
        rho: density matrix (d, d).

    Returns:
        a number ≥ 0, in nats.

    Raises:
        TypeError, ValueError: if `rho` is not a state.

    Example:
        >>> import numpy as np
        >>> entropy(np.eye(2) / 2).round(6).item()
        0.693147
    """
    return entropy_of_spectrum(spectral.eigenvalues(_checks.density_matrix("rho", rho)))


def entropy_of_spectrum(eigenvalues: Levels) -> Scalar:
    """The entropy of a state of which the eigenvalues are known: nothing is checked."""
    present = eigenvalues > 0
    inside = jnp.where(present, eigenvalues, 1.0)
    return -jnp.sum(jnp.where(present, inside * jnp.log(inside), 0.0))


def mutual_information(rho: TensorLike, dims: Sequence[int] | Any) -> Scalar:
    r"""Information that the factors of a state share: 0 of a product.

    $$I = \sum_kS(\rho_k) - S(\rho), \qquad \rho_k = \mathrm{Tr}_{\ne k}\,\rho$$

    Of two factors it is their mutual information, of more their total correlation.

    Args:
        rho: density matrix (D, D).
        dims: levels of every factor, D their product.

    Returns:
        a number ≥ 0, in nats.

    Raises:
        TypeError, ValueError: if `rho` is not a state of such factors.

    Example:
        A Bell state has two bits:

        >>> import numpy as np
        >>> bell = np.outer([1.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 1.0]) / 2
        >>> round(float(mutual_information(bell, (2, 2)) / np.log(2)), 6)
        2.0
    """
    sizes = _checks.dimensions("dims", dims)
    state = _checks.density_matrix("rho", rho, dim=math.prod(sizes))
    parts = (spectral.eigenvalues(partial_trace(state, sizes, k)) for k in range(len(sizes)))
    whole = entropy_of_spectrum(spectral.eigenvalues(state))
    return sum(map(entropy_of_spectrum, parts), start=-whole)
