r"""Restarted GMRES with a right preconditioner, traced: every loop is `lax`'s.

$A M^{-1} y = b$, $x = M^{-1} y$: the residual that is minimised is the true one, whatever the
preconditioner's condition is. What it made of each Krylov vector is kept, as a flexible method
does: made again of their sum, it would differ by its rounding, which is large where eigenvectors
are nearly parallel. Krylov vectors are orthogonalised against a few earlier ones at a
time: one after the other among these groups, at once within, which reads each vector from
memory once and is as stable as modified Gram–Schmidt.

Reference: Y. Saad and M. H. Schultz, SIAM J. Sci. Stat. Comput. 7, 856 (1986).
"""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import jax.scipy.linalg
from jax import lax
from jaxtyping import Array, Float, Int

from qbjax.dynamics.generator.shifts import norm

GROUP = 8
"""Krylov vectors that are orthogonalised at once."""

RESTART = 12 * GROUP
"""Steps between two restarts, which forget all vectors."""

CYCLES = 20
"""Restarts after which the solver gives up."""

STALLED = 0.5
"""Share of the residual that a cycle may leave; one that leaves more is the last: what is left is
rounding, or the system is singular."""

Linear = Callable[[Float[Array, "..."]], Float[Array, "..."]]


class Solution(NamedTuple):
    """The solution x that GMRES found, the Frobenius norm of b − Ax, and applications of A."""

    value: Float[Array, "..."]
    residual: Float[Array, ""]
    steps: Int[Array, ""]


class _Arnoldi(NamedTuple):
    basis: Float[Array, "G g N"]
    searched: Float[Array, "G g N"]
    turns: Float[Array, "m1 m1"]
    triangle: Float[Array, "m1 m"]
    step: Int[Array, ""]
    left: Float[Array, ""]


def gmres(
    apply: Linear,
    precondition: Linear,
    b: Float[Array, "..."],
    start: Float[Array, "..."],
    tolerance: Float[Array, ""],
    restart: int = RESTART,
    cycles: int = CYCLES,
) -> Solution:
    r"""Solves $Ax = b$ until $\lVert b - Ax\rVert_F$ is below a tolerance.

    `precondition` is $M^{-1}$, linear, near $A^{-1}$; `restart` is a multiple of `GROUP`. The
    residual of the answer tells whether it was found.

    Example:
        >>> A = jnp.array([[2.0, 1.0], [0.0, 3.0]])
        >>> b = jnp.array([[[1.0], [1.0]]])
        >>> x = gmres(lambda x: A @ x, lambda x: x, b, 0 * b, jnp.array(1e-12)).value
        >>> (A @ x - b).round(12).tolist()
        [[[0.0], [0.0]]]
    """

    def better(carry):
        x, residual, left, _, steps, count = carry
        step, used = _cycle(apply, precondition, residual, left, tolerance, restart)
        x = x + step
        residual = b - apply(x)
        return x, residual, norm(residual), left, steps + used, count + 1

    def unfinished(carry):
        _, _, left, before, _, count = carry
        return (left > tolerance) & (left < STALLED * before) & (count < cycles)

    residual = b - apply(start)
    begin = (start, residual, norm(residual), jnp.asarray(jnp.inf), jnp.asarray(0), 0)
    x, _, left, _, steps, _ = lax.while_loop(unfinished, better, begin)
    return Solution(x, left, steps)


def _cycle(apply, precondition, residual, left, tolerance, restart: int):
    """The best correction of x from one Krylov space, and its dimension."""
    shape = residual.shape
    first = jnp.where(left > 0, residual.ravel() / jnp.where(left > 0, left, 1.0), 0.0)
    basis = jnp.zeros((restart // GROUP + 1, GROUP, first.size)).at[0, 0].set(first)
    empty = jnp.zeros((restart + 1, restart))
    begin = _Arnoldi(basis, basis[:-1] * 0, jnp.eye(restart + 1), empty, jnp.asarray(0), left)

    def extend(space: _Arnoldi) -> _Arnoldi:
        k = space.step
        last = space.basis[k // GROUP, k % GROUP].reshape(shape)
        search = precondition(last)
        column, vector = _orthogonal(space.basis, apply(search).ravel(), k)
        turns, column = _turned(space.turns, column[: restart + 1], k)
        return _Arnoldi(
            space.basis.at[(k + 1) // GROUP, (k + 1) % GROUP].set(vector),
            space.searched.at[k // GROUP, k % GROUP].set(search.ravel()),
            turns,
            space.triangle.at[:, k].set(column),
            k + 1,
            left * jnp.abs(turns[k + 1, 0]),
        )

    space = lax.while_loop(lambda s: (s.step < restart) & (s.left > tolerance), extend, begin)
    used = jnp.arange(restart) < space.step
    # A zero on the diagonal belongs to a singular system; its direction is left alone.
    diagonal = jnp.where(used & (jnp.diagonal(space.triangle) != 0), 0.0, 1.0)
    triangle = space.triangle[:restart] + jnp.diag(diagonal)
    weights = jax.scipy.linalg.solve_triangular(
        triangle, jnp.where(used, left * space.turns[:restart, 0], 0.0)
    )
    return _combined(space.searched, weights, space.step).reshape(shape), space.step


def _combined(searched, weights, count):
    """Sums the first Krylov vectors with their weights."""
    weights = weights.reshape(-1, GROUP)
    groups = (count + GROUP - 1) // GROUP
    zero = jnp.zeros(searched.shape[-1])
    return lax.fori_loop(0, groups, lambda g, x: x + weights[g] @ searched[g], zero)


def _orthogonal(basis, vector, k):
    """Components of a vector along the basis so far with the norm of its rest, and that rest."""

    def project(g, carry):
        column, rest = carry
        part = basis[g] @ rest
        return column.at[g].add(part), rest - part @ basis[g]

    begin = (jnp.zeros(basis.shape[:2]), vector)
    column, rest = lax.fori_loop(0, k // GROUP + 1, project, begin)
    length = norm(rest)
    column = column.ravel().at[k + 1].set(length)
    return column, rest / jnp.where(length > 0, length, 1.0)


def _turned(turns, column, k):
    """Adds a plane rotation of rows k and k + 1, which makes a new column triangular."""
    column = turns @ column
    length = jnp.hypot(column[k], column[k + 1])
    safe = jnp.where(length > 0, length, 1.0)
    c, s = jnp.where(length > 0, column[k] / safe, 1.0), column[k + 1] / safe
    upper, lower = turns[k], turns[k + 1]
    turns = turns.at[k].set(c * upper + s * lower).at[k + 1].set(c * lower - s * upper)
    return turns, column.at[k].set(length).at[k + 1].set(0.0)
