r"""Preparation of a charger qubit: a point of the Bloch sphere, or inside it.

References: C. A. Downing and M. S. Ukhtary, "Charging a quantum battery from the Bloch sphere"
(2026), Eq. (1).
"""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Complex

from qbjax import _checks
from qbjax.protocols.free import Trainable, checked, resolve
from qbjax.protocols.pump import Pump, described

OVER = 1e-9
"""Excess over 1 of a peak that is rounding."""


class BlochPreparation(eqx.Module):
    r"""A charger qubit prepared in a pure state, or in a mixed one, and how its coupling is driven.

    $$\rho = r|\alpha\rangle\langle\alpha| + (1 - r)\tfrac12, \qquad
      |\alpha\rangle = \cos\tfrac\theta2|0\rangle + e^{i\phi}\sin\tfrac\theta2|1\rangle$$

    The north pole (θ = 0) is the ground state, the south pole (θ = π) the excited one.

    Args:
        theta: polar angle θ, from 0 to π, or `qb.free(...)`. A search without bounds may leave
            the interval: the state is periodic in θ, and still a point of the sphere.
        phi: azimuth φ, or `qb.free(...)`.
        length: r of the Bloch vector, from 0 to 1, or `qb.free(...)`.
        envelope: u(t) between −1 and 1, a real pump such as `qb.protocols.PiecewiseConstant`: the
            coupling is Ju(t), and J of the battery its bound. None leaves it at J.

    Raises:
        ValueError: for a number out of range or not finite, an envelope beyond ±1. TypeError: for
            what is no real number, an envelope that is no pump or complex.

    Example:
        >>> BlochPreparation(0.0).ket().tolist()
        [(1+0j), 0j]
        >>> BlochPreparation(0.0, length=0.5).density_matrix().real.diagonal().tolist()
        [0.75, 0.25]

    References: Downing and Ukhtary (2026), Eq. (1).
    """

    theta: Trainable
    phi: Trainable
    length: Trainable
    envelope: Any

    def __init__(self, theta, phi=0.0, length=1.0, envelope: Pump | Any = None):
        self.theta = checked(_checks.scalar, "theta", theta, low=0.0, high=np.pi)
        self.phi = checked(_checks.scalar, "phi", phi)
        self.length = checked(_checks.scalar, "length", length, low=0.0, high=1.0)
        if envelope is not None:
            _check_envelope(envelope)
        self.envelope = envelope

    def ket(self) -> Complex[Array, "2"]:
        """Amplitudes of the ground and of the excited state in |α⟩, whatever the length."""
        theta, phi = resolve((self.theta, self.phi))
        ground, excited = jnp.cos(theta / 2), jnp.sin(theta / 2)
        real = jnp.stack([ground, excited * jnp.cos(phi)])
        return lax.complex(real, jnp.stack([jnp.zeros_like(ground), excited * jnp.sin(phi)]))

    def density_matrix(self) -> Complex[Array, "2 2"]:
        """Density matrix of the charger, ground state first."""
        ket, length = self.ket(), resolve(self.length)
        pure = jnp.outer(ket, jnp.conj(ket))
        real = length * jnp.real(pure) + (1 - length) / 2 * jnp.eye(2)
        return lax.complex(real, length * jnp.imag(pure))


def _check_envelope(envelope: Any) -> None:
    expected = "a pump such as qb.protocols.Constant(0.5)"
    if not isinstance(envelope, Pump):
        raise TypeError(f"Argument `envelope` must be {expected}, but is {described(envelope)}.")
    now = resolve(envelope)
    if now.is_complex:
        raise TypeError("Argument `envelope` must be real, but is complex.")
    peak = now.peak
    if _checks.is_concrete(peak) and float(peak) > 1 + OVER:
        raise ValueError(
            "Argument `envelope` must stay between -1 and 1, for the battery's coupling is its "
            f"bound, but reaches {float(peak):g}."
        )
