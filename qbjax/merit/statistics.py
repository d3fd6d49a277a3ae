"""Purity of a state, and the Fano factor of its quanta."""

from typing import Any

import jax.numpy as jnp

from qbjax import _checks
from qbjax._types import Levels, Scalar, TensorLike


def purity(rho: TensorLike) -> Scalar:
    r"""Purity of a state, from 1/d (maximally mixed) to 1 (pure).

    $$\mathrm{Tr}\,\rho^2$$

    Args:
        rho: density matrix (d, d).

    Raises:
        TypeError, ValueError: if `rho` is not a state.

    Example:
        >>> import numpy as np
        >>> purity(np.eye(2) / 2).item()
        0.5
    """
    state = _checks.density_matrix("rho", rho)
    return jnp.sum(jnp.real(state) ** 2) + jnp.sum(jnp.imag(state) ** 2)


def fano_factor(rho: TensorLike) -> Scalar:
    r"""Fano factor of the number of quanta: 0 for a number state, 1 for a coherent one.

    $$F = \frac{\langle n^2\rangle - \langle n\rangle^2}{\langle n\rangle},
      \qquad n = 0, \ldots, d-1$$

    In the ground state it is 0/0, and its limit depends on the way there (1 from coherent
    states, 2 from squeezed ones): the value is NaN. Its gradient there is 0, so that one
    NaN does not spoil the gradient of what masks it.

    Args:
        rho: density matrix (d, d) of a number ladder.

    Returns:
        a number ≥ 0, or NaN.

    Raises:
        TypeError, ValueError: if `rho` is not a state.

    Example:
        >>> import numpy as np
        >>> fano_factor(np.diag([0.5, 0.0, 0.5])).item()
        1.0
    """
    return fano_factor_of_populations(jnp.real(jnp.diag(_checks.density_matrix("rho", rho))))


def fano_factor_of_populations(populations: Levels | Any) -> Scalar:
    r"""Fano factor of the number of quanta, from the populations alone.

    The building block for cells that are not kept as one matrix. Not even their sum is checked.

    Args:
        populations: $\langle n|\rho|n\rangle$, n = 0, …, d − 1.

    Returns:
        a number ≥ 0; NaN, with a zero gradient, in the ground state.

    Example:
        >>> fano_factor_of_populations(jnp.array([0.0, 1.0])).item()
        0.0
    """
    populations = _checks.array("populations", populations, shape=("d",))
    n = jnp.arange(float(populations.shape[0]))
    mean = jnp.sum(populations * n)
    variance = jnp.sum(populations * (n - mean) ** 2)
    # where twice: the quotient must be finite in both branches, for the branch not taken is
    # differentiated as well.
    excited = mean > 0
    return jnp.where(excited, variance / jnp.where(excited, mean, 1.0), jnp.nan)
