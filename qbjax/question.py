"""A question to a battery: the arguments of a charge, checked, and ready for its program.

Everything concrete is checked here, before anything is compiled.
"""

import dataclasses
from typing import Any, NamedTuple

import numpy as np

from qbjax import _checks
from qbjax.dynamics.forgetting import forget_in_time
from qbjax.dynamics.motion import How
from qbjax.dynamics.record.provenance import Provenance
from qbjax.dynamics.record.trajectory import Trajectory
from qbjax.dynamics.solve.automatic import Outlook, foreseen
from qbjax.dynamics.solve.integrate import FreeTimes
from qbjax.dynamics.solve.solver import Solver, chosen
from qbjax.interface import kept as kept_states
from qbjax.interface.battery import (
    Battery,
    Foreseeing,
    Prepared,
    factors_of,
    mover_of,
    recommended_levels,
)
from qbjax.interface.saved_times import cut, padded
from qbjax.interface.states import State, handed_back
from qbjax.protocols import resolve


class Question(NamedTuple):
    """A charge that was asked for.

    Attributes:
        battery, protocol: checked, free numbers replaced by their values.
        times: checked, shape (T,).
        initial: what was given to start from.
        state: the start.
        given: what the program takes: mover, protocol, state, times, how, save, (states, dims).
    """

    battery: Any
    protocol: Any
    times: Any
    initial: Any
    state: State
    given: tuple

    @property
    def how(self) -> How:
        """The way to follow the motion."""
        return self.given[4]

    def advice(self) -> dict[str, tuple[str, int]]:
        """Levels that the battery recommends."""
        return recommended_levels(self.battery, self.protocol)

    def answered(self, run: Trajectory) -> Trajectory:
        """The run of the program as its caller sees it: with its origin, at the times asked for."""
        made = provenance(
            "charge",
            self.how,
            battery=self.battery,
            protocol=self.protocol,
            initial=None if self.initial is None else self.state,
        )
        run = handed_back(run, self.given[2], self.state)
        return dataclasses.replace(run, provenance=made, **cut(run, self.times, self.how))


def of_charge(
    battery: Any, protocol: Any, times: Any, initial: Any, save: Any, states: Any, adjoint: Any,
    solver: Any,
) -> Question:  # fmt: skip
    """Checks the arguments of `qb.charge`; they are as there.

    Raises:
        RuntimeError: if double precision is off.
        ValueError, TypeError: for any bad argument.
    """
    how = how_of(battery, times, save, adjoint, solver)
    protocol = resolve(protocol)
    checked = battery.check(protocol, times)
    if solver is None and isinstance(battery, Foreseeing):
        how = _foreseeing(how, battery.outlook(protocol, times), times)
    state = battery.start(initial)
    dims = kept_states.dims(battery, state, states, factors_of(battery))
    ready = battery.prepared(times) if isinstance(battery, Prepared) else battery
    exact = solver is not None or not _checks.is_concrete((battery, protocol, state, checked))
    seen = save is not None or states is not None
    mover, moved = mover_of(ready, protocol, state, exact=exact, seen=seen)
    at, how = padded(mover, checked, how, dims, given=times is not None)
    given = mover, protocol, moved, at, how, save, (states, dims)
    return Question(battery, protocol, checked, initial, state, given)


def how_of(battery, times, save, adjoint, solver) -> How:
    """Checks the arguments of every verb; returns how a run is to be followed."""
    _checks.x64()
    forget_in_time()
    _checks.instance("battery", battery, Battery, "a qb.batteries battery")
    _checks.choice("adjoint", adjoint, ("reverse", "forward", "direct"))
    if solver is not None:
        _checks.instance("solver", solver, Solver, "a qb.Solver")
    if save is not None:
        _checks.function("save", save, "save(t, state)")
    return How(chosen(solver), adjoint, _free_times(times))


def provenance(verb: str, how: How, **asked: Any) -> Provenance:
    """The origin of a run: what was asked of which verb, and how it was followed."""
    return Provenance(verb=verb, **asked, solver=how.solver, adjoint=how.adjoint)


def _foreseeing(how: How, outlook: Outlook | None, times) -> How:
    """Chooses the method that the equation's numbers ask for."""
    if outlook is None:
        return how
    method = foreseen(outlook, np.asarray(times, float))
    return how if method is None else how._replace(solver=how.solver.with_method(method))


def _free_times(times) -> FreeTimes:
    """The times that may be differentiated: "none", "later" (all but the first) or "all".

    A list that starts with a plain number has a fixed start, whose derivative is then never
    propagated through the run.
    """
    if _checks.is_concrete(times):
        return "none"
    first = times[0] if isinstance(times, (list, tuple)) else times
    return "later" if _checks.is_concrete(first) else "all"
