"""A root between bounds, differentiable in the parameters of its equation."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from qbjax._types import Scalar

MOST_STEPS = 120
"""Most steps of a search; bisection alone halves a bracket to rounding in half as many."""


def falling_root(
    function: Callable[[Scalar, Any], Scalar], parameters: Any, low: Scalar, high: Scalar
) -> Scalar:
    """The point at which a function goes from positive to negative.

    Newton's steps, bisection where they leave the bracket or fail to halve. Two more Newton steps
    carry the derivatives: implicit differentiation, exact up to the third order. Everything
    differentiable comes through the parameters; the function changes sign once in the bracket.
    """
    frozen = lax.stop_gradient((parameters, low, high))
    root = lax.stop_gradient(_search(function, *frozen))
    for _ in range(2):
        value, slope = value_and_slope(function, root, parameters)
        root = root - value / slope
    return root


def value_and_slope(function: Callable[[Any, Any], Any], x: Any, parameters: Any) -> Any:
    """The function and its derivative in its first argument, real or complex."""
    return jax.jvp(lambda x: function(x, parameters), (x,), (jnp.ones_like(x),))


def _search(function, parameters, low, high) -> Scalar:
    def go_on(state):
        x, _, _, moved, count = state
        return (jnp.abs(moved) > 4e-16 * jnp.abs(x)) & (count < MOST_STEPS)

    def step(state):
        x, low, high, moved, count = state
        value, slope = value_and_slope(function, x, parameters)
        low, high = jnp.where(value > 0, x, low), jnp.where(value > 0, high, x)
        newton = x - value / slope
        good = (newton >= low) & (newton <= high) & (jnp.abs(newton - x) <= 0.5 * jnp.abs(moved))
        new = jnp.where(good, newton, (low + high) / 2)
        return new, low, high, new - x, count + 1

    start = (low + high) / 2
    return lax.while_loop(go_on, step, (start, low, high, high - low, jnp.array(0)))[0]
