"""Readings of an ensemble's state: quanta, photons, and the blocks of its spins.

Blocks of the spins lie in one array, each at its own quanta k of 0 … N: of the density matrix
(Q, N + 1, N + 1), packed and between turned levels; or where quanta are counted by photons, so that
no two levels of the spins cohere, their populations (Q, N + 1).
"""

import functools
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Complex, Float, Int

from qbjax import _checks
from qbjax.algebra.packing import pack, unpack
from qbjax.batteries.ensemble import _model as models
from qbjax.batteries.ensemble._model import Form, Model, Sector

Blocks = Float[Array, "Q k"] | Float[Array, "Q k k"]


class Readings(eqx.Module):
    """The places at which states of a form are read.

    Attributes:
        quanta, photons: weights of the populations of the levels, (d,).
        top: of those that are watched, (modes, d).
        diagonal: places of the populations in a stack; None for a ket.
        cell: places of the spins' blocks, by level of the cavity: of elements or populations in a
            stack, (Q, k, k, n) or (Q, k, n), of amplitudes in a ket, (1, k, n).
        there: 1 where there are any, else 0.
    """

    quanta: Float[Array, " d"]
    photons: Float[Array, " d"]
    top: Float[Array, "modes d"]
    diagonal: Any
    cell: Int[Array, "..."]
    there: Float[Array, "..."]

    def read(self, y: Array, *, uncohered: bool) -> dict[str, Array]:
        """Reads what is linear in the density matrix; `uncohered` if populations are all."""
        if self.diagonal is None:
            populations, cell = jnp.sum(y**2, axis=0), self._of_ket(y, uncohered)
        else:
            flat = y.ravel()
            populations = _taken(flat, self.diagonal)
            cell = jnp.sum(_taken(flat, self.cell) * self.there, axis=-1)
        return {
            "quanta": self.quanta @ populations,
            "photons": self.photons @ populations,
            "truncation": self.top @ populations,
            "trace": jnp.sum(populations),
            "cell": cell,
        }

    def _of_ket(self, y, uncohered: bool) -> Blocks:
        real, imaginary = (_taken(row, self.cell[0]) * self.there[0] for row in y)
        if uncohered:
            return jnp.sum(real**2 + imaginary**2, axis=-1)[None]
        joint = lax.complex(real, imaginary)
        return pack(joint @ joint.conj().T)[None]


class Places(NamedTuple):
    """The levels of a basis, and the plane and place of each in a stack."""

    basis: models.Levels
    plane: Int[np.ndarray, " d"]
    place: Int[np.ndarray, " d"]
    size: int

    def flat(self, row, column):
        """Places of elements in a stack laid out in a line."""
        return (self.plane[row] * self.size + self.place[row]) * self.size + self.place[column]


def is_uncohered(model: Model, form: Form) -> bool:
    """Whether no two levels of the spins cohere, for photons tell them apart."""
    told = form.sectored or form.sector is not None
    return told and model.conserves and not model.counter_rotating


@functools.lru_cache(maxsize=64)
def readings(model: Model, pure: bool, sectored: bool, sector: Sector | None) -> Readings:
    """The readings of states of a form."""
    found = places(model, sectored, sector)
    q, k, n = found.basis
    uncohered = is_uncohered(model, Form(pure, sectored, sector, True))
    index = np.full((model.blocks, model.spins + 1, model.room), -1)
    index[q, k, n] = np.arange(q.size)
    every = np.arange(q.size)
    if pure:
        cell, there = np.where(index < 0, 0, index), index >= 0
    elif uncohered:
        cell, there = np.where(index < 0, 0, found.flat(index, index)), index >= 0
    else:
        row, column = index[:, :, None, :], index[:, None, :, :]
        there = (row >= 0) & (column >= 0) & (found.plane[row] == found.plane[column])
        cell = np.where(there, found.flat(row, column), 0)
    top = _watched(model, found.basis, sector)
    quanta, photons, top = (_checks.settled(x.astype(float)) for x in (k, n, top))
    return Readings(
        quanta,
        photons,
        top,
        None if pure else _checks.settled(found.flat(every, every)),
        _checks.settled(cell),
        _checks.settled(there.astype(float)),
    )


def cell(model: Model, form: Form, blocks: Blocks) -> Complex[Array, "D D"]:
    """The density matrix of the spins, its blocks side by side."""
    q, k = models.spin_levels(model)
    if blocks.ndim == 2:
        return jnp.diag(blocks[q, k]).astype(complex)
    same = q[:, None] == q[None, :]
    packed = jnp.where(same, blocks[q[:, None], k[:, None], k[None, :]], 0.0)
    return unpack(packed, real=form.real).astype(complex) * turns(k)


def density_matrix(model: Model, form: Form, content: Array) -> Complex[Array, "DL DL"]:
    """The density matrix of spins and cavity, in the order of `models.levels`."""
    basis = models.levels(model)
    if form.pure:
        place = models.levels(model, form.sector)
        index = np.full((1, model.spins + 1, model.room), -1)
        index[tuple(basis)] = np.arange(basis.q.size)
        psi = jnp.zeros(basis.q.size, complex)
        psi = psi.at[index[tuple(place)]].set(lax.complex(*content))
        return psi[:, None] * psi.conj()[None, :] * turns(basis.k)
    found = places(model, form.sectored, form.sector)
    index = np.full((model.blocks, model.spins + 1, model.room), -1)
    index[tuple(found.basis)] = np.arange(found.basis.q.size)
    row, column = index[tuple(basis)][:, None], index[tuple(basis)][None, :]
    same = (row >= 0) & (column >= 0) & (found.plane[row] == found.plane[column])
    flat = np.where(same, found.flat(row, column), 0)
    packed = jnp.where(same, _taken(content.ravel(), flat), 0.0)
    return unpack(packed, real=form.real).astype(complex) * turns(basis.k)


@functools.lru_cache(maxsize=64)
def places(model: Model, sectored: bool, sector: Sector | None) -> Places:
    """The places of all levels in a stack."""
    structure = models.structure(model, sectored, sector)
    plane, place = np.zeros((2, structure.dimension), dtype=int)
    for s, (span, part) in enumerate(zip(structure.spans, structure.sectors, strict=True)):
        plane[part.states] = s
        place[part.states] = np.arange(span.start, span.stop)
    return Places(models.levels(model, sector), plane, place, structure.room[1])


def _watched(model: Model, basis: models.Levels, sector: Sector | None):
    """The levels that are watched, of every mode.

    Of the cavity those from which the coupling, or what comes after it, would lead above its top:
    without counter-rotating terms only quanta that the spins still have can do so. Of the quanta
    lost those that have lost the most, of which noise takes no more.
    """
    _, k, n = basis
    found = []
    if model.cut:
        near = n >= model.levels - 2
        found.append(near if model.counter_rotating else near & (k + n >= model.levels))
    if model.lost is not None:
        low = sector.low if sector else 0
        found.append((models.charge(model, k, n) == low) & (low > 0))
    return np.array(found, bool).reshape(len(found), k.size)


def phases(k) -> Complex[np.ndarray, " d"]:
    """Phases $i^k$, exact."""
    return np.array([1, 1j, -1, -1j])[k % 4]


def turns(k) -> Complex[np.ndarray, "d d"]:
    """Phases of elements between turned levels."""
    return np.outer(phases(k), phases(k).conj())


def _taken(flat, places):
    """Elements at places that are known to be there."""
    return flat.at[places].get(mode="promise_in_bounds", wrap_negative_indices=False)
