"""A battery written by CONTRIBUTING's recipe: a driven qutrit that loses."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from qbjax import _checks, interface, merit
from qbjax.algebra.packing import pack, unpack
from qbjax.dynamics.motion import Flow
from qbjax.protocols import Constant, Pump

LEVELS, LOWER = np.arange(3.0), np.diag(np.sqrt([1.0, 2.0]), 1)


class Qutrit(interface.Battery):
    """Three levels of an oscillator, a real resonant drive F(t), a decay γ."""

    decay: Any

    def __init__(self, decay=0.1):
        self.decay = _checks.scalar("decay", decay, low=0)

    def check(self, protocol, times):
        _checks.instance("protocol", protocol, Pump, "a pump such as qb.protocols.Constant(1.0)")
        return _checks.times("times", times)

    def start(self, initial=None):
        if isinstance(initial, interface.State):
            return interface.check_origin(initial, self._origin, "initial")
        rho = interface.as_density_matrix(interface.or_ground(initial, 3), 3)
        return interface.State(pack(rho), self._origin)

    def motion(self, protocol, state, times):
        def field(t, y):
            rho, drive = unpack(y, real=False), protocol.signal(t) * (LOWER + LOWER.T)
            half = (-1j * drive - self.decay / 2 * LOWER.T @ LOWER) @ rho
            return pack(half + half.conj().T + self.decay * LOWER @ rho @ LOWER.T)

        def observe(t, y):
            rho, defect = unpack(y, real=False), jnp.abs(jnp.trace(y) - 1)
            seen = {"energy": merit.energy(rho, LEVELS), "ergotropy": merit.ergotropy(rho, LEVELS)}
            return seen | {"trace_defect": defect}

        return Flow(
            field=field, initial=state.content, observe=observe, edges=protocol.edges(),
            signals=interface.signals([protocol], times),
            state=lambda t, y: interface.State(y, self._origin, made=t),
        )  # fmt: skip

    def idle(self):
        return Constant(0.0)

    def cell(self, state):
        return unpack(interface.check_origin(state, self._origin).content, real=False)

    cell_hamiltonian = LEVELS
    _origin = property(lambda self: interface.Origin(("Qutrit",), (self.decay,)))
