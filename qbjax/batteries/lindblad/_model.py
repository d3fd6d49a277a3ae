"""The operators of a Lindblad battery, known before any number: sorted once, kept by content.

Two batteries of the same operators share one `Model` by value, and one `Structure` by identity, so
that a battery built anew in every call is sorted once.
"""

import functools
import hashlib
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from jaxtyping import Complex, Float, Int

from qbjax.algebra.spectral import closeness
from qbjax.batteries.lindblad import _gauge as gauge
from qbjax.dynamics.generator.structure import Structure


class Model:
    """Operators of a master equation on a product of factors.

    Hashable, compared by content: a static argument.

    Args:
        hamiltonians, jumps, controls: sparse matrices (d, d).
        dims: levels of every factor.
        cell: indices of the factors that store.
        watched: indices of the factors that are truncated.
        observables: name to sparse Hermitian matrix.
        charge: a conserved diagonal quantity, (d,), or None.
        lowering: operator of the cell that a load is coupled to, (c, c), or None.
        stored: sparse matrices that the Hamiltonian of a cell that is all there is is a sum of: the
            state is then a ket, and is moved as such; else None.
    """

    def __init__(
        self, hamiltonians, jumps, controls, dims, cell, watched, observables, charge,
        lowering=None, stored=None,
    ):  # fmt: skip
        self.hamiltonians, self.jumps, self.controls = hamiltonians, jumps, controls
        self.dims, self.cell, self.watched = dims, cell, watched
        self.observables, self.charge, self.lowering = observables, charge, lowering
        self.stored = stored
        self.digest = _digest(self)

    def __hash__(self):
        return hash(self.digest)

    def __eq__(self, other):
        return isinstance(other, Model) and self.digest == other.digest

    def __repr__(self):
        return f"Model(dims={self.dims}, cell={self.cell})"

    @property
    def dimension(self) -> int:
        """Levels of all factors together, d."""
        return math.prod(self.dims)

    @property
    def cell_dims(self) -> tuple[int, ...]:
        """Levels of the factors that store."""
        return tuple(self.dims[k] for k in self.cell)

    @property
    def modes(self) -> tuple[str, ...]:
        """Names of the truncated factors."""
        return tuple(f"factor {k}" for k in self.watched)

    def levels_of(self, factor: int) -> Int[np.ndarray, " d"]:
        """The level of one factor in every basis state."""
        return np.unravel_index(np.arange(self.dimension), self.dims)[factor]

    def joint(self) -> Int[np.ndarray, "c r"]:
        """Basis states by level of the cell and level of the rest."""
        rest = [k for k in range(len(self.dims)) if k not in self.cell]
        grid = np.arange(self.dimension).reshape(self.dims)
        return grid.transpose(*self.cell, *rest).reshape(math.prod(self.cell_dims), -1)


class Layout(NamedTuple):
    """The structure in which the state of a model moves.

    Attributes:
        structure: the shifts of its generator.
        phases: of the basis states in which it works, (d,).
    """

    structure: Structure
    phases: Float[np.ndarray, " d"]


@functools.lru_cache(maxsize=64)
def layout(model: Model, sectored: bool) -> Layout:
    """The layout of a model, one per model and process.

    Args:
        model: the operators.
        sectored: whether to use the conserved charge.
    """
    sectors = _sectors(model) if sectored else None
    plain = _structure(model, np.zeros(model.dimension), sectors)
    every = [*model.hamiltonians, *model.controls]
    phases = gauge.real_phases(every) if every else None
    if phases is None or not np.any(phases):
        return Layout(plain, np.zeros(model.dimension))
    real = _structure(model, phases, sectors)
    # Each turned plane costs a transpose as well.
    if _cost(real) < _cost(plain):
        return Layout(real, phases)
    return Layout(plain, np.zeros(model.dimension))


@functools.lru_cache(maxsize=64)
def sectors_pay(model: Model) -> bool:
    """Whether blocks of the conserved charge are less work than the whole.

    Neighbours may be far apart in them, and all are padded to the largest.
    """
    blocked, whole = (
        min(s.reads, s.products) for s in (layout(model, yes).structure for yes in (True, False))
    )
    return blocked < whole


@functools.lru_cache(maxsize=64)
def decays(model: Model) -> Float[np.ndarray, "d J"]:
    r"""Rates $(L_j^\dagger L_j)_{ii}$ at which each jump, at rate one, empties each basis state."""
    found = np.zeros((model.dimension, len(model.jumps)))
    for j, jump in enumerate(model.jumps):
        found[:, j] = (abs(jump) ** 2).sum(axis=0)
    return found


def ground(levels: Sequence[int]) -> Complex[np.ndarray, " d"]:
    """The ket of lowest levels."""
    return np.eye(1, math.prod(levels), dtype=complex)[0]


def is_blocked(matrix, charge: Float[np.ndarray, " d"]) -> bool:
    """Whether a matrix connects no two values of a charge."""
    found, coo = labels(charge), sp.coo_array(matrix)
    return bool(np.all(found[coo.row] == found[coo.col]))


def check_conserved(model: Model) -> None:
    """Raises ValueError if a charge is not conserved."""
    if model.charge is None or model.stored is not None:  # of no use to a ket
        return
    for name, group in (("hamiltonian", model.hamiltonians), ("controls", model.controls)):
        for i, matrix in enumerate(group):
            if not is_blocked(matrix, model.charge):
                raise ValueError(
                    f"Argument `conserved` must commute with every Hamiltonian, but {name}[{i}] "
                    "connects states of different values."
                )
    try:
        layout(model, True)
    except ValueError as error:
        raise ValueError(
            "Argument `conserved` must be such that each jump takes one value into one other, but "
            f"is not: {error}"
        ) from None


def _structure(model: Model, phases, sectors) -> Structure:
    if not np.any(phases):
        return Structure(model.hamiltonians, model.jumps, model.controls, sectors)
    hamiltonians, jumps, controls = (
        [gauge.turned(m, phases) for m in group]
        for group in (model.hamiltonians, model.jumps, model.controls)
    )
    return Structure(hamiltonians, [gauge.straightened(m) for m in jumps], controls, sectors)


def _cost(structure: Structure) -> int:
    turned = sum(d.imaginary for s in structure.sectors for d in s.drifts)
    turned += sum(j.imaginary for s in structure.sectors for j in s.jumps)
    return structure.terms + 2 * turned


def labels(charge: Float[np.ndarray, " d"]) -> Int[np.ndarray, " d"]:
    """Numbers of the distinct values of a charge, 0 for the least.

    They are told apart as energies are (`spectral.closeness`).
    """
    order = np.argsort(charge, kind="stable")
    steps = np.diff(charge[order], prepend=charge[order[:1]]) > closeness(charge)
    found = np.empty(charge.size, dtype=int)
    found[order] = np.cumsum(steps)
    return found


def _sectors(model: Model) -> list[np.ndarray]:
    found = labels(model.charge)
    return [np.flatnonzero(found == k) for k in range(found.max() + 1)]


def _digest(model: Model) -> str:
    sha = hashlib.sha256(repr((model.dims, model.cell, model.watched)).encode())
    groups = [model.hamiltonians, model.jumps, model.controls, list(model.observables.values())]
    groups += [] if model.stored is None else [model.stored]
    for group in groups:
        sha.update(repr(len(group)).encode())
        for m in group:
            for part in (m.data, m.indices, m.indptr):
                sha.update(repr((part.dtype.str, part.shape)).encode() + part.tobytes())
    sha.update(repr(list(model.observables)).encode())
    sha.update(b"" if model.charge is None else np.asarray(model.charge, float).tobytes())
    sha.update(b"" if model.lowering is None else np.asarray(model.lowering, complex).tobytes())
    return sha.hexdigest()
