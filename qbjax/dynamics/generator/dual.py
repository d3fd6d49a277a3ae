r"""A linear field taken apart into its weights and their parts, for reverse mode.

$f(t, y) = \sum_j w_j(t)\,L_jy$ is linear in its weights, too. Its transpose by the state is the
dual field; its transpose by the weights, $\bar w_j = \sum_k z_k^TL_jy_k$ summed over many pairs, is
cheapest where products are added up elementwise first, and summed in the end.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from qbjax.dynamics.generator.shifts import Stack, drifted, inner, readers, shifted_dual, shifts_of
from qbjax.dynamics.generator.structure import Structure


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


def of_structure(structure: Structure, weights: Callable) -> Dual:
    """Takes a generator that works by shifts apart; `weights` gives those of `Generator` at t."""
    first = len(structure.hamiltonians)
    rates = slice(first, first + len(structure.jumps))
    return Dual(
        weights,
        lambda w, z: shifted_dual(structure, z, w, w[rates]),
        lambda _, y, z: products(structure, y, z),
        total,
    )


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


@partial(jax.jit, static_argnums=0)
def products(structure: Structure, y: Stack, z: Stack) -> tuple[Stack, ...]:
    r"""Elementwise $z\,(L_jy)$ for every weight of a generator.

    A rate is that of a drift and of a jump.
    """
    shifts = shifts_of(structure, structure.sectors)
    read, read_leap = readers(shifts, y)
    moved = drifted(shifts, read, [jnp.zeros_like(y)] * len(structure.drift_operators()))
    for leap in shifts.leaps:
        j = len(structure.hamiltonians) + leap.rate
        moved[j] = moved[j] + leap.rows[:, :, None] * leap.columns[:, None, :] * read_leap(leap)
    return tuple(z * m for m in moved)


def total(sums: tuple[Stack, ...]) -> Float[Array, " W"]:
    """Sums products up to the cotangents of all weights."""
    each: list[Any] = [inner(x, jnp.ones_like(x)) for x in sums]
    return jnp.stack(each) if each else jnp.zeros(0)
