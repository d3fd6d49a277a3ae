r"""Operators that move in time as QuTiP writes them: `QobjEvo`s, lists [operator, coefficient].

Every form becomes pairs $(f_j, H_j)$ of a signal and an operator, as `Lindblad` takes them. A
collapse operator $f(t)L$ is a jump L of the rate $|f(t)|^2$.
"""

import operator
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp

from qbjax import _checks
from qbjax.algebra.symbols import Symbol
from qbjax.protocols import Pump
from qbjax.protocols.endless import Derived, Endless, Spline, through
from qbjax.protocols.numpy_functions import traceable

OF_ONE: dict[str, Callable] = {
    "ConjCoefficient": jnp.conj,
    "NormCoefficient": lambda value: jnp.abs(value) ** 2,
}
OF_TWO: dict[str, Callable] = {"SumCoefficient": operator.add, "MulCoefficient": operator.mul}
"""Functions that QuTiP's coefficients apply to the ones inside them."""


class _Moving(NamedTuple):
    """A function of time, its edges, and whether it is constant between them."""

    function: Callable
    edges: list[Any]
    steps: bool


def is_evolving(given: Any) -> bool:
    """Whether something is a `QobjEvo`."""
    return _is_from_qutip(given, "QobjEvo")


def hamiltonian_terms(given: Any, tlist: Any) -> list:
    """A Hamiltonian as a list of operators and pairs.

    Args:
        given: an operator, a `QobjEvo`, [operator, coefficient], or a list of these and of pairs.
        tlist: the times of coefficients that are arrays.
    """
    if is_evolving(given):
        return _parts("hamiltonian", given)
    if not isinstance(given, list):
        return [given]
    if _is_pair(given):
        return [_pair("hamiltonian", given, tlist)]
    found = [_flattened(f"hamiltonian[{i}]", one, tlist) for i, one in enumerate(given)]
    return [term for terms in found for term in terms]


def jump_terms(given: Any, tlist: Any) -> Any:
    """A list of jumps, its moving ones as pairs of rate and operator."""
    if not isinstance(given, list):
        return given
    return [_jump(f"jumps[{i}]", one, tlist) for i, one in enumerate(given)]


def _jump(place: str, given: Any, tlist: Any) -> Any:
    found = _flattened(place, given, tlist)
    if len(found) != 1:
        raise TypeError(
            f"Argument `{place}` must be one operator times one coefficient, but is a QobjEvo of "
            f"{len(found)} terms: a jump whose operator turns in time cannot be taken."
        )
    if not (is_evolving(given) or _is_pair(given)) or not isinstance(found[0], tuple):
        return found[0]
    signal, L = found[0]
    return Derived(signal, _squared), L


def _squared(value):
    return jnp.abs(value) ** 2


def _flattened(place: str, given: Any, tlist: Any) -> list:
    if is_evolving(given):
        return _parts(place, given)
    return [_pair(place, given, tlist) if _is_pair(given) else given]


def _parts(place: str, given: Any) -> list:
    """The terms of a `QobjEvo`."""
    found = given.to_list()
    for term in found:
        if isinstance(term, list) and not hasattr(type(term[0]), "full"):
            raise TypeError(
                f"Argument `{place}` must be made of operators and coefficients, but is a QobjEvo "
                "of a function that returns operators: write it as [[H1, f1], [H2, f2], …]."
            )
    return [_pair(place, term, None) if isinstance(term, list) else term for term in found]


def _is_pair(given: Any) -> bool:
    """Whether a list is [operator, coefficient], not a matrix or a list of operators."""
    if not (isinstance(given, list) and len(given) == 2) or isinstance(given[0], tuple | list):
        return False
    made = isinstance(given[0], Symbol) or hasattr(type(given[0]), "full") or sp.issparse(given[0])
    matrix = made or _checks.axes(given[0]) == 2
    return matrix and not _is_operator(given[1])


def _is_operator(given: Any) -> bool:
    made = isinstance(given, Symbol) or hasattr(type(given), "full") or sp.issparse(given)
    if made or is_evolving(given):
        return True
    return isinstance(given, tuple | list) or _checks.axes(given) >= 2


def _pair(place: str, given: list, tlist: Any) -> Any:
    """A signal and an operator, or an operator alone where the coefficient is constant."""
    matrix, coefficient = given
    name = f"{place}[1]"
    if _is_from_qutip(coefficient, "ConstantCoefficient"):
        return coefficient(0.0) * matrix
    if isinstance(coefficient, Pump):
        return coefficient, matrix
    moving = _moving(name, coefficient, tlist)
    edges = jnp.sort(jnp.concatenate(moving.edges)) if moving.edges else None
    return Endless(name, moving.function, edges, moving.steps), matrix


def _moving(name: str, coefficient: Any, tlist: Any) -> _Moving:
    kind = type(coefficient).__name__
    if _is_from_qutip(coefficient, "Coefficient"):
        return _of_coefficient(name, kind, coefficient)
    if isinstance(coefficient, str):
        raise TypeError(
            f"Argument `{name}` must be a function of time, but is the string {coefficient[:40]!r}"
            ": write `lambda t: …` with jax.numpy."
        )
    if callable(coefficient):
        return _Moving(coefficient, [], False)
    if _checks.axes(coefficient) == 1:
        if tlist is None:
            raise ValueError(
                f"Argument `tlist` must be given for the array `{name}`, but is None: it holds the "
                "array's times."
            )
        return _of_spline(through(name, tlist, coefficient))
    raise TypeError(
        f"Argument `{name}` must be a function of time, an array on `tlist` or a pump protocol, "
        f"but is a {kind}; a constant goes into a tuple, (number, operator)."
    )


def _of_coefficient(name: str, kind: str, coefficient: Any) -> _Moving:
    """The parts of a coefficient of QuTiP, which its own pickled form alone tells."""
    if kind == "FunctionCoefficient":
        # Not itself: QuTiP compares coefficients, and what is compared must be hashable here.
        return _Moving(lambda time: coefficient(time), [], False)
    if kind == "ConstantCoefficient":
        value = coefficient(0.0)
        return _Moving(lambda _: value, [], True)
    pickled = coefficient.__reduce__()
    if kind == "InterCoefficient":
        knots, rows = (np.asarray(part) for part in pickled[1][:2])
        rows = rows if np.any(rows.imag) else rows.real
        return _of_spline(Spline(jnp.asarray(knots), jnp.asarray(rows)))
    if kind in OF_ONE or kind in OF_TWO:
        inner = [part for part in pickled[2] if _is_from_qutip(part, "Coefficient")]
        return _combined({**OF_ONE, **OF_TWO}[kind], [_moving(name, c, None) for c in inner])
    raise TypeError(
        f"Argument `{name}` must be a function of time, but is compiled by QuTiP from a string "
        f"({kind}): write `lambda t: …` with jax.numpy."
    )


def _combined(rule: Callable, parts: list[_Moving]) -> _Moving:
    def function(time):
        return rule(*(jnp.asarray(traceable(part.function)(time)) for part in parts))

    return _Moving(
        function, [e for part in parts for e in part.edges], all(part.steps for part in parts)
    )


def _of_spline(spline: Spline) -> _Moving:
    return _Moving(spline, [spline.edges()], spline.degree == 0)


def _is_from_qutip(given: Any, name: str) -> bool:
    # By name: QuTiP need not be installed, and is not imported for those who do not use it.
    return "qutip" in sys.modules and any(
        kind.__name__ == name and kind.__module__.startswith("qutip")
        for kind in type(given).__mro__
    )
