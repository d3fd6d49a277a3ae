"""The outlook of a Lindblad battery: its equation, by numbers known before anything is traced."""

import math
from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from qbjax import _checks
from qbjax.batteries.lindblad import _sparse as sparse
from qbjax.batteries.lindblad._equation import Equation
from qbjax.batteries.lindblad._model import Model, decays
from qbjax.dynamics.chebyshev import reading as chebyshev
from qbjax.dynamics.generator.action import Action
from qbjax.dynamics.solve.automatic import Outlook
from qbjax.interface import edges_of
from qbjax.protocols import Pump

LOOKS = 257
"""Times of a run at which a rate without a known peak is looked at."""


def outlook(equation: Equation, pumps: Sequence[Pump], times) -> Outlook | None:
    """The outlook of a run; None if its numbers are traced.

    Args:
        equation: of the battery.
        pumps: one per control.
        times: of the run.
    """
    model, everyone = equation.model, [*pumps, *equation.signals]
    size = model.dimension**2 if model.jumps else 2 * model.dimension
    if not _checks.is_concrete((equation.numbers, everyone, times)):
        return None
    if not all(p.is_piecewise_constant for p in everyone):
        decay = (lambda: _fastest(equation, np.asarray(times, float))) if model.jumps else None
        return Outlook(size, False, None, decay=decay)
    bounds = None if _passes(model) else (lambda: _bounds(equation, pumps, times[0]))
    return Outlook(size, True, edges_of(everyone), bounds=bounds)


def _passes(model: Model) -> bool:
    """Whether Chebyshev steps go on past saved times, for what is read there is little."""
    cell = math.prod(model.cell_dims) if model.cell else 0
    # See `chebyshev.passes`.
    return chebyshev.SHARE * cell**2 <= model.dimension**2 or model.charge is not None


def _bounds(equation: Equation, pumps: Sequence[Pump], start) -> tuple[float, float]:
    """The strongest decay and the spread of energies at a time, as `crowded` takes them."""
    with jax.ensure_compile_time_eval():  # known even within a caller's `jit`
        now = jnp.asarray(start, float)
        signals = equation.numbers.amplitudes(pumps, now)
        if equation.model.stored is not None:
            moves = Action(sparse.moving(equation.model), *equation.numbers.at(now))
        else:
            moves = equation.generator(False, now).action
        decay, spread = moves.spectral_bounds(signals, ket=not equation.model.jumps)
        return float(decay), float(spread)


def _fastest(equation: Equation, times: Float[np.ndarray, " T"]) -> float:
    """The fastest decay; without a bound on the whole spectrum, which would take 2 ms."""
    with jax.ensure_compile_time_eval():
        largest = np.array([_largest(rate, times) for rate in equation.rates], float)
    return float(np.max(decays(equation.model) @ largest))


def _largest(rate, times: Float[np.ndarray, " T"]) -> float:
    """A constant rate, or the largest value of one in time."""
    return float(_peak(rate, times[0], times[-1]) if isinstance(rate, Pump) else rate)


@eqx.filter_jit
def _peak(pump: Pump, first, last):
    # A signal without end has no known peak: that of a run is looked for.
    seen = jnp.max(jnp.abs(jax.vmap(pump.signal)(jnp.linspace(first, last, LOOKS))))
    return jnp.where(jnp.isfinite(pump.peak), pump.peak, seen)
