r"""Large batteries that store with all they have: kets, sparse operators, and no density matrix.

A cell that is the whole, in a pure state, is emptied by a unitary: its ergotropy is
$\langle H\rangle - E_0$, exactly, with the lowest energy $E_0$ that is found once (`_ground`).
Reduced states are sums over the ket. The parts of the ergotropy in populations and in coherence
would need all energies of the cell, and are not told.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax._memory import DOUBLE
from qbjax.batteries.lindblad import _factors as factors
from qbjax.batteries.lindblad import _ground as grounds
from qbjax.batteries.lindblad import _operators as operators
from qbjax.batteries.lindblad._model import Model
from qbjax.dynamics.generator import kets, sparse
from qbjax.dynamics.generator.kets import Ket
from qbjax.dynamics.generator.sparse import Sparse

LARGE = 1024
"""Levels beyond which a cell that is the whole is kept in kets alone."""

MIXED = 4096
"""Levels up to which a density matrix is moved where there are jumps."""

KETS = 24
"""Kets that a run holds beside its operators."""


@dataclass(frozen=True)
class Terms:
    """A cell's Hamiltonian in terms, with its lowest energy: as a ready-made model knows it."""

    numbers: tuple[Any, ...]
    matrices: Sequence[sp.csr_array]
    ground: Any


class SparseHamiltonian(eqx.Module):
    """The Hamiltonian of a large cell: numbers of its terms (`Model.stored`), and lowest energy."""

    numbers: tuple[Any, ...]
    ground: Any
    levels: int = eqx.field(static=True)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns, as of any matrix."""
        return self.levels, self.levels

    @property
    def ndim(self) -> int:
        """Number of axes, as of any matrix."""
        return 2


class Leaps(eqx.Module):
    """Jumps at rate one, in slots."""

    form: Sparse

    def __call__(self, kets: Float[Array, "J 2 d"]) -> Float[Array, "J 2 d"]:
        """Each jump of a ket of its own."""
        return sparse.each(self.form, kets)


class Slotted(eqx.Module):
    """Readings of a large ket.

    Attributes:
        stored: the terms of the cell's Hamiltonian, as of $-iH$.
        own: the user's observables; None without any.
        tops: 1 at the two highest levels of every truncated factor.
        names: of the observables.
        dims: levels of the factors.
        apart: whether these do not interact, and are looked at one by one.
    """

    stored: Sparse
    own: Sparse | None
    tops: Float[Array, "modes d"]
    names: tuple[str, ...] = eqx.field(static=True)
    dims: tuple[int, ...] = eqx.field(static=True)
    apart: bool = eqx.field(static=True)

    @property
    def stores(self) -> bool:
        """Whether anything does."""
        return True

    def energy(self, hamiltonian: SparseHamiltonian, psi: Ket) -> Float[Array, ""]:
        """Energy above the ground, of a ket of any norm."""
        numbers = jnp.stack([jnp.asarray(x, float) for x in hamiltonian.numbers])
        weights = jnp.zeros(self.stored.count).at[: numbers.size].set(numbers)
        # Of −iHψ: Im⟨ψ|−iH|ψ⟩ is minus the energy.
        a, b = sparse.moved(self.stored, psi, weights)
        return jnp.sum(psi[1] * a - psi[0] * b) - hamiltonian.ground * jnp.sum(psi**2)

    def read_off(self, hamiltonian: SparseHamiltonian, psi: Ket) -> dict[str, Any]:
        """All that is read of a ket (`_reading.read_off`); of its cell the factors' states."""
        found = jnp.sum(psi**2, axis=0)
        values = () if self.own is None else sparse.expectations(self.own, psi)
        return {
            "truncation": self.tops @ found if len(self.tops) else jnp.zeros(0),
            "trace": jnp.sum(found),
            "own": dict(zip(self.names, values, strict=True)),
            "energy": self.energy(hamiltonian, psi),
            "cell": [factors.of_ket(psi, self.dims, [k]) for k in self._looked_at],
        }

    @property
    def _looked_at(self) -> range:
        return range(len(self.dims) if self.apart else 0)

    def packed_cell(self, psi: Ket):
        """Raises ValueError: it would be too large."""
        raise ValueError(too_large(psi.shape[1]))

    density_matrix = packed_cell


def too_large(levels: int) -> str:
    """The reason why a battery of so many levels has no density matrix."""
    return (
        f"Argument `state` must be of at most {LARGE} levels to be written as a density matrix, "
        f"but has {levels}: that alone takes {_gibibytes(levels)} GiB. Ask for a few factors: "
        "`reduced`."
    )


def merits_of_one(seen: dict[str, Array]) -> dict[str, Array]:
    """Ergotropy and purity of one conditional state; NaN of a mean over trajectories.

    That may be mixed, which its energy does not tell: it comes without a norm.
    """
    energy, one = seen["energy"], jnp.ones_like(seen["energy"])
    if "norm_squared" in seen:
        return {"energy": energy, "ergotropy": energy, "purity": one}
    # Constants: a derivative of NaN would be one of the energy, too.
    return {"energy": energy, "ergotropy": jnp.nan * one, "purity": jnp.nan * one}


def check_pure(model: Model) -> None:
    """Raises ValueError if a large battery has jumps, whose mean would be no ket."""
    if model.stored is not None and model.jumps:
        d = model.dimension
        raise ValueError(
            f"Argument `battery` must have no jumps to be charged in a ket of {d} levels, but has "
            f"{len(model.jumps)}: their mean state, a density matrix, takes {_gibibytes(d)} GiB a "
            "copy. Watch them instead: qb.trajectories follows kets."
        )


def check_room(model: Model) -> None:
    """Raises ValueError, before anything is made, if a large battery's kets do not fit."""
    if model.stored is not None:
        what = f"a ket of {model.dimension} levels with its operators"
        _checks.room("dims", model.dims, doubles(model), what)


def doubles(model: Model) -> int:
    """Numbers of double precision that a run in a large ket takes."""
    matrices = [*model.hamiltonians, *model.controls, *model.observables.values()]
    matrices += [*model.jumps, *model.jumps]  # and their decays
    slots = sum(int(np.max(np.diff(m.indptr), initial=0)) for m in matrices)
    return room(model.dimension, slots, len(model.jumps))


def room(levels: int, slots: int, jumps: int) -> int:
    """Numbers of double precision that so many slots, jumps and kets of some levels take."""
    return levels * (3 * slots // 2 + 2 * (KETS + jumps))  # columns take half a double


def given(hamiltonian: Any, cell: tuple[int, ...], dims: tuple[int, ...], is_open: bool):
    """The terms of a large cell's Hamiltonian, and that; None and what was given for others.

    Args:
        hamiltonian: of the cell, as `_cell.cell` returns it.
        cell: the factors that store.
        dims: levels of every factor.
        is_open: whether there are jumps. Their mean state may be no ket, and up to `MIXED` levels
            only who gives a sparse matrix does without it.

    Raises:
        ValueError: for a sparse one of a large cell that is not the whole.
    """
    d = math.prod(dims)
    if isinstance(hamiltonian, Terms):
        numbers, matrices, ground = hamiltonian.numbers, hamiltonian.matrices, hamiltonian.ground
        found = [operators.operator("hamiltonian", m, dims, hermitian=True) for m in matrices]
        return tuple(found), SparseHamiltonian(tuple(numbers), ground, d)
    whole = cell == tuple(range(len(dims)))
    if sp.issparse(hamiltonian):
        if not whole:
            raise ValueError(
                "Argument `cell_hamiltonian` must be dense, or the cell be all factors in their "
                f"order, but it is sparse and `cell` is {cell}."
            )
        matrix = operators.operator("cell_hamiltonian", hamiltonian, dims, hermitian=True)
        ground = _checks.settled(grounds.lowest(matrix))
        return (matrix,), SparseHamiltonian((1.0,), ground, d)
    large = whole and d > (MIXED if is_open else LARGE)
    if not large or hamiltonian.ndim == 2 or not _checks.is_concrete(hamiltonian):
        return None, hamiltonian
    levels = np.asarray(hamiltonian)
    matrix = operators.operator("cell_hamiltonian", sp.diags_array(levels), dims)
    return (matrix,), SparseHamiltonian((1.0,), _checks.settled(levels.min()), d)


@functools.lru_cache(maxsize=8)
def moving(model: Model) -> Sparse:
    """The operators that move a ket, in slots, in the order of a generator's weights."""
    decays = [sp.csr_array(-0.5 * (L.conj().T @ L)) for L in model.jumps]
    drifts = [-1j * H for H in model.hamiltonians]
    return sparse.sparse_of([*drifts, *decays, *(-1j * C for C in model.controls)])


@functools.lru_cache(maxsize=8)
def leaps(model: Model) -> Leaps:
    """The jumps at rate one."""
    return Leaps(sparse.sparse_of(model.jumps))


@functools.lru_cache(maxsize=8)
def slotted(model: Model, apart: bool = False) -> Slotted:
    """The readings of a large ket, whose factors may be looked at one by one."""
    own = list(model.observables.values())
    tops = [(model.levels_of(k) >= model.dims[k] - 2) * 1.0 for k in model.watched]
    return Slotted(
        # A battery that stores with its own Hamiltonian needs that but once.
        moving(model) if _same(model) else sparse.sparse_of([-1j * H for H in model.stored]),
        sparse.sparse_of(own) if own else None,
        _checks.settled(np.array(tops).reshape(-1, model.dimension)),
        tuple(model.observables),
        model.dims,
        apart,
    )


def ket(model: Model, whole) -> Float[Any, "2 d"]:
    """A start as it is moved.

    Raises:
        ValueError: if it is a density matrix.
    """
    if whole.ndim != 1:
        raise ValueError(
            f"Argument `initial` must be a ket for a battery of {model.dimension} levels, but is a "
            "density matrix."
        )
    return kets.split(whole)


def _same(model: Model) -> bool:
    """Whether a battery stores with the Hamiltonian that it has."""
    pairs = (model.stored, model.hamiltonians)
    if len(pairs[0]) != len(pairs[1]):
        return False
    return all(
        np.array_equal(a.indices, b.indices) and np.array_equal(a.data, b.data)
        for a, b in zip(*pairs, strict=True)
    )


def _gibibytes(levels: int) -> str:
    return f"{DOUBLE * levels**2 / 2**30:.3g}"
