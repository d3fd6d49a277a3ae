"""The limits of a search seen from a protocol: how far it is beyond them, and the way back."""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float
from scipy.optimize import nnls

from qbjax.dynamics.undefined import allowed
from qbjax.strategies.search import Problem, called
from qbjax.strategies.statistic import Statistic, Weighed, least, nominal_of, smooth

NEWTON = 12
"""Most steps back to the limits."""

MET = 1e-10
"""Violation, in units of the limit, that the Newton steps leave."""

FEASIBLE = 1e-9
"""Violation, in units of the limit, up to which a protocol counts as feasible."""

ACTIVE = 1e-6
"""Slack, in units of the limit, below which a constraint may have a price."""


class Seen(NamedTuple):
    """A protocol's coordinates, objective and slacks, with slopes by all coordinates.

    Of an ensemble the slopes are those of the smooth statistic, `blur` its distance from the
    other, and `values` the members'.
    """

    flat: Float[np.ndarray, " n"]
    value: float
    slope: Float[np.ndarray, " n"]
    slacks: Float[np.ndarray, " m"]
    slopes: Float[np.ndarray, "m n"]
    blur: float = 0.0
    values: Any = None


class Limits(NamedTuple):
    """Slacks in units of the limits.

    Attributes:
        units: of the slacks.
        equal: which are equalities.
    """

    units: Float[np.ndarray, " m"]
    equal: Bool[np.ndarray, " m"]

    def beyond(self, seen: Seen) -> Float[np.ndarray, " m"]:
        """Violations; ∞ where a slack is not finite."""
        scaled = seen.slacks / self.units
        found = np.where(self.equal, np.abs(scaled), np.maximum(-scaled, 0.0))
        return np.where(np.isfinite(found), found, np.inf)

    def violation(self, seen: Seen) -> float:
        """The largest violation."""
        return float(np.max(self.beyond(seen), initial=0.0))

    def is_met(self, seen: Seen) -> bool:
        """Whether a protocol is feasible, and has an objective."""
        return self.violation(seen) <= FEASIBLE and bool(np.isfinite(seen.value))

    def restored(self, look: Callable[[Any], Seen], seen: Seen) -> Seen:
        """Takes Newton steps of least length to the violated limits; the nearest is kept."""
        best = seen
        for _ in range(NEWTON):
            if self.violation(seen) < self.violation(best):
                best = seen
            out = self.beyond(seen) > 0
            if self.violation(seen) <= MET or not np.all(np.isfinite(seen.slopes)):
                break
            slopes = seen.slopes[out] / self.units[out, None]
            step = np.linalg.lstsq(slopes, -seen.slacks[out] / self.units[out])[0]
            seen = look(seen.flat + step)
        return best

    def prices(self, seen: Seen) -> Float[np.ndarray, " m"]:
        r"""Multipliers of the slacks: $\nabla F + \sum\lambda_i\nabla c_i$ is least with them."""
        active = np.flatnonzero(self.equal | (seen.slacks / self.units < ACTIVE))
        both = active[self.equal[active]]
        prices = np.zeros(self.units.size)
        if active.size:
            pushes = np.concatenate([seen.slopes[active], -seen.slopes[both]])
            found, _ = nnls(pushes.T, -seen.slope)
            prices[active] = found[: active.size]
            prices[both] -= found[active.size :]
        return prices


def slacks(constraints, protocol, battery) -> Float[Array, " m"]:
    """Distances of a protocol from all limits."""
    seen = nominal_of(battery)
    each = [c.slack(called(c.function, protocol, seen))[None] for c in constraints]
    return jnp.concatenate([jnp.zeros(0), *each])


def seen_at(problem, constraints, battery, unravel, flat: Float[np.ndarray, " n"]) -> Seen:
    """Objective and slacks at some coordinates, with their slopes."""
    with allowed():
        found = _looked(problem, constraints, battery, unravel(jnp.asarray(flat)))
    rows, slopes, values = jax.tree.map(np.asarray, found)
    value = float(rows[0])
    exact = value if values is None else least(values, battery.ensemble.most)
    return Seen(flat, exact, slopes[0], rows[1:], slopes[1:], value - exact, values)


@eqx.filter_jit
def _looked(problem: Problem, constraints, battery, us: list):
    """Objective and slacks in one vector, with their slopes, and the values of an ensemble."""
    flat, unravel = jax.flatten_util.ravel_pytree(us)

    def rows(flat):
        protocol, values = problem.protocol(unravel(flat)), None
        if isinstance(battery, Weighed) and isinstance(problem.objective, Statistic):
            values = problem.objective.values(protocol, battery)
            value = smooth(values, battery)
        else:
            value = called(problem.objective, protocol, battery)
        found = jnp.append(value, slacks(constraints, protocol, battery))
        return found, (found, values)

    slopes = jax.jacrev if problem.mode == "reverse" else jax.jacfwd
    found, (rows_here, values) = slopes(rows, has_aux=True)(flat)
    return rows_here, found, values


def limits_of(constraints, seen: Seen) -> Limits:
    """The limits of constraints, in their units."""
    equal = np.array([each.is_equality for each in constraints], bool)
    return Limits(units_of(constraints, seen), equal)


def units_of(constraints, seen: Seen) -> Float[np.ndarray, " m"]:
    """Units of the slacks: the limits, or what the start is away from a limit of 0."""
    limits = np.abs([float(each.limit) for each in constraints])
    away = np.maximum(np.abs(seen.slacks), np.abs(seen.slopes).max(axis=1, initial=0.0))
    units = np.where(limits > 0, limits, away)
    return np.where(np.isfinite(units) & (units > 0), units, 1.0)
