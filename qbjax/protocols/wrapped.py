"""Pumps made of other pumps, and questions that a wrapper passes on to what is in it."""

import abc
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax.protocols.pulse import Pulse
from qbjax.protocols.pump import Pump, SwitchOff
from qbjax.protocols.segments import Sampled

PUMP = "a pump protocol such as qb.protocols.Constant(3.0)"


class Wrapped(Pump):
    """A pump made of another one, which says what times both fit.

    Attributes:
        pump: the other one.
    """

    pump: eqx.AbstractVar[Pump]

    @property
    @abc.abstractmethod
    def keeps_form(self) -> bool:
        """Whether between edges it is the pump, but for factors, a constant and a pace."""


def check_inner(pump: Any) -> None:
    """Raises TypeError if what is to be wrapped is no pump."""
    _checks.instance("pump", pump, Pump, PUMP)


def form_of(pump: Pump) -> Pump:
    """The pump whose form a signal has between its edges."""
    while isinstance(pump, Wrapped) and pump.keeps_form:
        pump = pump.pump
    return pump


def is_straight(pump: Pump) -> bool:
    """Whether a signal is a straight line between its edges, and constant outside them."""
    form = form_of(pump)
    return form.is_piecewise_constant or isinstance(form, Sampled | SwitchOff)


def is_lasting(pump: Pump) -> bool:
    """Whether a signal vanishes before its first edge and after its last."""
    return isinstance(form_of(pump), Pulse)


def is_ending(pump: Pump) -> bool:
    """Whether a signal vanishes after its last edge."""
    return isinstance(form_of(pump), Pulse | SwitchOff)


def just_before(edge: Float[Array, "..."]) -> Float[Array, "..."]:
    """The last double before an edge; no derivative goes through it."""
    return lax.nextafter(lax.stop_gradient(edge), jnp.full_like(edge, -jnp.inf))


def outside(edges: Float[Array, " E"]) -> Float[Array, "2"]:
    """A time before all edges, and one after them."""
    far = 1.0 + jnp.abs(edges[np.array([0, -1])])
    return edges[np.array([0, -1])] + far * np.array([-1.0, 1.0])


def largest(pump: Pump, points: int) -> Float[Array, ""]:
    """The largest |F| of equidistant samples between edges, from one to just before the next."""
    edges = pump.edges()
    if edges is None:
        return jnp.abs(pump.signal(jnp.zeros(())))
    inner = edges[:-1, None] + jnp.diff(edges)[:, None] * np.linspace(0, 1, points)[None, :]
    inner = jnp.minimum(inner, just_before(edges[1:])[:, None])
    times = jnp.concatenate([outside(edges), edges, inner.ravel()])
    return jnp.max(jnp.abs(jax.vmap(pump.signal)(times)))
