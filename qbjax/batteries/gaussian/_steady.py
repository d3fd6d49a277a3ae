r"""The steady state of a network, by a Lyapunov equation.

$$Ad + f = 0, \qquad A\sigma + \sigma A^T + D = 0 .$$

It exists if all eigenvalues of A have a negative real part. Squeezing above threshold makes one
positive: moments grow without end.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float

from qbjax.batteries.gaussian._equation import Change, Moments
from qbjax.dynamics.record.doubt import all_finite
from qbjax.dynamics.steady import doubling

STILL = 1e-12
"""Growth, in units of the norm of A, that rounding cannot tell from none."""

SOLVED = 1e-8
"""Residual, in units of the largest terms of the equation, of a steady state."""

FEW = 64
"""Modes up to which the gap is found without being asked for."""


def check_stable(change: Change) -> None:
    """Insists on moments that come to rest.

    Raises:
        ValueError: if one grows, or none damps it.
    """
    drift = np.asarray(change.drift)
    growth, size = float(np.max(np.linalg.eigvals(drift).real)), float(np.abs(drift).max())
    if growth > STILL * size:
        raise ValueError(
            "Argument `battery` must be stable for a steady state, but its moments grow at the "
            f"rate {growth:.4g}: squeezing, or gain, is above threshold."
        )
    if growth >= -STILL * size:
        raise ValueError(
            "Argument `battery` must be damped for a steady state, but has a mode, or normal mode, "
            "that nothing damps."
        )


def steady(change: Change) -> Moments:
    """The moments that all others come to, with derivatives in both modes."""
    factors = doubling.factored(lax.stop_gradient(change.drift)[None])

    def rate(X):
        return change.drift @ X + X @ change.drift.T

    def solve(Y, dual=False):
        return doubling.doubled(factors, Y[None], dual=dual)[0]

    covariance = lax.custom_linear_solve(
        rate, -change.noise, lambda _, Y: solve(Y), lambda _, Y: solve(Y, dual=True)
    )
    mean = jnp.linalg.solve(change.drift, -change.drive)
    return Moments(mean, (covariance + covariance.T) / 2)


def residual(change: Change, found: Moments) -> Float[Array, ""]:
    """The size of the rates at which the moments found still change."""
    squares = (jnp.sum(x**2) for x in jax.tree.leaves(change(found)))
    return jnp.sqrt(sum(squares, jnp.zeros(())))


def is_solved(change: Change, found: Moments, error: Float[Array, ""]) -> Bool[Array, ""]:
    """Whether moments are steady ones, and those of a state: unstable ones are neither."""
    size = jnp.sqrt(jnp.sum(change.noise**2)) + jnp.sqrt(jnp.sum(change.drive**2))
    scale = jnp.sqrt(jnp.sum(change.drift**2)) * jnp.sqrt(jnp.sum(found.covariance**2)) + size
    positive = jnp.all(jnp.diagonal(found.covariance) > 0)
    return (error <= SOLVED * scale) & positive & all_finite(found)


def gap(change: Change, wanted: Any) -> Float[Array, ""] | None:
    """The slowest rate at which amplitudes come to rest; None if nobody wants it."""
    few = len(change.drift) <= 2 * FEW
    if not (few if wanted is None else wanted):
        return None
    drift = lax.stop_gradient(change.drift)

    def by_eigenvalues(A):
        return -jnp.max(jnp.real(jnp.linalg.eigvals(A)))

    # Accelerators have no eigenvalues of matrices that are not symmetric.
    return lax.platform_dependent(
        drift, cpu=by_eigenvalues, default=lambda A: jnp.full((), jnp.nan)
    )
