"""Pumps as a motion needs them: their edges, and the signals between them."""

from collections.abc import Iterable

import jax.numpy as jnp
from jaxtyping import Array, Float

from qbjax.dynamics.solve import lookout
from qbjax.dynamics.solve.lookout import Signal
from qbjax.protocols import Fourier, Function, Pulse, Pump, Sampled, SwitchOff

FEW = 4
"""Grids of one pump that may be as fine as a single one."""


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
