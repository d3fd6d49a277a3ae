r"""The cell of a Lindblad battery: as it was given; and alone, for discharging.

Alone it rotates with its own Hamiltonian, which is gone then: $a \to ae^{-i\omega t}$ if
$[H_\text{cell}, a] = -\omega a$, and a jump with $[H_\text{cell}, L] = \lambda L$ keeps acting as
it did, for its phase cancels. Jumps of the cell are those of the form $L \otimes 1$; all others
stay behind with the factors that they belong to.
"""

import functools
import math
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
from jaxtyping import Inexact

from qbjax import _checks
from qbjax._sizes import OFFSET
from qbjax.batteries.lindblad import _operators as operators
from qbjax.batteries.lindblad._model import Model, labels
from qbjax.batteries.lindblad._sparse import LARGE, Terms
from qbjax.interface import Cell, Origin
from qbjax.protocols import Constant, Pump

DEFECT = 1e-9
"""Share of the largest energy times operator by which commutators may miss their form."""


def cell(given: Any, hamiltonian: Any, dims: tuple[int, ...]):
    """Indices of the factors that store, their Hamiltonian, and its parts if it has any.

    Nothing of all three if nothing stores.

    Args:
        given: an index or indices, or None.
        hamiltonian: levels or matrix of these factors together, a tuple of one for each, or None.
        dims: levels of every factor.

    Raises:
        ValueError: for indices out of range or none, a Hamiltonian of another size.
    """
    if given is None:
        if hamiltonian is not None:
            raise ValueError(
                "Argument `cell` must name the factors that `cell_hamiltonian` belongs to, but is "
                "None."
            )
        return (), jnp.zeros(1), ()
    if _checks.axes(given) == 1 and len(given) == 0:
        raise ValueError(
            "Argument `cell` must name at least one factor, or be None if nothing stores, but is "
            "empty."
        )
    if hamiltonian is None:
        raise ValueError("Argument `cell_hamiltonian` must be given for a cell, but is None.")
    factors = operators.factors("cell", given, dims)
    if isinstance(hamiltonian, Terms):
        return factors, hamiltonian, ()
    if sp.issparse(hamiltonian):
        if hamiltonian.shape[0] > LARGE:
            return factors, hamiltonian, ()
        hamiltonian = hamiltonian.toarray()
    sizes = [dims[k] for k in factors]
    if isinstance(hamiltonian, tuple) and all(hasattr(H, "shape") for H in hamiltonian):
        parts = _parts(hamiltonian, sizes)
        return factors, _summed(parts), parts
    levels = operators.plain(hamiltonian)
    return factors, _checks.hamiltonian("cell_hamiltonian", levels, dim=int(np.prod(sizes))), ()


def _parts(given: tuple[Any, ...], sizes: list[int]) -> tuple[Any, ...]:
    if len(given) != len(sizes):
        raise ValueError(
            f"Argument `cell_hamiltonian` must hold {len(sizes)} Hamiltonians, one for every "
            f"factor of the cell, but holds {len(given)}."
        )
    pairs = enumerate(zip(given, sizes, strict=True))
    names = [(f"cell_hamiltonian[{k}]", operators.plain(H), d) for k, (H, d) in pairs]
    return tuple(_checks.hamiltonian(name, H, dim=d) for name, H, d in names)


def _summed(parts: tuple[Any, ...]) -> Any:
    """The Hamiltonian of factors that do not interact: levels if all are given so."""
    known = _checks.is_concrete(parts)
    xp: Any = np if known else jnp
    if all(H.ndim == 1 for H in parts):
        total: Any = xp.zeros(1)
        for H in parts:
            total = (total[:, None] + xp.asarray(H)[None, :]).ravel()
    elif known and math.prod(len(H) for H in parts) > LARGE:
        total = sp.csr_array((1, 1))
        for H in map(np.asarray, parts):
            H = sp.csr_array(H if H.ndim == 2 else np.diag(H))
            total = sp.kron(total, sp.eye_array(H.shape[0])) + sp.kron(
                sp.eye_array(total.shape[0]), H
            )
        return sp.csr_array(total)
    else:
        dtype = complex if any(jnp.iscomplexobj(H) for H in parts) else float
        total = xp.zeros((1, 1), dtype)
        for H in parts:
            H, n = xp.asarray(H).astype(dtype), len(total)
            H = H if H.ndim == 2 else xp.diag(H)
            total = xp.kron(total, np.eye(len(H), dtype=dtype)) + xp.kron(np.eye(n, dtype=dtype), H)
    return _checks.settled(total) if known else total


def lowering(given: Any, hamiltonian, dims: tuple[int, ...]) -> Inexact[np.ndarray, "c c"] | None:
    """A cell's lowering operator, checked.

    Args:
        given: an operator on the cell, or None.
        hamiltonian: of the cell, levels or matrix; may be traced.
        dims: levels of the cell's factors.

    Raises:
        TypeError, ValueError: as for any operator; and if it is not lowered by one spacing of the
            Hamiltonian.
    """
    if given is None:
        return None
    a = operators.operator("lowering", given, dims).toarray()
    a = a if np.any(a.imag) else a.real
    if not np.any(a):
        raise ValueError("Argument `lowering` must lower some level, but is zero.")
    spacing, defect = _shift(hamiltonian, a)
    if _checks.is_concrete(spacing) and not (defect <= DEFECT and spacing < 0):
        raise ValueError(
            "Argument `lowering` must have [H, a] = -ω a with ω > 0 and the cell's Hamiltonian H, "
            f"but at the best ω = {-float(spacing):.6g} it misses that by {float(defect):.2g} of "
            "the largest energy."
        )
    return a


def check_lowering(model: Model, kind: str) -> None:
    """Raises TypeError if a battery of some kind has no lowering operator."""
    if model.lowering is None:
        raise TypeError(
            "Argument `lowering` of the battery must be the operator of its cell that a load is "
            f"coupled to, but this {kind} has none."
        )


def open_cell(model: Model, rates: Sequence[Any], hamiltonian, origin: Origin) -> Cell:
    """The cell of a battery without its other factors.

    Args:
        model: the operators, a lowering operator among them.
        rates: of the jumps.
        hamiltonian: of the cell, levels or matrix; may be traced.
        origin: of the battery's states.

    Raises:
        ValueError: if a jump of the cell does not turn with one energy, or its rate moves.
    """
    indices, jumps = own_jumps(model)
    for i, jump in zip(indices, jumps, strict=True):
        _check_turns(hamiltonian, i, jump)
    spacing, _ = _shift(hamiltonian, model.lowering)
    alone = len(model.cell) == 1 and model.cell[0] in model.watched
    return Cell(
        model.lowering,
        jumps,
        [_constant(i, rates[i]) for i in indices],
        -spacing,
        f"factor {model.cell[0]}" if alone else None,
        {},
        origin,
        parted=lambda form: form.sectored and _parted(model),
    )


@functools.lru_cache(maxsize=64)
def own_jumps(model: Model) -> tuple[tuple[int, ...], tuple[Inexact[np.ndarray, "c c"], ...]]:
    r"""Numbers and cell operators of the jumps $L \otimes 1$."""
    joint = model.joint()
    rest, order = joint.shape[1], joint.ravel()
    found = []
    for i, jump in enumerate(model.jumps):
        ordered = sp.csr_array(jump[order][:, order])
        cell = sp.csr_array(ordered[::rest, ::rest])
        missed = abs(ordered - sp.kron(cell, sp.eye_array(rest), format="csr"))
        if missed.nnz == 0 or missed.max() <= operators.NOISE * abs(jump).max():
            dense = cell.toarray()
            found.append((i, dense if np.any(dense.imag) else dense.real))
    return tuple(i for i, _ in found), tuple(jump for _, jump in found)


def _shift(hamiltonian, operator):
    r"""The $\lambda$ of the nearest $[H, A] = \lambda A$, and by how much it is missed.

    That is a share of the largest energy times the operator: energies counted from their mean,
    which no commutator sees, but for its rounding (`_sizes`).
    """
    xp: Any = np if _checks.is_concrete(hamiltonian) else jnp
    H, A = xp.asarray(hamiltonian).astype(complex), operator.astype(complex)
    turned = (H[:, None] - H[None, :]) * A if H.ndim == 1 else H @ A - A @ H
    value = xp.real(xp.sum(A.conj() * turned)) / np.sum(np.abs(A) ** 2)
    missed = xp.max(xp.abs(turned - value.astype(complex) * A))
    middle = xp.mean(H if H.ndim == 1 else xp.diagonal(H))
    centred = H - middle * (1 if H.ndim == 1 else np.eye(len(H), dtype=complex))
    scale = xp.max(xp.abs(centred)) + OFFSET * xp.abs(middle)
    return value, missed / (xp.maximum(scale, np.finfo(float).tiny) * np.max(np.abs(A)))


def _check_turns(hamiltonian, index: int, jump) -> None:
    if not np.any(jump):
        return
    _, defect = _shift(hamiltonian, jump)
    if _checks.is_concrete(defect) and defect > DEFECT:
        raise ValueError(
            f"Argument `jumps` must raise or lower the cell by one energy each for a discharge, "
            f"[H, L] = λL, but jumps[{index}] misses that by {float(defect):.2g} of the largest "
            "energy: give its parts one by one."
        )


def _constant(index: int, rate: Any) -> Any:
    if not isinstance(rate, Pump):
        return rate
    if not isinstance(rate, Constant):
        raise ValueError(
            "Argument `jumps` must have constant rates on the cell for a discharge, but "
            f"jumps[{index}] has {type(rate).__name__}."
        )
    return rate.signal(jnp.zeros(()))


@functools.lru_cache(maxsize=64)
def _parted(model: Model) -> bool:
    """Whether values of the charge tell even from odd levels of the cell, whatever the rest."""
    if model.charge is None:
        return False
    found = labels(model.charge)[model.joint()]
    even, odd = found[::2], found[1::2]
    return not any(np.isin(even[:, r], odd[:, r]).any() for r in range(found.shape[1]))
