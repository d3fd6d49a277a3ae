r"""The packed state of a Lindblad battery, made of a density matrix or a ket, and readings of it.

All blocks lie in one array (`shifts.stack`), or the state is a ket; basis states may be turned
(`_model.Layout`).
"""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
from jax import lax
from jaxtyping import Array, Complex, Float, Inexact

from qbjax import merit
from qbjax.algebra import spectral
from qbjax.algebra.packing import pack, unpack
from qbjax.batteries.lindblad import _model as models
from qbjax.batteries.lindblad._model import Model
from qbjax.dynamics.generator import kets
from qbjax.dynamics.generator.kets import Ket
from qbjax.dynamics.generator.shifts import Stack, stack
from qbjax.interface.states import State

Hamiltonian = Float[Array, " c"] | Inexact[Array, "c c"]
"""A cell's: its levels, or a matrix."""


def moving_part(structure, state: State) -> Stack | Ket:
    """The part of a state that is integrated: all its blocks in one array, or the ket."""
    return state.content if state.layout.pure else stack(structure, state.content)


def packed_blocks(model: Model, sectored: bool, rho):
    """The blocks of a density matrix; coherence between sectors is dropped."""
    layout = models.layout(model, sectored)
    turn = np.exp(1j * layout.phases)
    packed = pack(rho * (turn.conj()[:, None] * turn[None, :]))
    return tuple(packed[np.ix_(s.states, s.states)] for s in layout.structure.sectors)


def ket(model: Model, psi) -> Float[Any, "2 d"]:
    """A ket, in the phases in which it moves."""
    return kets.split(psi * np.exp(-1j * models.layout(model, False).phases))


def elements(model: Model, sectored: bool, stacked: Stack | Ket, rows, columns):
    r"""Complex elements $\rho_{ij}$ of a stacked state, or of a ket's projector."""
    phases = models.layout(model, sectored).phases
    if stacked.ndim == 2:
        psi = lax.complex(*stacked) * np.exp(1j * phases)
        return psi[np.asarray(rows)] * psi[np.asarray(columns)].conj()
    places = models.places(model, sectored, rows, columns)
    flat = stacked.ravel()
    here, there = flat[places.here], flat[places.there]
    turn = places.present * np.exp(1j * (phases[np.asarray(rows)] - phases[np.asarray(columns)]))
    return lax.complex((here + there) / 2, (here - there) / 2) * turn


def density_matrix(model: Model, sectored: bool, stacked: Stack | Ket) -> Complex[Array, "d d"]:
    """The whole state, in the basis of the operators."""
    rows, columns = np.indices((model.dimension, model.dimension))
    return elements(model, sectored, stacked, rows, columns)


def cell(model: Model, sectored: bool, stacked: Stack | Ket) -> Complex[Array, "c c"]:
    """The cell's state: the rest traced out."""
    joint = model.joint()
    rows, columns = np.broadcast_arrays(joint[:, None], joint[None, :])
    return jnp.sum(elements(model, sectored, stacked, rows, columns), axis=-1)


def populations(model: Model, sectored: bool, stacked: Stack | Ket) -> Float[Array, " d"]:
    """The populations of the basis states."""
    if stacked.ndim == 2:
        return jnp.sum(stacked**2, axis=0)
    sectors, n, _ = stacked.shape
    # Cut out with a stride: to gather takes several times as long.
    flat = stacked.reshape(sectors, n * n)
    diagonals = lax.slice(flat, (0, 0), (sectors, n * n), (1, n + 1)).ravel()
    basis = np.arange(model.dimension)
    sector, place = np.divmod(models.places(model, sectored, basis, basis).here, n * n)
    order = sector * n + place // (n + 1)
    return diagonals if np.array_equal(order, basis) else diagonals[order]


def expectation(model: Model, sectored: bool, stacked: Stack | Ket, operator) -> Float[Array, ""]:
    r"""The expectation value $\mathrm{Tr}(O\rho)$ of a sparse Hermitian matrix."""
    coo = sp.coo_array(operator)
    if np.array_equal(coo.row, coo.col):
        weights = np.zeros(model.dimension)
        np.add.at(weights, coo.row, np.real(coo.data))
        return jnp.sum(weights * populations(model, sectored, stacked))
    if stacked.ndim == 2:
        found = elements(model, sectored, stacked, coo.col, coo.row)
        return jnp.sum(jnp.real(coo.data.astype(complex) * found))
    # As one real sum: ρ_ij = (R_ij + R_ji)/2 + i(R_ij − R_ji)/2, up to the phases of i and j.
    places = models.places(model, sectored, coo.col, coo.row)
    phases = models.layout(model, sectored).phases
    turned = coo.data * places.present * np.exp(1j * (phases[coo.col] - phases[coo.row])) / 2
    weights = np.concatenate([turned.real - turned.imag, turned.real + turned.imag])
    return jnp.sum(weights * stacked.ravel()[np.concatenate([places.here, places.there])])


def top_populations(model: Model, sectored: bool, stacked: Stack | Ket) -> Float[Array, " modes"]:
    """The populations of the two highest levels of every truncated factor."""
    found = populations(model, sectored, stacked)
    tops = [np.flatnonzero(model.levels_of(k) >= model.dims[k] - 2) for k in model.watched]
    return jnp.stack([jnp.sum(found[top]) for top in tops]) if tops else jnp.zeros(0)


def read_off(
    model: Model, hamiltonian: Hamiltonian, sectored: bool, stacked: Stack | Ket
) -> dict[str, Any]:
    """Readings of a state that are linear in the density matrix.

    The packed cell and its energy, the populations of the top levels, the trace, and the user's own
    observables.

    Args:
        model: the operators.
        hamiltonian: of the cell.
        sectored: whether the state is in blocks of the conserved charge.
        stacked: the state.
    """
    seen = {
        "truncation": top_populations(model, sectored, stacked),
        "trace": jnp.sum(populations(model, sectored, stacked)),
        "own": {
            name: expectation(model, sectored, stacked, operator)
            for name, operator in model.observables.items()
        },
    }
    return seen | (_read_cell(model, hamiltonian, sectored, stacked) if model.cell else {})


def _read_cell(model: Model, H: Hamiltonian, sectored: bool, stacked) -> dict[str, Array]:
    reduced = cell(model, sectored, stacked)
    if H.ndim == 1:  # on its own, so that a caller's `jit` can leave out the rest
        joint = populations(model, sectored, stacked)[model.joint()]
        energy = jnp.sum((H - jnp.min(H)) * jnp.sum(joint, axis=-1))
    else:
        energy = merit.energy(reduced, H)
    return {"energy": energy, "cell": pack(reduced)}


def merits_of(
    hamiltonian: Hamiltonian,
) -> Callable[[Float[Array, ""], Float[Array, "c c"]], dict[str, Array]]:
    """The function from energy and packed state of a cell to its merits.

    Args:
        hamiltonian: of the cell; eigenvectors of a matrix are found once.
    """
    levels, vectors = hamiltonian, None
    if hamiltonian.ndim == 2:
        levels, vectors = spectral.eigensystem(hamiltonian)

    def merits(energy, packed):
        rho = unpack(packed, real=False)
        if vectors is not None:
            rho = spectral.rotated(vectors, rho)
        ergotropy = energy - merit.passive_energy(rho, levels)
        incoherent = merit.incoherent_ergotropy(rho, levels)
        return {
            "energy": energy,
            "ergotropy": ergotropy,
            "coherent_ergotropy": ergotropy - incoherent,
            "incoherent_ergotropy": incoherent,
            "purity": merit.purity(rho),
        }

    return merits
