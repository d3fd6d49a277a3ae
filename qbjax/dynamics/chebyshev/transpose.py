r"""The transpose of one step of a Chebyshev expansion.

A step is $P_1 = AP_0$, $P_{k+1} = 2AP_k + P_{k-1}$, $y' = \sum_k w_kP_k$ (`forward`).
With $\lambda$ the cotangent of $y'$ its transpose is Clenshaw's recurrence, downwards,

$$\bar P_k = w_k\lambda + s_kA^T\bar P_{k+1} + \bar P_{k+2},\qquad \bar y = \bar P_0,\qquad
  s_0 = 1,\; s_k = 2,$$

to which what was read off the terms adds its own; and the weights of the field get
$\bar w_j = \sum_k s_k\bar P_{k+1}^TL_jP_k/d$ (`dual`). That is a rerun, a dual run and a sum
of products: about four runs in all.
"""

from collections.abc import Callable
from typing import NamedTuple

import equinox.internal as eqxi
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, PyTree

from qbjax.dynamics.chebyshev.step import shares
from qbjax.dynamics.generator.dual import Dual
from qbjax.dynamics.solve import tsit5

CHUNK = 8
"""Saved times whose cotangents are spread over the terms of a step together."""

TOGETHER = 3
"""Terms whose products are added up together: sums are then read and written less often."""


class Readings(NamedTuple):
    """Readings of a step that are differentiated.

    Attributes:
        read: read(numbers, y).
        numbers: the perturbed ones.
        cotangent: of what was read off each term, from `spread`.
        any: whether there is any.
    """

    read: Callable
    numbers: PyTree[Array]
    cotangent: PyTree[Array]
    any: Bool[Array, ""]


def spread(cotangent, times, start, taken, left):
    """Spreads cotangents of what was read at saved times over the terms of a step.

    Args:
        cotangent: of what was read at all times.
        times: all of them.
        start: of the step.
        taken: its ellipse, plan and number of terms.
        left: how many of the times have not been met on the way back.

    Returns:
        these, leading axis K, and how many times are left then.
    """
    ellipse, plan, count = taken

    def inside(state):
        _, left = state
        return (left > 1) & (times[left - 1] > start)

    def some(state):
        by_terms, left = state
        index = left - 1 - jnp.arange(CHUNK)
        at = jnp.maximum(index, 0)
        here = (index > 0) & (times[at] > start)
        parts = shares(ellipse, plan, count, jnp.where(here, times[at] - start, 0.0))
        parts = jnp.where(here[:, None], parts, 0.0)
        by_terms = jax.tree.map(
            lambda b, c: b + jnp.tensordot(parts, c[at], ((0,), (0,))), by_terms, cotangent
        )
        return by_terms, left - jnp.sum(here)

    begin = jax.tree.map(lambda c: jnp.zeros((plan.weights.size, *c.shape[1:])), cotangent)
    return lax.while_loop(inside, some, (begin, left))


def transposed(
    dual: Dual, weights, taken, terms, state, readings: Readings | None, *, wanted: bool
):
    """Pulls the cotangent of a step's end back to its start.

    Args:
        dual: of the field; `weights`: its weights during the step.
        taken: ellipse, plan and number of terms.
        terms: these, leading axis K.
        state: the cotangent of the end.
        readings: what was read off the terms.
        wanted: whether the cotangent of the weights is.

    Returns:
        the cotangent of the start; sums of products for `dual.total`, or None; cotangents of the
        numbers of `readings`, or None.
    """
    bar = _recurrence(lambda z: dual.back(weights, z), taken, state)
    nothing = jax.tree.map(jnp.zeros_like, state)
    groups = -(-taken[2] // TOGETHER)

    def product(k, z):
        scaled = jax.tree.map(lambda x: _scale(k) / taken[1].focus * x, z)
        term = jax.tree.map(lambda x: lax.dynamic_index_in_dim(x, k, keepdims=False), terms)
        return dual.products(weights, term, scaled)

    def group(i, carry):
        last, before, products, by_read = carry
        first = (groups - 1 - i) * TOGETHER
        bars, extras = [before, last], None
        if readings is not None:
            by_read, extras = _pulled_readings(readings, first, terms, by_read)
        for j in reversed(range(TOGETHER)):
            extra = () if extras is None else (jax.tree.map(lambda x, j=j: x[j], extras),)
            bars.append(bar(first + j, bars[-1], bars[-2], *extra))
        if wanted:
            for j, z in zip(reversed(range(TOGETHER)), bars[1:-1], strict=True):
                products = plus(products, product(first + j, z))
        return bars[-1], bars[-2], products, by_read

    like = jax.eval_shape(dual.products, weights, state, state) if wanted else None
    products = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), like)
    by_read = None if readings is None else jax.tree.map(jnp.zeros_like, readings.numbers)
    begin = (nothing, nothing, products, by_read)
    start, _, products, by_read = lax.fori_loop(0, groups, group, begin)
    return start, products, by_read


def _recurrence(back, taken, state):
    r"""Makes bar(k, last, before, *extra), which gives $\bar P_k$ from the two above it.

    What was read off the term is added, if there is any.
    """
    ellipse, plan, count = taken
    shares = jnp.where(jnp.arange(plan.weights.size) < count, plan.weights, 0.0)
    shares = shares / jnp.sum(shares * plan.still)
    opaque = eqxi.unvmap_any(plan.length >= 0)
    # What does not depend on z is computed once.
    _, back = jax.linearize(back, jax.tree.map(jnp.zeros_like, state))

    def bar(k, last, before, *extra):
        scale = _scale(k) / plan.focus
        share, turn = shares[k], scale * ellipse.centre

        def new(last, before, *extra):
            def add(s, u, v, w, *extra):
                total = share * s + scale * u - turn * v + w
                return total + extra[0] if extra else total

            return jax.tree.map(add, state, back(last), last, before, *extra)

        return tsit5.fenced(opaque, new, last, before, *extra, like=last)

    return bar


def _scale(k):
    return jnp.where(k == 0, 1.0, 2.0)


def _pulled_readings(readings: Readings, first, terms, by_read):
    """Pulls cotangents of what was read off a group of terms back to numbers and terms."""
    some, cotangent = (
        jax.tree.map(lambda x: lax.dynamic_slice_in_dim(x, first, TOGETHER), tree)
        for tree in (terms, readings.cotangent)
    )

    def reads(numbers, ys):
        return jax.vmap(lambda y: readings.read(numbers, y))(ys)

    def felt():
        more, extras = pull(reads, readings.numbers, some, cotangent=cotangent)
        return plus(by_read, more), extras

    return lax.cond(readings.any, felt, lambda: (by_read, jax.tree.map(jnp.zeros_like, some)))


def pull(function, *args, cotangent):
    """Pulls a cotangent of a function's value back to all arguments."""
    return jax.vjp(function, *args)[1](cotangent)


def plus(a, b):
    """Adds two trees, leaf by leaf."""
    return jax.tree.map(jnp.add, a, b)
