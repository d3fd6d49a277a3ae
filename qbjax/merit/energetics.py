r"""Energy of a battery's cell, its variance, and its rate of change.

Every energy of this floor is counted from the ground state,
$E = \mathrm{Tr}(\rho H) - \epsilon_0$. `H` is either the levels (d,), in the order of ρ's
basis, which need not be ascending, or a Hermitian matrix (d, d).
"""

import jax.numpy as jnp

from qbjax import _checks
from qbjax._types import Rho, Scalar, TensorLike
from qbjax.algebra import spectral


def energy(rho: TensorLike, H: TensorLike) -> Scalar:
    r"""Energy of a state above the ground state.

    $$E = \mathrm{Tr}(\rho H) - \epsilon_0$$

    Args:
        rho: density matrix (d, d).
        H: levels (d,) in any order, or Hamiltonian (d, d); $\epsilon_0$ is its lowest
            eigenvalue.

    Returns:
        a number ≥ 0, in the units of H.

    Raises:
        TypeError, ValueError: if `rho` is not a state, or `H` does not fit it.

    Example:
        >>> import numpy as np
        >>> energy(np.diag([0.25, 0.75]), np.array([1.0, 3.0])).round(6).item()
        1.5
    """
    state = _checks.density_matrix("rho", rho)
    hamiltonian = _checks.hamiltonian("H", H, dim=state.shape[0])
    if hamiltonian.ndim == 1:
        return jnp.sum(jnp.real(jnp.diag(state)) * (hamiltonian - jnp.min(hamiltonian)))
    ground = spectral.eigenvalues(hamiltonian)[0]
    return _trace_of_product(state, hamiltonian) - ground * jnp.real(jnp.trace(state))


def energy_variance(rho: TensorLike, H: TensorLike) -> Scalar:
    r"""Variance of the energy of a state.

    $$\sigma_E^2 = \mathrm{Tr}[\rho(H - \mathrm{Tr}\,\rho H)^2]$$

    Returns a number ≥ 0, in the units of H²; arguments and errors are those of `energy`.

    Example:
        >>> import numpy as np
        >>> energy_variance(np.diag([0.5, 0.5]), np.array([0.0, 1.0])).item()
        0.25
    """
    state = _checks.density_matrix("rho", rho)
    hamiltonian = _checks.hamiltonian("H", H, dim=state.shape[0])
    # Centred before squaring: ⟨H²⟩ − ⟨H⟩² loses its digits far above the ground state.
    if hamiltonian.ndim == 1:
        populations = jnp.real(jnp.diag(state))
        return jnp.sum(populations * (hamiltonian - jnp.sum(populations * hamiltonian)) ** 2)
    mean = _trace_of_product(state, hamiltonian).astype(hamiltonian.dtype)
    centred = hamiltonian - mean * jnp.eye(state.shape[0], dtype=hamiltonian.dtype)
    return _trace_of_product(state, centred @ centred)


def instantaneous_power(drho: TensorLike, H: TensorLike) -> Scalar:
    r"""Rate at which the energy changes along a motion of the state.

    $$P = \frac{dE}{dt} = \mathrm{Tr}\left(\frac{d\rho}{dt} H\right)$$

    Args:
        drho: time derivative of the state, a Hermitian matrix (d, d) of trace zero.
        H: levels (d,) in any order, or Hamiltonian (d, d).

    Returns:
        a number of either sign.

    Raises:
        TypeError, ValueError: if `drho` is not Hermitian, or `H` does not fit it.

    Example:
        >>> import numpy as np
        >>> instantaneous_power(np.diag([-2.0, 2.0]), np.array([0.0, 1.0])).item()
        2.0
    """
    rate = _checks.hermitian("drho", drho)
    hamiltonian = _checks.hamiltonian("H", H, dim=rate.shape[0])
    if hamiltonian.ndim == 1:
        return jnp.sum(jnp.real(jnp.diag(rate)) * hamiltonian)
    return _trace_of_product(rate, hamiltonian)


def _trace_of_product(A: Rho, B: Rho) -> Scalar:
    """The trace Tr AB of two Hermitian matrices, either of which may be real."""
    return jnp.sum(jnp.real(A) * jnp.real(B)) + jnp.sum(jnp.imag(A) * jnp.imag(B))
