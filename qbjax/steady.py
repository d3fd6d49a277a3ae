"""The verb without a clock: `steady_state`, the end of endless charging."""

from typing import Any

from qbjax import _checks
from qbjax.dynamics.forgetting import forget_in_time
from qbjax.dynamics.record.doubt import judged
from qbjax.dynamics.undefined import compiled
from qbjax.interface.battery import Battery, Steady, recommended_levels
from qbjax.interface.steady import SteadyState, warn_if_doubtful
from qbjax.protocols import resolve


def steady_state(
    battery: Battery | Any, protocol: Any = None, *, gap: bool | Any | None = None
) -> SteadyState:
    r"""The steady state of a battery under a constant protocol.

    $$L\rho = 0, \qquad \mathrm{Tr}\rho = 1,$$

    solved as a linear system, whose derivatives in forward and reverse mode are linear systems
    too (`dynamics.steady.linear`). No time passes: nothing is integrated.

    Args:
        battery: a `Lindblad` battery, or one made of it, a `DOPO` in either frame, a `Gaussian`, or
            a `SpinEnsemble`.
        protocol: `qb.protocols.Constant` for every control, or None for none; free numbers count
            as their present values.
        gap: whether to find the spectral gap, too, the rate at which the state is reached. None
            does where it is cheap (`dynamics.steady.gap`).

    Returns:
        A `SteadyState`: a trajectory's observables but powers, as numbers; its `state` can be
        stored and discharged.

    Raises:
        RuntimeError: if double precision is off.
        TypeError: for a battery without a Lindblad generator, or a protocol that is none.
        ValueError: for a protocol that moves, or a battery without jumps.

    Warns:
        UniquenessWarning: if the gap is nearly 0. BreakdownWarning: if no state was found.
        TruncationWarning: if top levels are populated. All on concrete results alone.

    Example:
        >>> import qbjax as qb
        >>> battery = qb.batteries.DOPO(signal_levels=14, pump_levels=5)
        >>> steady = qb.steady_state(battery, qb.protocols.Constant(1.0))
        >>> round(float(steady.energy), 4), bool(steady.residual < 1e-9)
        (0.1546, True)
    """
    _checks.x64()
    forget_in_time()
    if not isinstance(battery, Battery):
        raise TypeError(
            f"Argument `battery` must be a qb.batteries battery, but is {_checks.show(battery)}."
        )
    if not (gap is None or isinstance(gap, bool)):
        raise TypeError(f"Argument `gap` must be True, False or None, but is {_checks.show(gap)}.")
    protocol = resolve(protocol)
    _steady(battery).check_steady(protocol)
    found = _solve(battery, protocol, gap)
    warn_if_doubtful(found, lambda: recommended_levels(battery, protocol))
    return found


def _steady(battery: Battery) -> Steady:
    if not isinstance(battery, Steady):
        raise TypeError(
            "Argument `battery` must have a Lindblad generator (Lindblad, DOPO), but is a "
            f"{type(battery).__name__}; for endless equal collisions use "
            "qb.batteries.stationary_state."
        )
    return battery


@compiled("residual")
def _solve(battery, protocol, gap):
    return judged(battery.steady_state(protocol, gap))
