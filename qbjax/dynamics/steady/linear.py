r"""The steady state of a Lindblad generator, and its derivatives.

$$L\rho = 0, \quad \mathrm{Tr}\rho = 1 \qquad\Longleftrightarrow\qquad
  L\rho - c\,\sigma\,\mathrm{Tr}\rho = -c\,\sigma ,$$

σ being any state: the trace of the right equation is Tr ρ = 1, since L keeps the trace. What
stands on the left, A, is invertible if the steady state is unique, and has the eigenvalues
of L but for 0, which becomes −c (`gap`). Small systems are solved directly, large ones by GMRES
(`krylov`), preconditioned by the inverse of the part without jumps
(`sylvester`; `doubling` where a processor finds no eigenvectors). Either way it is a linear system
with parameters, whose derivatives are linear systems with the same operator (forward mode) or its
transpose (reverse mode).
"""

import dataclasses
from typing import NamedTuple

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Complex, Float, Int

from qbjax.dynamics.generator import shifts
from qbjax.dynamics.generator.lindblad import Generator
from qbjax.dynamics.generator.shifts import Stack
from qbjax.dynamics.steady import solvers as steady_solvers
from qbjax.dynamics.steady.solvers import Reset

ACCEPTED = 1e-8
"""Residual, relative to the mean rate of the jumps, up to which a state counts as found."""


class Steady(NamedTuple):
    r"""A steady state, packed and stacked, and how well it was found.

    The residual $\lVert L\rho\rVert_F$ is to be measured by `rate`, the mean rate of the jumps in
    the mixed state. Steps are those of GMRES, 0 if solved directly; the status is 0 ok, 1 not
    converged, 2 not finite or no state.
    """

    state: Stack
    residual: Float[Array, ""]
    rate: Float[Array, ""]
    steps: Int[Array, ""]
    status: Int[Array, ""]


def steady(
    generator: Generator,
    signals=(),
    *,
    guess: Complex[Array, " J"] | None = None,
    start: Stack | None = None,
    direct: bool | None = None,
) -> Steady:
    r"""Solves for the steady state of a generator.

    Args:
        generator, signals: L, and its control amplitudes, constant.
        guess: $\langle L_j\rangle$ of every jump, roughly; only the number of steps depends on it.
            None finds it out.
        start: a state to start from, if a good one is known.
        direct: whether to factor the generator's matrix; None decides by size
            (`solvers.DIRECT`).

    If the steady state is not unique, the answer is one of them, or nothing finite.

    Example:
        A qubit in a bath, two to one:

        >>> import jax.numpy as jnp, numpy as np
        >>> from qbjax.dynamics.generator.structure import Structure
        >>> lower = np.diag([1.0], 1)
        >>> L = Generator(Structure([], [lower, lower.T]), jnp.zeros(0), jnp.array([2.0, 1.0]))
        >>> steady(L).state.round(6).tolist()
        [[[0.666667, 0.0], [0.0, 0.333333]]]
    """
    reset = Reset(generator)
    if direct is None:
        direct = steady_solvers.is_small(generator)
    constant = lax.stop_gradient((dataclasses.replace(generator, backwards=False), signals))
    make = steady_solvers.direct if direct else steady_solvers.iterative
    solve, solve_dual = make(*constant, reset, guess)
    start = jnp.zeros_like(reset.target) if start is None else lax.stop_gradient(start)

    def apply(x):
        return reset.of(generator.stacked(x, signals), x)

    found, steps = lax.custom_linear_solve(
        apply,
        reset.target - apply(start),
        lambda _, b: solve(b),
        lambda _, b: solve_dual(b),
        has_aux=True,
    )
    state = start + found
    left = lax.stop_gradient(shifts.norm(generator.stacked(state, signals)))
    # Of a state, no norm is above 1; a solution of singular equations has any.
    sound = shifts.norm(lax.stop_gradient(state)) < 1 + ACCEPTED
    status = jnp.where(sound, jnp.where(left < ACCEPTED * reset.rate, 0, 1), 2)
    return Steady(state, left, reset.rate, steps, status)
