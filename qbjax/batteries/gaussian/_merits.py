r"""Merits of Gaussian states, by their moments.

Of n modes with frequencies $\omega_k$ and symplectic eigenvalues $\nu_1 \ge \nu_2 \ge \dots$,

$$E = \sum_k\omega_k\big(\tfrac12(\sigma_{x_kx_k} + \sigma_{p_kp_k} + d_{x_k}^2 + d_{p_k}^2)
  - \tfrac12\big), \qquad E_\text{passive} = \sum_k\omega_k^\uparrow(\nu_k - \tfrac12):$$

no Gaussian unitary reaches less. All unitaries reach no less either of one mode, of a pure state,
and of all states whose passive one is thermal at a single temperature; else they may. They do not
reach less than the thermal state of the same entropy.

References: A. Serafini, "Quantum Continuous Variables" (2017); E. G. Brown, N. Friis and M. Huber,
New J. Phys. 18, 113028 (2016), Gaussian passivity; R. Simon, Phys. Rev. Lett. 84, 2726 (2000).
"""

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from qbjax.algebra import spectral
from qbjax.batteries.gaussian._ceiling import thermal_energy
from qbjax.batteries.gaussian._equation import Moments, symplectic_form

LEAST = 1 / 16
"""Least determinant of one mode's covariance that is believed: rounding leaves less than ¼."""

BLURRED = 1e-3
"""Relative error of rounding of a purity, or negativity, above which it is NaN: of strong squeezing
the small axis is lost beside the large one."""

ROUNDING = 64 * float(np.finfo(float).eps)
"""Relative error of rounding of a covariance, after some products of matrices."""

FEW = 16
"""Modes up to which a run tells the negativity of cell and charger at every saved time."""


def observables(moments: Moments, stored: tuple[int, ...], frequencies) -> dict[str, Array]:
    """Observables of a network, some modes of which are the cell, with `trace_defect`.

    The latter is how far the cell's moments are below uncertainty, relative to its size.
    """
    cell, modes = part(moments, stored), moments.mean.shape[0] // 2
    seen = energetics(cell, frequencies) | {"fano": fano(cell), "quanta": quanta(moments)}
    if len(stored) < modes <= FEW:
        seen["logarithmic_negativity"] = logarithmic_negativity(moments, stored)
    return seen


def part(moments: Moments, places) -> Moments:
    """The moments of some modes alone."""
    modes = moments.mean.shape[0] // 2
    keep = np.concatenate([np.array(places, int), np.array(places, int) + modes])
    return Moments(moments.mean[keep], moments.covariance[keep][:, keep])


def quanta(moments: Moments) -> Float[Array, " n"]:
    """Mean quanta of every mode."""
    squares = jnp.diagonal(moments.covariance) + moments.mean**2
    return jnp.sum(squares.reshape(2, -1), axis=0) / 2 - 0.5


def symplectic_eigenvalues(covariance: Float[Array, "q q"]) -> Float[Array, " n"]:
    r"""Symplectic eigenvalues, ascending: moduli of the spectrum of $i\Omega\sigma$.

    With $\sigma = CC^T$ they are those of the Hermitian $iC^T\Omega C$, of which eigenvalues alone
    are differentiated: no gap divides.
    """
    modes = len(covariance) // 2
    if modes == 1:
        squared = jnp.linalg.det(covariance)
        return jnp.sqrt(jnp.maximum(squared, LEAST))[None]
    C = jnp.linalg.cholesky(covariance)
    K = C.T @ symplectic_form(modes) @ C
    return spectral.eigenvalues(lax.complex(jnp.zeros_like(K), K))[modes:]


def energetics(cell: Moments, frequencies: Float[Array, " k"]) -> dict[str, Array]:
    """Energy, ergotropy and its parts, of the modes of a cell."""
    values = symplectic_eigenvalues(cell.covariance)
    displaced = frequencies * jnp.sum(cell.mean.reshape(2, -1) ** 2, axis=0) / 2
    energy = jnp.sum(frequencies * quanta(cell))
    passive = jnp.sum(jnp.sort(frequencies) * (values[::-1] - 0.5))
    displacement = jnp.sum(displaced)
    size = jnp.max(jnp.diagonal(cell.covariance))
    blurred = ROUNDING * (size / values[-1]) ** 2 > BLURRED
    ceiling = {}
    if len(values) > 1:
        ceiling["ergotropy_ceiling"] = energy - thermal_energy(values, frequencies)
    return {
        "energy": energy,
        "ergotropy": energy - passive,
        **ceiling,
        "displacement_ergotropy": displacement,
        "squeezing_ergotropy": energy - passive - displacement,
        "passive_energy": passive,
        "energy_variance": variance(cell, frequencies),
        "purity": jnp.where(blurred, jnp.nan, jnp.prod(0.5 / values)),
        "trace_defect": jnp.maximum(0.5 - values[0], 0.0) / jnp.trace(cell.covariance),
    }


def variance(cell: Moments, frequencies: Float[Array, " k"]) -> Float[Array, ""]:
    r"""Variance of the energy.

    $$\tfrac12\mathrm{Tr}(W\sigma W\sigma) + d^TW\sigma Wd - \tfrac14\sum_k\omega_k^2, \qquad
      W = \mathrm{diag}(\omega, \omega)$$
    """
    twice = jnp.concatenate([frequencies, frequencies])
    turned = twice * cell.mean
    spread = jnp.sum(twice[:, None] * cell.covariance**2 * twice[None, :]) / 2
    return spread + turned @ cell.covariance @ turned - jnp.sum(frequencies**2) / 4


def fano(cell: Moments) -> Float[Array, ""]:
    """Variance of the cell's quanta over their mean; NaN in the vacuum."""
    count = jnp.sum(quanta(cell))
    empty = count <= 0
    spread = variance(cell, jnp.ones(cell.mean.shape[0] // 2))
    return jnp.where(empty, jnp.nan, spread / jnp.where(empty, 1.0, count))


def logarithmic_negativity(moments: Moments, places) -> Float[Array, ""]:
    r"""Logarithmic negativity $\sum_k\max(0, -\log_22\tilde\nu_k)$ of some modes and the rest.

    $\tilde\nu$ are the symplectic eigenvalues after $p \to -p$ in these modes.
    """
    modes = moments.mean.shape[0] // 2
    host = np.ones(2 * modes)
    host[np.array(places, int) + modes] = -1.0
    signs = jnp.asarray(host)
    turned = signs[:, None] * moments.covariance * signs[None, :]
    values = symplectic_eigenvalues(turned)
    blurred = ROUNDING * jnp.max(jnp.diagonal(turned)) > BLURRED * values[0]
    return jnp.where(blurred, jnp.nan, jnp.sum(jnp.maximum(-jnp.log2(2 * values), 0.0)))
