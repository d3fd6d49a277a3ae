r"""More levels for a Lindblad battery whose operators are symbols: its arguments at other sizes.

Coefficients, rates and strengths belong to no size and go on as they are, whoever changed them. A
start is padded with empty levels. A cell that grows has the levels of its own symbols,
$\sum_jx_jH_j$, with the numbers $x_j$ that its present levels have.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp

from qbjax import _checks
from qbjax.algebra.symbols import Symbol
from qbjax.batteries.lindblad import _operators as operators
from qbjax.batteries.lindblad._model import Model
from qbjax.batteries.lindblad._qutip import hamiltonian_terms, jump_terms
from qbjax.protocols import Pump

DEFECT = 1e-9
"""Share of its largest level by which a cell may miss the form of its symbols."""


@dataclass(frozen=True)
class Names:
    """The operators of a battery as symbols, in the order of its numbers.

    Attributes:
        hamiltonians, jumps, controls: one for each number.
        observables: pairs of name and symbol.
        charge: the conserved quantity, or None.
        cell: the symbols of its Hamiltonian, or of every part; None if arrays were given.
        lowering: of the cell; None if an array or nothing was given.
    """

    hamiltonians: tuple[Symbol, ...]
    jumps: tuple[Symbol, ...]
    controls: tuple[Symbol, ...]
    observables: tuple[tuple[str, Symbol], ...]
    charge: Symbol | None
    cell: tuple[tuple[Symbol, ...], ...] | None
    lowering: Symbol | None


def names(
    model: Model, operands: tuple[Any, ...], cell_hamiltonian: Any, lowering: Any, tlist: Any
) -> Names | None:
    """The symbols of a battery's arguments, checked before; None where an operator is an array.

    Args:
        model: the operators as they were found.
        operands: the arguments hamiltonian, jumps, controls, observables, conserved.
        cell_hamiltonian, lowering, tlist: the arguments of these names.
    """
    hamiltonian, jumps, controls, observables, charge = operands
    seen = dict(observables or {})
    driven = [term[1] if isinstance(term, tuple) else term for term in controls]
    if not _are_symbols([*driven, *seen.values(), *([] if charge is None else [charge])]):
        return None
    lost = [operator for _, operator in _kept(jump_terms(jumps, tlist))]
    moving = _hermitian(hamiltonian_terms(hamiltonian, tlist), model.dims)
    if not _are_symbols([*lost, *moving]):
        return None
    lists = (tuple(moving), tuple(lost), tuple(driven), tuple(seen.items()))
    lowers = lowering if isinstance(lowering, Symbol) else None
    return Names(*lists, charge, _cell(cell_hamiltonian), lowers)


def grown(battery: Any, names: Names) -> dict[str, Any] | None:
    """The arguments of a battery with half more levels in its truncated factors.

    None if nothing is truncated, or if what is truncated is a cell that is known by arrays alone.

    Raises:
        ValueError: if the levels of a cell that grows are no longer those of its symbols.
    """
    model = battery.model
    cut = set(model.watched) & set(model.cell)
    stays = cut and (names.cell is None or (names.lowering is None and model.lowering is not None))
    if not model.watched or stays:
        return None
    dims = tuple(more(n) if k in model.watched else n for k, n in enumerate(model.dims))
    controls = zip(battery.strengths, names.controls, strict=True)
    numbers = battery.coefficients if names.hamiltonians else ()  # there is one without any, too
    return {
        "hamiltonian": list(zip(numbers, names.hamiltonians, strict=True)),
        "jumps": list(zip(battery.rates, names.jumps, strict=True)),
        "dims": dims,
        "cell": model.cell or None,
        "cell_hamiltonian": _levels(battery, names, dims) if model.cell else None,
        "controls": [c if strength is None else (strength, c) for strength, c in controls],
        "initial": padded(battery.given, model.dims, dims),
        "observables": dict(names.observables),
        "conserved": names.charge,
        "truncated": model.watched,
        "lowering": model.lowering if names.lowering is None else names.lowering,
    }


def more(levels: int) -> int:
    """Half more levels."""
    return -(-3 * levels // 2)


def padded(start: Any, old: tuple[int, ...], new: tuple[int, ...]) -> Any:
    """A ket or density matrix on factors of more levels, the new ones empty; None as it is."""
    if start is None:
        return None
    whole = start if isinstance(start, jax.Array) else np.asarray(start)
    room = [(0, n - k) for k, n in zip(old, new, strict=True)] * whole.ndim
    xp: Any = np if isinstance(whole, np.ndarray) else jnp
    wide = xp.pad(whole.reshape(old * whole.ndim), room)
    return wide.reshape((int(np.prod(new)),) * whole.ndim)


def numbers_of(name: str, present: Any, columns: Sequence[Any]) -> list[Any]:
    r"""The numbers $x_j$ with which present levels are $\sum_jx_jH_j$; traced ones NaN if none.

    Raises:
        ValueError: if none are, and the levels are known.
    """
    basis = np.stack([np.ravel(column) for column in columns], axis=1)
    xp: Any = np if _checks.is_concrete(present) else jnp
    levels = xp.ravel(xp.asarray(present)).astype(complex)
    found = xp.asarray(np.linalg.pinv(basis.astype(complex))) @ levels
    missed = xp.max(xp.abs(basis.astype(complex) @ found - levels))
    fits = missed <= DEFECT * xp.max(xp.abs(levels))
    if xp is np and not fits:
        raise ValueError(
            f"Argument `{name}` must be levels that are known for more levels, too, but those of "
            f"the battery miss the form that it was given by {float(missed):.3g}: build it anew."
        )
    return list(xp.where(fits, xp.real(found), np.nan))


def cell_terms(given: Any) -> tuple[tuple[Any, Symbol], ...] | None:
    """Pairs of number and symbol of a cell's Hamiltonian; None if it is an array."""
    terms = [given] if isinstance(given, Symbol) else given
    if not isinstance(terms, list) or not terms:
        return None
    pairs = [term if isinstance(term, tuple) else (1.0, term) for term in terms]
    if not all(len(pair) == 2 and isinstance(pair[1], Symbol) for pair in pairs):
        return None
    return tuple(pairs)


def cell_arrays(given: Any, cell: Any, dims: tuple[int, ...]) -> Any:
    """A cell's Hamiltonian with arrays in the place of symbols, of its parts if it has any."""
    if cell is None or not isinstance(given, Symbol | list | tuple):
        return given
    factors = tuple(_checks.indices("cell", cell, len(dims)))
    if isinstance(given, tuple):
        each = zip(given, factors)
        return tuple(cell_arrays(part, k, dims) for part, k in each) + given[len(factors) :]
    pairs = cell_terms(given)
    if pairs is None:
        return given
    name = "cell_hamiltonian"
    weights = [_checks.on_host(_checks.scalar(f"{name}[{i}]", x)) for i, (x, _) in enumerate(pairs)]
    matrices = _alike([restricted(name, symbol, factors, dims) for _, symbol in pairs])
    return sum(weight * matrix for weight, matrix in zip(weights, matrices, strict=True))


def restricted(name: str, symbol: Symbol, factors: Sequence[int], dims: Sequence[int]) -> Any:
    """The matrix of a symbol on the cell alone, its diagonal if that is all there is.

    Raises:
        ValueError: if the symbol acts on another factor.
    """
    others = [k for k in symbol.factors if k not in factors]
    if others:
        raise ValueError(
            f"Argument `{name}` must act on the cell alone, but acts on factor {others[0]}."
        )
    matrix = symbol.within(factors)([dims[k] for k in factors])
    diagonal = matrix.diagonal()
    off = sp.csr_array(matrix - sp.diags_array(diagonal))
    found = diagonal if off.nnz == 0 or not np.any(off.data) else matrix.toarray()
    return found if np.any(found.imag) else found.real


def cell_matrix(name: str, given: Any, factors: Sequence[int], dims: tuple[int, ...]) -> Any:
    """An operator of the cell, with a matrix in the place of a symbol."""
    if not isinstance(given, Symbol):
        return given
    matrix = restricted(name, given, factors, dims)
    return matrix if matrix.ndim == 2 else np.diag(matrix)


def _levels(battery: Any, names: Names, dims: tuple[int, ...]) -> Any:
    """The Hamiltonian of a cell, as arrays where it keeps its size, else as numbers and symbols."""
    model = battery.model
    if not set(model.watched) & set(model.cell) or names.cell is None:
        return battery.cell_parts or battery.cell_levels
    if not battery.cell_parts:
        return _terms("cell_hamiltonian", battery.cell_levels, names.cell[0], model.cell, model)
    parts = zip(battery.cell_parts, names.cell, model.cell, strict=True)
    return tuple(
        _terms(f"cell_hamiltonian[{k}]", part, symbols, (k,), model) for part, symbols, k in parts
    )


def _terms(name: str, present: Any, symbols: Sequence[Symbol], factors, model: Model) -> list:
    columns = _alike([restricted(name, symbol, factors, model.dims) for symbol in symbols])
    return list(zip(numbers_of(name, present, columns), symbols, strict=True))


def _alike(matrices: list[Any]) -> list[Any]:
    """Diagonals as matrices, where others are no diagonals."""
    if all(matrix.ndim == 1 for matrix in matrices):
        return matrices
    return [matrix if matrix.ndim == 2 else np.diag(matrix) for matrix in matrices]


def _are_symbols(given: list[Any]) -> bool:
    return all(isinstance(one, Symbol) for one in given)


def _cell(given: Any) -> tuple[tuple[Symbol, ...], ...] | None:
    parts = given if isinstance(given, tuple) else (given,)
    found = [cell_terms(part) for part in parts]
    named = tuple(tuple(symbol for _, symbol in pairs) for pairs in found if pairs is not None)
    return named if len(named) == len(parts) else None


def _kept(terms: list) -> list[tuple[Any, Any]]:
    """Pairs of number and operator, without the terms that the plain 0 drops."""
    pairs = [term if isinstance(term, tuple) else (1.0, term) for term in terms]
    return [pair for pair in pairs if not _checks.is_plain_zero(pair[0])]


def _hermitian(terms: list, dims: tuple[int, ...]) -> list[Any]:
    """The operators of a Hamiltonian, moving ones in their Hermitian parts (`_hermitian`)."""
    found: list[Any] = []
    for number, operator in _kept(terms):
        if not isinstance(number, Pump) or not isinstance(operator, Symbol):
            found.append(operator)
            continue
        parts = [(operator + operator.dag()) / 2]
        if number.is_complex:
            parts.append((operator - operator.dag()) / 2j)
        noise = operators.NOISE * _largest(operator(dims))
        found += [part for part in parts if _largest(part(dims)) > noise]
    return found


def _largest(matrix: sp.csr_array) -> float:
    return float(np.max(np.abs(matrix.data), initial=0.0))
