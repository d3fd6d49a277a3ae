"""Distortions that any pump may suffer: what differs between a pulse as designed and as played."""

from typing import Any

import equinox as eqx
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax.protocols.distorted import Distorted, number
from qbjax.protocols.filtered import Filtered
from qbjax.protocols.free import Trainable, checked
from qbjax.protocols.noise import Noise, Noisy
from qbjax.protocols.pump import Pump, positive


class Distortion(eqx.Module):
    r"""A device's errors: a function that distorts a pump.

    A pump meets them in this order: timing, gain and offset, noise, and last of all the filter in
    front of the battery. All numbers are leaves, so that every member of an ensemble may hold a
    distortion: a sampler returns (battery, distortion), and an objective calls the distortion with
    its pump. Noise that is constant in a run is a gain or an offset that the sampler draws.

    Args:
        gain, phase, offset, delay, jitter: as of `Distorted`.
        noise: of `Noise`, None for none.
        relative: as of `Noisy`.
        bandwidth: as of `Filtered`, None for no filter.

    Raises:
        ValueError, TypeError: as these.

    Example:
        >>> from qbjax.protocols import Constant
        >>> weak = Distortion(gain=0.9, offset=0.1)
        >>> round(float(weak(Constant(3.0)).signal(0.0)), 12)
        2.8
    """

    gain: Trainable
    phase: Trainable | None
    offset: Trainable | None
    delay: Trainable | None
    jitter: Float[Array, " E"] | None
    noise: Noise | None
    bandwidth: Trainable | None
    relative: bool = eqx.field(static=True)

    def __init__(
        self, gain: Any = 1.0, phase=0, offset=0, delay=0, jitter=None, noise=None, relative=True,
        bandwidth=None,
    ):  # fmt: skip
        if noise is not None:
            _checks.instance("noise", noise, Noise, "of qb.protocols.Noise")
        self.gain = checked(_checks.scalar, "gain", gain)
        self.phase = number("phase", phase)
        self.offset = number("offset", offset, complex_ok=True)
        self.delay = number("delay", delay)
        self.jitter = (
            None if jitter is None else checked(_checks.array, "jitter", jitter, shape=("E",))
        )
        self.noise = noise
        self.relative = _checks.flag("relative", relative)
        self.bandwidth = None if bandwidth is None else positive("bandwidth", bandwidth)

    def __call__(self, pump: Pump | Any) -> Pump:
        """The pump as it arrives."""
        phase, offset, delay = (
            0 if x is None else x for x in (self.phase, self.offset, self.delay)
        )
        found: Pump = Distorted(pump, self.gain, phase, offset, delay, self.jitter)
        if self.noise is not None:
            found = Noisy(found, self.noise, self.relative)
        return found if self.bandwidth is None else Filtered(found, self.bandwidth)
