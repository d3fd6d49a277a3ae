r"""Bounds on the power of a moment: what the state allows, whatever moves it.

With $P_k$ the population of the k-th energy $\epsilon_k$ of the cell and $\bar\epsilon$ the mean,

$$\dot E = \sum_k(\epsilon_k - \bar\epsilon)\sqrt{P_k}\,\frac{\dot P_k}{\sqrt{P_k}}
  \quad\Rightarrow\quad |\dot E| \le \sqrt{\mathrm{Var}\,H_B\; I}, \qquad
  I = \sum_k\frac{\dot P_k^2}{P_k}$$

(Cauchy–Schwarz; $\sum_k\dot P_k = 0$ puts $\bar\epsilon$ there), for open systems, too. Equal
energies count as one: so I is least. For two levels it is an equation.

References: L. P. García-Pintos, A. Hamma and A. del Campo, Phys. Rev. Lett. 125, 040601 (2020);
S. Julià-Farré, T. Salamon, A. Riera, M. N. Bera and M. Lewenstein, Phys. Rev. Research 2, 023113
(2020); H. P. Robertson, Phys. Rev. 34, 163 (1929).
"""

import jax.numpy as jnp

from qbjax import _checks
from qbjax._types import Scalar, TensorLike
from qbjax.algebra import spectral
from qbjax.merit.energetics import energy_variance

EMPTY = 1e-14
"""Population below which the quotient $\\dot P^2/P$ is rounding: such energies count apart."""


def information_power(rho: TensorLike, drho: TensorLike, H: TensorLike) -> Scalar:
    r"""The largest power that a state's spread of energy and its rate of change allow.

    $$|\dot E| \le \sqrt{\mathrm{Var}\,H\; I}, \qquad I = \sum_k\frac{\dot P_k^2}{P_k}$$

    The quotient has no value where an energy is empty. Such k are left out of both factors and
    counted one by one, $|\epsilon_k - \bar\epsilon||\dot P_k|$, which bounds the power as well: so
    the bound is finite, and has derivatives, in a ground state that is being pumped, too.

    Args:
        rho: state of the cell, (d, d).
        drho: its time derivative, Hermitian and of trace zero, (d, d).
        H: levels (d,) in any order, or Hamiltonian (d, d).

    Returns:
        a number ≥ `merit.instantaneous_power(drho, H)` and its negative, in the same unit.

    Raises:
        TypeError, ValueError: if `rho` is not a state, `drho` not Hermitian or of another size, or
            `H` does not fit them.

    Example:
        A qubit that turns is as fast as the bound:

        >>> import numpy as np
        >>> rho = np.array([[0.36, 0.48], [0.48, 0.64]])
        >>> information_power(rho, np.diag([-0.96, 0.96]), np.array([0.0, 1.0])).round(6).item()
        0.96

    Reference: L. P. García-Pintos et al., Phys. Rev. Lett. 125, 040601 (2020).
    """
    state = _checks.density_matrix("rho", rho)
    rate = _checks.hermitian("drho", drho, dim=state.shape[0])
    levels = _checks.hamiltonian("H", H, dim=state.shape[0])
    if levels.ndim == 1:
        P, dP = (jnp.real(jnp.diagonal(x)) for x in (state, rate))
    else:
        levels, V = spectral.eigensystem(levels)
        P, dP = (jnp.real(jnp.diagonal(spectral.rotated(V, x))) for x in (state, rate))
    label = spectral.clusters(levels, spectral.closeness(levels))
    same = (label[:, None] == label[None, :]).astype(float)
    # Every level of a cluster carries an equal share of it.
    share = 1 / jnp.sum(same, axis=1)
    P, dP, away = share * (same @ P), share * (same @ dP), levels - jnp.sum(P * levels)
    full = P > EMPTY
    spread = jnp.sum(jnp.where(full, P * away**2, 0.0))
    information = jnp.sum(jnp.where(full, dP**2 / jnp.where(full, P, 1.0), 0.0))
    apart = jnp.sum(jnp.where(full, 0.0, jnp.abs(away * dP)))
    return spectral.root(spread * information) + apart


def uncertainty_power(rho: TensorLike, H: TensorLike, charging: TensorLike) -> Scalar:
    r"""The largest power of a unitary charging, by what is uncertain of both Hamiltonians.

    $$|\dot E| = |\langle[H_C, H_B]\rangle| \le 2\,\Delta H_B\,\Delta H_C$$

    Rigorous for $\dot\rho = -i[H_C + D, \rho]$ with any D that commutes with $H_B$, of the whole
    system: where a charger has the energy, $H_B$ is that of the cell times the identity. Losses
    have a power of their own, which nothing here bounds.

    Args:
        rho: state of the whole, (d, d).
        H: $H_B$, levels (d,) or a matrix (d, d).
        charging: $H_C$, a matrix (d, d).

    Raises:
        TypeError, ValueError: if `rho` is not a state, or the Hamiltonians do not fit it.

    Example:
        >>> import numpy as np
        >>> rho = np.full((2, 2), 0.5)
        >>> sigma_y = np.array([[0.0, -1.0j], [1.0j, 0.0]])
        >>> uncertainty_power(rho, np.array([0.0, 1.0]), sigma_y).round(6).item()
        1.0

    Reference: S. Julià-Farré et al., Phys. Rev. Research 2, 023113 (2020).
    """
    _checks.hermitian("charging", charging)
    return 2 * spectral.root(_spread(rho, H)) * spectral.root(_spread(rho, charging))


def _spread(rho, H) -> Scalar:
    return jnp.maximum(energy_variance(rho, H), 0.0)
