"""Pumps as a motion needs them: their edges, and the signals between them."""

from collections.abc import Iterable
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from qbjax.dynamics.solve import lookout
from qbjax.dynamics.solve.lookout import Signal
from qbjax.protocols import Fourier, Function, Pulse, Pump, Sampled, SwitchOff
from qbjax.protocols.pump import described

FEW = 4
"""Grids of one pump that may be as fine as a single one."""


def pumps_of(protocol: Any) -> tuple[Any, ...]:
    """The signals of a protocol, one per control: pumps, if all is well."""
    if protocol is None:
        return ()
    return (protocol,) if isinstance(protocol, Pump) else tuple(protocol)


def checked_pumps(protocol: Any, count: int, *, real: bool = True) -> tuple[Pump, ...]:
    """One pump per control.

    Args:
        protocol: a pump, several, or None for none.
        count: of the controls.
        real: whether their signals must be.

    Raises:
        TypeError, ValueError: if there are not.
    """
    expected = "None" if count == 0 else f"{count} pump protocol{'s' if count > 1 else ''}"
    try:
        pumps = pumps_of(protocol)
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
        if real and pump.is_complex:
            raise TypeError(
                "Argument `protocol` must be real, but has a complex signal: give its two "
                "quadratures a control each."
            )
    return pumps


def signals(pumps: Iterable[Pump], times: Float[Array, " T"]) -> list[Signal]:
    """Signals of pumps that steps could go over.

    Not those that are straight lines between edges, where steps end.

    Args:
        pumps: pump protocols: of drives, rates, couplings.
        times: of the run.
    """
    straight = (Sampled, SwitchOff)
    moving = (p for p in pumps if not (p.is_piecewise_constant or isinstance(p, straight)))
    return [_signal(pump, times) for pump in moving]


def edges_of(pumps: Iterable[Pump]) -> Float[Array, " E"] | None:
    """Edges of all pumps, in order; None if there are none."""
    found = [edges for pump in pumps if (edges := pump.edges()) is not None]
    return jnp.sort(jnp.concatenate(found)) if found else None


def _signal(pump: Pump, times) -> Signal:
    edges = pump.edges()
    inner = jnp.zeros(0) if edges is None else jnp.sort(edges)
    bounds = inner if isinstance(pump, Pulse) else jnp.concatenate([times[:1], inner, times[-1:]])
    shortest = pump.resolution if isinstance(pump, Function) else None
    return Signal(pump.signal, bounds, _cells(pump, bounds.size - 1), shortest)


def _cells(pump: Pump, grids: int) -> int:
    if isinstance(pump, Fourier):  # at least four to a half-wave of the highest cosine
        return 64 * -(-pump.coefficients.size // 16)
    return lookout.CELLS if grids <= FEW else lookout.CELLS // 4
