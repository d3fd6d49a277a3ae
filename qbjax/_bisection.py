"""Bisection, traced: a bracket halved a fixed number of times."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import lax


def bisected(is_low: Callable[[Any], Any], low: Any, high: Any, halvings: int) -> Any:
    """The middle of what is left of a bracket, elementwise; `is_low` holds below the root alone."""

    def halve(_: Any, ends: tuple[Any, Any]) -> tuple[Any, Any]:
        low, high = ends
        middle = (low + high) / 2
        below = is_low(middle)
        return jnp.where(below, middle, low), jnp.where(below, high, middle)

    low, high = lax.fori_loop(0, halvings, halve, (low, high))
    return (low + high) / 2
