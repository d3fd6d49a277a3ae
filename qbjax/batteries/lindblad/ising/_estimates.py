"""Means over trajectories, with their standard errors."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

GROUPS = 20
"""Groups of trajectories that are left out in turn, for errors of what is no mean."""


class Estimate(NamedTuple):
    """A number that was estimated, or several.

    Attributes:
        mean: the estimate.
        error: its standard error: that of sampling alone.
    """

    mean: Float[Array, "..."]
    error: Float[Array, "..."]


def mean(samples: Float[Array, "count ..."]) -> Estimate:
    """The mean of samples, and its standard error."""
    count = len(samples)
    return Estimate(jnp.mean(samples, axis=0), jnp.std(samples, axis=0, ddof=1) / np.sqrt(count))


def of_moments(
    f: Callable[[Float[Array, "n n"]], Array], amplitudes: Complex[Array, "count T N"]
) -> Estimate:
    r"""A function of the second moments of (x, p), at every time, by a jackknife over groups.

    That gives an error, and takes away what few samples add to the function of their mean. Moments
    are symmetrically ordered, $x = \sqrt2\,\mathrm{Re}\,\alpha$, and counted from zero: a machine
    turns into itself when all signs are turned.

    Args:
        f: of the matrix of moments, x first, then p.
        amplitudes: of all trajectories.
    """
    count, groups = len(amplitudes), min(GROUPS, len(amplitudes))
    z = np.sqrt(2) * jnp.concatenate([jnp.real(amplitudes), jnp.imag(amplitudes)], axis=-1)
    group = np.arange(count) % groups
    sizes = np.bincount(group).astype(float)
    one_hot = jnp.asarray(np.eye(groups)[group])
    sums = jnp.einsum("cg,cti,ctj->gtij", one_hot, z, z)
    total = jnp.sum(sums, axis=0)
    each = jax.vmap(f)
    left = (total[None] - sums) / (count - sizes)[:, None, None, None]
    without = jax.vmap(each)(left)
    middle = jnp.mean(without, axis=0)
    spread = jnp.sum((without - middle[None]) ** 2, axis=0)
    found = groups * each(total / count) - (groups - 1) * middle
    return Estimate(found, jnp.sqrt((groups - 1) / groups * spread))


def correlations(moments: Float[Array, "n n"]) -> Float[Array, "N N"]:
    r"""The matrix $\langle x_ix_j\rangle/\sqrt{\langle x_i^2\rangle\langle x_j^2\rangle}$."""
    x = moments[: len(moments) // 2, : len(moments) // 2]
    scale = jnp.sqrt(jnp.diagonal(x))
    return x / (scale[:, None] * scale[None, :])


def gaussian_ergotropy(moments: Float[Array, "n n"]) -> Float[Array, ""]:
    r"""The energy less $\sum_k(\nu_k - \frac12)$, ν the symplectic eigenvalues of the moments."""
    N = len(moments) // 2
    zero, one = np.zeros((N, N)), np.eye(N)
    form = 1j * np.block([[zero, one], [-one, zero]])
    root = jnp.linalg.cholesky(moments).astype(complex)
    # The Hermitian root† (iΩ) root has the eigenvalues ±ν.
    values = jnp.linalg.eigvalsh(root.conj().T @ form @ root)
    return jnp.trace(moments) / 2 - jnp.sum(jnp.abs(values)) / 2
