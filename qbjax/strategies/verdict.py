"""The verdict on the constraints of a search: the report on each, or that none can be met."""

import numpy as np

from qbjax.strategies.constraints import Constraint, Held
from qbjax.strategies.lagrangian import Infeasible, Kept
from qbjax.strategies.limits import FEASIBLE


def told(
    kept: Kept, constraints: tuple[Constraint, ...], verified: list | None
) -> tuple[Held, ...]:
    """The report on every constraint at what was kept."""
    held = []
    for i, each in enumerate(constraints):
        slack, price = kept.seen.slacks[i], kept.prices[i]
        violation = abs(slack) if each.is_equality else max(0.0, -slack)
        numbers = (float(each.limit), each.number(slack), float(violation))
        sign = 1.0 if each.kind == "at most" else -1.0
        refined = None if verified is None else float(verified[i])
        held.append(Held(each.name, each.kind, *numbers, sign * float(price) + 0.0, refined))
    return tuple(held)


def refuse(kept: Kept, constraints: tuple[Constraint, ...]) -> None:
    """Refuses what satisfies no more than the nearest protocol does.

    Raises:
        Infeasible: naming the worst constraint.
    """
    if np.max(kept.violations, initial=0.0) <= FEASIBLE:
        return
    worst = int(np.argmax(kept.violations))
    each = constraints[worst]
    raise Infeasible(
        "Argument `constraints` must leave a feasible protocol, but none was found: where they are "
        f"violated least, {each.name} is {each.number(kept.seen.slacks[worst]):g} and must be "
        f"{each.kind} {float(each.limit):g}."
    )
