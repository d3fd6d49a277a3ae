r"""The motion of moments: exact between edges, integrated under pulses.

Signals that are constant between edges leave nothing to integrate (`_spans`). Others that displace
and do no more leave σ as it is without them: it is found beforehand, exactly, for every saved time,
and 2n numbers are integrated. Only where couplings or squeezing are modulated smoothly, all of
$4n^2$ are.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from qbjax.batteries.gaussian._equation import Change, Equation, Moments
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


def _undriven(change: Change, covariance, times) -> Float[Array, "T q q"]:
    """Covariances at all times, exactly: displacement does not change them."""
    fixed = lax.stop_gradient(times)
    advanced = advance(lambda t: spans(change), fixed, None, rows.counted(fixed))
    shifts = times - fixed

    def step(before, span):
        after = advanced(before, *span)
        return after, after.covariance

    # A later start of the same state is an earlier state at the same start.
    start = _later(jnp.asarray(covariance), -shifts[0], change)
    first = Moments(jnp.zeros(len(covariance)), start)
    _, rest = lax.scan(step, first, (fixed[:-1], fixed[1:]))
    found = jnp.concatenate([start[None], rest])
    return jax.vmap(_later, (0, 0, None))(found, shifts, change)


@jax.custom_jvp
def _later(covariance, shift, change: Change):
    """A covariance after a shift that is 0, and matters for its derivative alone."""
    return covariance


@_later.defjvp
def _later_jvp(primals, tangents):
    covariance, _, change = primals
    tangent, shift, _ = tangents
    half = change.drift @ covariance
    return covariance, tangent + shift * (half + half.T + change.noise)
