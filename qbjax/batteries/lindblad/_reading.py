r"""Readings of a state of a Lindblad battery: its cell, populations, observables.

The state is a stack of packed blocks (`shifts.Stack`) or a ket, its basis states perhaps turned
(`_model.Layout`). Places and weights are arrays: operators of other values, and sizes that are
padded alike, are read by one program.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Complex, Float, Inexact, Int

from qbjax import merit
from qbjax.algebra import spectral
from qbjax.algebra.operators import partial_trace
from qbjax.algebra.packing import pack, unpack
from qbjax.batteries.lindblad._sparse import Slotted, SparseHamiltonian
from qbjax.dynamics.generator.kets import Ket
from qbjax.dynamics.generator.shifts import Stack

Hamiltonian = Float[Array, " c"] | Inexact[Array, "c c"] | SparseHamiltonian
"""A cell's: its levels, or a matrix."""


class Stored(NamedTuple):
    """The Hamiltonian of a cell, and of its factors where these do not interact; else nothing."""

    whole: Hamiltonian
    parts: tuple[Any, ...] = ()


class Weights(eqx.Module):
    """Weights of the populations, which lie at P places, and observables that are no such sums.

    Attributes:
        levels: the cell's level at every place; any where there is none.
        tops: 1 at the two highest levels of every truncated factor.
        diagonal: of the observables that are diagonal.
        others: places and weights of elements, of every other observable.
        names: of the diagonal observables, and of the others.
    """

    levels: Int[Array, " P"]
    tops: Float[Array, "modes P"]
    diagonal: Float[Array, "O P"]
    others: tuple[tuple[Array, ...], ...]
    names: tuple[tuple[str, ...], tuple[str, ...]] = eqx.field(static=True)


class Blocks(eqx.Module):
    r"""Readings of a stack, whose element at a place is $R_{ij}$ of $\rho = S + iA$, $R = S + A$.

    Attributes:
        weights: of its diagonals.
        cell: places of the cell's elements for every level of the rest, (c, c, r); None if nothing
            stores.
        turns: real and imaginary part of their phases, 0 between blocks; None where all are.
        basis: first place of the plane of every basis state, and its place there, (2, d); None
            where the stack is padded, and nobody looks at all of it.
        phases: of the basis states, (d,), likewise.
    """

    weights: Weights
    cell: Any
    turns: tuple[Float[Array, "c c r"] | None, Float[Array, "c c r"] | None]
    basis: Any
    phases: Any

    @property
    def stores(self) -> bool:
        """Whether anything does."""
        return self.cell is not None

    def populations(self, stacked: Stack) -> Float[Array, " P"]:
        """The populations, at the places of all diagonals."""
        sectors, n, _ = stacked.shape
        # Cut out with a stride: to gather takes several times as long.
        flat = stacked.reshape(sectors, n * n)
        return lax.slice(flat, (0, 0), (sectors, n * n), (1, n + 1)).ravel()

    def packed_cell(self, stacked: Stack) -> Float[Array, "c c"]:
        """The cell's packed state: the rest traced out."""
        here = _taken(stacked.ravel(), self.cell)
        parts = zip(self.turns, (here, here.swapaxes(0, 1)), strict=True)
        found = [jnp.sum(part * turn, axis=-1) for turn, part in parts if turn is not None]
        return sum(found, jnp.zeros(here.shape[:2]))

    def other(self, stacked: Stack, places, weights) -> Float[Array, ""]:
        """The expectation value of an observable with elements off the diagonal."""
        return jnp.sum(weights * _taken(stacked.ravel(), places))

    def density_matrix(self, stacked: Stack) -> Complex[Array, "d d"]:
        """The whole state, in the basis of the operators."""
        (plane, place), n = self.basis, stacked.shape[1]
        here = _taken(stacked.ravel(), plane[:, None] + n * place[:, None] + place[None, :])
        here = jnp.where(plane[:, None] == plane[None, :], here, 0.0)
        angles = self.phases[:, None] - self.phases[None, :]
        return unpack(here, real=False) * lax.complex(jnp.cos(angles), jnp.sin(angles))


class Rows(eqx.Module):
    """Readings of a ket; attributes as of `Blocks`.

    Attributes:
        cell: basis states by level of the cell and of the rest, (c, r); None if nothing stores.
    """

    weights: Weights
    cell: Any
    phases: Float[Array, " d"]

    @property
    def stores(self) -> bool:
        """Whether anything does."""
        return self.cell is not None

    def populations(self, psi: Ket) -> Float[Array, " P"]:
        """The populations of the basis states."""
        return jnp.sum(psi**2, axis=0)

    def packed_cell(self, psi: Ket) -> Float[Array, "c c"]:
        """The cell's packed state: the rest traced out."""
        joint = self._turned(psi)[self.cell]
        return pack(joint @ joint.conj().T)

    def other(self, psi: Ket, places, weights) -> Float[Array, ""]:
        """The expectation value of an observable with elements off the diagonal."""
        row, column = self._turned(psi)[places]
        return jnp.sum(jnp.real(weights * row * column.conj()))

    def density_matrix(self, psi: Ket) -> Complex[Array, "d d"]:
        """The ket's projector, in the basis of the operators."""
        turned = self._turned(psi)
        return turned[:, None] * turned.conj()[None, :]

    def _turned(self, psi: Ket) -> Complex[Array, " d"]:
        return lax.complex(*psi) * lax.complex(jnp.cos(self.phases), jnp.sin(self.phases))


Readings = Blocks | Rows | Slotted


def read_off(readings: Readings, hamiltonian: Any, y: Stack | Ket) -> dict[str, Any]:
    """Readings of a state that are linear in the density matrix.

    The packed cell and its energy, the populations of the top levels, the trace, and the user's own
    observables.

    Args:
        readings: of the battery.
        hamiltonian: of the cell.
        y: the state.
    """
    if isinstance(readings, Slotted):
        return readings.read_off(hamiltonian, y)
    weights, found = readings.weights, readings.populations(y)
    diagonal, others = weights.names
    own = dict(zip(diagonal, weights.diagonal @ found if diagonal else (), strict=True))
    for name, (places, factors) in zip(others, weights.others, strict=True):
        own[name] = readings.other(y, places, factors)
    seen = {
        "truncation": weights.tops @ found if len(weights.tops) else jnp.zeros(0),
        "trace": jnp.sum(found),
        "own": own,
    }
    if readings.cell is None:
        return seen
    packed = readings.packed_cell(y)
    if hamiltonian.ndim == 1:  # on its own, so that a caller's `jit` can leave out the rest
        energy = jnp.sum(_taken(hamiltonian - jnp.min(hamiltonian), weights.levels) * found)
    else:
        energy = merit.energy(unpack(packed, real=False), hamiltonian)
    return seen | {"energy": energy, "cell": packed}


def merits_of(
    stored: Stored,
) -> Callable[[Float[Array, ""], Float[Array, "c c"]], dict[str, Array]]:
    """The function from energy and packed state of a cell to its merits.

    Args:
        stored: Hamiltonian of the cell; eigenvectors of a matrix are found once.
    """
    if isinstance(stored.whole, SparseHamiltonian):
        return _of_pure(stored.parts)
    levels, vectors = stored.whole, None
    if levels.ndim == 2:
        levels, vectors = spectral.eigensystem(levels)

    def merits(energy, packed):
        rho = unpack(packed, real=False)
        local = {"local_ergotropy": _local(rho, stored.parts)} if stored.parts else {}
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
            **local,
        }

    return merits


def _of_pure(parts: tuple[Any, ...]) -> Callable:
    """Merits of a cell that is all there is, in a pure state: a unitary empties it."""

    def merits(energy, reduced):
        local = {"local_ergotropy": _work(reduced, parts)} if parts else {}
        return {"energy": energy, "ergotropy": energy, "purity": jnp.ones(()), **local}

    return merits


def _local(rho, parts: tuple[Any, ...]) -> Float[Array, ""]:
    """The work of unitaries on single factors: `merit.local_ergotropy`, of what is a state."""
    dims = [len(H) for H in parts]
    return _work([partial_trace(rho, dims, k) for k in range(len(dims))], parts)


def _work(reduced: Sequence[Any], parts: tuple[Any, ...]) -> Float[Array, ""]:
    return sum((merit.ergotropy(r, H) for r, H in zip(reduced, parts)), start=jnp.zeros(()))


def _taken(flat, places):
    """Elements at places that are known to be there: nothing need look whether they are."""
    return flat.at[places].get(mode="promise_in_bounds", wrap_negative_indices=False)
