"""The warning of a search that ran away: an objective without a maximum, numbers without bounds."""

import math
import warnings
from typing import Any

import numpy as np
from jaxtyping import Float

from qbjax.protocols import Free, choices, coordinates

FEWEST = 5
"""Steps after which a trend shows."""

STEADY = 0.5
"""Share of the mean gain that the next one must have to count as no slower."""


class UnboundedWarning(UserWarning):
    """A search ended while its objective grew as fast as ever, and nothing bounds its numbers."""


def warn_if_unbounded(
    template: Any, found: list, slopes: list, history: Float[np.ndarray, " steps"], stopped: bool
) -> None:
    """Warns if free numbers without bounds ran away with an objective that has no maximum.

    That is so if the last step still gained what steps gain on average; or, where the search has
    stopped, if the slopes at the coordinates found promise as much again for going as far again.
    """
    gain = np.max(history) - history[0]
    far, start, end = _farthest(template, found, slopes)
    runs = _grows(history) or (stopped and far >= STEADY * gain > 0)
    if far > 0 and runs:
        _warn(f"{len(history)} steps", float(np.max(history)), start, end)


def warn_of_rounds(template: Any, found: list, rounds: int, value: float) -> None:
    """Warns of numbers without bounds that ran away in rounds under constraints."""
    _, start, end = _farthest(template, found, [1.0] * len(found))
    _warn(f"{rounds} rounds", value, start, end)


def is_bounded(template: Any) -> bool:
    """Whether every free number has bounds, or is otherwise kept within some."""
    free = [each for each in choices(template) if isinstance(each, Free)]
    return not any(math.inf in (-each.low, each.high) for each in free)


def _warn(after: str, value: float, start: float, end: float) -> None:
    warnings.warn(
        f"The search ended after {after} while the objective grew as fast as ever (to "
        f"{value:.4g}), and a free number without bounds has gone from {start:.4g} to {end:.4g}: "
        "give bounds, qb.free(value, low, high), more steps, or an objective that has a maximum.",
        UnboundedWarning,
        stacklevel=5,
    )


def _farthest(template: Any, found: list, slopes: list) -> tuple[float, float, float]:
    """Largest gain that the slopes promise a number for going as far again.

    With it, where the number was, and is; nothing if all are bounded.
    """
    best = (0.0, 0.0, 0.0)
    for choice, u0, u, slope in zip(choices(template), coordinates(template)[0], found, slopes):
        if isinstance(choice, Free) and math.inf in (-choice.low, choice.high):
            promised = np.abs((np.asarray(u) - np.asarray(u0)) * np.asarray(slope))
            i = np.unravel_index(np.argmax(promised), promised.shape)
            now = np.asarray(choice.at(u))[i]
            best = max(best, (float(promised[i]), float(np.asarray(choice.value)[i]), float(now)))
    return best


def _grows(history: Float[np.ndarray, " steps"]) -> bool:
    gains = np.diff(history)
    if len(history) < FEWEST or not np.all(np.isfinite(gains)):
        return False
    return bool(gains[-1] > 0 and gains[-1] >= STEADY * np.mean(gains))
