"""What numbers tell of a Lindblad battery's equation before it is traced: which method it needs."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from qbjax import _checks
from qbjax.batteries import lindblad_model as models
from qbjax.batteries.lindblad_evolution import edges_of, generator_of
from qbjax.batteries.lindblad_signals import own_signals, signals_of
from qbjax.dynamics import Chebyshev, Implicit, Solver, Tsit5, automatic, chebyshev
from qbjax.protocols import Pump

DENSE = 200
"""Saved times below which it does not matter that steps end at them."""

LOOKS = 257
"""Times of a run at which a rate without a known peak is looked at."""


def default_solver(battery, protocol, times) -> Solver:
    """`Implicit` for what is small and moves in time, if it is stiff; no exponentials where
    unevenly spaced times would need many; `Tsit5` where Chebyshev would stop too often."""
    model, pumps = battery.model, [*signals_of(protocol), *own_signals(battery)]
    size = model.dimension**2 if model.jumps else 2 * model.dimension
    if not _checks.is_concrete((battery.coefficients, battery.rates, pumps, times)):
        return Solver()
    times = np.asarray(times, float)
    if all(p.is_piecewise_constant for p in pumps):
        edges = edges_of(pumps)
        if edges is None and automatic.uneven(times, size):
            return Solver(method=Chebyshev())
        large = size**3 * automatic.spans_of(jnp.asarray(times), edges) > automatic.WORK
        return Solver(method=Tsit5() if large and _crowded(battery, protocol, times) else None)
    if size > automatic.IMPLICIT or not model.jumps:
        return Solver()
    # Known even within a caller's `jit`; and no bound on the spectrum, which would take 2 ms.
    with jax.ensure_compile_time_eval():
        largest = np.array([_largest(rate, times) for rate in battery.rates], float)
    decay = np.max(models.decays(model) @ largest)
    stiff = automatic.stiff(size, float(decay), float(times[-1] - times[0]))
    return Solver(method=Implicit() if stiff else None)


def _largest(rate, times: Float[np.ndarray, " T"]) -> float:
    """A rate, or the largest it will be."""
    return float(_peak(rate, times[0], times[-1]) if isinstance(rate, Pump) else rate)


@eqx.filter_jit
def _peak(pump: Pump, first, last):
    # A signal without end has no known peak: that of a run is looked for.
    seen = jnp.max(jnp.abs(jax.vmap(pump.signal)(jnp.linspace(first, last, LOOKS))))
    return jnp.where(jnp.isfinite(pump.peak), pump.peak, seen)


def _crowded(battery, protocol, times) -> bool:
    """Whether steps end at every saved time, and those are many."""
    model = battery.model
    cell = np.prod([model.dims[k] for k in model.cell]) if model.cell else 0
    # What is read is little, see `chebyshev.passes`: steps go on.
    passed = chebyshev.SHARE * cell**2 <= model.dimension**2
    if times.size <= DENSE or passed or model.charge is not None:
        return False
    with jax.ensure_compile_time_eval():  # known even within a caller's `jit`
        start = jnp.asarray(times[0])
        signals = [pump.signal(start) for pump in signals_of(protocol)]
        bounds = generator_of(battery, False, start).extent(signals, ket=not model.jumps)
        return automatic.crowded(times, *map(float, bounds))
