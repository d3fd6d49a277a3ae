"""What moves in time in a Lindblad battery: its own signals, and one real pump per control."""

from typing import Any

from qbjax.protocols import Pump
from qbjax.protocols.pump import described


def checked(protocol, count: int) -> tuple[Pump, ...]:
    """One real pump per control.

    Raises:
        TypeError, ValueError: if there are not.
    """
    expected = "None" if count == 0 else f"{count} pump protocol{'s' if count > 1 else ''}"
    try:
        pumps = signals_of(protocol)
    except TypeError:
        pumps = (protocol,)
    wrong = [pump for pump in pumps if not isinstance(pump, Pump)]
    if wrong:
        raise TypeError(f"Argument `protocol` must be {expected}, but is {described(wrong[0])}.")
    if len(pumps) != count:
        raise ValueError(
            f"Argument `protocol` must be {expected}, one per control, but holds {len(pumps)}."
        )
    for pump in pumps:
        if pump.is_complex:
            raise TypeError(
                "Argument `protocol` must be real, but has a complex signal: give its two "
                "quadratures a control each."
            )
    return pumps


def signals_of(protocol: Any) -> tuple[Any, ...]:
    """What was given for every control, pumps if all is well."""
    if protocol is None:
        return ()
    return (protocol,) if isinstance(protocol, Pump) else tuple(protocol)


def own_signals(battery) -> list[Pump]:
    """The coefficients and rates of a battery that move in time."""
    return [x for x in (*battery.coefficients, *battery.rates) if isinstance(x, Pump)]
