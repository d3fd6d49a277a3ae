r"""Pulses: pumps that last from a start to an end, and are zero before and after.

A pulse includes its ends, and a segment its end: a run that stops at the end of the pulse
never sees it switched off, so that the two may move together under a gradient.
"""

import abc
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Inexact

from qbjax import _checks
from qbjax.protocols.free import Trainable, checked, resolve
from qbjax.protocols.pump import Pump, just_after, positive

NODES = 8
"""Points of a quadrature in each part."""


class Pulse(Pump):
    """A pump that is zero before a start and after an end."""

    @property
    @abc.abstractmethod
    def span(self) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """The times at which the pulse starts and ends."""

    @property
    @abc.abstractmethod
    def energy(self) -> Float[Array, ""]:
        """The energy $\\int|F|^2 dt$ of the pulse."""

    def check_times(self, times):
        start, end = self.span
        # A single time only looks at the initial state.
        if not _checks.is_concrete((start, end, times)) or times.shape[0] == 1:
            return
        # On the host, where known numbers stay known within a trace.
        first, last, host = (np.asarray(x) for x in (start, end, times))
        if last <= host[0] or first >= host[-1]:
            raise ValueError(
                f"Argument `times` must overlap the pulse, which lasts from {first:g} to {last:g}, "
                f"but go from {host[0]:g} to {host[-1]:g}."
            )


class Lasting(Pulse):
    """A pulse that is given by its start and its duration."""

    duration: eqx.AbstractVar[Trainable]
    start: eqx.AbstractVar[Trainable]

    @property
    def span(self):
        known = _checks.is_concrete((self.start, self.duration))
        start, duration = map(_checks.on_host, (self.start, self.duration))
        return self.start, _checks.settled(start + duration) if known else start + duration


def edges_after(start, steps: Float[Array, " n"]) -> Float[Array, " n+1"]:
    """Edges of a pulse that includes its ends: `start`, then just after each `start + steps`."""
    return jnp.concatenate([jnp.asarray(start)[None], just_after(start + _rounded(steps))])


def edges_moved(edges: Float[Array, " E"], *shifts) -> Float[Array, " E"]:
    """Edges that come later by some shifts; one that would overtake the next takes it along."""
    for shift in shifts:
        edges = edges + _rounded(shift)
    return lax.cummax(just_after(edges))


@jax.custom_jvp
def _rounded(steps):
    """The next double, by an operation on integers; its derivative is 1.

    Through it no compiler contracts a product and a sum: XLA makes them one rounding or two,
    as the fusion falls, and two computations of one edge would differ in the last bit
    (measured: up to ten times the solver steps, for a signal whose edge is one double beside
    the place where the step ends).
    """
    return lax.nextafter(steps, jnp.full_like(steps, jnp.inf))


_rounded.defjvps(lambda tangent, _, steps: tangent)


def windowed(edges, time, value: Inexact[Array, ""]) -> Inexact[Array, ""]:
    """A value where a time is inside the first and last edge, 0 outside."""
    inside = (time >= edges[0]) & (time < edges[-1])
    return jnp.where(inside, value, jnp.zeros_like(value))


def sampled_peak(pulse: Pulse, points: int) -> Float[Array, ""]:
    """The largest |F| of a pulse at equidistant times, ends included."""
    times = jnp.linspace(*pulse.span, points)
    return jnp.max(jnp.abs(jax.vmap(pulse.signal)(times)))


def refined_peak(pulse: Pulse, points: int) -> Float[Array, ""]:
    """The largest |F| of a pulse, by golden sections beside the largest of equidistant samples."""
    times = jnp.linspace(*pulse.span, points)
    size = lambda t: lax.stop_gradient(jnp.abs(pulse.signal(t)))  # noqa: E731
    largest = jnp.argmax(jax.vmap(size)(times))
    short = (jnp.sqrt(5.0) - 1) / 2

    def narrow(_, ends):
        low, high = ends
        left, right = high - short * (high - low), low + short * (high - low)
        rises = size(left) < size(right)
        return jnp.where(rises, left, low), jnp.where(rises, high, right)

    ends = times[jnp.maximum(largest - 1, 0)], times[jnp.minimum(largest + 1, points - 1)]
    refined = sum(lax.fori_loop(0, 50, narrow, lax.stop_gradient(ends))) / 2
    # By the samples too: between them F may have an edge.
    return jnp.maximum(*(jnp.abs(pulse.signal(t)) for t in (refined, times[largest])))


def quadrature(function: Callable, edges: Float[Array, " E"], parts) -> Float[Array, ""]:
    """The integral of a function of time, by Gauss–Legendre's eight points in parts.

    Args:
        function: t to a real scalar.
        edges: increasing; the function is smooth between them.
        parts: 0 … 1, the ends of the parts of every interval between two edges, shape (P+1,).
    """
    lengths, x = jnp.diff(edges), np.asarray(parts)
    ends = jnp.append((edges[:-1, None] + lengths[:, None] * x[None, :-1]).ravel(), edges[-1])
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    half, centre = jnp.diff(ends) / 2, (ends[1:] + ends[:-1]) / 2
    times = centre[:, None] + half[:, None] * nodes[None, :]
    values = jax.vmap(function)(times.ravel()).reshape(times.shape)
    return jnp.sum(half[:, None] * weights[None, :] * values)


def numbers(name: str, value: Any, *, complex_ok: bool = True) -> Any:
    """Checks a vector of amplitudes, or the present value of a trainable node of them."""
    found = checked(_checks.array, name, value, shape=("n",), complex_ok=complex_ok)
    if resolve(found).size == 0:
        raise ValueError(f"Argument `{name}` must hold at least one number, but is empty.")
    return found


def instant(value: Any) -> Any:
    """Checks the time at which a pulse starts."""
    return checked(_checks.scalar, "start", value)


def lasting(value: Any) -> Any:
    """Checks a duration, or one that is free above 0."""
    return positive("duration", value)
