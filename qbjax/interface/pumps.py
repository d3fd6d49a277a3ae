"""Pumps as a motion needs them: their edges, and the signals between them."""

from collections.abc import Iterable
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from qbjax.dynamics.solve import lookout
from qbjax.dynamics.solve.lookout import Signal
from qbjax.protocols import Filtered, Fourier, Function, Noise, Noisy, Pump
from qbjax.protocols.filtered import MEMORY
from qbjax.protocols.pump import described
from qbjax.protocols.wrapped import Wrapped, form_of, is_lasting, is_straight

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
    return [_signal(pump, times) for pump in pumps if not is_straight(pump)]


def edges_of(pumps: Iterable[Pump]) -> Float[Array, " E"] | None:
    """Edges of all pumps, in order; None if there are none."""
    found = [edges for pump in pumps if (edges := pump.edges()) is not None]
    return jnp.sort(jnp.concatenate(found)) if found else None


def _signal(pump: Pump, times) -> Signal:
    edges = pump.edges()
    inner = jnp.zeros(0) if edges is None else _with_fadings(pump, edges)
    bounds = inner if is_lasting(pump) else jnp.concatenate([times[:1], inner, times[-1:]])
    return Signal(pump.signal, bounds, _cells(form_of(pump), bounds.size - 1), _shortest(pump))


def _with_fadings(pump: Pump, edges: Float[Array, " E"]) -> Float[Array, " B"]:
    """Edges, and the times at which filters have forgotten them: what fades has its own grid."""
    found = [edges]
    while isinstance(pump, Wrapped):
        found += [edges + MEMORY / pump.bandwidth] if isinstance(pump, Filtered) else []
        pump = pump.pump
    return jnp.sort(jnp.concatenate(found))


def _cells(pump: Pump, grids: int) -> int:
    if isinstance(pump, Fourier):  # at least four to a half-wave of the highest cosine
        return 64 * -(-pump.coefficients.size // 16)
    return lookout.CELLS if grids <= FEW else lookout.CELLS // 4


def _shortest(pump: Pump) -> Float[Array, ""] | None:
    """The shortest feature of a pump and of what is in it, if one is known."""
    own = [pump.resolution] if isinstance(pump, Function | Noise) else []
    parts: list[Pump] = [pump.noise] if isinstance(pump, Noisy) else []
    parts += [pump.pump] if isinstance(pump, Wrapped) else []
    known = [x for x in (*own, *map(_shortest, parts)) if x is not None]
    return jnp.min(jnp.stack(known)) if known else None
