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
from qbjax.protocols import coordinates, moved_to
from qbjax.strategies.best import Best
from qbjax.strategies.constraints import at_least, listed
from qbjax.strategies.gradient import maximize
from qbjax.strategies.lagrangian import Infeasible

ALIKE = 1e-6
"""Share of what an aim varies by, from the start to its best, that counts as no difference."""


DEGENERATE = 1e-2
"""Share of the first aim's range by which an end is mended that was only one of many bests."""


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
        **how: other arguments of `qb.maximize`, `constraints` included, which hold along the whole
            front; `starts` and `keep` are for the ends alone.

    Returns:
        a `Pareto`; points that another one beats are left out. Of many protocols that are best for
        the second aim its end is the best for the first. Of aims that one protocol serves best a
        single point is left.

    Raises:
        TypeError: for what is not two functions. ValueError: as `qb.maximize`; for fewer points;
            for an aim that is not finite where the other is at its best.

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
    _check_ends(objectives, values)
    us, rebuilt = coordinates(protocol)
    begun = _values(objectives, rebuilt(us), battery)
    along = _Along(objectives, protocol, battery, how)
    for limit in np.linspace(values[0][1], values[1][1], points)[1:-1]:
        found.append(along.best(limit, found[-1], ends[1]))
    spread = np.ptp([*values, begun], axis=0)
    last = along.best(values[1][1] - ALIKE * spread[1], ends[1], ends[1])
    gained = _values(objectives, last.protocol, battery)[0] - values[1][0]
    found.append(last if gained > DEGENERATE * spread[0] else ends[1])
    return _front(objectives, found, battery, ALIKE * spread)


class _Along(NamedTuple):
    """The searches between the ends."""

    objectives: Sequence[Callable]
    protocol: Any
    battery: Any
    how: dict[str, Any]

    def best(self, limit: float, before: Best, end: Best) -> Best:
        """The most of the first aim with so much of the second, from the point before or an end."""
        alone = {x: value for x, value in self.how.items() if x not in ("starts", "keep")}
        given = listed(alone.pop("constraints", ()))
        alone["constraints"] = [at_least(self.objectives[1], float(limit)), *given]

        def search(begin: Any) -> Best:
            start = moved_to(self.protocol, begin.asked.us)
            return maximize(self.objectives[0], start, battery=self.battery, **alone)

        try:
            return search(before)
        except Infeasible:
            return search(end)


def _check_ends(objectives, values: list[list[float]]) -> None:
    for k, (end, other) in enumerate(zip(values, objectives[::-1])):
        if not np.isfinite(end[1 - k]):
            name = getattr(other, "__name__", type(other).__name__)
            raise ValueError(
                "Argument `objectives` must be finite at both ends of the front, but where the "
                f"{('first', 'second')[k]} is best, {name} is {end[1 - k]}."
            )


def _values(objectives, protocol, battery) -> list[float]:
    inputs = (protocol,) if battery is None else (protocol, battery)
    return [float(each(*inputs)) for each in objectives]


def _front(objectives, found: list[Best], battery, slack: Float[np.ndarray, " 2"]) -> Pareto:
    values = np.array([_values(objectives, best.protocol, battery) for best in found])
    no_less = np.all(values[None] >= values[:, None] - slack, axis=2)
    more = np.any(values[None] > values[:, None] + slack, axis=2)
    alike = np.tril(np.all(np.abs(values[None] - values[:, None]) <= slack, axis=2), -1)
    kept = np.flatnonzero(~np.any(no_less & more | alike, axis=1))
    # The limit of the front comes before those that were given, and the ends have none.
    prices = [best.constraints[0].price if best.constraints else np.nan for best in found[1:-1]]
    slopes = np.array([np.nan, *[price or np.nan for price in prices], np.nan])
    return Pareto(values[kept], slopes[kept], tuple(found[k] for k in kept))
