"""What the numbers of a Lindblad battery tell of its equation before it is traced."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from qbjax import _checks
from qbjax.batteries.lindblad import _model as models
from qbjax.batteries.lindblad._motion import generator_of
from qbjax.batteries.lindblad._signals import own_signals, signals_of
from qbjax.dynamics.chebyshev import forward as chebyshev
from qbjax.dynamics.solve.automatic import Outlook
from qbjax.interface.pumps import edges_of
from qbjax.protocols import Pump

LOOKS = 257
"""Times of a run at which a rate without a known peak is looked at."""


def outlook(battery, protocol, times) -> Outlook | None:
    """See `interface.battery.Foreseeing`."""
    model, pumps = battery.model, [*signals_of(protocol), *own_signals(battery)]
    size = model.dimension**2 if model.jumps else 2 * model.dimension
    if not _checks.is_concrete((battery.coefficients, battery.rates, pumps, times)):
        return None
    if not all(p.is_piecewise_constant for p in pumps):
        decay = (lambda: _fastest(battery, times)) if model.jumps else None
        return Outlook(size, False, None, decay=decay)
    bounds = None if _passes(model) else (lambda: _bounds(battery, protocol, times[0]))
    return Outlook(size, True, edges_of(pumps), bounds=bounds)


def _passes(model) -> bool:
    """Whether Chebyshev steps go on past saved times, for what is read there is little."""
    cell = np.prod([model.dims[k] for k in model.cell]) if model.cell else 0
    # See `chebyshev.passes`.
    return chebyshev.SHARE * cell**2 <= model.dimension**2 or model.charge is not None


def _bounds(battery, protocol, start) -> tuple[float, float]:
    with jax.ensure_compile_time_eval():  # known even within a caller's `jit`
        now = jnp.asarray(start, float)
        signals = [pump.signal(now) for pump in signals_of(protocol)]
        generator = generator_of(battery, False, now)
        decay, spread = generator.extent(signals, ket=not battery.model.jumps)
        return float(decay), float(spread)


def _fastest(battery, times: Float[np.ndarray, " T"]) -> float:
    """The fastest decay; without a bound on the whole spectrum, which would take 2 ms."""
    with jax.ensure_compile_time_eval():
        largest = np.array([_largest(rate, times) for rate in battery.rates], float)
    return float(np.max(models.decays(battery.model) @ largest))


def _largest(rate, times: Float[np.ndarray, " T"]) -> float:
    """A rate, or the largest it will be."""
    return float(_peak(rate, times[0], times[-1]) if isinstance(rate, Pump) else rate)


@eqx.filter_jit
def _peak(pump: Pump, first, last):
    # A signal without end has no known peak: that of a run is looked for.
    seen = jnp.max(jnp.abs(jax.vmap(pump.signal)(jnp.linspace(first, last, LOOKS))))
    return jnp.where(jnp.isfinite(pump.peak), pump.peak, seen)
