"""Pulses given by any function of time that JAX can trace."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax.protocols.free import Trainable, resolve
from qbjax.protocols.pulse import (
    Lasting,
    edges_after,
    instant,
    lasting,
    quadrature,
    refined_peak,
    windowed,
)

PANELS = 512
"""Parts between two edges of a pulse, each with eight Gauss–Legendre points."""

FINEST = 1_000_000
"""Most parts of a pulse that a resolution may ask for."""


class Function(Lasting):
    r"""A pulse F(t) of the user's own, zero outside [t0, t0 + T].

    The function sees absolute time, and only times inside the pulse. If it is an `eqx.Module`,
    its arrays are differentiable and may be `qb.free(...)`.

    Args:
        function: t -> F, scalar to real or complex scalar, traceable by JAX.
        duration: T > 0, or `qb.free(...)` between bounds above 0.
        start: t0, or `qb.free(...)`.
        edges: times inside the pulse at which F or a derivative of it is discontinuous, increasing;
            solver steps end there.
        resolution: length of the shortest feature of F, if it is known and shorter than a
            thousandth of the pulse: what is not, is found without. At least a millionth of it.

    Raises:
        TypeError: if the function cannot be traced or returns no real or complex number of
            double precision. ValueError: if it returns no scalar, for edges outside the
            pulse or in disorder, a duration that is not positive.

    Example:
        >>> pulse = Function(lambda t: jnp.sin(t) ** 2, duration=jnp.pi)
        >>> round(float(pulse.signal(jnp.pi / 2)), 12), float(pulse.signal(4.0))
        (1.0, 0.0)
        >>> round(float(pulse.energy / jnp.pi), 12)
        0.375
    """

    function: Callable
    duration: Trainable
    start: Trainable
    inner: Trainable
    resolution: Float[Array, ""] | None
    is_piecewise_constant = False

    def __init__(
        self,
        function: Any,
        duration: Any,
        start: Any = 0.0,
        edges: Any = (),
        resolution: Any = None,
    ):
        _returned(function)
        self.function = function
        self.duration = lasting(duration)
        self.start = instant(start)
        self.inner = _inner(edges, *resolve((self.start, self.duration)))
        self.resolution = _resolution(resolution, resolve(self.duration))

    def signal(self, time):
        edges = self.edges()
        # The middle stands in for times outside, where the function may be NaN: its
        # derivative would survive the selection.
        inside = (time >= edges[0]) & (time < edges[-1])
        middle = self.start + self.duration / 2
        value = jnp.asarray(self.function(jnp.where(inside, time, middle)))
        return windowed(edges, time, value)

    def edges(self):
        ends = edges_after(self.start, self.duration[None])
        # As given: the function itself decides on the value that it takes there.
        return jnp.concatenate([ends[:1], self.inner, ends[1:]])

    @property
    def is_complex(self):
        return jnp.issubdtype(_returned(self.function).dtype, jnp.complexfloating)

    @property
    def peak(self):
        """The largest |F|, from 4097 samples and a search beside the largest.

        There are more samples if a resolution asks for them. It is right to rounding where F is
        smooth.
        """
        return refined_peak(self, 8 * self._panels + 1)

    @property
    def energy(self):
        r"""The energy $\int|F|^2 dt$, by Gauss–Legendre quadrature with 4096 points between edges.

        There are more if a resolution asks for them. It is exact to rounding for what is smooth
        there, down to a thousandth of the pulse.
        """
        start, end = self.span
        outer = jnp.concatenate([start[None], self.inner, end[None]])
        parts = np.arange(self._panels + 1) / self._panels
        return quadrature(lambda t: jnp.abs(self.signal(t)) ** 2, outer, parts)

    @property
    def _panels(self) -> int:
        if self.resolution is None or not _checks.is_concrete((self.duration, self.resolution)):
            return PANELS
        return max(PANELS, int(np.ceil(float(self.duration) / float(self.resolution))))


def _returned(function) -> jax.ShapeDtypeStruct:
    """Shape and dtype of a function's value, which must be a number."""
    _checks.function("function", function, "function(time)")
    _checks.x64()
    try:
        out = jax.eval_shape(resolve(function), jax.ShapeDtypeStruct((), float))
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TypeError(
            "Argument `function` must be traceable by JAX as function(time), "
            f"but raises {type(error).__name__}: {reason}"
        ) from error
    if getattr(out, "shape", None) != ():
        raise ValueError(f"Argument `function` must return a scalar, but returns {out}.")
    if out.dtype not in (jnp.float64, jnp.complex128):
        raise TypeError(
            "Argument `function` must return a real or complex number of double precision, "
            f"but returns {out.dtype}."
        )
    return out


def _inner(edges, start, duration):
    if _checks.axes(edges) == 1 and len(edges) == 0:
        return _checks.settled(np.zeros(0))
    inner = _checks.times("edges", edges)
    if _checks.is_concrete((inner, start, duration)):
        # On the host, where known numbers stay known within a trace.
        host, first = np.asarray(inner), float(np.asarray(start))
        last = first + float(np.asarray(duration))
        if not (first < host[0] and host[-1] < last):
            raise ValueError(
                f"Argument `edges` must lie inside the pulse, from {first:g} to {last:g}, but go "
                f"from {host[0]:g} to {host[-1]:g}."
            )
    return inner


def _resolution(value, duration) -> Float[Array, ""] | None:
    if value is None:
        return None
    shortest = _checks.scalar("resolution", value, low=0, open_low=True)
    if _checks.is_concrete((shortest, duration)) and (
        float(np.asarray(shortest)) * FINEST < float(np.asarray(duration))
    ):
        raise ValueError(
            f"Argument `resolution` must be at least a millionth of the duration {duration:g}, "
            f"but is {shortest:g}: give the times between which F is so short-lived as `edges`."
        )
    return shortest
