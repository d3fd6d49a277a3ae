"""How to choose: searches by gradients, and classical recipes."""

from qbjax.batteries.collisional.classical import full_swap, greedy, in_time
from qbjax.strategies import constrained, discharge, gradient, pump_pulse, switch_off

__all__ = [
    "constrained", "discharge", "full_swap", "gradient", "greedy", "in_time", "pump_pulse",
    "switch_off",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__
