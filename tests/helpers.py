"""Named tolerances, comparisons, differences and random states."""

import jax
import numpy as np

EXACT = 1e-12
"""Closed forms and identities: rounding alone."""

REFERENCE = 1e-9
"""Another library's linear algebra on well-conditioned input."""

GRADIENT = 1e-6
"""Derivatives against `central_difference`, relative."""


def tree_allclose(actual, expected, *, rtol, atol=None):
    """Whether two pytrees have one structure, the same shapes, and close leaves; NaN is
    never close.

    Args:
        actual, expected: pytrees of arrays and numbers.
        rtol: tolerance relative to the expected leaf.
        atol: absolute tolerance; `rtol` if None.
    """
    if jax.tree.structure(actual) != jax.tree.structure(expected):
        return False
    pairs = zip(jax.tree.leaves(actual), jax.tree.leaves(expected))
    # np.shape first: allclose would broadcast a scalar against anything.
    return all(
        np.shape(a) == np.shape(b)
        and np.allclose(a, b, rtol=rtol, atol=rtol if atol is None else atol)
        for a, b in pairs
    )


def is_complete(run):
    """Whether a run reached its end, be its levels enough or too few."""
    return int(run.status) in (0, 4)


def central_difference(function, x, direction=1.0, *, step=1e-3):
    """Derivative along a direction from four values: error O(step⁴) + rounding/step.

    A step of 1e-3 balances both near 1e-13 for functions whose scale is one. No kink may
    lie within two steps of x.
    """

    def at(h):
        return np.asarray(function(x + h * direction))

    return (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step)


def slope_and_value(derive, function):
    """One program for a derivative, by `jax.jacfwd` or `jax.grad`, and the value beside it."""

    def twice(x):
        y = function(x)
        return y, y

    return jax.jit(derive(twice, has_aux=True))


def random_hermitian(seed, d, *, real=False):
    """Hermitian matrix with elements of order one."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(d, d)) + (0 if real else 1j * rng.normal(size=(d, d)))
    return (A + A.conj().T) / 2


def random_unitary(seed, d, *, real=False):
    """Unitary, or orthogonal, matrix."""
    return np.linalg.eigh(random_hermitian(seed, d, real=real))[1]


def random_state(seed, d, *, rank=None, real=False):
    """Density matrix of a given rank (d if None), eigenvalues apart almost surely."""
    rng = np.random.default_rng(seed)
    shape = (d, rank or d)
    A = rng.normal(size=shape) + (0 if real else 1j * rng.normal(size=shape))
    rho = A @ A.conj().T
    return rho / np.trace(rho).real
