r"""Ergotropy of the parts of a composite system, and the work locked in correlations.

For $H = \sum_k H_k$, factors that do not interact, a product of local unitaries extracts the
ergotropies of the reduced states, and what a global unitary extracts beyond them is locked in
correlations:

$$W_\text{local} = \sum_k W(\rho_k, H_k), \qquad W(\rho, H) - W_\text{local} \ge 0.$$

With an interaction, the best unitary on a factor solves an assignment problem that has no closed
form, but for a qubit. Let
$M_{ij} = \tfrac12\mathrm{Tr}[\mathrm{Tr}_q(\sigma_i\rho)\,\mathrm{Tr}_q(\sigma_jH)]$, with partial
traces over the qubit inside and one over the rest outside. A unitary on the qubit turns the energy
$\mathrm{Tr}\,M$ into $\mathrm{Tr}\,R^TM$ with a rotation R, and

$$\min_{R\in SO(3)}\mathrm{Tr}\,R^TM = -s_1 - s_2 + \mathrm{sgn}(\det M)\,s_3.$$

References: A. Mukherjee, A. Roy, S. S. Bhattacharya, M. Banik, Phys. Rev. E 93, 052140 (2016),
the gap; G. M. Andolina et al., Phys. Rev. Lett. 122, 047702 (2019), the ergotropy of a part;
R. Salvia, G. De Palma, V. Giovannetti, Phys. Rev. A 107, 012405 (2023), local work with an
interaction.
"""

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax._types import Rho, Scalar, TensorLike
from qbjax.algebra import spectral
from qbjax.algebra.operators import partial_trace
from qbjax.merit.passivity import ergotropy, passive_energy_of_spectrum

PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
"""The Pauli matrices σ_x, σ_y, σ_z; any basis of the qubit will do."""


def local_ergotropy(
    rho: TensorLike, hamiltonians: Sequence[TensorLike] | Any, factor: int | Any | None = None
) -> Scalar:
    r"""Largest work that unitaries on the single factors extract.

    $$W_\text{local} = \sum_k W(\rho_k, H_k), \qquad \rho_k = \mathrm{Tr}_{\ne k}\,\rho$$

    Args:
        rho: density matrix (D, D) of all factors, D the product of their levels.
        hamiltonians: of every factor, in the order of the tensor product: levels (d,) or matrices
            (d, d). They are all the energy there is: the factors do not interact.
        factor: the only one to be acted on; None for all.

    Returns:
        a number from 0 to the global ergotropy, in the units of the Hamiltonians.

    Raises:
        TypeError, ValueError: if `rho` is not a state, a Hamiltonian is none, or they do not fit.

    Example:
        A Bell state holds all its work in correlations:

        >>> bell = np.outer([1.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 1.0]) / 2
        >>> qubit = np.array([0.0, 1.0])
        >>> round(float(local_ergotropy(bell, [qubit, qubit])), 6)
        0.0

    References: Andolina et al. (2019), for one factor.
    """
    state, parts = _parts(rho, hamiltonians)
    sizes = [len(H) for H in parts]
    chosen = range(len(parts))
    if factor is not None:
        chosen = range(n := _checks.integer("factor", factor, low=0, high=len(parts) - 1), n + 1)
    return sum(
        (ergotropy(partial_trace(state, sizes, k), parts[k]) for k in chosen), start=jnp.zeros(())
    )


def ergotropic_gap(rho: TensorLike, hamiltonians: Sequence[TensorLike] | Any) -> Scalar:
    r"""Work that is locked in correlations: the global ergotropy less the local one.

    $$W(\rho, \textstyle\sum_k H_k) - \sum_k W(\rho_k, H_k)
      = \sum_k E_\text{passive}(\rho_k) - E_\text{passive}(\rho)$$

    Returns a number ≥ 0, in the units of the Hamiltonians; arguments and errors are those of
    `local_ergotropy`. Products may have a gap, too (two qubits that are passive, but not together);
    pure states have one if and only if they are entangled. Source: Mukherjee et al. (2016).

    Example:
        >>> bell = np.outer([1.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 1.0]) / 2
        >>> qubit = np.array([0.0, 1.0])
        >>> round(float(ergotropic_gap(bell, [qubit, qubit])), 6)
        1.0
    """
    state, parts = _parts(rho, hamiltonians)
    sizes = [len(H) for H in parts]
    levels = [H if H.ndim == 1 else spectral.eigenvalues(H) for H in parts]
    total = jnp.zeros(1)
    for energies in levels:
        total = (total[:, None] + energies[None, :]).ravel()
    # The energies cancel: each of the four terms with its own ground state would lose digits.
    gap = -passive_energy_of_spectrum(spectral.eigenvalues(state), total)
    for k, energies in enumerate(levels):
        reduced = spectral.eigenvalues(partial_trace(state, sizes, k))
        gap += passive_energy_of_spectrum(reduced, energies)
    return gap


def qubit_ergotropy(
    rho: TensorLike, H: TensorLike, dims: Sequence[int] | Any, factor: int | Any
) -> Scalar:
    r"""Largest work that unitaries on one qubit extract, interactions included.

    $$W = \mathrm{Tr}\,M + s_1 + s_2 - \mathrm{sgn}(\det M)\,s_3$$

    with the singular values s of the 3 × 3 matrix M (see the module). Without an interaction it is
    the ergotropy of the qubit's reduced state; with one, of what `local_ergotropy` cannot tell.

    Args:
        rho: density matrix (D, D) of all factors, D the product of `dims`.
        H: levels (D,) or Hamiltonian (D, D) of everything.
        dims: levels of every factor.
        factor: index of the qubit.

    Returns:
        a number from 0 to the global ergotropy, in the units of H.

    Raises:
        TypeError, ValueError: if the factor has not two levels (no closed form is known), `rho` is
        not a state, or the pieces do not fit.

    Example:
        Two qubits in the higher Bell state of an exchange: a phase flip on one of them leads to the
        lower.

        >>> exchange = np.zeros((4, 4)); exchange[1, 2] = exchange[2, 1] = 0.5
        >>> bell = np.outer([0.0, 1.0, 1.0, 0.0], [0.0, 1.0, 1.0, 0.0]) / 2
        >>> round(float(qubit_ergotropy(bell, exchange, (2, 2), 0)), 6)
        1.0

    References:
        Salvia, De Palma, Giovannetti (2023), the closed formula for a local two-level system.
    """
    sizes = _checks.dimensions("dims", dims)
    k = _checks.integer("factor", factor, low=0, high=len(sizes) - 1)
    if sizes[k] != 2:
        raise ValueError(
            f"Argument `factor` must be a qubit, but has {sizes[k]} levels: with an interaction "
            "the best local unitary is known for two alone."
        )
    D = math.prod(sizes)
    state = _checks.density_matrix("rho", rho, dim=D)
    hamiltonian = _checks.hamiltonian("H", H, dim=D)
    if hamiltonian.ndim == 1:
        hamiltonian = jnp.diag(hamiltonian)
    before = math.prod(sizes[:k])
    X, Y = (_against_pauli(A, before) for A in (state, hamiltonian))
    M = jnp.real(jnp.einsum("iab,jba->ij", X, Y)) / 2
    return jnp.trace(M) + _farthest(-M)


def _parts(rho: TensorLike, hamiltonians: Sequence[TensorLike] | Any) -> tuple[Rho, list[Any]]:
    _checks.sequence("hamiltonians", hamiltonians)
    parts = [_checks.hamiltonian(f"hamiltonians[{k}]", H) for k, H in enumerate(hamiltonians)]
    if not parts:
        raise ValueError("Argument `hamiltonians` must hold one per factor, but is empty.")
    return _checks.density_matrix("rho", rho, dim=math.prod(len(H) for H in parts)), parts


@jax.custom_jvp
def _farthest(M: Float[Array, "3 3"]) -> Scalar:
    """The maximum of Tr RᵀM over rotations R: s₁ + s₂ + sgn(det M) s₃."""
    return jnp.sum(_rotation(M) * M)


@_farthest.defjvp
def _farthest_jvp(primals, tangents) -> tuple[Scalar, Scalar]:
    # The slope is the rotation itself, also where s₃ = 0, as without an interaction: there that
    # of s₃ alone has no sign.
    (M,), (change,) = primals, tangents
    R = _rotation(M)
    return jnp.sum(R * M), jnp.sum(R * change)


def _rotation(M: Float[Array, "3 3"]) -> Float[Array, "3 3"]:
    U, _, Vh = jnp.linalg.svd(M)
    signs = jnp.stack([1.0, 1.0, jnp.linalg.det(U) * jnp.linalg.det(Vh)])
    return (U * signs[None, :]) @ Vh


def _against_pauli(A: Rho, before: int):
    """The matrices Tr_q σ_i A for the three σ, each on the rest: shape (3, r, r)."""
    after = A.shape[0] // (2 * before)
    apart = A.astype(complex).reshape(before, 2, after, before, 2, after)
    rest = before * after
    return jnp.einsum("iqp,apbcqd->iabcd", PAULI, apart).reshape(3, rest, rest)
