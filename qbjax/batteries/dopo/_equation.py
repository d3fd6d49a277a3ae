r"""The DOPO's master equation in its two frames.

Lab: linear in ρ, driven by F. Displaced: the charger is counted from its own amplitude β,
which moves with the state (the linear term in $m = \mathrm{Tr}(a_s^2\tilde\rho)$ must not be
forgotten: it keeps $\langle a_p\rangle$ at zero), so that the equation is nonlinear in the
pair.

The composite index is n_s N_p + n_p: storage cell first, charger second. In a parity
sector the signal's levels n_s = 0, 2, … (or 1, 3, …) are contiguous, so every operator
of the model is a handful of diagonals there. Operators are sorted once per layout and cached.
"""

import functools
from dataclasses import dataclass
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax.algebra import operators
from qbjax.batteries.dopo._functionals import Functionals, functionals, parts
from qbjax.dynamics.generator.lindblad import Generator
from qbjax.dynamics.generator.structure import Structure
from qbjax.protocols import Pump


class Numbers(NamedTuple):
    """The numbers of a DOPO, in the order of its arguments; a plain zero has no term."""

    coupling: Float[Array, ""]
    signal_decay: Float[Array, ""]
    pump_decay: Float[Array, ""]
    signal_thermal: Any
    pump_thermal: Any
    detuning: Any


class Layout(NamedTuple):
    """Sizes, and the terms that the generator has; hashable, the key of the cache."""

    signal_levels: int
    pump_levels: int
    displaced: bool
    sectored: bool
    detuned: bool
    complex_fields: bool
    signal_thermal: bool
    pump_thermal: bool


class Readings(eqx.Module):
    """Readings of a DOPO's states, as arrays.

    Attributes:
        squared, amplitude: of $a_s^2$ and of $a_p$ (`squared_signal`, `pump_amplitude`).
        charging: of the power (`charging`).
        top: 1 for the two highest levels of the signal.
    """

    squared: Functionals
    amplitude: Functionals
    charging: Functionals
    top: Float[Array, " s"]


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
        coupling, _, pump_decay, _, _, detuning = self.numbers
        m = jnp.stack(_pair(self.m(state)))
        signals = self._signals(beta, m)
        turn = jnp.stack([beta[1], -beta[0]])  # -i times beta
        pull = -pump_decay / 2 * beta - coupling / 2 * m
        drive = jnp.sqrt(pump_decay) * jnp.stack(_parts(self.pump, t))
        return (
            self.generator.stacked(state, signals),
            drive + pull + 2 * detuning * turn,
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


def strengths(layout: Layout, numbers: Numbers) -> tuple[Float[Array, " H"], Float[Array, " J"]]:
    """The generator's coefficients and rates."""
    coupling, signal_decay, pump_decay, signal_thermal, pump_thermal, detuning = numbers
    loss = [signal_decay * (signal_thermal + 1), pump_decay * (pump_thermal + 1)]
    gain = [signal_decay * signal_thermal] if layout.signal_thermal else []
    gain += [pump_decay * pump_thermal] if layout.pump_thermal else []
    terms = [coupling / 2, *([detuning] if layout.detuned else [])]
    return jnp.stack(terms), jnp.stack(loss + gain)


@functools.lru_cache(maxsize=64)
def structure(layout: Layout) -> Structure:
    """Shifts of the master equation in one frame.

    Hamiltonians: the three-wave coupling, then the detuning. Jumps: signal and pump
    loss, then signal and pump gain. Controls: real parts of the fields, then imaginary
    ones; lab: F; displaced: β and m.
    """
    s, p = modes(layout)
    S2 = s @ s
    hamiltonians = [_generated(S2.T @ p)]
    if layout.detuned:
        hamiltonians.append((s.T @ s + 2 * p.T @ p).tocsr())
    jumps = [s, p]
    jumps += [s.T.tocsr()] if layout.signal_thermal else []
    jumps += [p.T.tocsr()] if layout.pump_thermal else []
    fields = [S2.T, p.T] if layout.displaced else [p.T]
    controls = [_generated(a) for a in fields]
    if layout.complex_fields:
        controls += [-(a + a.T).tocsr() for a in fields]
    return Structure(hamiltonians, jumps, controls, sectors(layout))


@functools.lru_cache(maxsize=64)
def readings(layout: Layout, real: bool, signal_levels: int) -> Readings:
    """The readings of a layout's states.

    Args:
        layout: of the battery.
        real: whether the density matrix is real.
        signal_levels: of the stack, some of which may be empty.
    """
    levels = layout._replace(signal_levels=signal_levels)
    room, n = sizes(levels)[0], np.arange(signal_levels)
    top = (n < layout.signal_levels) & (n >= layout.signal_levels - 2)
    return Readings(
        squared_signal(layout, real, room),
        pump_amplitude(layout, real, room),
        charging(layout, room),
        _checks.settled(top * 1.0),
    )


def squared_signal(layout: Layout, real: bool, room: int | None = None) -> Functionals:
    """The functionals of m = Tr(a_s² ρ) as (re, im), or re alone."""
    s, _ = modes(layout)
    return functionals(_in_sectors(s @ s, layout)[: 1 if real else 2], room)


def charging(layout: Layout, room: int | None = None) -> Functionals:
    r"""The functionals $\mathrm{Tr}(N L_j\rho)$ of the signal's photons N, one per weight j."""
    s, _ = modes(layout)
    photons, moves = s.T @ s, structure(layout)
    duals = [photons @ G + G.conj().T @ photons for G in moves.drift_operators()]
    for j, L in enumerate(moves.jumps, len(moves.hamiltonians)):
        duals[j] = duals[j] + L.conj().T @ photons @ L
    return functionals([_read_by(sp.csr_array(dual), layout) for dual in duals], room)


def pump_amplitude(layout: Layout, real: bool, room: int | None = None) -> Functionals:
    """The functionals Tr ρ and Tr(a_p ρ) as (trace, re, im), or without im."""
    trace = [sp.eye_array(states.size) for states in sectors(layout)]
    return functionals([trace, *_in_sectors(modes(layout)[1], layout)][: 2 if real else 3], room)


def modes(layout: Layout):
    """Sparse $a_s$ and $a_p$ on the composite space."""
    s, p = (sp.csr_array(operators.destroy(n)) for n in layout[:2])
    ones = [sp.eye_array(n) for n in layout[:2]]
    return sp.kron(s, ones[1], format="csr"), sp.kron(ones[0], p, format="csr")


def sectors(layout: Layout) -> list[np.ndarray]:
    """Composite indices of the even and the odd photon numbers, or of all."""
    photons = np.arange(layout.signal_levels * layout.pump_levels) // layout.pump_levels
    if not layout.sectored:
        return [np.arange(photons.size)]
    return [np.flatnonzero(photons % 2 == parity) for parity in (0, 1)]


def photons(layout: Layout) -> list[np.ndarray]:
    """Signal photon numbers of each sector's cell levels."""
    step = layout.pump_levels
    return [states[::step] // step for states in sectors(layout)]


def sizes(layout: Layout) -> list[int]:
    """Levels of the blocks."""
    return [n.size * layout.pump_levels for n in photons(layout)]


def _generated(a):
    r"""The Hermitian operator $i(a - a^\dagger)$ for a real a."""
    return (1j * (a - a.T)).tocsr()


def _in_sectors(operator, layout: Layout):
    return parts([operator[states][:, states] for states in sectors(layout)])


def _read_by(operator, layout: Layout):
    r"""The matrices D of $\mathrm{Tr}(O\rho)$ for a Hermitian O, sector by sector."""
    (real, _), (_, turned) = (_in_sectors(part, layout) for part in (operator.real, operator.imag))
    return [a - b for a, b in zip(real, turned, strict=True)]


def _pair(values):
    """The pair (re, im) of values that may lack im because it vanishes."""
    re, im = (*values, 0.0)[:2]
    return re, im


def _parts(pump: Pump, t):
    signal = pump.signal(t)
    return jnp.real(signal), jnp.imag(signal)
