r"""Noise of a drive: random signals of a given spectrum, and pumps that have it.

The spectrum S(f) of a noise ξ is one-sided: with means over draws,

$$\langle\xi(t)\,\xi(t + \tau)\rangle = \int_{f_1}^{f_2}S(f)\cos(2\pi f\tau)\,df, \qquad
  \langle\xi^2\rangle = \int_{f_1}^{f_2}S(f)\,df = \sigma^2 .$$

A draw is $\xi = \sigma\sqrt{2/K}\sum_k\cos(2\pi f_kt + \varphi_k)$ with random phases, and with one
frequency from each K-th of the power, drawn as S weighs it there: so both equations hold exactly,
however few the cosines are.

Reference: M. Shinozuka and G. Deodatis, Appl. Mech. Rev. 44, 191 (1991), Sec. 2.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax._types import ScalarLike
from qbjax.protocols.pump import Pump
from qbjax.protocols.wrapped import Wrapped, check_inner


class Noise(Pump):
    r"""A sum of cosines, $\xi(t) = \sum_ka_k\cos(2\pi f_kt + \varphi_k)$, at all times.

    Args:
        amplitudes: $a_k$, shape (K,).
        frequencies: $f_k \ge 0$, shape (K,).
        phases: $\varphi_k$, shape (K,).

    Raises:
        ValueError, TypeError: for what is no such array.

    Example:
        >>> float(Noise([1.0, 2.0], [0.5, 1.0], [0.0, 0.0]).signal(1.0))
        1.0
    """

    amplitudes: Float[Array, " K"]
    frequencies: Float[Array, " K"]
    phases: Float[Array, " K"]
    is_complex = False
    is_piecewise_constant = False

    def __init__(self, amplitudes: Any, frequencies: Any, phases: Any):
        self.amplitudes = _checks.array("amplitudes", amplitudes, shape=("K",))
        same = (self.amplitudes.size,)
        self.frequencies = _checks.array("frequencies", frequencies, shape=same, low=0.0)
        self.phases = _checks.array("phases", phases, shape=same)

    @staticmethod
    def power_law(
        key: Array | Any,
        rms: ScalarLike,
        low: ScalarLike,
        high: ScalarLike,
        exponent: float | Any = 1.0,
        count: int | Any = 64,
    ) -> "Noise":
        r"""Draws noise of the spectrum $S \propto f^{-\alpha}$: 1/f noise, by default.

        Args:
            key: of the draw; the same key, the same noise.
            rms: σ.
            low, high: $0 < f_1 < f_2$, in periods per unit of time.
            exponent: α; 0 is white noise within the band, 2 that of a random walk.
            count: K.

        Raises:
            ValueError, TypeError: for numbers out of range, no key.

        Example:
            >>> noise = Noise.power_law(jax.random.key(0), 0.1, 0.01, 10.0)
            >>> bool(abs(noise.signal(3.0)) <= noise.peak)
            True
        """
        low, high = _band(low, high, open_low=True)
        steep = _checks.plain("exponent", exponent)
        span = jnp.log(high / low)

        def frequency(share):
            tilt = (1.0 - steep) * span
            flat = jnp.abs(tilt) < 1e-9  # where the quotient is 0/0, and f a geometric mean
            safe = jnp.where(flat, 1.0, tilt)
            place = jnp.log1p(share * jnp.expm1(safe)) / safe
            return low * jnp.exp(span * jnp.where(flat, share, place))

        return _drawn(key, rms, frequency, count)

    @staticmethod
    def relaxing(
        key: Array | Any,
        rms: ScalarLike,
        rate: ScalarLike,
        high: ScalarLike,
        count: int | Any = 64,
    ) -> "Noise":
        r"""Draws white noise behind a low-pass filter: $S \propto 1/(\Gamma^2 + 4\pi^2f^2)$.

        With $f_2 \to \infty$ it is an Ornstein–Uhlenbeck process, of correlation
        $\sigma^2e^{-\Gamma|\tau|}$.

        Args:
            key, rms, count: as of `power_law`.
            rate: Γ > 0.
            high: $f_2 > 0$; $f_1$ is 0.

        Raises:
            ValueError, TypeError: for numbers out of range, no key.

        Example:
            >>> noise = Noise.relaxing(jax.random.key(0), 0.1, rate=2.0, high=20.0)
            >>> noise.frequencies.shape
            (64,)
        """
        rate = _checks.scalar("rate", rate, low=0, open_low=True)
        high = _checks.scalar("high", high, low=0, open_low=True)
        turn = rate / (2 * np.pi)
        return _drawn(
            key, rms, lambda share: turn * jnp.tan(share * jnp.arctan(high / turn)), count
        )

    def signal(self, time):
        return jnp.sum(self.amplitudes * jnp.cos(2 * np.pi * self.frequencies * time + self.phases))

    def edges(self):
        return None

    def check_times(self, times):
        return None

    @property
    def peak(self):
        """The sum of all |a|, which the largest |ξ| does not exceed, and comes near in long."""
        return jnp.sum(jnp.abs(self.amplitudes))

    @property
    def resolution(self) -> Float[Array, ""]:
        """Half a wave of the highest frequency."""
        return 0.5 / jnp.max(self.frequencies)


class Noisy(Wrapped):
    r"""A pump with noise: $F(1 + \xi)$ of a source that fluctuates, or $F + \xi$ of a line.

    Args:
        pump: F(t).
        noise: ξ(t).
        relative: whether noise multiplies; it vanishes then where the pump does.

    Raises:
        TypeError: for no pump, no noise, no flag.

    Example:
        >>> from qbjax.protocols import Constant
        >>> round(float(Noisy(Constant(3.0), Noise([0.1], [1.0], [0.0])).signal(0.5)), 12)
        2.7
    """

    pump: Pump
    noise: Noise
    relative: bool = eqx.field(static=True)
    keeps_form = False
    is_piecewise_constant = False

    def __init__(self, pump: Pump | Any, noise: Noise | Any, relative: bool | Any = True):
        check_inner(pump)
        _checks.instance("noise", noise, Noise, "of qb.protocols.Noise")
        self.pump, self.noise = pump, noise
        self.relative = _checks.flag("relative", relative)

    def signal(self, time):
        value = jnp.asarray(self.pump.signal(time))
        noise = self.noise.signal(time).astype(value.dtype)
        return value * (1 + noise) if self.relative else value + noise

    def edges(self):
        return self.pump.edges()

    def check_times(self, times):
        self.pump.check_times(times)

    @property
    def is_complex(self):
        return self.pump.is_complex

    @property
    def peak(self):
        """A bound of |F|: the pump's peak and the noise's at once."""
        largest, noise = self.pump.peak, self.noise.peak
        return largest * (1 + noise) if self.relative else largest + noise


def _drawn(key, rms, frequency, count) -> Noise:
    """Draws frequencies, each from its share of the power, and phases."""
    _checks.key("key", key)
    size = _checks.scalar("rms", rms, low=0)
    count = _checks.integer("count", count, low=1)
    shares, phases = jax.random.uniform(key, (2, count))
    frequencies = frequency((np.arange(float(count)) + shares) / count)
    return Noise(jnp.sqrt(2 / count) * size * jnp.ones(count), frequencies, 2 * np.pi * phases)


def _band(low, high, **bounds):
    first = _checks.scalar("low", low, low=0, **bounds)
    last = _checks.scalar("high", high, low=0, **bounds)
    if _checks.is_concrete((first, last)) and not float(first) < float(last):
        raise ValueError(
            f"Argument `high` must be above `low`={float(first):g}, but is {float(last):g}."
        )
    return first, last
