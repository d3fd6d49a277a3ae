"""The places at which a Lindblad battery's states are read, found on the host once per model."""

import functools
import math
from typing import Any

import numpy as np
import scipy.sparse as sp
from jax import lax
from jaxtyping import Float, Int

from qbjax import _checks, _sizes
from qbjax.algebra.operators import partial_trace
from qbjax.algebra.packing import pack
from qbjax.batteries.lindblad import _model as models
from qbjax.batteries.lindblad import _operators as operators
from qbjax.batteries.lindblad import _sparse as sparse
from qbjax.batteries.lindblad._factors import blocks_of_ket, blocks_of_matrix, of_ket
from qbjax.batteries.lindblad._model import Model
from qbjax.batteries.lindblad._reading import Blocks, Readings, Rows, Weights
from qbjax.batteries.lindblad._room import Room
from qbjax.dynamics.generator import kets, shifts
from qbjax.interface import State


@functools.lru_cache(maxsize=64)
def readings(model: Model, sectored: bool, pure: bool, room: Room | None = None) -> Readings:
    """The readings of a model's states.

    Args:
        model: the operators.
        sectored: whether there is a block per value of the conserved charge.
        pure: whether the state is a ket.
        room: of the stack and its cell; None for what they take.
    """
    if model.stored is not None:
        return sparse.slotted(model)
    layout = models.layout(model, sectored)
    phases = _checks.settled(layout.phases)
    if pure:
        weights = _weights(model, np.arange(model.dimension), model.dimension, _ket_elements)
        return Rows(weights, _checks.settled(model.joint()) if model.cell else None, phases)
    count, n = layout.structure.room if room is None else room.stack
    plane, place = _basis(model, sectored)

    def elements(coo):
        found = _elements(coo, (plane, place), layout.phases, n)
        # Their number, too, is one that neighbours have.
        return (
            found if room is None else [_sizes.padded(x, (_sizes.rounded(x.size),)) for x in found]
        )

    cell, turns = _cell(model, (plane, place), layout.phases, n, room)
    return Blocks(
        _weights(model, plane * n + place, count * n, elements),
        cell,
        turns,
        None if room else _checks.settled(np.stack([plane * n * n, place])),
        None if room else phases,
    )


def whole(model: Model, state: State) -> Any:
    """The density matrix of a state, or its ket where it is a large one."""
    if model.stored is not None:
        return lax.complex(*state.content)
    return readings(model, *state.layout).density_matrix(state.content)


def reduced(model: Model, state: State, factors: Any):
    """Density matrix of some factors (`Lindblad.reduced`)."""
    keep = sorted(operators.factors("factors", factors, model.dims))
    _checks.room("factors", keep, 2 * math.prod(model.dims[k] for k in keep) ** 2, "their state")
    if model.stored is not None:
        return of_ket(state.content, model.dims, keep)
    return partial_trace(whole(model, state), model.dims, keep)


def blocks(model: Model, state: State, size: int):
    """Density matrices of all blocks of neighbours, of factors of two levels."""
    if model.stored is not None:
        return blocks_of_ket(state.content, size)
    return blocks_of_matrix(whole(model, state), size)


def packed(model: Model, sectored: bool, rho):
    """A density matrix as a stack of its blocks; coherence between sectors is dropped."""
    structure, phases = models.layout(model, sectored)
    turn = np.exp(1j * phases)
    whole = pack(rho * (turn.conj()[:, None] * turn[None, :]))
    blocks = [whole[np.ix_(s.states, s.states)] for s in structure.sectors]
    if not isinstance(whole, np.ndarray):
        return shifts.stack(structure, tuple(blocks))
    stacked = np.zeros((*structure.room, structure.room[1]))
    for s, span in enumerate(structure.spans):
        stacked[s, span, span] = blocks[s]
    return stacked


def ket(model: Model, psi) -> Float[Any, "2 d"]:
    """A ket, in the phases in which it moves."""
    return kets.split(psi * np.exp(-1j * models.layout(model, False).phases))


def _basis(model: Model, sectored: bool) -> tuple[Int[np.ndarray, " d"], Int[np.ndarray, " d"]]:
    """Plane of every basis state, and its place in there."""
    plane, place = np.zeros((2, model.dimension), dtype=int)
    structure = models.layout(model, sectored).structure
    for s, (span, sector) in enumerate(zip(structure.spans, structure.sectors, strict=True)):
        plane[sector.states] = s
        place[sector.states] = np.arange(span.start, span.stop)
    return plane, place


def _cell(model: Model, basis, phases, n: int, room: Room | None):
    """Places of the cell's elements, and their turns."""
    if not model.cell:
        return None, (None, None)
    joint = model.joint()
    (plane, place), phase = (x[joint] for x in basis), phases[joint]
    here = (plane * n + place)[:, None] * n + place[None, :]
    turns = (plane[:, None] == plane[None, :]) * np.exp(1j * (phase[:, None] - phase[None, :]))
    # Elements that lie in no block: any place will do.
    here = np.where(turns == 0, 0, here)
    if room is not None:
        here, turns = (_sizes.padded(x, (room.cell, room.cell, room.rest)) for x in (here, turns))
    parts = tuple(_checks.settled(x) if x.any() else None for x in (turns.real, turns.imag))
    return _checks.settled(here), parts


def _weights(model: Model, places, size: int, elements) -> Weights:
    """Weights of populations that lie at some places, one per basis state, out of a number."""

    def row(values):
        found = np.zeros(size, np.asarray(values).dtype)
        found[places] = values
        return found

    tops = [row((model.levels_of(k) >= model.dims[k] - 2) * 1.0) for k in model.watched]
    levels = np.zeros(model.dimension, int)
    if model.cell:
        joint = model.joint()
        levels[joint] = np.arange(len(joint))[:, None]
    diagonal, others = {}, {}
    for name, operator in model.observables.items():
        coo = sp.coo_array(operator)
        if np.array_equal(coo.row, coo.col):
            diagonal[name] = row(operator.diagonal().real)
        else:
            others[name] = tuple(map(_checks.settled, elements(coo)))
    return Weights(
        _checks.settled(row(levels)),
        _checks.settled(np.array(tops).reshape(-1, size)),
        _checks.settled(np.array(list(diagonal.values())).reshape(-1, size)),
        tuple(others.values()),
        (tuple(diagonal), tuple(others)),
    )


def _elements(coo, basis, phases, n: int):
    """Places and weights of an observable's elements in a stack.

    As one real sum: ρ_ij = (R_ij + R_ji)/2 + i(R_ij − R_ji)/2, up to the phases of i and j.
    """
    plane, place = basis
    i, j = coo.col, coo.row
    present = plane[i] == plane[j]
    i, j, data = i[present], j[present], coo.data[present]
    turned = data * np.exp(1j * (phases[i] - phases[j])) / 2
    here, there = ((plane[a] * n + place[a]) * n + place[b] for a, b in ((i, j), (j, i)))
    weights = np.concatenate([turned.real - turned.imag, turned.real + turned.imag])
    return np.concatenate([here, there]), weights


def _ket_elements(coo):
    return np.stack([coo.col, coo.row]), coo.data.astype(complex)
