r"""The DOPO's master equation in its two frames.

Lab: linear in ρ, driven by F. Displaced: the charger is counted from its own amplitude β,
which moves with the state (the linear term in $m = \mathrm{Tr}(a_s^2\tilde\rho)$ must not be
forgotten: it keeps $\langle a_p\rangle$ at zero), so that the equation is nonlinear in the
pair.
"""

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from qbjax.batteries.dopo._functionals import Functionals
from qbjax.batteries.dopo._readings import Readings, readings
from qbjax.batteries.dopo._terms import Layout, Numbers, strengths, structure
from qbjax.dynamics.generator.lindblad import Generator
from qbjax.protocols import Pump


@dataclass(frozen=True)
class Equation:
    r"""The vector field of a DOPO under a pump, on (state, displacement, work).

    The state is one array of all blocks (`generator.shifts`), the displacement β as (re, im), or
    None in the lab frame; the third entry collects pump energy and work of the drive (`_motion`).

    Attributes:
        numbers: κ, γ_p, Δ …
        layout: frame and terms.
        generator: of that layout.
        readings: of its states.
        pump: the protocol.
        real: whether the density matrix is real.
    """

    numbers: Numbers
    layout: Layout
    generator: Any  # or its action alone
    readings: Readings
    pump: Pump
    real: bool

    def __call__(self, t, y):
        """The time derivative of state, displacement and work."""
        return self._displaced(t, y) if self.layout.displaced else self._lab(t, y)

    def drive(self, t) -> Float[Array, " _"]:
        r"""The lab frame's controls, $\sqrt{\gamma_p}F$ as (re, im), or re alone."""
        parts = _parts(self.pump, t)[: 2 if self.layout.complex_fields else 1]
        return jnp.sqrt(self.numbers.pump_decay) * jnp.stack(parts)

    def m(self, state) -> Float[Array, " _"]:
        r"""The moment $m = \mathrm{Tr}(a_s^2\rho)$ as (re, im), or re alone."""
        return self._read(self.readings.squared, state)

    def power(self, t, y) -> Float[Array, ""]:
        """The rate at which the signal's photons grow; the field is not needed for it."""
        state, beta, _ = y
        signals = (
            self.drive(t) if beta is None else self._signals(beta, jnp.stack(_pair(self.m(state))))
        )
        return self.generator.weights(signals) @ self.readings.charging(state)

    def _signals(self, beta, m) -> Float[Array, " C"]:
        """The displaced frame's controls, κ/2 times β and m."""
        fields = jnp.stack([beta, m])
        signals = fields.T.ravel() if self.layout.complex_fields else fields[:, 0]
        return self.numbers.coupling / 2 * signals

    def _lab(self, t, y):
        state, _, _ = y
        # Counted by the trace, so that the equation is linear in y.
        trace, *amplitude = self._read(self.readings.amplitude, state)
        slope = self.generator.stacked(state, self.drive(t))
        return slope, None, self._work(t, _pair(amplitude), trace)

    def _displaced(self, t, y):
        state, beta, _ = y
        coupling, pump_decay = self.numbers.coupling, self.numbers.pump_decay
        m = jnp.stack(_pair(self.m(state)))
        signals = self._signals(beta, m)
        turn = jnp.stack([beta[1], -beta[0]])  # -i times beta
        pull = -pump_decay / 2 * beta - coupling / 2 * m
        drive = jnp.sqrt(pump_decay) * jnp.stack(_parts(self.pump, t))
        return (
            self.generator.stacked(state, signals),
            drive + pull + 2 * self.numbers.detuning * turn,
            self._work(t, beta, 1.0),
        )

    def _work(self, t, amplitude, trace):
        re, im = _parts(self.pump, t)
        along = re * amplitude[0] + im * amplitude[1]
        strength = jnp.sqrt(self.numbers.pump_decay)
        return jnp.stack([trace * (re**2 + im**2), 4 * strength * along])

    def _read(self, functionals: Functionals, state):
        return functionals(state, backwards=self.generator.backwards)


def equation(layout: Layout, numbers: Numbers, pump: Pump, real: bool) -> Equation:
    """The field of a layout; `real` says whether the density matrix starts real."""
    whole = generator(layout, numbers)
    real = real and whole.real
    seen = readings(layout, real, layout.signal_levels)
    return Equation(numbers, layout, whole, seen, pump, real)


def generator(layout: Layout, numbers: Numbers) -> Generator:
    """The Lindblad generator; its controls are the lab frame's F, or β and m."""
    return Generator(structure(layout), *strengths(layout, numbers))


def _pair(values):
    """The pair (re, im) of values that may lack im because it vanishes."""
    re, im = (*values, 0.0)[:2]
    return re, im


def _parts(pump: Pump, t):
    signal = pump.signal(t)
    return jnp.real(signal), jnp.imag(signal)
