r"""The spectral gap of a Lindblad generator: the rate at which the steady state is reached.

$$\Delta = \min_{\lambda \neq 0}(-\mathrm{Re}\lambda)$$

Small generators are diagonalised, or on an accelerator, which cannot, taken to powers (`spectra`).
Of large ones the eigenvalues nearest to 0 are found by Arnoldi
iterations with the inverse, $A^{-1}$ of `linear` on matrices without trace, where it is
$L^{-1}$: a mode that oscillates much faster than the slowest ones decay is then not seen, even if
it decays more slowly.
"""

import dataclasses
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Complex, Float

from qbjax.dynamics.generator import shifts
from qbjax.dynamics.generator.lindblad import Generator
from qbjax.dynamics.steady import solvers as steady_solvers
from qbjax.dynamics.steady import spectra as steady_spectra
from qbjax.dynamics.steady import sylvester as steady_sylvester
from qbjax.dynamics.steady.solvers import Reset

DENSE = 600
"""Real numbers in a state up to which the generator is diagonalised."""

STEPS = 16
"""Arnoldi steps, one linear system each."""

CONVERGED = 1e-6
"""Relative residual up to which an eigenvalue counts as found."""


def gap(
    generator: Generator, signals=(), *, guess: Complex[Array, " J"] | None = None
) -> Float[Array, ""]:
    r"""The spectral gap of a generator; not differentiated.

    It is in the unit of the rates, and below 0 by rounding at most; inf if there is nothing but the
    steady state, NaN if no eigenvalue was found. Arguments are those of `linear.steady`.

    Example:
        A decaying qubit: its coherence lives twice as long as its energy.

        >>> from qbjax.dynamics.generator.structure import Structure
        >>> decay = Structure([], [np.diag([1.0], 1)])
        >>> float(gap(Generator(decay, jnp.zeros(0), jnp.array([0.5]))))
        0.25
    """
    constant = dataclasses.replace(generator, backwards=False)
    constant, signals = lax.stop_gradient((constant, signals))
    reset = Reset(constant)
    if is_small(generator):
        return _diagonalised(constant, signals, reset)
    direct = steady_solvers.is_small(generator)
    make = steady_solvers.direct if direct else steady_solvers.iterative
    solve, _ = make(constant, signals, reset, guess)
    return _nearest(lambda b: solve(b)[0], reset)


def gap_if(
    wanted: bool | None, generator: Generator, signals=(), *, guess: Any = None
) -> Float[Array, ""] | None:
    """The gap if it is wanted, or of None if it is cheap; else None. Others as of `gap`."""
    wanted = is_small(generator) if wanted is None else wanted
    return gap(generator, signals, guess=guess) if wanted else None


def is_small(generator: Generator) -> bool:
    """Whether a generator is small enough for `gap` to be exact, and cheap."""
    return sum(n * n for n in generator.structure.sizes) <= DENSE


def _diagonalised(generator, signals, reset: Reset):
    forth, _ = steady_solvers.operators(generator, signals, reset)
    A = steady_solvers.matrix(generator, forth)
    trace = reset.trace[steady_sylvester.inside(reset.structure)]

    def by_eigenvalues(A):
        values = jnp.linalg.eigvals(A)
        # A has −c in place of one eigenvalue 0: the one nearest to −c is left out.
        stand_in = jnp.argmin(jnp.abs(values + reset.rate.astype(complex)))
        others = jnp.arange(values.size) != stand_in
        return jnp.min(jnp.where(others, -jnp.real(values), jnp.inf))

    def by_powers(A):
        # What stands in place of 0 decays faster than all others, and is not seen.
        bound = jnp.linalg.norm(A) / reset.structure.dimension
        found = -steady_spectra.abscissa(A - bound * jnp.outer(trace, trace))
        return found if trace.size > 1 else jnp.asarray(jnp.inf)

    return lax.platform_dependent(A, cpu=by_eigenvalues, default=by_powers)


def _nearest(solve, reset: Reset):
    """The gap from the eigenvalues of the inverse, on matrices without trace."""
    mask = steady_sylvester.inside(reset.structure)

    def traceless(x):
        return x - reset.trace * jnp.sum(reset.trace * x) / reset.structure.dimension

    first = traceless(np.random.default_rng(0).normal(size=mask.shape) * mask)

    def extend(k, carry):
        basis, small = carry
        vector = traceless(solve(basis[k].reshape(mask.shape))).ravel()
        column = basis @ vector
        rest = vector - column @ basis
        again = basis @ rest
        rest = rest - again @ basis
        length = shifts.norm(rest)
        small = small.at[:, k].set((column + again).at[k + 1].set(length))
        return basis.at[k + 1].set(rest / jnp.where(length > 0, length, 1.0)), small

    basis = jnp.zeros((STEPS + 1, mask.size)).at[0].set(first.ravel() / shifts.norm(first))
    _, small = lax.fori_loop(0, STEPS, extend, (basis, jnp.zeros((STEPS + 1, STEPS))))
    values, vectors = lax.platform_dependent(
        small[:STEPS], cpu=lambda H: tuple(jnp.linalg.eig(H)), default=steady_spectra.eigenvectors
    )
    error = jnp.abs(small[STEPS, STEPS - 1]) * jnp.abs(vectors[-1])
    found = error < CONVERGED * jnp.abs(values)
    slowest = jnp.min(jnp.where(found, jnp.real(-1 / values), jnp.inf))
    return jnp.where(jnp.any(found), slowest, jnp.nan)
