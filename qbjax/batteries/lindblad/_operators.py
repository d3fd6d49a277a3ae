"""Operators as users have them: NumPy or JAX arrays, SciPy's sparse ones, QuTiP's or dynamiqs'."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
from jaxtyping import Array, Float, Inexact

from qbjax import _checks
from qbjax._sizes import size_of_observable
from qbjax.algebra.symbols import Symbol
from qbjax.batteries.lindblad._qutip import is_evolving
from qbjax.interface.states import as_density_matrix
from qbjax.protocols import Pump, is_free

NOISE = 1e-15
"""Elements below this share of an operator's largest are rounding, and would cost a diagonal."""

RESERVED = frozenset(
    (
        *("energy", "ergotropy", "coherent_ergotropy", "incoherent_ergotropy", "purity"),
        *("charging_power", "ergotropic_power", "times", "time", "mode", "modes", "units"),
        *("observables", "saved", "status", "truncation", "trace_defect", "steps", "final_state"),
        *("states", "dims", "part", "summary", "to_xarray", "to_qutip"),
        *("provenance", "verdict", "to_dataframe", "to_csv"),
        *("state", "residual", "gap", "rate"),
        *("packed_cell", "norm_squared", "currents"),
        *("jump_times", "jump_channels", "jump_counts"),
    )
)
"""Names that a run, a steady state or a row of trajectories has already."""


def operator(name: str, given: Any, dims: tuple[int, ...], *, hermitian=False) -> sp.csr_array:
    """An operator on the whole space, on the host.

    Args:
        name: the argument's name, for the error.
        given: an array (d, d), dense or sparse, a QuTiP `Qobj`, a dynamiqs `QArray` or a symbol.
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
    if is_evolving(given):
        raise TypeError(
            f"Argument `{name}` must be constant in time, but is a QobjEvo: only Hamiltonians and "
            "jumps may move."
        )
    _check_dims(name, given, dims)
    d = math.prod(dims)
    if isinstance(given, Symbol):
        given = given(dims)
    if sp.issparse(given):
        host = sp.csr_array(given)
        _checks.array(name, host.data, complex_ok=True)
        if host.shape != (d, d):
            raise ValueError(f"Argument `{name}` must have shape ({d}, {d}), but has {host.shape}.")
        host = host.astype(complex)
    else:
        host = sp.csr_array(_dense(name, given, d).astype(complex))
    if hermitian:
        _check_hermitian(name, host)
    host.data[np.abs(host.data) <= NOISE * np.max(np.abs(host.data), initial=0.0)] = 0
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
        the numbers or signals (1.0 where none was given; a term whose number is the plain 0 is
        left out), and the operators. One that a signal multiplies need not be Hermitian.
    """
    if not isinstance(given, list):
        raise TypeError(
            f"Argument `{name}` must be a list of operators or (number, operator) pairs, but is "
            f"{_checks.show(given)}."
        )
    numbers, operators = [], []
    for i, term in enumerate(given):
        place = f"{name}[{i}]"
        number, matrix = _pair(place, term)
        if _checks.is_plain_zero(number):
            continue
        moves = isinstance(number, Pump)
        if moves:
            check_plain(f"{place}[0]", number)
        elif callable(number):
            raise TypeError(
                f"Argument `{place}[0]` must be a number or a pump protocol, but is a function: "
                "write qb.protocols.Function(f, duration), or [operator, f] for all times."
            )
        else:
            number = _checks.scalar(f"{place}[0]", number, low=low)
        if moves and not hermitian:
            _check_rate(f"{place}[0]", number)
        numbers.append(number)
        operators.append(operator(place, matrix, dims, hermitian=hermitian and not moves))
    return numbers, operators


def dimensions(dims: Any) -> tuple[int, ...]:
    """Levels of every factor."""
    return _checks.dimensions("dims", dims)


def factors(name: str, given: Any, dims: tuple[int, ...]) -> tuple[int, ...]:
    """Indices of factors, in the order given and each once."""
    found = _checks.indices(name, given, len(dims))
    if len(set(found)) != len(found):
        raise ValueError(
            f"Argument `{name}` must name each factor once, but is {_checks.show(given)}."
        )
    return tuple(found)


def projector(psi):
    """The density matrix of a ket, on the host if the ket is."""
    xp: Any = np if _checks.is_concrete(psi) else jnp
    return xp.outer(psi, psi.conj())


def state(initial, levels: int) -> Inexact[Array | np.ndarray, "..."]:
    """A ket or density matrix; on the host if it is known."""
    initial = plain(initial)
    if _checks.axes(initial) == 1:
        _checks.ket("initial", initial, dim=levels)
    else:
        as_density_matrix(initial, levels)
    if _checks.is_concrete(initial):
        return np.asarray(initial, complex)
    return jnp.asarray(initial).astype(complex)


def controls(given: Any, dims) -> tuple[tuple[Any, ...], list[sp.csr_array]]:
    """Strengths of controls, None where none was given, and their Hermitian operators."""
    if not isinstance(given, list | tuple) and _checks.axes(given) != 3:
        raise TypeError(
            f"Argument `controls` must be a list of operators, but is {_checks.show(given)}."
        )
    strengths, found = [], []
    for i, term in enumerate(given):
        place = f"controls[{i}]"
        strength, matrix = _pair(place, term) if isinstance(term, tuple) else (None, term)
        strengths.append(strength if strength is None else _checks.scalar(f"{place}[0]", strength))
        found.append(operator(place, matrix, dims, hermitian=True))
    return tuple(strengths), found


def observables(given: Mapping[str, Any] | Any, dims) -> dict[str, sp.csr_array]:
    """Observables by name, on the host."""
    expected = "a dictionary of names and operators"
    _checks.instance("observables", given, Mapping, expected)
    for name in given:
        _checks.instance("observables", name, str, f"{expected}, names being strings")
        if name in RESERVED:
            raise ValueError(
                f"Argument `observables` must have names of its own, but {name!r} is taken."
            )
    return {
        name: operator(f"observables[{name!r}]", m, dims, hermitian=True)
        for name, m in given.items()
    }


def charge(conserved, dims) -> Float[np.ndarray, " d"] | None:
    """A diagonal quantity, given as its values or as a diagonal operator."""
    if conserved is None:
        return None
    if not _checks.is_concrete(conserved):
        raise TypeError("Argument `conserved` must be known before compilation, but is traced.")
    conserved = conserved(dims).toarray() if isinstance(conserved, Symbol) else plain(conserved)
    _checks.array("conserved", conserved, complex_ok=True)
    host = np.asarray(conserved)
    if host.ndim == 2 and not np.any(host - np.diag(np.diagonal(host))):
        host = np.real(np.diagonal(host))
    _checks.array("conserved", host, shape=(math.prod(dims),))
    return np.asarray(host, float)


def plain(given: Any) -> Any:
    """The array of what QuTiP or dynamiqs made, kets with one axis; else what was given."""
    for method in ("full", "to_numpy"):
        if hasattr(type(given), method):
            array = np.asarray(getattr(given, method)())
            return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 < len(array) else array
    return given


def check_plain(place: str, pump: Pump) -> None:
    """Raises TypeError if one of a battery's own signals holds a free number."""
    if any(is_free(leaf) for leaf in jax.tree.leaves(pump, is_leaf=is_free)):
        raise TypeError(
            f"Argument `{place}` must hold plain numbers, but one is free: what a search chooses "
            "belongs to the protocol."
        )


def _check_rate(place: str, pump: Pump) -> None:
    """Raises an error if a rate in time is complex, or negative where that is known."""
    if pump.is_complex:
        raise TypeError(f"Argument `{place}` must be a real signal, but is complex.")
    edges = pump.edges()
    if not (pump.is_piecewise_constant and _checks.is_concrete((pump, edges))):
        return
    inner = np.array([]) if edges is None else np.sort(np.asarray(edges))
    reach = np.max(np.abs(inner), initial=0.0) or 1.0
    outside = (inner[:1] - reach, inner[-1:] + reach)
    ends = np.concatenate([outside[0], inner, outside[1]]) if inner.size else np.zeros(2)
    with jax.ensure_compile_time_eval():  # known numbers stay known within a trace
        values = [float(pump.signal(jnp.asarray(t))) for t in (ends[1:] + ends[:-1]) / 2]
    if min(values) < 0:
        raise ValueError(f"Argument `{place}` must be at least 0, but falls to {min(values):g}.")


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
    """Raises ValueError if QuTiP or dynamiqs know of other factors."""
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
    given = plain(given)
    _checks.array(name, given, shape=(d, d), complex_ok=True)
    return np.asarray(given)  # the checked one would be traced under `jit`


def _check_hermitian(name: str, host: sp.csr_array) -> None:
    defect = sp.coo_array(abs(host - host.conj().T))
    if defect.nnz == 0:
        return
    worst, coo = int(np.argmax(defect.data)), sp.coo_array(host)
    size = size_of_observable(host.diagonal(), coo.data[coo.row != coo.col])
    if defect.data[worst] > _checks.STATE_TOLERANCE * size:
        i, j = int(defect.row[worst]), int(defect.col[worst])
        raise ValueError(
            f"Argument `{name}` must be Hermitian, but element ({i}, {j}) is {host[i, j]:.6g} and "
            f"element ({j}, {i}) is {host[j, i]:.6g}: they differ by {defect.data[worst]:.2g}."
        )
