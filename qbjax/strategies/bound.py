"""Bounds on what a search may find: quoted only where every assumption of theirs holds.

An objective may be any function: only of a `Final` is it known what it is. Its battery knows its
bounds on the energy, by the ranges of the free numbers (`interface.battery.Bounded`); ergotropies
are no more than the energy, powers no more than it over the time. Constraints only lower the best.
A statistic of an ensemble grows with the members' values: it is no more than that of their bounds.
"""

from typing import Any

import numpy as np

from qbjax.interface.battery import Bounded
from qbjax.strategies.final import Final
from qbjax.strategies.sensitivity import Asked
from qbjax.strategies.statistic import Statistic, Weighed, least

Bounds = dict[str, float | str]
"""Bounds by name: numbers, or why there is none."""


def bounds_of(asked: Asked | None) -> Bounds:
    """Bounds on the answer to a question."""
    if asked is None:
        return {"none": "the protocol was not found by `qb.maximize`"}
    objective, template, battery = asked.problem.objective, asked.problem.template, asked.battery
    if not (isinstance(objective, Statistic) and isinstance(battery, Weighed)):
        return _bounds(objective, template, battery)
    members = battery.ensemble.members()
    each = [_bounds(objective.objective, template, member) for member in members]
    return {name: _statistic([found[name] for found in each], battery) for name in each[0]}


def least_of(found: Bounds) -> tuple[float | None, str]:
    """The least bound and its name; or none, and why."""
    numbers = {name: x for name, x in found.items() if not isinstance(x, str)}
    if not numbers:
        return None, "; ".join(dict.fromkeys(str(why) for why in found.values()))
    name = min(numbers, key=lambda each: numbers[each])
    return numbers[name], name


def _bounds(objective: Any, template: Any, battery: Any) -> Bounds:
    if not isinstance(objective, Final):
        return {"none": 'the objective does not say what it is, as qb.final("energy", times) does'}
    if not isinstance(battery, Bounded):
        return {"none": f"no bound is known for a {type(battery).__name__}"}
    found = battery.energy_bounds(template, objective.times)
    return {name: x if isinstance(x, str) else objective.worth(x) for name, x in found.items()}


def _statistic(values: list[float | str], battery: Weighed) -> float | str:
    why = [x for x in values if isinstance(x, str)]
    return why[0] if why else least(np.array(values, float), battery.ensemble.most)
