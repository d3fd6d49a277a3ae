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
from qbjax.protocols.free import Trainable, checked

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

    def __init__(self, amplitude):
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
    """A constant pump until a switch-off time, that included, and nothing afterwards.

    Differentiable in its time: solver steps end on the edge, wherever it lies relative
    to the times at which observables are saved. A run that ends there never sees it off, so
    that the two may move together.

    Args:
        amplitude: F before the switch-off, real or complex, or `qb.free(...)`.
        time: when the pump stops, not before 0, or `qb.free(...)`.

    Raises:
        ValueError: if a value is not finite, or the time negative. TypeError: if it is no number.

    Example:
        >>> pump = SwitchOff(3.0, 10.0)
        >>> float(pump.signal(10.0)), float(pump.signal(10.1))
        (3.0, 0.0)
    """

    amplitude: Trainable
    time: Trainable
    is_piecewise_constant = True

    def __init__(self, amplitude, time):
        self.amplitude = checked(_checks.scalar, "amplitude", amplitude, complex_ok=True)
        self.time = checked(_checks.scalar, "time", time, low=0)

    def signal(self, time):
        return jnp.where(
            time < just_after(self.time), self.amplitude, jnp.zeros_like(self.amplitude)
        )

    def edges(self):
        return just_after(self.time)[None]

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
    def peak(self):
        return jnp.abs(self.amplitude)


def just_after(time: Float[Array, "..."]) -> Float[Array, "..."]:
    """Four doubles after a time: the edge of a pump that is on until then, that included.

    Not one double after: a run that starts at the time would have no room for a step to the
    edge. The factor is a power of two, so that every compiler rounds alike. At 0, where doubles
    have no spacing of their own, it is that of `MOMENT`.
    """
    return time + 2.0**-50 * (jnp.abs(time) + MOMENT)
