r"""Pumps: the amplitude $F(t)$ that drives a charger, and its edges.

Units: those of the battery's rates; for the DOPO battery $F$ is the drive amplitude of
$\sqrt{\gamma_p}F(a_p^\dagger - a_p)$ and times are in units of $1/\gamma_s$. A complex
amplitude is a pump with a phase.
"""

import abc
import numbers
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact

from qbjax import _checks
from qbjax.protocols.free import Free, Trainable, checked

MOMENT = 2.0**-100
"""A time that is none in any unit (8e-31), which stands for the size of the time 0: shorter ones
would cost a run that starts on an edge there more steps, each ten times the one before."""


class Pump(eqx.Module):
    """A pump protocol: a signal in time, and the edges at which it is discontinuous."""

    @abc.abstractmethod
    def signal(self, time: Float[Array, ""]) -> Inexact[Array, ""]:
        """The amplitude $F(t)$ at a time."""

    @abc.abstractmethod
    def edges(self) -> Float[Array, " E"] | None:
        """Times at which the signal is discontinuous, None for none; solver steps end there."""

    @abc.abstractmethod
    def check_times(self, times: Float[Array, " T"]) -> None:
        """Raises ValueError if the protocol does not fit the times (when concrete)."""

    @property
    @abc.abstractmethod
    def is_complex(self) -> bool:
        """Whether the signal has an imaginary part (by type, not by value)."""

    @property
    @abc.abstractmethod
    def is_piecewise_constant(self) -> bool:
        """Whether the signal is constant between its edges."""

    @property
    @abc.abstractmethod
    def peak(self) -> Float[Array, ""]:
        """The largest |F| at any time."""


def check_pump(given: Any) -> None:
    """Checks that a protocol is one pump.

    Raises:
        TypeError: if it is not.
    """
    if not isinstance(given, Pump):
        raise TypeError(
            "Argument `protocol` must be a pump protocol such as qb.protocols.Constant(3.0), "
            f"but is {described(given)}."
        )


def described(given: Any) -> str:
    """Words for what was given in place of a pump, and what to write instead."""
    remedy = ""
    if isinstance(given, numbers.Number) or (hasattr(given, "dtype") and given.shape == ()):
        remedy = ": write qb.protocols.Constant(amplitude)"
    elif callable(given) and not isinstance(given, type):
        remedy = ": write qb.protocols.Function(function, duration)"
    return f"{_checks.show(given)}{remedy}"


class Constant(Pump):
    """A pump of constant amplitude.

    Args:
        amplitude: F, real or complex, or `qb.free(...)`.

    Raises:
        ValueError: if it is not finite. TypeError: if it is not a number.

    Example:
        >>> float(Constant(3.0).signal(1.0))
        3.0
    """

    amplitude: Trainable
    is_piecewise_constant = True

    def __init__(self, amplitude: Any):
        self.amplitude = checked(_checks.scalar, "amplitude", amplitude, complex_ok=True)

    def signal(self, time):
        return self.amplitude

    def edges(self):
        return None

    def check_times(self, times):
        return None

    @property
    def is_complex(self):
        return jnp.iscomplexobj(self.amplitude)

    @property
    def peak(self):
        return jnp.abs(self.amplitude)


class SwitchOff(Pump):
    r"""A constant pump until a switch-off time, that included, and nothing afterwards.

    With a ramp of length r it falls linearly, and is half down at the switch-off time:

    $$F(t) = F\,\min\{1, \max\{0, \tfrac12 - (t - t_\mathrm{off})/r\}\} .$$

    Differentiable in both times: solver steps end on the edges, wherever they lie relative
    to the times at which observables are saved. A run that ends where a pump without a ramp is
    switched off never sees it off, so that the two may move together.

    Args:
        amplitude: F before the switch-off, real or complex, or `qb.free(...)`.
        time: when the pump stops, not before 0, or `qb.free(...)`.
        ramp: r > 0, or `qb.free(...)` between bounds above 0; the plain number 0 for none.

    Raises:
        ValueError: if a value is not finite, the time negative, the ramp not positive. TypeError:
            if it is no number.

    Example:
        >>> pump = SwitchOff(3.0, 10.0)
        >>> float(pump.signal(10.0)), float(pump.signal(10.1))
        (3.0, 0.0)
        >>> slow = SwitchOff(3.0, 10.0, ramp=1.0)
        >>> [float(slow.signal(t)) for t in (9.4, 9.75, 10.0, 10.6)]
        [3.0, 2.25, 1.5, 0.0]
    """

    amplitude: Trainable
    time: Trainable
    ramp: Trainable | None

    def __init__(self, amplitude: Any, time: Any, ramp: Any = 0):
        self.amplitude = checked(_checks.scalar, "amplitude", amplitude, complex_ok=True)
        self.time = checked(_checks.scalar, "time", time, low=0)
        self.ramp = None if _checks.is_plain_zero(ramp) else positive("ramp", ramp)

    def signal(self, time):
        if self.ramp is None:
            return jnp.where(
                time < just_after(self.time), self.amplitude, jnp.zeros_like(self.amplitude)
            )
        # By the edges: a clip would have half a slope where a step begins or ends.
        begin, end = self.edges()
        fallen = jnp.where(time < begin, 0.0, (time - begin) / self.ramp)
        left = jnp.where(time < end, 1.0 - fallen, 0.0)
        return left.astype(self.amplitude.dtype) * self.amplitude

    def edges(self):
        if self.ramp is None:
            return just_after(self.time)[None]
        return jnp.stack([self.time - self.ramp / 2, self.time + self.ramp / 2])

    def check_times(self, times):
        if not _checks.is_concrete((self.time, times)):
            return
        # On the host, where known numbers stay known within a trace.
        host, end = np.asarray(times), float(np.asarray(self.time))
        if not host[0] <= end <= host[-1]:
            raise ValueError(
                f"Argument `time` of SwitchOff must lie within the times [{host[0]:g}, "
                f"{host[-1]:g}], but is {end:g}."
            )

    @property
    def is_complex(self):
        return jnp.iscomplexobj(self.amplitude)

    @property
    def is_piecewise_constant(self):
        return self.ramp is None

    @property
    def peak(self):
        return jnp.abs(self.amplitude)


def positive(name: str, value: Any) -> Any:
    """Checks a length of time, or one that is free above 0."""
    found = checked(_checks.scalar, name, value, low=0, open_low=True)
    if isinstance(value, Free) and value.low <= 0:
        raise ValueError(
            f"Argument `{name}` must be free above 0, but lies in [{value.low:g}, {value.high:g}]."
        )
    return found


def just_after(time: Float[Array, "..."]) -> Float[Array, "..."]:
    """Four doubles after a time: the edge of a pump that is on until then, that included.

    Not one double after: a run that starts at the time would have no room for a step to the
    edge. The factor is a power of two, so that every compiler rounds alike. At 0, where doubles
    have no spacing of their own, it is that of `MOMENT`.
    """
    return time + 2.0**-50 * (jnp.abs(time) + MOMENT)
