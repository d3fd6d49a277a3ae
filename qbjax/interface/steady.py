"""The record of a steady state, and the warnings of a doubtful one."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float, Int

from qbjax import _checks
from qbjax.dynamics.record import witness
from qbjax.dynamics.record.doubt import TRUNCATED
from qbjax.dynamics.record.observed import Observed
from qbjax.dynamics.record.trajectory import BreakdownWarning, warn_of_truncation
from qbjax.protocols import Constant, Pump

SLOW = 1e-6
"""Gap, relative to the mean rate of the jumps, below which a steady state is warned of."""

STATUS_NAMES = ("ok", "the linear solver did not converge", "the equations are singular")


class UniquenessWarning(UserWarning):
    """A steady state is not the only one, or takes very long to be reached."""


class SteadyState(Observed):
    """The steady state of a battery: its observables, and whether to believe them.

    Observables are attributes, under their names in a trajectory: `steady.ergotropy`.

    Attributes:
        observables: name to number.
        state: opaque; give it to `qb.store`, `qb.discharge`, or the battery's `cell`.
        residual: Frobenius norm of the generator applied to the packed state.
        gap: rate of the slowest decay towards it; None if not asked for, NaN if not found.
        rate: mean rate of all jumps in the mixed state, what gap and residual are small against.
        truncation: population of the top levels of each truncated mode, shape (modes,).
        status: 0 ok, 1 not converged, 2 singular; 4 truncated: the numbers stand, but are not to be
            believed (`dynamics.record.doubt`).
        steps: of the linear solver; 0 if solved directly.
        units: name to unit.
        modes: names of the truncated modes.
    """

    _called: ClassVar[str] = "steady state"

    observables: dict[str, Array]
    state: Any
    residual: Float[Array, ""]
    gap: Float[Array, ""] | None
    rate: Float[Array, ""]
    truncation: Float[Array, " modes"]
    status: Int[Array, ""]
    steps: Int[Array, ""]
    units: tuple[tuple[str, str], ...] = eqx.field(static=True, default=())
    modes: tuple[str, ...] = eqx.field(static=True, default=())


def check_constant(name: str, pumps: Sequence[Pump]) -> None:
    """Checks that the signals of a steady state are constant.

    Raises:
        ValueError: if one is not a `Constant`.
    """
    for pump in pumps:
        if not isinstance(pump, Constant):
            raise ValueError(
                f"Argument `{name}` must be constant in time for a steady state, such as "
                f"qb.protocols.Constant(3.0), but has {_checks.show(pump)}."
            )


def warn_if_doubtful(found: SteadyState, recommended: Callable[[], dict]) -> None:
    """Warns of a concrete steady state that is none, not the only one, or truncated.

    Args:
        found: the steady state.
        recommended: mode name to (constructor argument, levels to use instead).
    """
    witness.tell(found, recommended)
    if not _checks.is_concrete((found.status, found.truncation, found.gap)):
        return
    status, gap = int(found.status), np.inf if found.gap is None else float(found.gap)
    closed = gap < SLOW * float(found.rate)
    if closed:
        warnings.warn(
            f"The steady state is not unique, or reached very slowly: the gap is {gap:.3g}, "
            f"the jumps' mean rate {float(found.rate):.3g}. What is "
            "reached depends on the start; qb.charge tells.",
            UniquenessWarning,
            stacklevel=3,
        )
    if status == TRUNCATED:
        warn_of_truncation(np.asarray(found.truncation), found.modes, recommended, stacklevel=4)
    elif status and not closed:
        warnings.warn(
            f"No steady state was found ({STATUS_NAMES[status]}): the residual is "
            f"{float(found.residual):.3g} after {int(found.steps)} steps. It may not be unique.",
            BreakdownWarning,
            stacklevel=3,
        )
