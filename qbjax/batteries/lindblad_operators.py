"""Operators as users have them: NumPy or JAX arrays, SciPy's sparse ones, QuTiP's or dynamiqs'."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
from jaxtyping import Array, Float, Inexact

from qbjax import _checks
from qbjax.batteries.base import as_density_matrix
from qbjax.protocols import Pump


def operator(name: str, given: Any, dims: tuple[int, ...], *, hermitian=False) -> sp.csr_array:
    """An operator on the whole space, on the host.

    Args:
        name: the argument's name, for the error.
        given: an array (d, d), dense or sparse, a QuTiP `Qobj` or a dynamiqs `QArray`.
        dims: levels of every factor, d their product.
        hermitian: whether it must be.

    Raises:
        TypeError: if it is traced, or no matrix of numbers. ValueError: if its size or its tensor
            dimensions are others, if it is not finite, or not Hermitian.
    """
    if not _checks.is_concrete(given):
        raise TypeError(
            f"Argument `{name}` must be known before compilation, but is traced; give what is "
            "differentiated as a coefficient, [(g, operator), …]."
        )
    _check_dims(name, given, dims)
    d = math.prod(dims)
    if sp.issparse(given):
        _checks.array(name, given.data, complex_ok=True)
        if given.shape != (d, d):
            raise ValueError(
                f"Argument `{name}` must have shape ({d}, {d}), but has {given.shape}."
            )
        host = sp.csr_array(given).astype(complex)
    else:
        host = sp.csr_array(_dense(name, given, d).astype(complex))
    if hermitian:
        _check_hermitian(name, host)
    host.eliminate_zeros()
    return host


def terms(name: str, given: Any, dims, *, hermitian: bool, low=None) -> tuple[list, list]:
    """A list of operators and (number, operator) pairs, taken apart.

    Args:
        name: the argument's name, for the error.
        given: the list.
        dims, hermitian: as `operator` takes them.
        low: what the numbers must not fall below.

    Returns:
        the numbers (1.0 where none was given; a term whose number is the plain 0 is left out), and
        the operators.
    """
    if not isinstance(given, list):
        raise TypeError(
            f"Argument `{name}` must be a list of operators or (number, operator) pairs, but is "
            f"{_kind(given)}."
        )
    numbers, operators = [], []
    for i, term in enumerate(given):
        place = f"{name}[{i}]"
        number, matrix = _pair(place, term)
        if _checks.is_plain_zero(number):
            continue
        if not (isinstance(number, Pump) and low is not None):
            number = _checks.scalar(f"{place}[0]", number, low=low)
        elif number.is_complex:
            raise TypeError(f"Argument `{place}[0]` must be a real signal, but is complex.")
        numbers.append(number)
        operators.append(operator(place, matrix, dims, hermitian=hermitian))
    return numbers, operators


def dimensions(dims: Any) -> tuple[int, ...]:
    """Levels of every factor."""
    given = [dims] if np.ndim(dims) == 0 else list(dims)
    if not given:
        raise ValueError("Argument `dims` must hold at least one factor, but is empty.")
    return tuple(_checks.integer(f"dims[{i}]", n, low=1) for i, n in enumerate(given))


def factors(name: str, given: Any, dims: tuple[int, ...]) -> tuple[int, ...]:
    """Indices of factors, in order and each once."""
    wanted = [given] if np.ndim(given) == 0 else list(given)
    last = len(dims) - 1
    found = [_checks.integer(name, k, low=0, high=last) for k in wanted]
    if len(set(found)) != len(found):
        raise ValueError(f"Argument `{name}` must name each factor once, but is {given!r}.")
    return tuple(sorted(found))


def projector(psi):
    """The density matrix of a ket, on the host if that is."""
    xp: Any = np if _checks.is_concrete(psi) else jnp
    return xp.outer(psi, psi.conj())


def state(initial, levels: int) -> Inexact[Array | np.ndarray, "..."]:
    """A ket or density matrix; on the host if it is known."""
    as_density_matrix(initial, levels)
    if _checks.is_concrete(initial):
        return np.asarray(initial, complex)
    return jnp.asarray(initial).astype(complex)


def hermitian_list(name: str, given: list, dims) -> list[sp.csr_array]:
    """Operators that must be Hermitian."""
    return [operator(f"{name}[{i}]", m, dims, hermitian=True) for i, m in enumerate(given)]


def observables(given: Mapping[str, Any] | Any, dims) -> list[sp.csr_array]:
    """Those of a dictionary, in its order."""
    if not isinstance(given, Mapping):
        raise TypeError(
            "Argument `observables` must be a dictionary of names and operators, but is "
            f"{type(given).__name__}."
        )
    return [
        operator(f"observables[{name!r}]", m, dims, hermitian=True) for name, m in given.items()
    ]


def charge(conserved, dims) -> Float[np.ndarray, " d"] | None:
    """A diagonal quantity."""
    if conserved is None:
        return None
    d = int(np.prod(dims))
    return np.asarray(_checks.array("conserved", conserved, shape=(d,)))


def _pair(place: str, term: Any) -> tuple[Any, Any]:
    if not isinstance(term, tuple):
        return 1.0, term
    if len(term) != 2:
        raise ValueError(
            f"Argument `{place}` must be an operator or a pair (number, operator), but is a tuple "
            f"of {len(term)}."
        )
    return term


def _check_dims(name: str, given: Any, dims: tuple[int, ...]) -> None:
    """What QuTiP and dynamiqs know of the factors."""
    theirs = getattr(given, "dims", None)
    if theirs is None or callable(theirs) or sp.issparse(given):
        return
    first: Any = theirs[0] if isinstance(theirs[0], Sequence) else theirs
    if tuple(first) != dims:
        raise ValueError(
            f"Argument `{name}` must have the tensor dimensions {list(dims)}, but has "
            f"{list(first)}."
        )


def _dense(name: str, given: Any, d: int) -> np.ndarray:
    for method in ("full", "to_numpy"):
        if hasattr(given, method):
            given = getattr(given, method)()
    _checks.array(name, given, shape=(d, d), complex_ok=True)
    return np.asarray(given)  # the checked one would be traced under `jit`


def _check_hermitian(name: str, host: sp.csr_array) -> None:
    defect = sp.coo_array(abs(host - host.conj().T))
    if defect.nnz == 0:
        return
    worst = int(np.argmax(defect.data))
    scale = max(1.0, float(np.max(np.abs(host.data))))
    if defect.data[worst] > _checks.STATE_TOLERANCE * scale:
        i, j = int(defect.row[worst]), int(defect.col[worst])
        raise ValueError(
            f"Argument `{name}` must be Hermitian, but element ({i}, {j}) is {host[i, j]:.6g} and "
            f"element ({j}, {i}) is {host[j, i]:.6g}: they differ by {defect.data[worst]:.2g}."
        )


def _kind(given: Any) -> str:
    shape = getattr(given, "shape", None)
    return f"{type(given).__name__}" + (f" of shape {tuple(shape)}" if shape else "")
