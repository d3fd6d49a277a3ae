"""Gradient search for the best protocol: `maximize`.

The optimiser sees the unbounded coordinates of `protocols.free`, so every protocol it
tries is feasible. A whole optimiser step, line search included, is one jitted function;
the host only looks on between steps (progress, early stop). A protocol whose objective
or gradient is not finite counts as very bad and flat, so a line search backs out of it.
"""

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax.dynamics.forgetting import forget_in_time
from qbjax.dynamics.record import witness
from qbjax.dynamics.record.doubt import TRACE_LOST, TRUNCATED, worst
from qbjax.dynamics.record.trajectory import TraceWarning, warn_of_truncation
from qbjax.interface.battery import Battery
from qbjax.protocols import coordinates, is_free, random_start
from qbjax.strategies.best import Best, Progress
from qbjax.strategies.constraints import Constraint, check_numbers, listed
from qbjax.strategies.ensemble import Ensemble
from qbjax.strategies.growth import warn_if_unbounded, warn_of_rounds
from qbjax.strategies.loop import climb_all
from qbjax.strategies.scipy_bridge import Method, method_of
from qbjax.strategies.search import VERY_BAD, Problem, doubt_of
from qbjax.strategies.sensitivity import Asked
from qbjax.strategies.statistic import (
    Statistic,
    Weighed,
    judged,
    nominal_of,
    values_of,
    weighed,
)
from qbjax.strategies.trials import Elsewhere
from qbjax.strategies.under import Question, search_all_under
from qbjax.strategies.verdict import refuse, told
from qbjax.strategies.verification import search_refined, verified
from qbjax.strategies.verification import verify as verify

LBFGS = optax.lbfgs(
    linesearch=optax.scale_by_zoom_linesearch(max_linesearch_steps=12, initial_guess_strategy="one")
)
"""The default optimiser: one object, so that a second `maximize` of the same objective compiles
nothing. Twelve trials per line search, not optax's twenty: at a kink (populations that change
order) no step satisfies the Wolfe conditions, and the best of twelve does. (Six are too few to walk
out of a convex stretch, where L-BFGS then learns a negative curvature and turns round.)"""


def maximize(
    objective: Callable | Any,
    protocol: Any,
    *,
    battery: Battery | Any | None = None,
    optimizer: optax.GradientTransformation | Any = LBFGS,
    steps: int | Any = 50,
    starts: int | Any = 1,
    keep: int | Any | None = None,
    key: Array | Any | None = None,
    mode: Literal["reverse", "forward"] | str | Any = "reverse",
    tolerance: float | Any = 1e-7,
    constraints: Sequence[Constraint] | Any = (),
    ensemble: Ensemble | Any | None = None,
    refine: Literal["after", "during"] | str | Any = "after",
    progress: Callable[[Progress], None] | Any | None = None,
) -> Best:
    r"""Finds the protocol that maximises an objective.

    Args:
        objective: `objective(protocol)`, or `objective(protocol, battery)` if a battery is
            given; it sees plain numbers in place of the free ones and returns a real
            scalar. It is traced once; keep the function itself (not a new lambda) between
            calls and the second call compiles nothing.
        protocol: any pytree with at least one `qb.free(value, low, high)`; the search
            starts from the values.
        battery: passed to the objective; also switches the verification on.
        optimizer: any optax optimiser; L-BFGS with its line search by default. A line search sees
            the objective in units of its size at the start, any other in its own unit. Or the name
            of a method of SciPy's: "L-BFGS-B", "SLSQP" or "trust-constr", of which the last two
            know constraints themselves; their starts are searched one after the other.
        steps: most optimiser steps.
        starts: independent searches; the first from the given values, the others uniform
            between the bounds. One program: `lax.map` on a CPU, `vmap` elsewhere, by where the
            numbers live (`jax.device_put`), or the default device.
        keep: starts that are left of the trials, at most `starts`: after 5, 10, 20, … steps (2, 4,
            … rounds under constraints) the worse half ends, until so many are left. None for all.
        key: for the random starts; `jax.random.key(0)` by default.
        mode: "reverse" for many numbers; "forward" for few (the objective's `qb.charge`
            then needs `adjoint="forward"`).
        tolerance: relative to the objective, or to a thousandth of what was gained if that
            is more. Stop when no coordinate's slope exceeds it, or when two steps in a row
            gained less than a tenth of it (an optimizer without a line search may wander, and
            stops by the slope alone).
        constraints: any of `qb.at_most`, `qb.at_least`, `qb.equal`. Unless the optimizer
            knows such itself, `steps` are then the most of one round of an augmented Lagrangian
            (`strategies.lagrangian`). The winner violates no limit by more than 1e-9 of it.
        ensemble: of `qb.ensemble`: the objective is called with every member, and what is maximised
            is their statistic. Constraints see `battery`, or without one the protocol alone.
        refine: "after" verifies the winner with more levels and tolerances ten times tighter.
            "during" goes on searching with half more levels until the best of all starts, compared
            with more levels than they were found with, stands (`strategies.verification`); at most
            four times, or to the end of the memory. A battery that has no more is searched once.
        progress: called on the host after every step with a `Progress`; where constraints, or
            statistics other than the mean, take rounds, after each of them.

    Returns:
        A `Best`. The value is the best of all iterates, not the last.

    Warns:
        VerificationWarning: if the best value moves by more than a millionth of it (or of what was
            gained) when it is verified, or had no more levels to be verified with.
        TruncationWarning: if the best protocol's run is truncated, so that the optimum depends on
            where. TraceWarning: if its trace is lost. UnboundedWarning: if a free number lacks a
            bound, and the objective grew as fast as ever when the search ended, constraints or not.

    Raises:
        ValueError: if nothing is free, the objective or a constraint is no real scalar of double
            precision, the objective is not finite at any start, or no protocol that satisfies the
            constraints was found. TypeError: for an argument of the wrong kind.

    Example:
        >>> import qbjax as qb
        >>> best = qb.maximize(lambda x: -((x - 1.0) ** 2), qb.free(0.0, -3.0, 3.0))
        >>> round(float(best.protocol), 6)
        1.0
    """
    _checks.x64()
    forget_in_time()
    _check_things(objective, battery, ensemble)
    optimizer = checked_optimizer(optimizer)
    threshold = check_search(steps, tolerance, progress, starts=starts, key=key)
    if keep is not None:
        _checks.integer("keep", keep, low=1, high=starts)
    limits = listed(constraints)
    _checks.choice("mode", mode, ("reverse", "forward"))
    _checks.choice("refine", refine, ("after", "during"))
    coordinates(protocol)  # says so if nothing is free
    candidates = _starting_points(protocol, starts, key)
    seen = battery if ensemble is None else weighed(ensemble, battery, 1.0)
    asked = objective if ensemble is None else Statistic(objective)
    problem = Problem(asked, candidates[0], mode)
    heard = problem.check_scalar(seen)
    check_numbers(limits, problem, battery)
    look = None if progress is None else partial(_look, progress, problem)
    is_kinked = ensemble is not None and ensemble.is_kinked

    def search(seen, candidates):
        if limits or is_kinked:
            question = Question(problem, limits, optimizer, seen, steps, float(threshold))
            return _under(question, candidates, is_kinked, keep, look)
        return _climbed(problem, optimizer, seen, candidates, threshold, steps, look, keep)

    if refine == "during":
        found, seen, ended = search_refined(search, problem, limits, seen, candidates)
        heard, found["limit"] = problem.check_scalar(seen), ended
    else:
        found = search(seen, candidates)
    found |= _doubts(problem, seen, found["us"], heard)
    prices = tuple(map(float, found["kept"].prices)) if limits else ()
    found["asked"] = Asked(problem, seen, limits, prices, found["us"])
    return _best(problem, objective, seen, limits, **found)


def _climbed(problem, optimizer, battery, candidates, threshold, steps, look, keep) -> dict:
    """Picks the best of all iterates of all starts, and warns if it runs away."""
    stacked = jax.tree.map(lambda *x: jnp.stack(x), *[coordinates(p)[0] for p in candidates])
    search, history, stopped, record = climb_all(
        problem, optimizer, battery, stacked, threshold, steps, look, keep
    )
    reached = np.asarray(search.best_loss * search.size)
    begun = np.where(search.first_loss < VERY_BAD, -search.first_loss * search.size, np.nan)
    winner = int(np.argmin(reached))
    found = [u[winner] for u in search.best]
    slopes = [search.size[winner] * slope[winner] for slope in search.best_slopes]
    warn_if_unbounded(candidates[winner], found, slopes, history[:, winner], stopped)
    return {
        "us": found,
        "value": -jnp.asarray(reached[winner]),
        "history": history[:, winner],
        "converged": stopped,
        "start_values": -reached,
        "record": record,
        "start": float(begun[winner]),
        "rivals": [([u[i] for u in search.best], history[:, i], None) for i in range(reached.size)],
    }


def _under(question: Question, candidates, is_kinked, keep, look) -> dict:
    """Picks the best feasible protocol of all starts."""
    found = search_all_under(question, candidates, is_kinked, keep, look)
    best = found.best
    refuse(best, question.constraints)
    if best.endless:
        start = candidates[found.winner]
        warn_of_rounds(start, best.us, len(best.history), best.seen.value)
    return {
        "us": best.us,
        "value": jnp.asarray(best.seen.value),
        "history": best.history,
        "converged": best.converged,
        "start_values": found.values,
        "start": best.history[0],
        "rivals": found.rivals(candidates),
        "kept": best,
        "record": found.record,
    }


def _best(
    problem, objective, seen, constraints, *, us, rivals, start, kept=None, limit=None, **found
):
    """Verifies the winner, its constraints and every member."""
    best, held = problem.protocol(us), None
    found["verified_value"], battery = None, nominal_of(seen)
    if battery is not None:
        held = [verify(each.function, best, battery)[0] for each in constraints]
    if isinstance(seen, Weighed):
        found["member_values"] = np.asarray(values_of(objective, best, seen.ensemble))
        found["held_out"] = judged(objective, best, seen.ensemble)
    if seen is not None:
        found |= verified(objective, best, seen, found["value"], start, limit)
    if kept is not None:
        found["constraints"] = told(kept, constraints, held)
    return Best(protocol=best, **found)


def check_search(
    steps: Any = 1, tolerance: Any = 0.0, progress: Any = None, *, starts: Any = 1, key: Any = None
) -> Float[Array, ""]:
    """Validates how a search (`maximize`) starts, goes on and ends; returns its tolerance."""
    _checks.integer("starts", starts, low=1)
    if key is not None:
        _checks.key("key", key)
    if progress is not None:
        _checks.function("progress", progress, "progress(step)")
    _checks.integer("steps", steps, low=1)
    return _checks.scalar("tolerance", tolerance, low=0)


def _starting_points(protocol, starts, key) -> list:
    def as_leaf(x):
        # An array of a plain number, so that another number compiles nothing anew.
        return jnp.asarray(x, dtype=float) if type(x) in (int, float) else x

    fixed = jax.tree.map(as_leaf, protocol, is_leaf=is_free)
    keys = jax.random.split(jax.random.key(0) if key is None else key, starts)
    return [fixed] + [random_start(k, fixed) for k in keys[1:]]


def _check_things(objective, battery, ensemble) -> None:
    alone = battery is None and ensemble is None
    call = "objective(protocol)" if alone else "objective(protocol, battery)"
    _checks.function("objective", objective, call)
    if battery is not None:
        _checks.instance("battery", battery, Battery, "a qb.batteries battery")
    if ensemble is not None:
        _checks.instance("ensemble", ensemble, Ensemble, "of qb.ensemble(batteries)")


def checked_optimizer(given: Any) -> optax.GradientTransformation | Method | Elsewhere:
    """Checks an optimizer, or looks it up by its name.

    Raises:
        TypeError: for what is none. ValueError: for a name that is not known.
    """
    if isinstance(given, str):
        return method_of(given)
    if not isinstance(given, Elsewhere):
        expected = "an optax optimiser such as optax.adam(0.01)"
        _checks.instance("optimizer", given, optax.GradientTransformation, expected)
    return given


def _look(progress, problem, step, steps, value, best, us) -> None:
    progress(Progress(step + 1, steps, value, best, problem.protocol(us)))


def _doubts(problem, battery, us, heard: witness.Heard) -> dict[str, Any]:
    """Status and truncation of the runs behind the best value; warns if they are doubtful."""
    if not heard.runs:
        return {}
    status, tops = doubt_of(problem, battery, us)
    if int(status) in (TRUNCATED, TRACE_LOST):
        populations = np.array([float(x) for x in tops.values()])
        warn_of_truncation(populations, tuple(tops), lambda: heard.levels, stacklevel=4)
    if int(status) == TRACE_LOST:
        warnings.warn("The trace of the best protocol's run is lost.", TraceWarning, stacklevel=3)
    return {"status": status, "truncation": worst(jnp.stack([jnp.zeros(()), *tops.values()]))}
