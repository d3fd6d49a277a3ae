r"""Pumps as a device plays them: errors of gain, phase and offset, delays, edges that jitter.

$$F'(t) = g\,e^{i\varphi}F\bigl(w(t)\bigr) + o \quad\text{while the pump is on,}$$

where w takes the moved edges $t_j + d + \delta_j$ to the edges $t_j$ of F, and runs evenly between
them: segments keep their amplitudes when their edges move, a smooth pulse is stretched.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from qbjax import _checks
from qbjax.protocols.free import Trainable, checked, is_free, resolve
from qbjax.protocols.pulse import edges_moved, quadrature
from qbjax.protocols.pump import Pump
from qbjax.protocols.wrapped import (
    Wrapped,
    check_inner,
    is_ending,
    is_lasting,
    is_straight,
    just_before,
    largest,
)

POINTS = 4097
"""Samples between two edges of what is no straight line, of which the largest counts."""

PARTS = np.linspace(0, 1, 513)
"""Ends of the parts between two edges over each of which a quadrature goes."""


class Distorted(Wrapped):
    r"""A pump with wrong gain, phase, offset and timing.

    A number left out, or given as the plain number 0, drops its term. All may be `qb.free(…)`, and
    all have derivatives, edges included. The pump is on between the first and last edge of a
    pulse, before the last edge of a switch-off, else always.

    Args:
        pump: F(t).
        gain: g.
        phase: φ; the pump is then complex.
        offset: o, real or complex.
        delay: d, by which everything comes later.
        jitter: $\delta_j$ of every edge (`pump.edges()`), shape (E,). Edges keep their order: one
            that would overtake the next takes it along, and the segment between is left out.

    Raises:
        TypeError: for no pump, or no numbers. ValueError: for what is not finite, another number of
            edges, jitter of a pump without edges.

    Example:
        >>> from qbjax.protocols import PiecewiseConstant
        >>> pulse = PiecewiseConstant([1.0, 2.0], 2.0)
        >>> late = Distorted(pulse, gain=1.1, offset=0.1, jitter=[0.0, 0.2, 0.0])
        >>> [round(float(late.signal(t)), 6) for t in (0.5, 1.1, 1.3, 2.5)]
        [1.2, 1.2, 2.3, 0.0]
    """

    pump: Pump
    gain: Trainable
    phase: Trainable | None
    offset: Trainable | None
    delay: Trainable | None
    jitter: Trainable | None
    keeps_form = True

    def __init__(
        self,
        pump: Any,
        gain: Any = 1.0,
        phase: Any = 0,
        offset: Any = 0,
        delay: Any = 0,
        jitter: Any = None,
    ):
        check_inner(pump)
        self.pump = pump
        self.gain = checked(_checks.scalar, "gain", gain)
        self.phase = number("phase", phase)
        self.offset = number("offset", offset, complex_ok=True)
        self.delay = number("delay", delay)
        self.jitter = None if jitter is None else shifts("jitter", jitter, pump)

    def signal(self, time):
        kind = complex if self.is_complex else float
        value = jnp.asarray(self.pump.signal(self._played(time))).astype(kind)
        gain = jnp.asarray(self.gain)
        if self.phase is not None:
            gain = lax.complex(gain * jnp.cos(self.phase), gain * jnp.sin(self.phase))
        value = gain.astype(kind) * value
        if self.offset is None:
            return value
        return value + jnp.where(self._is_on(time), self.offset.astype(kind), jnp.zeros((), kind))

    def edges(self):
        edges = self.pump.edges()
        moves = [x for x in (self.delay, self.jitter) if x is not None]
        return edges_moved(edges, *moves) if moves and edges is not None else edges

    def check_times(self, times):
        self.pump.check_times(times)

    @property
    def is_complex(self):
        beside = self.offset is not None and jnp.iscomplexobj(self.offset)
        return self.phase is not None or self.pump.is_complex or beside

    @property
    def is_piecewise_constant(self):
        return self.pump.is_piecewise_constant

    @property
    def peak(self):
        """The largest |F|: with an offset, of 4097 samples between edges if it is not straight."""
        if self.offset is None:
            return jnp.abs(self.gain) * self.pump.peak
        if self.pump.edges() is None and not is_straight(self):
            return jnp.abs(self.gain) * self.pump.peak + jnp.abs(self.offset)
        return largest(self, 2 if is_straight(self) else POINTS)

    @property
    def energy(self):
        r"""The energy $\int|F|^2dt$ of a pulse, by quadrature between edges; else infinite.

        It is exact for straight lines, and to rounding for what is smooth down to a thousandth of
        the pulse.
        """
        edges = self.edges()
        if edges is None or not is_lasting(self):
            return jnp.asarray(jnp.inf)
        parts = PARTS[[0, -1]] if is_straight(self) else PARTS
        return quadrature(lambda t: jnp.abs(self.signal(t)) ** 2, edges, parts)

    def _is_on(self, time):
        edges = self.edges()
        if edges is None or not is_ending(self):
            return True
        return (time < edges[-1]) & ((time >= edges[0]) | (not is_lasting(self)))

    def _played(self, time):
        """The time w(t) of the pump, on the right side of its edges whatever the rounding."""
        given, moved = self.pump.edges(), self.edges()
        if given is None:
            return time if self.delay is None else time - self.delay
        if self.delay is None and self.jitter is None:
            return time
        last = given.size - 1
        passed = jnp.sum(moved <= time)
        i, j = jnp.maximum(passed - 1, 0), jnp.minimum(passed, last)
        length = moved[j] - moved[i]
        pace = jnp.where(length > 0, (given[j] - given[i]) / jnp.where(length > 0, length, 1), 1.0)
        wanted = given[i] + (time - moved[i]) * pace
        low = jnp.where(passed > 0, given[i], -jnp.inf)
        high = jnp.where(passed <= last, just_before(given[j]), jnp.inf)
        return wanted + lax.stop_gradient(jnp.clip(wanted, low, high) - wanted)


def shifts(name: str, value: Any, pump: Pump) -> Any:
    """Checks one shift for every edge of a pump, or such a trainable node."""
    edges = jax.eval_shape(lambda: resolve(pump).edges())
    if edges is None:
        raise ValueError(
            f"Argument `{name}` must be left out for a pump without edges, but is "
            f"{_checks.show(value)}."
        )
    return checked(_checks.array, name, value, shape=edges.shape)


def number(name: str, value: Any, **bounds: Any) -> Any:
    """Checks a number, or a trainable node of one; None for the plain number 0."""
    dropped = not is_free(value) and _checks.is_plain_zero(value)
    return None if dropped else checked(_checks.scalar, name, value, **bounds)
