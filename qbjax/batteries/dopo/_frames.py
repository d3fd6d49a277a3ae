r"""The DOPO's vector field in its two frames, on (state, displacement, work).

Lab: linear in ρ, driven by F. Displaced: the charger is counted from its own amplitude β,
which moves with the state (the linear term in $m = \mathrm{Tr}(a_s^2\tilde\rho)$ must not be
forgotten: it keeps $\langle a_p\rangle$ at zero), so that the equation is nonlinear in the
pair. The state is one array of all blocks (`generator.shifts`); the third entry collects pump
energy and work of the drive (`_motion`).
"""

import jax.numpy as jnp

from qbjax.batteries.dopo import _layout as layouts
from qbjax.batteries.dopo._layout import Layout
from qbjax.dynamics.generator.lindblad import Generator
from qbjax.protocols import Pump


def field(battery, layout: Layout, generator: Generator, protocol: Pump, *, real: bool):
    """The function (t, (state, displacement, work)) -> its time derivative.

    Args:
        battery: the numbers.
        layout: frame and terms.
        generator: the generator of that layout.
        protocol: the pump.
        real: whether the density matrix is real.
    """
    strength = jnp.sqrt(battery.pump_decay)

    def work(t, amplitude, trace):
        re, im = _parts(protocol, t)
        along = re * amplitude[0] + im * amplitude[1]
        return jnp.stack([trace * (re**2 + im**2), 4 * strength * along])

    def lab(t, y):
        state, _, _ = y
        # Counted by the trace, so that the equation is linear in y.
        trace, *amplitude = _read(layouts.pump_amplitude(layout, real), generator, state)
        slope = generator.stacked(state, lab_signals(battery, layout, protocol, t))
        return slope, None, work(t, _pair(amplitude), trace)

    def displaced(t, y):
        state, beta, _ = y
        m = jnp.stack(_pair(_read(layouts.squared_signal(layout, real), generator, state)))
        turn = jnp.stack([beta[1], -beta[0]])  # -i times beta
        pull = -battery.pump_decay / 2 * beta - battery.coupling / 2 * m
        slope = strength * jnp.stack(_parts(protocol, t)) + pull + 2 * battery.detuning * turn
        fields = jnp.stack([beta, m])
        signals = fields.T.ravel() if layout.complex_fields else fields[:, 0]
        moved = generator.stacked(state, battery.coupling / 2 * signals)
        return moved, slope, work(t, beta, 1.0)

    return displaced if layout.displaced else lab


def lab_signals(battery, layout: Layout, protocol: Pump, t):
    """What the controls of the lab frame's generator are multiplied with."""
    parts = _parts(protocol, t)[: 2 if layout.complex_fields else 1]
    return jnp.sqrt(battery.pump_decay) * jnp.stack(parts)


def _read(functionals, generator, state):
    return functionals(state, backwards=generator.backwards)


def _pair(values):
    """(re, im), of values that may lack im because it vanishes."""
    re, im = (*values, 0.0)[:2]
    return re, im


def _parts(protocol, t):
    signal = protocol.signal(t)
    return jnp.real(signal), jnp.imag(signal)
