"""Strategies: searches by gradients, and the recipes of the catalogue's batteries."""

from collections.abc import Callable
from typing import Any

from qbjax.interface import catalogue
from qbjax.strategies import (
    best,
    constrained,
    discharge,
    gradient,
    pump_pulse,
    speed,
    switch_off,
    verification,
)

__all__ = [
    "best", "constrained", "discharge", "gradient", "pump_pulse", "speed", "switch_off",
    "verification",
]  # fmt: skip


def __getattr__(name: str) -> Callable[..., Any]:
    """Looks up a recipe, such as `full_swap`, of a battery on a floor above."""
    recipe = catalogue.recipes().get(name)
    if recipe is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return recipe


def __dir__() -> list[str]:
    return [*__all__, *catalogue.recipes()]
