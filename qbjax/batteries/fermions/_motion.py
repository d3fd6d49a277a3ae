"""The motion of a chain's covariance: exact between edges, integrated under pulses.

Between edges the matrix M is constant. The covariance is then moved in its modes, where a span of
any length takes N² operations, and a look at energies some products of matrices. At an edge it goes
over to the modes that follow. Signals that move leave the covariance of sites to be integrated: M
has three bands, so that a step takes N² operations, too, but there are many.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from qbjax.batteries.fermions import _merits as merits
from qbjax.batteries.fermions._chain import Bands, Chain
from qbjax.batteries.fermions._merits import Sites
from qbjax.batteries.fermions._modes import Blocks, Frame, frame_of, rate, rate_in, turned
from qbjax.dynamics.motion import Flow
from qbjax.dynamics.solve.automatic import Linear
from qbjax.interface import State, edges_of, signals
from qbjax.protocols import Pump


class Moved(NamedTuple):
    """A covariance in the modes of a span between edges, and the number of this span."""

    at: Blocks
    span: Float[Array, ""]


def motion(
    chain: Chain,
    parity: int,
    sites: Sites,
    pumps: Sequence[Pump],
    state: State,
    times: Float[Array, " T"],
) -> Flow:
    """The motion of a covariance from `times[0]`.

    Args:
        chain: the numbers.
        parity: of the state, for the bond that closes a ring.
        sites: those that store.
        pumps: signals of the drives.
        state: at `times[0]`.
        times: of the run.
    """

    def bands(t):
        return chain.at([pump.signal(t) for pump in pumps], parity)

    def field(t, y):
        M = bands(t)
        return rate(M.times, M.transposed.times, y)

    def told(seen):
        return merits.observables(own, sites, seen, size)

    def kept(t, at):
        return State(at, state.origin, state.layout, made=t)

    size, own, edges = merits.size_of(state.content), chain.still(parity), edges_of(pumps)
    common: dict[str, Any] = {"edges": edges, "signals": signals(pumps, times)}
    if all(pump.is_piecewise_constant for pump in pumps):
        modes = _Modes.between(jnp.zeros(0) if edges is None else edges, bands, times)
        return Flow(
            field=modes.field,
            initial=modes.start(state.content, times[0]),
            state=lambda t, y: kept(t, modes.frame(y.span).outward(y.at)),
            observe=lambda t, y: told(merits.seen_in(y.at, sites, modes.frame(y.span))),
            linear=Linear(modes.field, exact=modes.spans),
            **common,
        )
    return Flow(
        field=field,
        initial=state.content,
        state=kept,
        observe=lambda t, y: told(merits.seen_at_sites(y, sites)),
        **common,
    )


class _Modes(NamedTuple):
    """The modes of all spans between edges, and how a covariance moves in them."""

    frames: Frame
    edges: Float[Array, " E"]
    bands: Callable[[Array], Bands]

    @classmethod
    def between(cls, edges: Float[Array, " E"], bands: Callable, times: Float[Array, " T"]):
        """Finds the modes of all spans of a run."""
        fixed, ends = lax.stop_gradient((edges, times[jnp.array([0, -1])]))
        stops = jnp.concatenate([ends[:1], jnp.clip(fixed, *ends), ends[1:]])
        middles = (stops[1:] + stops[:-1]) / 2
        return cls(lax.map(lambda t: frame_of(bands(t)), middles), fixed, bands)

    def frame(self, span: Float[Array, ""]) -> Frame:
        """The modes of the span with a number."""
        return Frame(*(x[span.astype(int)] for x in self.frames))

    def start(self, at: Blocks, t: Float[Array, ""]) -> Moved:
        """A covariance of sites in the modes of a time."""
        span = self._span(t)
        return Moved(self.frame(span).inward(at), span)

    def field(self, t, y: Moved) -> Moved:
        """The rate of a covariance in the modes it is in, whatever the time."""
        M = self.frame(y.span).seen(self.bands(t))
        return Moved(rate_in(M, y.at), jnp.zeros(()))

    def spans(self, t):
        """Makes h -> the motion over h with the matrix M of a time."""
        span = self._span(t)
        M = self.frame(span).seen(self.bands(t))

        def over(h):
            def moved(y: Moved) -> Moved:
                there = lax.cond(y.span == span, lambda y: y.at, self._taken_to(span), y)
                return Moved(turned(M, h, there), span)

            return moved

        return over

    def _taken_to(self, span):
        """Makes the passage of a covariance from the modes it is in to those of a span."""

        def taken(y: Moved) -> Blocks:
            (U, V), (left, right) = self.frame(y.span), self.frame(span)
            return Frame(U.T @ left, V.T @ right).inward(y.at)

        return taken

    def _span(self, t) -> Float[Array, ""]:
        return jnp.searchsorted(self.edges, lax.stop_gradient(t), side="right").astype(float)
