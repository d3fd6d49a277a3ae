r"""Exact propagation of small linear systems: the exponential of the whole generator.

For $\dot y = Ly$ with L constant between edges, and n numbers in the state,

$$y(t + h) = e^{hL}y(t), \qquad
  e^A = \left(q(A/2^s)^{-1}\,q(-A/2^s)\right)^{2^s}$$

with q from the Padé approximant of degree 13 and $\lVert A\rVert_1/2^s$ at most 5.37 (N. J.
Higham, SIAM J. Matrix Anal. Appl. 26, 1179 (2005)). Nothing is stepped and nothing has a
tolerance: the error is that of rounding, about $10^{-16}\lVert L\rVert h$ where fast changes go
on, less where they have decayed. The work grows as n³, so
this is for n up to about a thousand: density matrices of up to thirty levels.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import equinox.internal as eqxi
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int, PyTree

from qbjax.dynamics import rows
from qbjax.dynamics.chebyshev.forward import stops
from qbjax.dynamics.chebyshev.trail import inside
from qbjax.dynamics.solve.run import Run

REACH = 5.371920351148152
"""Largest norm at which the approximant of degree 13 is exact to rounding."""

SQUARINGS, MOST = 24, 70
"""Squarings of ordinary norms, up to 9e7, and most of all, for 6e21: beyond, all is NaN."""

PADE = (64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0,
        129060195264000.0, 10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0,
        40840800.0, 960960.0, 16380.0, 182.0, 1.0)  # fmt: skip


class Exponential(eqx.Module):
    """The method of exact exponentials: `qb.Solver(method=qb.dynamics.Exponential())`.

    Tolerances and step limits mean nothing to it. Saved times that are evenly spaced share one
    exponential, unless the field has edges.
    """


def propagate(
    linear: Any,
    initial: PyTree[Array],
    times: Float[Array, " T"],
    *,
    save: Callable,
    edges: Float[Array, " E"] | None,
    count: Int[Array, ""] | None = None,
) -> Run:
    """Propagates a state from `times[0]` through all times; differentiable in every mode.

    Args:
        linear: field f(t, y), linear in y, constant in t between edges, with a functional `kept`,
            or the exponentials themselves (`automatic.Linear`).
        initial: state at `times[0]`.
        times: where to save; without edges their derivatives are left to `save`.
        save: save(t, y).
        edges: times at which the field is discontinuous; those outside the times do not matter.
        count: how many of the times are to be saved, if the rest repeats the last; None for all.

    Returns:
        A `Run`.
    """
    y, unravel = (initial, _same) if linear.exact else ravel_pytree(initial)
    at, which = stops(times, edges)
    exact = linear.exact or _whole(linear, unravel, y.size)
    advanced = advance(exact, times, edges, count)
    struct = jax.eval_shape(save, times[0], initial)

    @jax.checkpoint  # backwards, each exponential is made anew rather than kept
    def interval(y, stop):
        before, time, wanted = stop
        y = advanced(y, before, time)
        row = lax.cond(
            wanted,
            lambda: save(time, unravel(y)),
            lambda: jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), struct),
        )
        return y, row

    before = jnp.concatenate([times[:1], at[:-1]])
    until = None if count is None else 1 + jnp.argmax(which == count - 1)
    last, all_rows = rows.scan(interval, y, (before, at, which >= 0), until)
    order = jnp.argsort(jnp.where(which < 0, times.size, which), stable=True)[: times.size]
    no, saved = jnp.array(False), jnp.array(times.size) if count is None else count
    return Run(
        saved=jax.tree.map(lambda x: x[order], all_rows),
        arrived=jnp.arange(times.size) < saved,
        last=unravel(last),
        failed=no,
        limited=no,
        steps=saved + (at.size - times.size - 1),
    )


def advance(
    exact: Callable,
    times: Float[Array, " T"],
    edges: Float[Array, " E"] | None,
    count: Int[Array, ""] | None,
) -> Callable:
    """Makes the function (y, before, time) -> the state at `time`, from that at the one before.

    Args:
        exact: exact(t)(h), the function that moves a state on by h with the field of time t.
        times, edges, count: as in `propagate`; what is evenly spaced shares exact(t)(h).
    """
    if edges is not None:
        return lambda y, a, b: exact(inside(*lax.stop_gradient((a, b))))(b - a)(y)
    spans = exact(lax.stop_gradient(times[0]))
    # The mean, not the first: so that the rounding of spans does not add up.
    steps = times.size - 1 if count is None else jnp.maximum(jnp.asarray(count - 1, float), 1.0)
    mean = (times[-1] - times[0]) / steps
    shared = spans(mean)
    rounding = 4 * np.finfo(float).eps * jnp.max(jnp.abs(times))

    def advanced(y, a, b):
        span = b - a
        kind = jnp.where(jnp.abs(span - mean) <= rounding, 0, jnp.where(span == 0, 1, 2))
        return lax.switch(kind, [shared, lambda y: y, lambda y: spans(span)(y)], y)

    return advanced


def matrix(field: Callable, unravel: Callable, size: int) -> Float[Array, "n n"]:
    """The matrix of a linear map between pytrees of n numbers.

    Args:
        field: f(y).
        unravel: makes a pytree of a vector (n,).
        size: n.
    """
    return jax.vmap(lambda unit: ravel_pytree(field(unravel(unit)))[0])(jnp.eye(size)).T


def expm(A: Float[Array, "n n"]) -> Float[Array, "n n"]:
    r"""The exponential $e^A$ of a real matrix.

    JAX has one too, but it halves A once too seldom: just below norms of 10.7, and of that times
    a power of two, its relative error reaches 2e-7.

    Args:
        A: array (n, n).

    Returns:
        array (n, n); NaN where ‖A‖₁ exceeds 1e22.

    Example:
        >>> expm(jnp.array([[0.0, 1.0], [0.0, 0.0]])).round(12).tolist()
        [[1.0, 1.0], [0.0, 1.0]]
    """
    return exponential(A).whole


class Change(NamedTuple):
    """An exponential E, and E − 1, by which a state changes.

    Attributes:
        whole: $E = e^A$.
        less_one: $F = e^A - 1$.
    """

    whole: Float[Array, "n n"]
    less_one: Float[Array, "n n"]

    def fades(self):
        """Whether everything decays so much that E is known better than E − 1."""
        return jnp.max(jnp.abs(self.whole)) < 0.5

    def __matmul__(self, y: Float[Array, " n"]) -> Float[Array, " n"]:
        return jnp.where(self.fades(), self.whole @ y, y + self.less_one @ y)


def exponential(A: Float[Array, "n n"], kept: Float[Array, " n"] | None = None) -> Change:
    r"""The exponential of a real matrix, squared by $F \to 2F + F^2$ where anything stays.

    That does not round slow changes against the 1. Yet beside a fast rate every squaring leaves an
    error of rounding in what stays, which the next doubles: after all of them up to
    $10^{-16}\lVert A\rVert$. Of a functional that the motion keeps, it is taken away each time, so
    that endless decays end in their steady state.

    Args:
        A: array (n, n).
        kept: w with $w^TA = 0$, shape (n,); None for none.
    """
    norm = lax.stop_gradient(jnp.max(jnp.sum(jnp.abs(A), axis=0)))
    halvings = jnp.ceil(jnp.log2(jnp.maximum(norm / REACH, 1.0)))
    # Under `vmap` each lane needs its own number, and the loop goes as far as the largest.
    most = eqxi.unvmap_max(halvings)

    def square(E, k):
        squared = lax.cond(k < most, lambda: _squared(E, kept), lambda: E)
        return jax.tree.map(lambda new, old: jnp.where(k < halvings, new, old), squared, E), None

    @jax.checkpoint  # rarely needed: nothing is kept of them
    def rest(E):
        return lax.scan(square, E, jnp.arange(float(SQUARINGS), float(MOST)))[0]

    odd, even = _pade(A / 2.0**halvings)
    both = jnp.linalg.solve(even - odd, jnp.concatenate([even + odd, 2 * odd], axis=1))
    E, _ = lax.scan(square, Change(*jnp.split(both, 2, axis=1)), jnp.arange(float(SQUARINGS)))
    E = lax.cond(most > SQUARINGS, rest, lambda E: E, E)
    return jax.tree.map(lambda x: jnp.where(halvings <= MOST, x, jnp.nan), E)


def _squared(E: Change, kept) -> Change:
    one, fades = jnp.eye(len(E.whole)), E.fades()
    root = jnp.where(fades, E.whole, E.less_one)
    product = root @ root
    less_one = jnp.where(fades, product - one, 2 * E.less_one + product)
    if kept is not None:
        less_one = less_one - jnp.outer(kept / jnp.sum(kept**2), kept @ less_one)
    return Change(jnp.where(fades, product, one + less_one), less_one)


def _pade(A):
    """Odd and even part of the numerator of the Padé approximant."""
    one = jnp.eye(A.shape[0])
    A2 = A @ A
    A4 = A2 @ A2
    A6 = A4 @ A2

    def three(c6, c4, c2):
        return c6 * A6 + c4 * A4 + c2 * A2

    b = PADE
    odd = A @ (A6 @ three(b[13], b[11], b[9]) + three(b[7], b[5], b[3]) + b[1] * one)
    return odd, A6 @ three(b[12], b[10], b[8]) + three(b[6], b[4], b[2]) + b[0] * one


def _same(y: PyTree) -> PyTree:
    return y


def _whole(linear: Any, unravel: Callable, size: int) -> Callable:
    """Makes the function t -> (h -> (y -> the state y after h)) of a linear field."""
    kept = linear.kept
    weights = None if kept is None else jax.vmap(lambda e: kept(unravel(e)))(jnp.eye(size))

    def exact(t):
        L = matrix(lambda y: linear.field(t, y), unravel, size)
        return lambda h: exponential(h * L, weights).__matmul__

    return exact
