r"""The front of two aims: for each value of one, the most of the other.

$$\max_x f_1(x) \quad\text{with}\quad f_2(x) \ge \varepsilon_k,$$

for ε from what the best protocol for $f_1$ has of $f_2$ to the most there is, each search begun
where the one before ended (ε-constraint continuation). The price of a limit is the slope of the
front there.

Reference: K. Miettinen, "Nonlinear Multiobjective Optimization" (1998), Sec. 3.2.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from qbjax import _checks
from qbjax.protocols import moved_to
from qbjax.strategies.best import Best
from qbjax.strategies.constraints import at_least
from qbjax.strategies.gradient import maximize
from qbjax.strategies.lagrangian import Infeasible


class Pareto(NamedTuple):
    """Points of a front, from the best of the first aim to the best of the second.

    Attributes:
        values: both aims, (points, 2).
        slopes: df₁/df₂ along the front; NaN at its ends, and where it is a step.
        best: what `maximize` found at each.
    """

    values: Float[np.ndarray, "points 2"]
    slopes: Float[np.ndarray, " points"]
    best: tuple[Best, ...]


def pareto(
    objectives: Sequence[Callable] | Any,
    protocol: Any,
    *,
    points: int | Any = 9,
    battery: Any = None,
    **how: Any,
) -> Pareto:
    """Finds the front of two aims.

    Args:
        objectives: two functions, each as the objective of `qb.maximize`.
        protocol: with at least one `qb.free(value, low, high)`.
        points: at least 3, the ends of the front included.
        battery: as of `qb.maximize`.
        **how: other arguments of `qb.maximize`; `starts` are those of the ends alone.

    Returns:
        a `Pareto`; points that another one beats in both aims are left out.

    Raises:
        TypeError: for what is not two functions. ValueError: as `qb.maximize`; for fewer points.

    Example:
        >>> import qbjax as qb
        >>> front = qb.pareto(
        ...     [lambda x: -((x - 1) ** 2), lambda x: -((x + 1) ** 2)], qb.free(0.3, -2.0, 2.0),
        ...     points=3,
        ... )
        >>> front.values.round(3).tolist(), round(float(front.slopes[1]), 3)
        ([[-0.0, -4.0], [-0.343, -2.0], [-4.0, -0.0]], -0.414)
    """
    if not isinstance(objectives, list | tuple) or len(objectives) != 2:
        raise TypeError(
            "Argument `objectives` must be a list of two functions, but is "
            f"{_checks.show(objectives)}."
        )
    for each in objectives:
        _checks.function("objectives", each, "objective(protocol, battery)")
    points = _checks.integer("points", points, low=3)
    ends = [maximize(each, protocol, battery=battery, **how) for each in objectives]
    values = [_values(objectives, end.protocol, battery) for end in ends]
    found = [ends[0]]
    alone = {name: value for name, value in how.items() if name != "starts"}
    for limit in np.linspace(values[0][1], values[1][1], points)[1:-1]:
        begin = _from(protocol, found[-1])
        limits = [at_least(objectives[1], float(limit))]
        try:
            best = maximize(objectives[0], begin, battery=battery, constraints=limits, **alone)
        except Infeasible:
            begin = _from(protocol, ends[1])
            best = maximize(objectives[0], begin, battery=battery, constraints=limits, **alone)
        found.append(best)
    return _front(objectives, [*found, ends[1]], battery)


def _from(protocol, best: Any):
    """The protocol whose free numbers start at the ones that were found."""
    return moved_to(protocol, best.asked.us)


def _values(objectives, protocol, battery) -> list[float]:
    inputs = (protocol,) if battery is None else (protocol, battery)
    return [float(each(*inputs)) for each in objectives]


def _front(objectives, found: list[Best], battery) -> Pareto:
    values = np.array([_values(objectives, best.protocol, battery) for best in found])
    beaten = np.all(values[None] >= values[:, None], axis=2) & np.any(
        values[None] > values[:, None], axis=2
    )
    kept = np.flatnonzero(~np.any(beaten, axis=1))
    prices = [best.constraints[0].price if best.constraints else np.nan for best in found]
    slopes = np.array([price if price else np.nan for price in prices])
    return Pareto(values[kept], slopes[kept], tuple(found[k] for k in kept))
