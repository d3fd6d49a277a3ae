r"""The verification of an optimum: its value again, with more levels and sharper tolerances.

A value V stands if, with all that was cut larger and tolerances ten times tighter, it moves by no
more than

$$10^{-6}\max(|V|, |V - V_0|),$$

$V_0$ being its start: more than rounding and the default solver do, less than a truncation that
matters. `refine="during"` goes on searching with more levels until it stands. A truncation may
flatter bad protocols and spoil good ones, so that then all starts are compared with more levels
than they were found with, each by the better of its best and of the point from which it climbed.
"""

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from qbjax.dynamics.record import witness
from qbjax.dynamics.solve.integrate import sharpened
from qbjax.dynamics.undefined import allowed
from qbjax.interface.battery import Battery, factors_of, refined
from qbjax.protocols import coordinates, moved_to
from qbjax.strategies.constraints import Constraint
from qbjax.strategies.limits import slacks
from qbjax.strategies.search import Problem, called
from qbjax.strategies.statistic import Weighed, least, values_of, weighed

MOVES = 1e-6
"""Share of a value, or of what was gained, by which it may move when it is verified."""

ROUNDS = 4
"""Most times that a search goes on with half more levels."""

SHARPER = 10.0
"""Factor by which tolerances are tighter when a result is verified."""


class VerificationWarning(UserWarning):
    """A best value that moves with more levels, or that could not be verified with more."""


class Verification(NamedTuple):
    """The verification of a best value.

    Attributes:
        levels: words for the levels that it was found with, and that it was verified with.
        has_more: whether whatever was cut had more levels.
        moved: how far the value moved.
        allowed: how far it might.
    """

    levels: tuple[str, str]
    has_more: bool
    moved: float
    allowed: float

    @property
    def stands(self) -> bool:
        """Whether the value did not move, with more levels where any were cut."""
        return self.has_more and self.moved <= self.allowed


class Refined(NamedTuple):
    """A question with more levels.

    Attributes:
        seen: the battery, or the members of an ensemble.
        has_more: whether any battery in it has changed.
        why: a sentence on what kept it from having more, or nothing.
    """

    seen: Any
    has_more: bool
    why: str = ""


def verify(objective, protocol, battery) -> tuple[Array, Int[Array, ""] | None]:
    """The objective with more levels and tighter tolerances, and the status of its runs."""
    value, heard = _sharper(objective, protocol, _refined(battery).seen)
    return value, heard.status if heard.runs else None


def verified(
    objective: Callable, best: Any, seen: Any, value: Any, start: float, limit: str | None
) -> dict[str, Any]:
    """Verifies a best value, and warns if it moves or had no more levels.

    Args:
        objective: as the user gave it.
        best: the protocol.
        seen: battery or weighed ensemble that it was found with.
        value: its objective.
        start: the objective at the start.
        limit: what ended a search that was refined; None if none was.

    Returns:
        the fields of a `Best` that tell of it.
    """
    finer = _refined(seen)
    again, heard = _sharper(objective, best, finer.seen)
    value, now = float(value), float(again)
    gained = abs(value - start) if np.isfinite(start) else 0.0
    found = Verification(
        (_levels(seen), _levels(finer.seen)),
        finer.has_more or not (heard.levels or finer.why),
        abs(now - value),
        MOVES * max(abs(value), gained),
    )
    for message in _complaints(found, value, now, finer.why, limit):
        warnings.warn(message, VerificationWarning, stacklevel=4)
    status = heard.status if heard.runs else None
    return {"verified_value": again, "verified_status": status, "verification": found}


def search_refined(
    search: Callable[[Any, list], dict[str, Any]],
    problem: Problem,
    constraints: tuple[Constraint, ...],
    seen: Any,
    candidates: list,
) -> tuple[dict[str, Any], Any, str]:
    """Searches with more and more levels, until the best of all starts stands.

    After every round all starts are judged with half more levels, and go on there if the leader
    moved or a point that was left is better there, or if any moved in the first round.

    Args:
        search: of the battery (or ensemble) and the starts: what was found, with the coordinates,
            history and report (`Kept`, or None) of every start as "rivals".
        problem, constraints: for the judgement.
        seen: the battery, or the weighed ensemble.
        candidates: protocols to start from.

    Returns:
        what was found, the battery or ensemble that it was found with, and what ended the search.
    """
    first = [_judged(problem, constraints, seen, coordinates(each)[0]).value for each in candidates]
    found, done = search(seen, candidates), 0
    while True:
        finer = _refined(seen)
        if not finer.has_more:
            return found, seen, f"the memory ({finer.why.rstrip('.')})" if finer.why else ""
        here = np.asarray(found["start_values"])
        points = [us for us, _, _ in found["rivals"]]
        there = [_judged(problem, constraints, finer.seen, us) for us in points]
        leader = max(range(len(there)), key=lambda i: (np.isfinite(here[i]), there[i].rank))
        stands = [_stands(*each) for each in zip(here, there, first, strict=True)]
        found |= _led_by(leader, found) | {"start": first[leader]}
        begun = [coordinates(each)[0] for each in candidates]
        before = [_judged(problem, constraints, finer.seen, us) for us in begun]
        spoiled = any(old.rank > there[leader].with_more for old in before)
        if stands[leader] and not spoiled and (done > 0 or all(stands)):
            return found, seen, ""
        if done == ROUNDS:
            return found, seen, f"the limit of {ROUNDS} rounds"
        each_way = zip(there, before, points, begun, strict=True)
        better = [u if new.rank >= old.rank else u0 for new, old, u, u0 in each_way]
        candidates = [moved_to(each, us) for each, us in zip(candidates, better, strict=True)]
        seen, done = finer.seen, done + 1
        found = search(seen, candidates)


class _Judged(NamedTuple):
    """Objective and largest relative violation of a point."""

    value: float
    beyond: float

    @property
    def rank(self) -> tuple[float, float]:
        value = self.value if np.isfinite(self.value) else -np.inf
        return (0.0, value) if self.beyond <= MOVES else (-self.beyond, value)

    @property
    def with_more(self) -> tuple[float, float]:
        """The rank of something that is better by more than rounding."""
        beyond, value = self.rank
        return beyond, value + MOVES * abs(value)


def _judged(problem: Problem, constraints, seen, us: list) -> _Judged:
    with allowed():
        values, apart = (np.asarray(x) for x in _evaluated(problem, constraints, seen, us))
    most = seen.ensemble.most if isinstance(seen, Weighed) else 1.0
    beyond = 0.0
    for each, slack in zip(constraints, apart, strict=True):
        missed = abs(slack) if each.is_equality else max(0.0, -slack)
        beyond = max(beyond, missed / (abs(float(each.limit)) or 1.0))
    return _Judged(least(values, most), beyond if np.isfinite(beyond) else np.inf)


@eqx.filter_jit
def _evaluated(problem: Problem, constraints, seen, us: list):
    protocol = problem.protocol(us)
    objective: Any = problem.objective
    if isinstance(seen, Weighed):
        values = objective.values(protocol, seen)
    else:
        values = called(objective, protocol, seen)[None]
    return values, slacks(constraints, protocol, seen)


def _stands(here: float, there: _Judged, first: float) -> bool:
    gained = abs(there.value - first) if np.isfinite(first) else 0.0
    moves = MOVES * max(abs(there.value), gained)
    return bool(abs(there.value - here) <= moves) and there.beyond <= MOVES


def _led_by(leader: int, found: dict[str, Any]) -> dict[str, Any]:
    """The fields of what was found that tell of the leader."""
    us, history, kept = found["rivals"][leader]
    told = {"us": us, "value": jnp.asarray(found["start_values"][leader]), "history": history}
    return told if kept is None else told | {"kept": kept, "converged": kept.converged}


def _refined(seen: Any) -> Refined:
    """A battery or ensemble with more levels, or as it is where they do not fit."""
    try:
        finer = _finer(seen)
    except ValueError as error:
        return Refined(seen, False, str(error))
    return Refined(finer, any(refined(b) is not b for b in _batteries(seen)))


def _finer(seen: Any) -> Any:
    if isinstance(seen, Weighed):
        return weighed(seen.ensemble.refined(), refined(seen.nominal), 1.0)
    return refined(seen)


def _sharper(objective, protocol, battery) -> tuple[Float[Array, ""], witness.Heard]:
    # Not under one jit: eager, `charge` warns if even the refined ladder is too short, and
    # its own compilations serve every verification of this battery.
    with sharpened(SHARPER), witness.listening() as heard:
        if not isinstance(battery, Weighed):
            return objective(protocol, battery), heard
        values = values_of(objective, protocol, battery.ensemble)
    return jnp.asarray(least(np.asarray(values), battery.ensemble.most)), heard


def _batteries(seen: Any) -> list[Battery]:
    """The batteries of one member, or of what stands in the place of a battery."""
    if isinstance(seen, Weighed):
        seen = seen.ensemble.members()[0]
    leaves = jax.tree.leaves(seen, is_leaf=lambda x: isinstance(x, Battery))
    return [leaf for leaf in leaves if isinstance(leaf, Battery)]


def _levels(seen: Any) -> str:
    """Words for the levels of a battery, such as "3 × 12"."""
    every = [list(factors_of(battery).values())[-1] for battery in _batteries(seen)]
    return ", ".join(" × ".join(map(str, levels)) for levels in every)


def _complaints(found: Verification, value: float, now: float, why: str, limit: str | None):
    """Sentences on what does not stand."""
    before, after = found.levels
    if not found.has_more:
        reason = why or (
            "Build the battery of qb.algebra.symbols, or by qb.batteries.Built(build, levels), or "
            "compare with a larger one."
        )
        yield (
            f"The best value is not verified: the tolerances were tighter, but the battery has no "
            f"more levels than {before} to offer. {reason}"
        )
    if not found.moved <= found.allowed:
        grew = after != before
        remedy = "Give the battery more levels" if grew else "Give the runs a sharper qb.Solver"
        if limit is None and grew:
            remedy += ', or search on with more: qb.maximize(..., refine="during")'
        here, there = (f" with {levels} levels" if levels else "" for levels in found.levels)
        ended = f" The search with more levels was ended by {limit}." if limit else ""
        yield (
            f"The best value does not stand: it is {value:.9g}{here}, and {now:.9g}{there} and "
            f"tolerances ten times tighter.{ended} {remedy}."
        )
