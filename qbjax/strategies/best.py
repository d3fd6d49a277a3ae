"""The answer of a search: the best protocol, and what is known of it."""

from typing import Any, NamedTuple

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float, Int

from qbjax.strategies.bound import bounds_of, least_of
from qbjax.strategies.constraints import Held
from qbjax.strategies.sensitivity import Asked, Curvature, Sensitivity, curvature, sensitivities
from qbjax.strategies.statistic import HeldOut
from qbjax.strategies.trials import Record
from qbjax.strategies.verification import Verification


class Progress(NamedTuple):
    """The state of a search after a step, as a `progress` callback sees it."""

    step: int
    steps: int
    value: float
    best_value: float
    protocol: Any


class Best(eqx.Module):
    """The best protocol that `maximize` found.

    Attributes:
        protocol: the best protocol, with plain numbers in place of the free ones.
        value: its objective.
        verified_value: the same with `battery.refined()` at ten times tighter tolerances;
            None when no battery was given. `is_verified` says whether the value stands.
        history: objective of the winning start at each iterate.
        converged: whether the gradient vanished or the value settled before `steps`.
        start_values: the best value of every start, pruned or not, shape (starts,).
        status: of the runs behind the value, as in a `Trajectory`; None if the objective makes
            none, or within a `jit`, `vmap` or `grad` of its own.
        truncation: how full the top levels are in them; None like `status`.
        verified_status: of the runs behind the verified value.
        constraints: a report on each: number, violation, and what its limit costs.
        member_values: objective of every member of an ensemble, whose statistic the value is.
        held_out: the judgement by members that were not searched with, if a sampler draws them.
        asked: the question.
        record: the search, start by start: values, and how each ended.
        verification: levels that the value was found and verified with, and how far it moved.
    """

    protocol: Any
    value: Float[Array, ""]
    verified_value: Float[Array, ""] | None
    history: Float[np.ndarray, " steps"]
    converged: bool
    start_values: Float[np.ndarray, " starts"]
    status: Int[Array, ""] | None = None
    truncation: Float[Array, ""] | None = None
    verified_status: Int[Array, ""] | None = None
    constraints: tuple[Held, ...] = ()
    member_values: Float[np.ndarray, " members"] | None = None
    held_out: HeldOut | None = None
    asked: Asked | None = None
    record: Record | None = None
    verification: Verification | None = None

    @property
    def is_verified(self) -> bool | None:
        """Whether the value stands with more levels and tolerances; None without a battery."""
        if self.verification is None:
            return None
        sound = self.verified_status is None or int(self.verified_status) == 0
        return sound and self.verification.stands

    @property
    def moved(self) -> float | None:
        """The distance that the value moved when it was verified; None without a battery."""
        return None if self.verification is None else self.verification.moved

    def sensitivities(self) -> tuple[Sensitivity, ...]:
        """Derivatives of the best value by every number of battery and protocol.

        The largest relative one comes first; numbers that were left out, or given as the plain 0,
        have no term. `views.sensitivity` tabulates and draws them.

        Example:
            >>> import qbjax as qb
            >>> def height(plan):
            ...     return plan["scale"] * (1.0 - plan["x"] ** 2)
            >>> plan = {"x": qb.free(0.5, -1.0, 1.0), "scale": 3.0}
            >>> first, *rest = qb.maximize(height, plan).sensitivities()
            >>> first.name, round(first.derivative, 6), round(first.relative, 6)
            ("protocol['scale']", 1.0, 1.0)
        """
        return sensitivities(self._question)

    def curvature(self) -> Curvature:
        """Second derivatives of the value by the free numbers' coordinates, by differences."""
        return curvature(self._question)

    @property
    def bounds(self) -> dict[str, float | str]:
        """Bounds by name on what any protocol has: numbers, or why there is none.

        They hold for all values of the free numbers within their bounds, and to rounding; the value
        has the solver's error, too. They are known where the objective is of `qb.final`.
        """
        return bounds_of(self.asked)

    @property
    def bound(self) -> float | None:
        """The least of the bounds: no protocol exceeds it. None if none is known."""
        return least_of(self.bounds)[0]

    @property
    def bound_name(self) -> str:
        """Name of the least of the bounds; or the reason why none is known."""
        return least_of(self.bounds)[1]

    @property
    def gap(self) -> float | None:
        """Distance of the value from the bound: what might still be won. None without a bound."""
        bound = self.bound
        return None if bound is None else bound - float(self.value)

    @property
    def _question(self) -> Asked:
        if self.asked is None:
            raise ValueError("The `Best` must come from `maximize`, but was made by other means.")
        return self.asked
