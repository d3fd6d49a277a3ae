r"""Pumps through a filter of finite bandwidth, as the battery sees them.

$$\dot y = B\,(F - y), \qquad y(t) = \int_0^\infty e^{-x}F(t - x/B)\,dx .$$

Integrated by parts, for what is a straight line between its edges $t_j$,

$$y = F - \frac{\dot F}B - \sum_{t_j\le t}e^{-B(t - t_j)}\,
  \Bigl[F - \frac{\dot F}B\Bigr]_{t_j^-}^{t_j^+} ,$$

the tail after the last edge included. Anything else is integrated between edges over the last 37/B,
of which the rest, $e^{-37}$, is less than rounding.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact

from qbjax import _checks
from qbjax.protocols.free import Trainable
from qbjax.protocols.pulse import quadrature
from qbjax.protocols.pump import Pump, positive
from qbjax.protocols.wrapped import (
    Wrapped,
    check_inner,
    is_lasting,
    is_straight,
    largest,
    outside,
)

MEMORY = 37.0
"""Times 1/B that the filter remembers."""

ACCURACY = 1e-8
"""Largest error of the quadrature, relative to the largest |y|, that a run begins with."""

LOOKS = 257
"""Times of a run at which the quadrature is compared with one of twice the points."""

GRADED = np.unique(np.concatenate([np.linspace(0, 1, 513), 2.0 ** -np.arange(10, 50)]))
"""Ends of the parts of a quadrature that finds what decays after an edge at any rate."""


class Filtered(Wrapped):
    r"""A pump behind a low-pass filter of one pole; see the module's docstring.

    Its tail goes on after the last edge. A pump without a start (`Constant`, `SwitchOff`) has been
    on for ever before the run; one that rises with the run is a pulse. Two filters in a row are one
    of second order. With B → ∞ this is the pump itself.

    Args:
        pump: F(t).
        bandwidth: B > 0, the rate at which y follows (half of the power passes at the frequency
            B/2π), or `qb.free(…)` between bounds above 0.
        points: of the quadrature between two edges, for what is no straight line: enough for some
            points/3 oscillations within 37/B. `check_times` compares with twice as many.

    Raises:
        TypeError: for no pump, or no number. ValueError: for a bandwidth that is not positive and
            finite, less than two points.

    Example:
        >>> from qbjax.protocols import PiecewiseConstant
        >>> slow = Filtered(PiecewiseConstant([1.0], 2.0), 3.0)
        >>> [round(float(slow.signal(t)), 6) for t in (-1.0, 0.0, 1.0, 2.5)]  # 1 − e⁻³
        [0.0, 0.0, 0.950213, 0.222577]
    """

    pump: Pump
    bandwidth: Trainable
    points: int = eqx.field(static=True)
    keeps_form = False
    is_piecewise_constant = False

    def __init__(self, pump: Pump | Any, bandwidth: Any, points: int | Any = 64):
        check_inner(pump)
        self.pump = pump
        self.bandwidth = positive("bandwidth", bandwidth)
        self.points = _checks.integer("points", points, low=2)

    def signal(self, time):
        return _followed(self, time) if is_straight(self.pump) else _remembered(self, time)

    def edges(self):
        return self.pump.edges()

    def check_times(self, times):
        """Checks the pump, and the quadrature if numbers are known.

        Raises:
            ValueError: if the points are too few.
        """
        self.pump.check_times(times)
        if is_straight(self.pump) or not _checks.is_concrete((self, times)) or times.size < 2:
            return
        finer = Filtered(self.pump, self.bandwidth, 2 * self.points)
        with jax.ensure_compile_time_eval():
            off = float(_apart(self, finer, times[0], times[-1]))
        if off > ACCURACY:
            raise ValueError(
                f"Argument `points` must be larger, or F have edges where it is not smooth, but "
                f"{self.points} of Filtered leave an error of {off:.1g} of the largest |F|."
            )

    @property
    def is_complex(self):
        return self.pump.is_complex

    @property
    def peak(self):
        """The largest |y|, of 1025 samples between edges: exact for steps; without edges |F|'s."""
        if self.pump.edges() is None:
            return self.pump.peak
        return largest(self, 1025)

    @property
    def energy(self):
        r"""The energy $\int|y|^2dt = \mathrm{Re}\int F^*y\,dt$ of a pulse with its tail.

        By quadrature, to rounding where F is smooth; infinite for no pulse.
        """
        edges = self.pump.edges()
        if edges is None or not is_lasting(self.pump):
            return jnp.asarray(jnp.inf)

        def worked(t):
            return jnp.real(jnp.conj(self.pump.signal(t)) * self.signal(t))

        return quadrature(worked, edges, GRADED)


class Pieces(NamedTuple):
    """Straight pieces of a signal: before the first edge, between edges, after the last.

    Attributes:
        left: value where each begins, (E+1,).
        right: where it ends.
        slopes: of each.
    """

    left: Inexact[Array, " E+1"]
    right: Inexact[Array, " E+1"]
    slopes: Inexact[Array, " E+1"]


def _pieces(pump: Pump, edges: Float[Array, " E"]) -> Pieces:
    length = jnp.diff(edges)
    far = outside(edges)
    if pump.is_piecewise_constant:
        times = jnp.concatenate([far[:1], edges[:-1] + length / 2, far[1:]])
        values = jax.vmap(pump.signal)(times)
        return Pieces(values, values, jnp.zeros_like(values))
    quarters = edges[:-1, None] + length[:, None] * np.array([0.25, 0.75])[None, :]
    times = jnp.concatenate([far[:1], quarters.ravel(), far[1:]])
    values = jax.vmap(pump.signal)(times)
    inner = values[1:-1].reshape(-1, 2)
    rise = jnp.diff(inner, axis=1)[:, 0]
    wide = jnp.where(length > 0, length, 1.0).astype(rise.dtype)
    ends = (values[:1], values[-1:])
    return Pieces(
        jnp.concatenate([ends[0], inner[:, 0] - rise / 2, ends[1]]),
        jnp.concatenate([ends[0], inner[:, 1] + rise / 2, ends[1]]),
        jnp.concatenate([jnp.zeros_like(ends[0]), 2 * rise / wide, jnp.zeros_like(ends[1])]),
    )


def _followed(filtered: Filtered, time) -> Inexact[Array, ""]:
    """The answer to straight pieces."""
    value, edges = jnp.asarray(filtered.pump.signal(time)), filtered.pump.edges()
    if edges is None:
        return value
    pieces = _pieces(filtered.pump, edges)
    lag = pieces.slopes / filtered.bandwidth.astype(value.dtype)
    jumps = (pieces.left - lag)[1:] - (pieces.right - lag)[:-1]
    since = time - edges
    faded = jnp.exp(-filtered.bandwidth * jnp.maximum(since, 0.0))
    left = jnp.where(since >= 0, faded, 0.0).astype(value.dtype)
    return value - lag[jnp.sum(since >= 0)] - jnp.sum(left * jumps)


def _remembered(filtered: Filtered, time) -> Inexact[Array, ""]:
    """The answer to anything, by quadrature."""
    pump, rate = filtered.pump, filtered.bandwidth
    x, weights = np.polynomial.legendre.leggauss(filtered.points)
    # In times before now, which rounding leaves alone however short the memory is.
    longest, edges = MEMORY / rate, pump.edges()
    bounds = jnp.stack([longest, jnp.zeros_like(longest)])
    if edges is not None:
        ends = [] if is_lasting(pump) else [bounds[:1], bounds[1:]]
        bounds = jnp.concatenate([*ends[:1], jnp.clip(time - edges, 0.0, longest), *ends[1:]])
    half, centre = -jnp.diff(bounds) / 2, (bounds[1:] + bounds[:-1]) / 2
    ago = centre[:, None] + half[:, None] * x[None, :]
    values = jax.vmap(pump.signal)((time - ago).ravel()).reshape(ago.shape)
    kernel = rate * jnp.exp(-rate * ago) * half[:, None] * weights[None, :]
    return jnp.sum(kernel.astype(values.dtype) * values)


@eqx.filter_jit
def _apart(filtered: Filtered, finer: Filtered, first, last) -> Float[Array, ""]:
    times = first + (last - first) * np.linspace(0, 1, LOOKS)
    coarse, fine = (jax.vmap(each.signal)(times) for each in (filtered, finer))
    size = jnp.max(jnp.abs(fine))
    return jnp.max(jnp.abs(coarse - fine)) / jnp.where(size > 0, size, 1.0)
