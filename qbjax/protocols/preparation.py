r"""Preparation of a charger qubit: a point of the Bloch sphere.

References: C. A. Downing and M. S. Ukhtary, "Charging a quantum battery from the Bloch sphere"
(2026), Eq. (1).
"""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Complex

from qbjax import _checks
from qbjax.protocols.free import Trainable, checked, resolve


class BlochPreparation(eqx.Module):
    r"""A charger qubit prepared in a pure state.

    $$|\alpha\rangle = \cos\tfrac\theta2|0\rangle + e^{i\phi}\sin\tfrac\theta2|1\rangle$$

    The north pole (θ = 0) is the ground state, the south pole (θ = π) the excited one.

    Args:
        theta: polar angle θ, from 0 to π, or `qb.free(...)`. A search without bounds may leave
            the interval: the state is periodic in θ, and still a point of the sphere.
        phi: azimuth φ, or `qb.free(...)`.

    Raises:
        ValueError: for a polar angle out of range, numbers that are not finite.
        TypeError: for what is no real number.

    Example:
        >>> BlochPreparation(0.0).ket().tolist()
        [(1+0j), 0j]

    References: Downing and Ukhtary (2026), Eq. (1).
    """

    theta: Trainable
    phi: Trainable

    def __init__(self, theta, phi=0.0):
        self.theta = checked(_checks.scalar, "theta", theta, low=0.0, high=np.pi)
        self.phi = checked(_checks.scalar, "phi", phi)

    def ket(self) -> Complex[Array, "2"]:
        """Amplitudes of the ground and of the excited state."""
        theta, phi = resolve((self.theta, self.phi))
        ground, excited = jnp.cos(theta / 2), jnp.sin(theta / 2)
        real = jnp.stack([ground, excited * jnp.cos(phi)])
        return lax.complex(real, jnp.stack([jnp.zeros_like(ground), excited * jnp.sin(phi)]))
