r"""Merits of a chain, or of neighbouring sites in it, by the covariance.

Sites from one to another, in a state of definite parity, are as spins what they are as fermions.
With their own M, its modes' energies $\epsilon$ and the eigenvalues $\pm i\nu$ of their covariance,

$$E = \tfrac12\sum_{jk}M_{jk}Q_{jk} + \tfrac12\sum_k\epsilon_k, \qquad
  \rho \sim \bigotimes_k\mathrm{diag}\Big(\frac{1 + \nu_k}2, \frac{1 - \nu_k}2\Big), \qquad
  E_\text{Gaussian} = \sum_k\epsilon_k^\downarrow\frac{1 - \nu_k^\downarrow}2,$$

$$\mathrm{Var}\,H = \tfrac14\mathrm{Tr}\big(MM^T - QM^TQM^T + PMRM^T\big) .$$

$E_\text{Gaussian}$ is what Gaussian unitaries leave. All unitaries sort the $2^\ell$ eigenvalues
against the $2^\ell$ levels $\sum_{k\in S}\epsilon_k$: that is done up to `MOST` sites. Beyond, no
unitary leaves less than the thermal state of the same entropy. Of pure states all leave nothing.

One spin has no coherence: against its field it gives $\max(0, B_k(2n_k - 1))$. With its bonds it
turns in neighbours' fields. The best rotation of its axes, with
$m_{ij} = \langle\sigma^j_k\,\partial H/\partial\sigma^i_k\rangle$, leaves one of two energies,

$$W_k = \mathrm{Tr}\,m + \max\Big(\sqrt{(m_{xx} + m_{yy})^2 + (m_{xy} - m_{yx})^2} - m_{zz},\;
  \sqrt{(m_{xx} - m_{yy})^2 + (m_{xy} + m_{yx})^2} + m_{zz}\Big) .$$

References: I. Peschel, J. Phys. A 36, L205 (2003), reduced states; E. G. Brown, N. Friis and M.
Huber, New J. Phys. 18, 113028 (2016), Gaussian passivity; R. Salvia, G. De Palma and V.
Giovannetti, Phys. Rev. A 107, 012405 (2023), a spin with its bonds.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from qbjax.algebra import spectral
from qbjax.batteries.fermions._ceiling import occupied_entropy, thermal_energy
from qbjax.batteries.fermions._chain import Bands
from qbjax.batteries.fermions._modes import Blocks, Frame
from qbjax.merit.passivity import passive_energy_of_spectrum

MOST = 10
"""Most sites of which all eigenvalues and levels are sorted, 1024 of each."""


class Sites(NamedTuple):
    """The sites that store, and their Hamiltonian.

    Attributes:
        first, length: of the neighbouring sites.
        bands: their M.
        energies: ε of its modes, without signs.
        lowest: the energy of their ground state beside half of all fields.
        values: ν if they are all there are, which motion keeps; None for sites of a longer chain.
        pure: whether they are all there are, in a pure state.
    """

    first: int
    length: int
    bands: Bands
    energies: Float[Array, " k"]
    lowest: Float[Array, ""]
    values: Any
    pure: bool

    @property
    def here(self) -> slice:
        """The places of the sites."""
        return slice(self.first, self.first + self.length)


class Seen(NamedTuple):
    """Parts of a covariance that merits need.

    Attributes:
        near: of the block Q of all sites, what `Bands` has of M.
        twisted: of P and R, what is above the diagonal.
        size: squared norm of the covariance.
        variance: of the energy of the sites that store.
        part: covariance of these, unless they are all.
    """

    near: Bands
    twisted: tuple[Float[Array, " N"], Float[Array, " N"]]
    size: Float[Array, ""]
    variance: Float[Array, ""]
    part: Any


def seen_at_sites(at: Blocks, sites: Sites) -> Seen:
    """Reads a covariance of sites."""
    rows, columns = (jnp.roll(at.ab, -1, axis) for axis in (0, 1))
    near = Bands(*(jnp.diagonal(x) for x in (at.ab, columns, rows)))
    twisted = tuple(jnp.diagonal(jnp.roll(x, -1, axis=1)) for x in (at.aa, at.bb))
    part = Blocks(*(x[sites.here, sites.here] for x in at))
    spread = _variance_at_sites(part, sites)
    return Seen(near, twisted, size_of(at), spread, part if sites.values is None else None)


def seen_in(at: Blocks, sites: Sites, frame: Frame) -> Seen:
    """Reads a covariance in the modes of a frame."""
    U, V = frame
    X = U @ at.ab
    ahead, up, on = (jnp.roll(x, -1, axis=0) for x in (X, U, V))
    near = Bands(_rows(X, V), _rows(X, on), _rows(ahead, V))
    twisted = _rows(U @ at.aa, up), _rows(V @ at.bb, on)
    if sites.values is None:
        part = Frame(U[sites.here].T, V[sites.here].T).inward(at)
        return Seen(near, twisted, size_of(at), _variance_at_sites(part, sites), part)
    M = frame.seen(sites.bands)
    spread = _variance(at, lambda Y: M @ Y, lambda Y: M.T @ Y, sites)
    return Seen(near, twisted, size_of(at), spread, None)


def observables(chain: Bands, sites: Sites, seen: Seen, size: Any) -> dict[str, Array]:
    """Observables of a chain, some sites of which store, with `trace_defect`.

    The latter is how far the squared norm of the covariance, which motion keeps, has moved, in
    units of that of pure states.

    Args:
        chain: M of all sites.
        sites: those that store.
        seen: read off the covariance.
        size: squared norm of the covariance at the start.
    """
    near = seen.near
    bonds = (chain.above * near.above + chain.below * near.below) / 2
    filled = (1 + near.diagonal) / 2
    inner = sum(x[sites.here] @ y for x, y in zip(near, sites.bands, strict=True))
    local = jnp.maximum(chain.diagonal * near.diagonal, 0.0)
    values = sites.values if seen.part is None else modes_of(seen.part)
    return _extracted(inner / 2 - sites.lowest, values, sites) | {
        "local_ergotropy": jnp.sum(local[sites.here]),
        "energy_variance": seen.variance,
        "site_ergotropies": _of_single_sites(chain, seen),
        "occupations": filled,
        "energy_density": chain.diagonal * filled + (bonds + jnp.roll(bonds, 1)) / 2,
        "trace_defect": jnp.abs(seen.size - size) / (2 * filled.size),
    }


def _of_single_sites(chain: Bands, seen: Seen) -> Float[Array, " N"]:
    """Ergotropy of every spin alone, its bonds to neighbours included."""
    Q, (P, R) = seen.near, seen.twisted

    def last(x):
        return jnp.roll(x, 1)

    alike = [(x + last(x)) / 2 for x in (chain.below * Q.below, chain.above * Q.above)]
    crossed = [
        (chain.below * P - last(chain.below * R)) / 2,
        (last(chain.above * P) - chain.above * R) / 2,
    ]
    (xx, yy), (xy, yx), zz = alike, crossed, chain.diagonal * Q.diagonal / 2
    kept = spectral.root((xx + yy) ** 2 + (xy - yx) ** 2) - zz
    turned = spectral.root((xx - yy) ** 2 + (xy + yx) ** 2) + zz
    return xx + yy + zz + jnp.maximum(kept, turned)


def _rows(X: Float[Array, "N N"], Y: Float[Array, "N N"]) -> Float[Array, " N"]:
    """The products of the rows of one matrix with those of another."""
    return jnp.sum(X * Y, axis=1)


def modes_of(at: Blocks) -> Float[Array, " k"]:
    """The values ν of a covariance, ascending: moduli of its eigenvalues ±iν."""
    G = at.whole()
    return spectral.eigenvalues(lax.complex(jnp.zeros_like(G), G))[len(at.ab) :]


def _extracted(energy, values, sites: Sites) -> dict[str, Array]:
    """Energy, ergotropy, and what of the state's spectrum they depend on."""
    empty = (1 - values) / 2
    gaussian, entropy = energy - jnp.sum(jnp.sort(sites.energies) * empty), occupied_entropy(empty)
    told = {"energy": energy, "ergotropy": gaussian, "gaussian_ergotropy": gaussian}
    if sites.length <= MOST and not sites.pure:
        filled = np.indices((2,) * sites.length).reshape(sites.length, -1).T
        share = empty[None, :]
        weights = jnp.prod(jnp.where(filled == 1, share, 1 - share), axis=1)
        passive = passive_energy_of_spectrum(weights, filled.astype(float) @ sites.energies)
        told["ergotropy"] = energy - passive
    elif not sites.pure:
        told["ergotropy_ceiling"] = energy - thermal_energy(entropy, sites.energies)
    purity = jnp.prod(1 - 2 * empty * (1 - empty))
    return told | {"entropy": entropy, "purity": purity}


def _variance_at_sites(at: Blocks, sites: Sites) -> Float[Array, ""]:
    """The variance of the energy, by the covariance of the sites that store."""
    return _variance(at, sites.bands.times, sites.bands.transposed.times, sites)


def _variance(at: Blocks, times, transposed, sites: Sites) -> Float[Array, ""]:
    """The variance of the energy, by the products of M and Mᵀ with what they are given."""
    turned = times(at.ab.T)
    lost = jnp.sum(turned * turned.T) - jnp.sum(transposed(at.aa) * times(at.bb).T)
    return (sum(jnp.sum(x**2) for x in sites.bands) - lost) / 4


def size_of(at: Blocks) -> Float[Array, ""]:
    """The squared norm of a covariance."""
    return jnp.sum(at.aa**2) + 2 * jnp.sum(at.ab**2) + jnp.sum(at.bb**2)
