r"""Pulses given by their values: constant on segments, or linear between knots."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from qbjax import _checks
from qbjax.protocols import feasible
from qbjax.protocols.free import Trainable, resolve
from qbjax.protocols.pulse import Lasting, Pulse, edges_after, instant, lasting, numbers, windowed
from qbjax.protocols.pump import just_after


class PiecewiseConstant(Lasting):
    r"""A pulse of n equal segments, each of constant amplitude.

    $$F(t) = a_i \quad\text{for}\quad iT/n < t - t_0 \le (i+1)T/n,$$
    zero before $t_0$ and after $t_0 + T$. Solver steps end on every edge, so a gradient with
    respect to the duration moves the edges.

    Args:
        amplitudes: $a_i$, shape (n,), real or complex, or `qb.free(array, ...)`.
        duration: T > 0, or `qb.free(...)` between bounds above 0.
        start: $t_0$, or `qb.free(...)`.

    Raises:
        ValueError: for a wrong shape, a number that is not finite, a duration that is not
            positive. TypeError: for what is no number.

    Example:
        >>> pulse = PiecewiseConstant([1.0, -2.0], duration=4.0)
        >>> [float(pulse.signal(t)) for t in (0.0, 1.0, 3.0, 4.0, 4.1)]
        [1.0, 1.0, -2.0, -2.0, 0.0]
        >>> float(pulse.energy)
        10.0
    """

    amplitudes: Trainable
    duration: Trainable
    start: Trainable
    is_piecewise_constant = True

    def __init__(self, amplitudes: Any, duration: Any, start: Any = 0.0):
        self.amplitudes = numbers("amplitudes", amplitudes)
        self.duration = lasting(duration)
        self.start = instant(start)

    @classmethod
    def with_energy(
        cls, amplitudes: Any, duration: Any, *, energy: Any, peak: Any = None, start: Any = 0.0
    ) -> "PiecewiseConstant":
        r"""A pulse of exactly the energy $\int F^2 dt$, and $|F| \le$ peak, near a given one.

        Without a peak the amplitudes are scaled; under one, those far below it are scaled
        and the others saturate, signs kept (`protocols.budget` has the formula). Amplitudes
        that are feasible stay as given, 0 and the peak stay what they are.

        Args:
            amplitudes: shape (n,), real, within the peak: the pulse is differentiable in
                them (traced ones beyond the peak count as at the peak, and give NaN if the
                energy is out of reach). `qb.free(array)`, without bounds: trainable, every
                iterate feasible.
            duration: T > 0.
            energy: $\int F^2 dt > 0$, at most peak²·T.
            peak: the largest |F|, None for none.
            start: $t_0$.

        Raises:
            ValueError: if the energy is out of reach; the message says how much is not.
            TypeError: for what is no real number; free durations, energies and peaks.

        Example:
            >>> pulse = PiecewiseConstant.with_energy([1.0, 3.0], 2.0, energy=10.0, peak=3.0)
            >>> pulse.amplitudes.round(12).tolist()
            [1.0, 3.0]
            >>> pulse = PiecewiseConstant.with_energy([1.0, 2.0], 2.0, energy=10.0, peak=3.0)
            >>> round(float(pulse.energy), 12), bool(abs(pulse.amplitudes).max() < 3.0)
            (10.0, True)
        """
        start = instant(start)
        return cls(feasible.segments(amplitudes, duration, energy, peak), duration, start)

    def signal(self, time):
        segment = jnp.searchsorted(self.edges(), time, side="right", method="compare_all") - 1
        amplitude = self.amplitudes[jnp.clip(segment, 0, self.amplitudes.size - 1)]
        return windowed(self.edges(), time, amplitude)

    def edges(self):
        n = self.amplitudes.size
        return edges_after(self.start, self.duration * (np.arange(1, n + 1) / n))

    @property
    def is_complex(self):
        return jnp.iscomplexobj(self.amplitudes)

    @property
    def peak(self):
        return jnp.max(jnp.abs(self.amplitudes))

    @property
    def energy(self):
        return self.duration * jnp.mean(jnp.abs(self.amplitudes) ** 2)


class Sampled(Pulse):
    r"""A measured or designed pulse: linear between knots, zero outside them.

    $$F(t) = a_i + (a_{i+1} - a_i)\frac{t - t_i}{t_{i+1} - t_i}, \qquad
      \int|F|^2 dt = \sum_i \frac{t_{i+1} - t_i}{3}
      \left(|a_i|^2 + \mathrm{Re}\,a_i^* a_{i+1} + |a_{i+1}|^2\right).$$

    Solver steps end on every knot.

    Args:
        times: $t_i$, strictly increasing, shape (n,) with n at least 2.
        amplitudes: $a_i$, shape (n,), real or complex, or `qb.free(array, ...)`.

    Raises:
        ValueError: for wrong shapes, numbers that are not finite, times in disorder.
        TypeError: for what is no number.

    Example:
        >>> pulse = Sampled([0.0, 1.0, 3.0], [0.0, 2.0, 0.0])
        >>> [float(pulse.signal(t)) for t in (0.5, 2.0, 4.0)]
        [1.0, 1.0, 0.0]
        >>> float(pulse.energy)
        4.0
    """

    times: Trainable
    amplitudes: Trainable
    is_piecewise_constant = False

    def __init__(self, times: Any, amplitudes: Any):
        self.times = _checks.times("times", times)
        self.amplitudes = numbers("amplitudes", amplitudes)
        knots, size = self.times.size, resolve(self.amplitudes).size
        if knots < 2:
            raise ValueError("Argument `times` must hold at least two knots, but holds one.")
        if size != knots:
            raise ValueError(
                f"Argument `amplitudes` must have shape ({knots},) as the times, but has shape "
                f"({size},)."
            )

    def signal(self, time):
        knots, values = self.times, self.amplitudes
        after_knot = jnp.searchsorted(knots, time, side="right", method="compare_all")
        i = jnp.clip(after_knot - 1, 0, knots.size - 2)
        part = (time - knots[i]) / (knots[i + 1] - knots[i])
        value = values[i] + (values[i + 1] - values[i]) * part.astype(values.dtype)
        return windowed(self.edges(), time, value)

    def edges(self):
        return self.times.at[-1].set(just_after(self.times[-1]))

    @property
    def span(self):
        return self.times[0], self.times[-1]

    @property
    def is_complex(self):
        return jnp.iscomplexobj(self.amplitudes)

    @property
    def peak(self):
        return jnp.max(jnp.abs(self.amplitudes))

    @property
    def energy(self):
        a, b = self.amplitudes[:-1], self.amplitudes[1:]
        squares = jnp.abs(a) ** 2 + jnp.real(jnp.conj(a) * b) + jnp.abs(b) ** 2
        return jnp.sum(jnp.diff(self.times) * squares) / 3
