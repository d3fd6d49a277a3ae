r"""The motion of moments: exact between edges, integrated under pulses.

Signals that are constant between edges leave nothing to integrate (`_spans`). Others that displace
and do no more leave σ as it is without them: it is found beforehand, exactly, for every saved time,
and 2n numbers are integrated. Only where couplings or squeezing are modulated smoothly, all of
$4n^2$ are.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from qbjax.batteries.gaussian._equation import Equation, Moments
from qbjax.batteries.gaussian._spans import spans
from qbjax.dynamics import rows
from qbjax.dynamics.motion import Flow
from qbjax.dynamics.solve.automatic import Linear
from qbjax.dynamics.solve.exponential import advance
from qbjax.interface import State, edges_of, signals
from qbjax.protocols import Pump


def motion(
    equation: Equation,
    pumps: Sequence[Pump],
    state: State,
    times: Float[Array, " T"],
    observe: Callable[[Moments], dict],
) -> Flow:
    """The motion of moments from `times[0]`.

    Args:
        equation: of the battery.
        pumps: its drives' signals.
        state: at `times[0]`.
        times: of the run.
        observe: moments to observables.
    """

    def at(t):
        return equation.at([pump.signal(t) for pump in pumps])

    def state_of(t, moments):
        return State(moments, state.origin, made=t)

    common: dict[str, Any] = {"edges": edges_of(pumps), "signals": signals(pumps, times)}
    if all(pump.is_piecewise_constant for pump in pumps):
        field, initial = (lambda t, y: at(t)(y)), state.content
        common["linear"] = Linear(field, exact=lambda t: spans(at(t)))
    elif all(drive.is_linear for drive in equation.drives):
        start: Moments = state.content
        still = equation.at([jnp.zeros(())] * len(pumps))
        covariances = _undriven(still, start.covariance, times)

        def moments(t, mean):
            return Moments(mean, covariances[jnp.searchsorted(times, t)])

        return Flow(
            field=lambda t, mean: still.drift @ mean + at(t).drive,
            initial=start.mean,
            state=lambda t, mean: state_of(t, moments(t, mean)),
            observe=lambda t, mean: observe(moments(t, mean)),
            **common,
        )
    else:
        field, initial = (lambda t, y: at(t)(y)), state.content
    return Flow(
        field=field, initial=initial, state=state_of, observe=lambda t, y: observe(y), **common
    )


def _undriven(change, covariance, times) -> Float[Array, "T q q"]:
    """Covariances at all times, exactly: displacement does not change them."""
    advanced = advance(lambda t: spans(change), times, None, rows.counted(times))

    def step(before, span):
        after = advanced(before, *span)
        return after, after.covariance

    first = Moments(jnp.zeros(len(covariance)), jnp.asarray(covariance))
    _, later = lax.scan(step, first, (times[:-1], times[1:]))
    return jnp.concatenate([first.covariance[None], later])
