r"""Operators by name, whose matrices follow from the levels of the factors that they act on.

A symbol is a sum of products of operators of single factors,

$$\sum_ic_iA_{i1}A_{i2}\cdots,$$

that knows of no number of levels: `destroy(1)` is the lowering operator of factor 1, whatever its
size. Symbols add, multiply (`a @ b`; a number times a symbol, `2.0 * a`) and have an adjoint
(`a.dag()`); called with the levels of every factor a symbol is a sparse matrix. A `Lindblad`
battery whose operators are all symbols has more levels at will, so that results are verified.
"""

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from qbjax import _checks
from qbjax.algebra import operators


class Part(NamedTuple):
    """An operator of one factor, or its adjoint: the matrix is `make(levels)`."""

    make: Callable[[int], Any]
    factor: int
    adjoint: bool = False

    def matrix(self, levels: int) -> sp.csr_array:
        """The matrix on the factor alone, (n, n)."""
        found = np.asarray(self.make(levels))
        if found.shape != (levels, levels):
            raise ValueError(
                f"Argument `make` must return a matrix ({levels}, {levels}) for {levels} levels, "
                f"but returns {_checks.show(found)}."
            )
        return sp.csr_array(found.conj().T if self.adjoint else found)


@dataclass(frozen=True)
class Symbol:
    """An operator on a product of factors, whose levels are chosen later.

    Two symbols are equal if they are the same sum of the same products.

    Attributes:
        terms: pairs of a number and the parts of a product, from left to right.
    """

    terms: tuple[tuple[complex, tuple[Part, ...]], ...]
    __array_ufunc__ = None  # a NumPy number on the left leaves the product to this class

    def __call__(self, dims: Sequence[int] | Any) -> sp.csr_array:
        """The matrix on the product of factors of these levels, (D, D), D their product."""
        sizes = _checks.dimensions("dims", dims)
        beyond = [k for k in self.factors if k >= len(sizes)]
        if beyond:
            raise ValueError(
                f"Argument `dims` must have the levels of factor {beyond[0]}, which an operator "
                f"acts on, but is {_checks.show(sizes)}."
            )
        total = sp.csr_array((int(np.prod(sizes)),) * 2, dtype=complex)
        for number, parts in self.terms:
            total = total + number * _product(parts, sizes)
        return sp.csr_array(total)

    @property
    def factors(self) -> tuple[int, ...]:
        """Indices of the factors that it acts on."""
        return tuple(sorted({part.factor for _, parts in self.terms for part in parts}))

    def within(self, factors: Sequence[int]) -> "Symbol":
        """The same operator on some of the factors alone, which are counted in their order."""
        place = {k: i for i, k in enumerate(factors)}
        return _sum(
            (c, tuple(part._replace(factor=place[part.factor]) for part in parts))
            for c, parts in self.terms
        )

    def dag(self) -> "Symbol":
        """The adjoint operator."""
        return _sum(
            (c.conjugate(), tuple(p._replace(adjoint=not p.adjoint) for p in reversed(parts)))
            for c, parts in self.terms
        )

    def __add__(self, other: Any) -> "Symbol":
        return _sum([*self.terms, *_symbol(other).terms])

    __radd__ = __add__

    def __neg__(self) -> "Symbol":
        return -1.0 * self

    def __sub__(self, other: Any) -> "Symbol":
        return self + -1.0 * _symbol(other)

    def __mul__(self, number: Any) -> "Symbol":
        if isinstance(number, Symbol):
            raise TypeError("Argument `number` must be a number, but is an operator: write a @ b.")
        return self @ _symbol(number)

    __rmul__ = __mul__

    def __truediv__(self, number: Any) -> "Symbol":
        return self * (1.0 / _number(number))

    def __matmul__(self, other: Any) -> "Symbol":
        return _sum((c * d, (*p, *q)) for c, p in self.terms for d, q in _symbol(other).terms)


def own(make: Callable[[int], Any] | Any, factor: int | Any) -> Symbol:
    """An operator of one factor that a function of its levels makes.

    Args:
        make: function of the number of levels n that returns a matrix (n, n); keep the function
            itself: symbols of one function are equal.
        factor: index of the factor, counted from 0.

    Raises:
        TypeError, ValueError: for no function, or no index.

    Example:
        The cosine of the phase of a circuit:

        >>> from scipy.linalg import cosm
        >>> def cosine(levels):
        ...     a = np.diag(np.sqrt(np.arange(1.0, levels)), 1)
        ...     return cosm(0.3 * (a + a.T))
        >>> own(cosine, 0)((4,)).shape
        (4, 4)
    """
    _checks.function("make", make, "make(levels)")
    return Symbol(((1.0 + 0j, (Part(make, _checks.integer("factor", factor, low=0)),)),))


def destroy(factor: int | Any) -> Symbol:
    r"""Lowering operator of an oscillator or a qubit, $a$; `.dag()` is the raising one.

    Example:
        >>> a = destroy(1)
        >>> (a.dag() @ a)((2, 3)).diagonal().real.round(6).tolist()
        [0.0, 1.0, 2.0, 0.0, 1.0, 2.0]
    """
    return own(operators.destroy, factor)


def number(factor: int | Any) -> Symbol:
    r"""Number of quanta, $a^\dagger a$: level n has n."""
    return own(operators.number, factor)


def position(factor: int | Any) -> Symbol:
    r"""Quadrature $x = (a + a^\dagger)/\sqrt2$."""
    a = destroy(factor)
    return (a + a.dag()) / np.sqrt(2.0)


def momentum(factor: int | Any) -> Symbol:
    r"""Quadrature $p = (a - a^\dagger)/i\sqrt2$."""
    a = destroy(factor)
    return (a - a.dag()) / (1j * np.sqrt(2.0))


def spin_minus(factor: int | Any) -> Symbol:
    r"""Lowering operator of a spin, $J_-$, of length j = (levels − 1)/2."""
    return own(_spin_minus, factor)


def spin_x(factor: int | Any) -> Symbol:
    r"""Spin component $J_x = (J_+ + J_-)/2$."""
    lower = spin_minus(factor)
    return (lower.dag() + lower) / 2


def spin_y(factor: int | Any) -> Symbol:
    r"""Spin component $J_y = (J_+ - J_-)/2i$."""
    lower = spin_minus(factor)
    return (lower.dag() - lower) / 2j


def spin_z(factor: int | Any) -> Symbol:
    r"""Spin component $J_z$, −j in the ground state."""
    return own(_spin_z, factor)


def _spin_minus(levels: int):
    return operators.spin_minus((levels - 1) / 2)


def _spin_z(levels: int):
    return operators.spin_z((levels - 1) / 2)


def _product(parts: tuple[Part, ...], sizes: tuple[int, ...]) -> sp.csr_array:
    on = [sp.csr_array(sp.eye_array(n, dtype=complex)) for n in sizes]
    for part in parts:
        on[part.factor] = on[part.factor] @ part.matrix(sizes[part.factor])
    return functools.reduce(lambda a, b: sp.csr_array(sp.kron(a, b)), on)


def _sum(terms: Iterable[tuple[complex, tuple[Part, ...]]]) -> Symbol:
    """The sum with equal products taken together, and without those that cancel."""
    total: dict[tuple[Part, ...], complex] = {}
    for c, unsorted in terms:
        parts = tuple(sorted(unsorted, key=lambda part: part.factor))  # others commute
        total[parts] = total.get(parts, 0j) + c
    return Symbol(tuple((c, parts) for parts, c in total.items() if c != 0))


def _symbol(given: Any) -> Symbol:
    """A symbol; of a number, that multiple of the identity."""
    return given if isinstance(given, Symbol) else _sum([(_number(given), ())])


def _number(given: Any) -> complex:
    if not _checks.is_concrete(given):
        raise TypeError(
            "Argument `number` must be known before compilation, but is traced; give what is "
            "differentiated beside the operator, [(number, operator), …]."
        )
    return complex(_checks.scalar("number", given, complex_ok=True))
