r"""Ergotropy: the energy that a unitary can take out, and the parts of it.

Sort the eigenvalues of ρ downwards ($r_0 \ge r_1 \ge \ldots$) and the levels of H upwards
($\epsilon_0 \le \epsilon_1 \le \ldots$). Of all states with that spectrum the passive one
has the least energy, the active one the most:

$$E_\text{passive} = \sum_n r_n (\epsilon_n - \epsilon_0), \qquad
  E_\text{active} = \sum_n r_{d-1-n} (\epsilon_n - \epsilon_0)$$

and with ϱ, the state dephased in the energy basis (coherence between *different* energies
removed),

$$W = E - E_\text{passive}(\rho), \qquad W^i = E - E_\text{passive}(\varrho), \qquad
  W^c = E_\text{passive}(\varrho) - E_\text{passive}(\rho), \qquad W = W^c + W^i.$$

Energies are counted from the ground state, as in `energetics`. Only eigen*values* of ρ
enter: the textbook form, with overlaps of eigenvectors, has NaN gradients on pure and
maximally mixed states (see `algebra.spectral`). Where eigenvalues or populations cross,
these merits have a kink and the gradient is one subgradient; use
`instantaneous_ergotropic_power` for the exact slope along a motion. Rounding may leave a
passive state with an ergotropy of −1e-16: nothing is clipped.

References: A. E. Allahverdyan, R. Balian, Th. M. Nieuwenhuizen, EPL 67, 565 (2004); J.-T.
Zhang et al., "Quantum batteries in coherent Ising machine" (2026), Eqs. (9)–(12), whose
scan lost the ϱ of Eqs. (11) and (12).
"""

from typing import Any

import jax.numpy as jnp
import numpy as np

from qbjax import _checks
from qbjax._types import Hamiltonian, Levels, Scalar, TensorLike
from qbjax.algebra import spectral
from qbjax.merit import energetics


def ergotropy(rho: TensorLike, H: TensorLike) -> Scalar:
    r"""Largest work that a unitary extracts from a state.

    $$W = E - E_\text{passive}(\rho)$$

    Args:
        rho: density matrix (d, d).
        H: levels (d,) in any order, or Hamiltonian (d, d), degenerate or not.

    Returns:
        a number from 0 (a passive state) to the energy above the ground state (a pure one),
        in the units of H.

    Raises:
        TypeError, ValueError: if `rho` is not a state, or `H` does not fit it.

    Example:
        >>> ergotropy(np.diag([0.2, 0.8]), np.array([0.0, 1.0])).round(6).item()
        0.6

    References: Allahverdyan et al., EPL 67, 565 (2004); Zhang et al. (2026), Eq. (9).
    """
    return energetics.energy(rho, H) - passive_energy(rho, H)


def coherent_ergotropy(
    rho: TensorLike, H: TensorLike, *, atol: float | Any | None = None
) -> Scalar:
    r"""Part of the ergotropy that dephasing in the energy basis destroys.

    $$W^c = E_\text{passive}(\varrho) - E_\text{passive}(\rho)$$

    Args:
        rho: density matrix (d, d).
        H: levels (d,) in any order, or Hamiltonian (d, d).
        atol: levels closer than this, in the units of H, are one energy, and the coherence
            between them survives; None for `algebra.spectral.closeness`, 1e-10 of their width.

    Returns:
        a number ≥ 0, in the units of H.

    Raises:
        TypeError, ValueError: if `rho` is not a state, or `H` does not fit it.

    Example:
        >>> coherent_ergotropy(np.full((2, 2), 0.5), np.array([0.0, 1.0])).round(6).item()
        0.5

    References: Zhang et al. (2026), Eq. (12).
    """
    return _dephased_passive_energy(rho, H, atol) - passive_energy(rho, H)


def incoherent_ergotropy(
    rho: TensorLike, H: TensorLike, *, atol: float | Any | None = None
) -> Scalar:
    r"""Part of the ergotropy that sits in inverted populations and survives dephasing.

    $$W^i = E - E_\text{passive}(\varrho)$$

    Returns a number ≥ 0, in the units of H; arguments and errors are those of `coherent_ergotropy`.
    Source: Zhang et al. (2026), Eq. (11).

    Example:
        >>> incoherent_ergotropy(np.diag([0.2, 0.8]), np.array([0.0, 1.0])).round(6).item()
        0.6
    """
    return energetics.energy(rho, H) - _dephased_passive_energy(rho, H, atol)


def passive_energy(rho: TensorLike, H: TensorLike) -> Scalar:
    r"""Energy that no unitary can extract, above the ground state.

    $$E_\text{passive} = \sum_n r_n (\epsilon_n - \epsilon_0),
      \qquad r_0 \ge r_1 \ge \ldots$$

    Returns a number ≥ 0, in the units of H; arguments and errors are those of `ergotropy`.
    """
    state = _checks.density_matrix("rho", rho)
    levels = _levels(_checks.hamiltonian("H", H, dim=state.shape[0]))
    return passive_energy_of_spectrum(spectral.eigenvalues(state), levels)


def active_energy(rho: TensorLike, H: TensorLike) -> Scalar:
    r"""Largest energy that a unitary can reach, above the ground state.

    $$E_\text{active} = \sum_n r_{d-1-n} (\epsilon_n - \epsilon_0),
      \qquad r_0 \ge r_1 \ge \ldots$$

    Returns a number ≥ 0, in the units of H; arguments and errors are those of `ergotropy`.
    """
    state = _checks.density_matrix("rho", rho)
    levels = jnp.sort(_levels(_checks.hamiltonian("H", H, dim=state.shape[0])))
    return jnp.sum(spectral.eigenvalues(state) * (levels - levels[0]))


def antiergotropy(rho: TensorLike, H: TensorLike) -> Scalar:
    r"""Largest energy that a unitary could still charge, counted negative.

    $$A = E - E_\text{active} \le 0$$

    Returns a number ≤ 0, in the units of H; arguments and errors are those of `ergotropy`.
    """
    return energetics.energy(rho, H) - active_energy(rho, H)


def capacity(rho: TensorLike, H: TensorLike) -> Scalar:
    r"""Energy between the active and the passive state: a function of the spectrum alone.

    $$C = E_\text{active} - E_\text{passive} = W - A$$

    Returns a number ≥ 0, in the units of H; arguments and errors are those of `ergotropy`.
    """
    return active_energy(rho, H) - passive_energy(rho, H)


def instantaneous_ergotropic_power(rho: TensorLike, drho: TensorLike, H: TensorLike) -> Scalar:
    r"""Rate at which the ergotropy starts to change, exact even where eigenvalues cross.

    $$\frac{dW}{dt} = \mathrm{Tr}\left(\frac{d\rho}{dt} H\right) - \sum_n \dot r_n \epsilon_n$$

    Args:
        rho: density matrix (d, d).
        drho: its time derivative, a Hermitian matrix (d, d) of trace zero; at a crossing
            the rate is that of the motion forward in time.
        H: levels (d,) in any order, or Hamiltonian (d, d).

    Returns:
        a number of either sign.

    Raises:
        TypeError, ValueError: if `rho` is not a state, `drho` is not Hermitian, or sizes differ.

    Example:
        >>> upwards, levels = np.diag([-0.5, 0.5]), np.array([0.0, 1.0])
        >>> instantaneous_ergotropic_power(np.eye(2) / 2, upwards, levels).round(6).item()
        1.0
    """
    state = _checks.density_matrix("rho", rho)
    rate = _checks.hermitian("drho", drho, dim=state.shape[0])
    hamiltonian = _checks.hamiltonian("H", H, dim=state.shape[0])
    _, slopes = spectral.directional_derivative(state, rate)
    passive = jnp.sum(slopes[::-1] * jnp.sort(_levels(hamiltonian)))
    return energetics.instantaneous_power(rate, H) - passive


def passive_energy_of_spectrum(eigenvalues: Levels | Any, levels: Levels | Any) -> Scalar:
    r"""Passive energy, above the ground state, from the two spectra alone.

    The building block for cells that are block-diagonal or already diagonalised:
    concatenate the eigenvalues of the blocks. Not even their sum is checked.

    Args:
        eigenvalues: eigenvalues of ρ (d,), in any order.
        levels: eigenvalues of H (d,), in any order.

    Returns:
        a number, in the units of H.

    Example:
        >>> eigenvalues, levels = jnp.array([0.25, 0.75]), jnp.array([3.0, 1.0])
        >>> passive_energy_of_spectrum(eigenvalues, levels).item()
        0.5
    """
    ascending = jnp.sort(_checks.array("levels", levels, shape=("d",)))
    eigenvalues = _checks.array("eigenvalues", eigenvalues, shape=ascending.shape)
    return jnp.sum(jnp.sort(eigenvalues)[::-1] * (ascending - ascending[0]))


def _levels(H: Hamiltonian) -> Levels:
    return H if H.ndim == 1 else spectral.eigenvalues(H)


def _dephased_passive_energy(rho: TensorLike, H: TensorLike, atol: float | Any | None) -> Scalar:
    state = _checks.density_matrix("rho", rho)
    hamiltonian = _checks.hamiltonian("H", H, dim=state.shape[0])
    if atol is not None:
        _checks.scalar("atol", atol, low=0)
    if _distinct_levels(H, atol):
        return passive_energy_of_spectrum(jnp.real(jnp.diag(state)), hamiltonian)
    levels, rotated = hamiltonian, state
    if hamiltonian.ndim == 2:
        levels, V = spectral.eigensystem(hamiltonian)
        rotated = spectral.rotated(V, state)
    label = spectral.clusters(levels, spectral.closeness(levels) if atol is None else atol)
    dephased = jnp.where(label[:, None] == label[None, :], rotated, jnp.zeros_like(rotated))
    return passive_energy_of_spectrum(spectral.eigenvalues(dephased), levels)


def _distinct_levels(H: TensorLike, atol: float | Any | None) -> bool:
    """Whether dephasing leaves a diagonal matrix: only known levels can tell."""
    if np.ndim(H) != 1 or not _checks.is_concrete((H, atol)):
        return False
    levels = np.asarray(H, float)
    apart = spectral.closeness(levels) if atol is None else atol
    return bool(np.all(np.diff(np.sort(levels)) > apart))
