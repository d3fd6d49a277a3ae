r"""Pulses given by a cosine series on half its period.

A half-range series, $\cos k\pi x$ on $0 \le x \le 1$, can start and end anywhere: the mirrored
function has no edge, so there is no Gibbs overshoot at the ends.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact

from qbjax import _checks
from qbjax.protocols import budget, feasible
from qbjax.protocols.free import Trainable, is_free, resolve
from qbjax.protocols.pulse import (
    Lasting,
    edges_after,
    instant,
    lasting,
    numbers,
    sampled_peak,
    windowed,
)


class Fourier(Lasting):
    r"""A smooth pulse, given by a cosine series.

    $$F(t) = \sum_{k=0}^K c_k \cos\frac{k\pi(t - t_0)}{T}, \qquad
      \int|F|^2 dt = T\left(|c_0|^2 + \tfrac12\sum_{k\ge1}|c_k|^2\right),$$
    zero before $t_0$ and after $t_0 + T$.

    Args:
        coefficients: $c_k$, shape (K+1,), real or complex, or `qb.free(array, ...)`.
        duration: T > 0, or `qb.free(...)` between bounds above 0.
        start: $t_0$, or `qb.free(...)`.

    Raises:
        ValueError: for a wrong shape, a number that is not finite, a duration that is not
            positive. TypeError: for what is no number.

    Example:
        >>> pulse = Fourier([1.0, -1.0], duration=2.0)
        >>> [round(float(pulse.signal(t)), 12) for t in (0.0, 1.0, 2.0, 3.0)]
        [0.0, 1.0, 2.0, 0.0]
        >>> float(pulse.energy)
        3.0
    """

    coefficients: Trainable
    duration: Trainable
    start: Trainable
    is_piecewise_constant = False

    def __init__(self, coefficients: Any, duration: Any, start: Any = 0.0):
        self.coefficients = numbers("coefficients", coefficients)
        self.duration = lasting(duration)
        self.start = instant(start)

    @classmethod
    def with_energy(
        cls, coefficients: Any, duration: Any, *, energy: Any, peak: Any = None, start: Any = 0.0
    ) -> "Fourier | BoundedFourier":
        r"""A pulse of exactly the energy $\int F^2 dt$, and $|F| \le$ peak, near a given one.

        Without a peak the coefficients are scaled. Under one the pulse is a `BoundedFourier`,
        which agrees with the series where that is far below the peak.

        Arguments and errors are those of `PiecewiseConstant.with_energy`, with coefficients (K+1,).

        Example:
            >>> pulse = Fourier.with_energy([1.0, 2.0], 4.0, energy=3.0)
            >>> pulse.coefficients.tolist()
            [0.5, 1.0]
            >>> pulse = Fourier.with_energy([1.0, 2.0], 4.0, energy=8.0, peak=1.5)
            >>> round(float(pulse.energy), 12), bool(pulse.peak < 1.5)
            (8.0, True)
        """
        start = instant(start)
        made = feasible.series(coefficients, duration, energy, peak)
        if peak is None:
            return cls(made, duration, start)
        return BoundedFourier(made, duration, peak, start)

    def signal(self, time):
        value = _series(self.coefficients, (time - self.start) / self.duration)
        return windowed(self.edges(), time, value)

    def edges(self):
        return edges_after(self.start, self.duration[None])

    @property
    def is_complex(self):
        return jnp.iscomplexobj(self.coefficients)

    @property
    def peak(self):
        """The largest |F| of 64 samples per half-wave of the highest cosine: right to 3e-4."""
        return sampled_peak(self, 64 * self.coefficients.size + 1)

    @property
    def energy(self):
        weights = budget.series_weights(self.coefficients.size)
        return self.duration * jnp.sum(weights * jnp.abs(self.coefficients) ** 2)


class BoundedFourier(Lasting):
    r"""A smooth real pulse that never exceeds a peak P; made by `Fourier.with_energy`.

    $$F = P\frac{e^\tau\sin\varphi}{\sqrt{\cos^2\varphi + e^{2\tau}\sin^2\varphi}}, \qquad
      P\varphi(t) = \sum_{k=0}^K c_k\cos\frac{k\pi(t - t_0)}{T},$$
    zero before $t_0$ and after $t_0 + T$; $F \to e^\tau P\varphi$ where that is small.

    Args:
        series: the coefficients, shape (K+1,), and τ; or a trainable node of both.
        duration: T > 0.
        peak: P > 0.
        start: $t_0$, or `qb.free(...)`.

    Raises:
        ValueError, TypeError: as `Fourier`.

    Example:
        >>> pulse = BoundedFourier(([0.0, 10.0], 1.0), duration=2.0, peak=3.0)
        >>> bool(jnp.abs(pulse.signal(0.1)) <= 3.0)
        True
    """

    series: Trainable
    duration: Trainable
    limit: Float[Array, ""]
    start: Trainable
    is_complex = False
    is_piecewise_constant = False

    def __init__(self, series: Any, duration: Any, peak: Any, start: Any = 0.0):
        pair = resolve(series)
        if not (isinstance(pair, list | tuple) and len(pair) == 2):
            raise TypeError(
                "Argument `series` must be the coefficients and one shift, but is "
                f"{_checks.show(pair)}."
            )
        coefficients, shift = pair
        checked = (
            numbers("series", coefficients, complex_ok=False),
            _checks.scalar("series", shift),
        )
        self.series = series if is_free(series) else checked
        self.duration = lasting(duration)
        self.limit = _checks.scalar("peak", peak, low=0, open_low=True)
        self.start = instant(start)

    def signal(self, time):
        value = self._bounded((time - self.start) / self.duration)
        return windowed(self.edges(), time, value)

    def edges(self):
        return edges_after(self.start, self.duration[None])

    @property
    def peak(self):
        """The largest |F|, sampled at `budget.NODES` times."""
        return sampled_peak(self, budget.NODES + 1)

    @property
    def energy(self):
        r"""The energy of the pulse, by the midpoint rule with three times `budget.NODES` points."""
        coefficients, shift = self.series
        return self.duration * budget.mean_square(coefficients, shift, self.limit, 3 * budget.NODES)

    def _bounded(self, x):
        coefficients, shift = self.series
        angle = _series(coefficients, x) / self.limit
        return self.limit * budget.shifted(jnp.sin(angle), jnp.cos(angle) ** 2, shift)


def _series(coefficients, x: Float[Array, ""]) -> Inexact[Array, ""]:
    waves = jnp.cos(np.pi * np.arange(coefficients.size) * x)
    return jnp.sum(coefficients * waves.astype(coefficients.dtype))
