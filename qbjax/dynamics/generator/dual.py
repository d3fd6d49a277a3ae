r"""A linear field taken apart into its weights and their parts, for reverse mode.

$f(t, y) = \sum_j w_j(t)\,L_jy$ is linear in its weights, too. Its transpose by the state is the
dual field; its transpose by the weights, $\bar w_j = \sum_k z_k^TL_jy_k$ summed over many pairs, is
cheapest where products are added up elementwise first, and summed in the end.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from qbjax.dynamics.generator import kets, sparse
from qbjax.dynamics.generator.kets import Ket
from qbjax.dynamics.generator.pattern import Shifts
from qbjax.dynamics.generator.shifts import Stack, drifted, inner, leapt, readers, shifted_dual
from qbjax.dynamics.generator.sparse import Sparse


class Dual(NamedTuple):
    """A linear field taken apart: its weights, its transpose, and the products for cotangents.

    Attributes:
        weights: t to w(t), a pytree: what carries numbers to be differentiated by.
        back: back(w, z), the dual field.
        products: products(w, y, z): what is added up over pairs, a pytree.
        total: from the sum of these to the cotangent of w.
    """

    weights: Any
    back: Callable[[PyTree, PyTree], PyTree]
    products: Callable[[PyTree, PyTree, PyTree], PyTree]
    total: Callable[[PyTree], PyTree]


def of_shifts(shifts: Shifts, weights: Callable) -> Dual:
    """Takes a generator that works by shifts apart; `weights` gives those of `Generator` at t."""
    # As pytrees, for the tables may be traced.
    back, by_weights = (jax.tree_util.Partial(f, shifts) for f in (_dual, _products))
    return Dual(weights, back, by_weights, total)


def _dual(shifts, weights, z):
    first, rates = shifts.pattern.hamiltonians, shifts.pattern.rates
    return shifted_dual(shifts, z, weights, weights[first : first + rates])


def _products(shifts, _, y, z):
    return products(shifts, y, z)


def of_kets(shifts: Shifts, weights: Callable) -> Dual:
    r"""Takes the field $-iH\psi$ of a ket apart; `weights` as of `of_shifts`.

    On two real rows $-iH$ is antisymmetric: its transpose is its negative.
    """
    back, by_weights, sums = (
        jax.tree_util.Partial(f, shifts) for f in (_turned_back, _met, _by_diagonals)
    )
    return Dual(weights, back, by_weights, sums)


def _turned_back(shifts: Shifts, weights, z: Ket) -> Ket:
    return -kets.moved(shifts, z, weights)


def _met(shifts: Shifts, _, y: Ket, z: Ket) -> list[Ket]:
    """Elementwise products of z with what every diagonal reads of y."""
    return [z * source for source in kets.sources(shifts, y)]


def _by_diagonals(shifts: Shifts, sums: list[Ket]) -> Float[Array, " W"]:
    """The cotangents of all weights from the products that each diagonal met."""
    each = [jnp.sum(met, axis=0) for met in sums]
    return jnp.tensordot(shifts.drifts[:, :, 0], jnp.stack(each), 2) if each else jnp.zeros(0)


def of_sparse(form: Sparse, weights: Callable) -> Dual:
    r"""Takes the field $-iH\psi$ of a ket in slots apart; `weights` as of `of_shifts`."""
    back, by_weights = (jax.tree_util.Partial(f, form) for f in (_back_in_slots, _met_in_slots))
    return Dual(weights, back, by_weights, lambda sums: sums)


def _back_in_slots(form: Sparse, weights, z: Ket) -> Ket:
    return -sparse.moved(form, z, weights)


def _met_in_slots(form: Sparse, _, y: Ket, z: Ket) -> Float[Array, " W"]:
    return sparse.met(form, y, z)


def of_field(field: Callable, like: PyTree[Array]) -> Dual:
    """Takes any field f(t, y) apart by JAX, for states like a given one."""
    converted = eqx.filter_closure_convert(field, jnp.zeros(()), like)
    numbers, rest = eqx.partition(converted, eqx.is_inexact_array)

    # As pytrees, for what is left may be traced, too.
    back, by_weights = (jax.tree_util.Partial(f, rest) for f in (_back, _by_weights))
    return Dual(lambda t: (numbers, t), back, by_weights, lambda sums: sums)


def _called(rest, weights, y):
    numbers, t = weights
    return eqx.combine(numbers, rest)(t, y)


def _back(rest, weights, z):
    nothing = jax.tree.map(jnp.zeros_like, z)
    return jax.vjp(lambda y: _called(rest, weights, y), nothing)[1](z)[0]


def _by_weights(rest, weights, y, z):
    return jax.vjp(lambda w: _called(rest, w, y), weights)[1](z)[0]


@jax.jit
def products(shifts: Shifts, y: Stack, z: Stack) -> tuple[Stack, ...]:
    r"""Elementwise $z\,(L_jy)$ for every weight of a generator.

    A rate is that of a drift and of a jump.
    """
    read, read_leap = readers(shifts, y)
    moved = drifted(shifts, read, [jnp.zeros_like(y)] * shifts.pattern.weights)
    for i, leap in enumerate(shifts.pattern.leaps):
        moved[shifts.pattern.hamiltonians + leap.rate] += leapt(shifts, i, read_leap)
    return tuple(z * m for m in moved)


def total(sums: tuple[Stack, ...]) -> Float[Array, " W"]:
    """Sums products up to the cotangents of all weights."""
    each: list[Any] = [inner(x, jnp.ones_like(x)) for x in sums]
    return jnp.stack(each) if each else jnp.zeros(0)
