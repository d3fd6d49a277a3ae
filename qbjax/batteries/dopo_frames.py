r"""The DOPO's vector field in its two frames, on the pair (blocks, displacement).

Lab: linear in ρ, driven by F. Displaced: the charger is counted from its own amplitude β,
which moves with the state (the linear term in $m = \mathrm{Tr}(a_s^2\tilde\rho)$ must not be
forgotten: it keeps $\langle a_p\rangle$ at zero), so that the equation is nonlinear in the
pair.
"""

import jax.numpy as jnp

from qbjax.batteries import dopo_layout as layouts
from qbjax.batteries.dopo_layout import Layout
from qbjax.dynamics.lindblad import Generator, expectation
from qbjax.protocols import Pump


def field(battery, layout: Layout, generator: Generator, protocol: Pump, *, real: bool):
    """The function (t, (blocks, displacement)) -> its time derivative.

    Args:
        battery: the numbers.
        layout: frame and terms.
        generator: the generator of that layout.
        protocol: the pump.
        real: whether the density matrix is real.
    """
    drive = jnp.sqrt(battery.pump_decay)

    def force(t):
        signal = protocol.signal(t)
        return drive * jnp.stack([jnp.real(signal), jnp.imag(signal)])

    def lab(t, y):
        signals = force(t) if layout.complex_fields else force(t)[:1]
        return generator(y[0], signals), None

    def displaced(t, y):
        blocks, beta = y
        m = jnp.stack(expectation(layouts.squared_signal(layout), blocks, real=real))
        turn = jnp.stack([beta[1], -beta[0]])  # -i times beta
        pull = -battery.pump_decay / 2 * beta - battery.coupling / 2 * m
        slope = force(t) + pull + 2 * battery.detuning * turn
        fields = jnp.stack([beta, m])
        signals = fields.T.ravel() if layout.complex_fields else fields[:, 0]
        return generator(blocks, battery.coupling / 2 * signals), slope

    return displaced if layout.displaced else lab
