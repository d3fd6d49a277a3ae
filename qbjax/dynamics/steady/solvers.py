r"""Linear systems with a Lindblad generator: made invertible, and solved forth and back.

`linear` says why. Both solvers take a packed right-hand side and return the solution and
the number of GMRES steps.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import jax.scipy.linalg
import numpy as np
from jax import lax
from jaxtyping import Array, Complex, Float

from qbjax.dynamics.generator import shifts
from qbjax.dynamics.generator.lindblad import Generator
from qbjax.dynamics.generator.shifts import Stack
from qbjax.dynamics.steady import doubling as steady_doubling
from qbjax.dynamics.steady import sylvester as steady_sylvester
from qbjax.dynamics.steady.krylov import gmres
from qbjax.dynamics.steady.sylvester import RealSylvester, Sylvester

DIRECT = 1500
"""Real numbers in a state up to which the generator's matrix is built and factored."""

DARK = 1e-3
"""Decay added in the preconditioner, in units of the mean rate of the jumps: a state that neither
Hamiltonian nor loss moves would make it singular. Costs a few steps and no accuracy."""

TOLERANCE, SLOPES = 1e-11, 1e-10
"""Residual of GMRES, relative to the right-hand side: of a state, and of the dual system of reverse
mode, where ten times as much still leaves a gradient right to 1e-10 (the DOPO, 32×9)."""

ROUGH, ROUNDS = 24, 2
"""Steps of a rough solution, and rounds of them, that find the amplitudes of the jumps."""

COLUMNS = 64
"""Columns of a matrix that are computed at once."""


def is_small(generator: Generator) -> bool:
    """Whether a generator is small enough to be solved directly."""
    return sum(n * n for n in generator.structure.sizes) <= DIRECT


class Reset:
    r"""The term that makes L invertible: $-c\,\sigma\,\mathrm{Tr}$.

    σ is the mixed state and c the mean rate of the jumps in it.
    """

    def __init__(self, generator: Generator):
        self.structure = structure = generator.structure
        d = structure.dimension
        lost = np.array([abs(L.data**2).sum() / d for L in structure.jumps])
        self.rate = lax.stop_gradient(jnp.sum(lost * generator.rates))
        self.trace = steady_sylvester.inside(structure) * np.eye(max(structure.sizes))
        self.target = -self.rate * self.trace / d

    def of(self, moved: Stack, x: Stack) -> Stack:
        """The product A x, given L x."""
        return moved + self.target * jnp.sum(self.trace * x)

    def dual_of(self, moved: Stack, x: Stack) -> Stack:
        """The product of the transpose of A with x, given the dual generator of x."""
        return moved + self.trace * jnp.sum(self.target * x)


def operators(generator: Generator, signals, reset: Reset):
    """The maps A and its transpose; padding stays zero."""
    mask = steady_sylvester.inside(generator.structure)

    def forth(x):
        return jnp.where(mask, reset.of(generator.stacked(x, signals), x), 0.0)

    def back(x):
        return jnp.where(mask, reset.dual_of(generator.dual(x, signals), x), 0.0)

    return forth, back


def direct(generator: Generator, signals, reset: Reset, guess=None):
    """Makes solvers of A and of its transpose, by its factors; no guess helps."""
    places = np.flatnonzero(steady_sylvester.inside(generator.structure))
    A = matrix(generator, operators(generator, signals, reset)[0])
    factors = jax.scipy.linalg.lu_factor(A)

    def solve(b, dual):
        right, B = b.ravel()[places], A.T if dual else A
        x = jax.scipy.linalg.lu_solve(factors, right, trans=int(dual))
        x = x + jax.scipy.linalg.lu_solve(factors, right - B @ x, trans=int(dual))
        return jnp.zeros(b.size).at[places].set(x).reshape(b.shape), jnp.asarray(0)

    return partial(solve, dual=False), partial(solve, dual=True)


def matrix(generator: Generator, apply) -> Float[Array, "N N"]:
    """The matrix of a map between packed states."""
    inside = steady_sylvester.inside(generator.structure)
    places = np.flatnonzero(inside)

    def column(k):
        return apply(jnp.zeros(inside.size).at[k].set(1.0).reshape(inside.shape)).ravel()[places]

    return lax.map(column, jnp.asarray(places), batch_size=COLUMNS).T


def iterative(generator: Generator, signals, reset: Reset, guess: Complex[Array, " J"] | None):
    """Makes solvers of A and of its transpose, by GMRES; without a guess it is found out."""
    structure = generator.structure
    forth, back = operators(generator, signals, reset)
    weights, decay = generator.weights(signals), DARK * reset.rate

    def factored(amplitudes):
        G = steady_sylvester.drift(structure, weights, generator.rates, amplitudes, decay)
        # Here, too: a loop of the caller's (the DOPO's β) makes tangents of 0 of what was stopped.
        return _factored(lax.stop_gradient(G))

    def run(factors, b, dual=False, **limits):
        def precondition(x):
            return _inverted(structure, factors, x, dual)

        b = jnp.where(steady_sylvester.inside(structure), b, 0.0)
        share = SLOPES if dual else TOLERANCE
        limits = {"tolerance": share * shifts.norm(b)} | limits
        return gmres(back if dual else forth, precondition, b, jnp.zeros_like(b), **limits)

    def roughly(_, amplitudes):
        limits = {"tolerance": 1e-3 * shifts.norm(reset.target), "restart": ROUGH, "cycles": 1}
        found = run(factored(amplitudes), reset.target, **limits).value
        return steady_sylvester.amplitudes(structure, found)

    if guess is None:
        guess = jnp.zeros(len(structure.jumps), complex)
        if steady_sylvester.stays(structure):
            guess = lax.fori_loop(0, ROUNDS, roughly, guess)
    factors = factored(lax.stop_gradient(guess))

    def counted(b, dual):
        found = run(factors, b, dual)
        return found.value, found.steps

    return partial(counted, dual=False), partial(counted, dual=True)


class _Factors(NamedTuple):
    """Factors of the preconditioner on a CPU and elsewhere: one of them is zeros."""

    vectors: Sylvester | RealSylvester
    cayley: steady_doubling.Cayley


def _factored(G) -> _Factors:
    """Factors the preconditioner as the processor allows: only a CPU has eigenvectors."""

    def blank(factored):
        return jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), jax.eval_shape(factored, G))

    by_vectors, by_doubling = steady_sylvester.factored, steady_doubling.factored
    return lax.platform_dependent(
        G,
        cpu=lambda G: _Factors(by_vectors(G), blank(by_doubling)),
        default=lambda G: _Factors(blank(by_vectors), by_doubling(G)),
    )


def _inverted(structure, factors: _Factors, x: Stack, dual: bool) -> Stack:
    """Applies the preconditioner to a packed state."""
    return lax.platform_dependent(
        factors,
        x,
        cpu=lambda factors, x: steady_sylvester.solve(structure, factors.vectors, x, dual=dual),
        default=lambda factors, x: steady_doubling.solve(structure, factors.cayley, x, dual=dual),
    )
