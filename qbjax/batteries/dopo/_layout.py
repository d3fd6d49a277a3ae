"""The DOPO battery's operators, sorted once per structure and cached.

The composite index is n_s N_p + n_p: storage cell first, charger second. In a parity
sector the signal's levels n_s = 0, 2, … (or 1, 3, …) are contiguous, so every operator
of the model is a handful of diagonals there.
"""

import functools
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from qbjax import _checks
from qbjax.algebra import operators
from qbjax.batteries.dopo._functionals import Functionals, parts
from qbjax.dynamics.generator.structure import Structure
from qbjax.interface.battery import Cell


class Layout(NamedTuple):
    """What decides which terms the generator has; hashable, the key of the cache."""

    signal_levels: int
    pump_levels: int
    displaced: bool
    sectored: bool
    detuned: bool
    complex_fields: bool
    signal_thermal: bool
    pump_thermal: bool


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
def squared_signal(layout: Layout, real: bool) -> Functionals:
    """m = Tr(a_s² ρ) as (re, im), or re alone."""
    s, _ = modes(layout)
    return Functionals(_parts(s @ s, layout)[: 1 if real else 2])


@functools.lru_cache(maxsize=64)
def pump_amplitude(layout: Layout, real: bool) -> Functionals:
    """Tr ρ and Tr(a_p ρ) as (trace, re, im), or without im."""
    trace = [sp.eye_array(states.size) for states in sectors(layout)]
    return Functionals([trace, *_parts(modes(layout)[1], layout)][: 2 if real else 3])


def modes(layout: Layout):
    """Sparse $a_s$ and $a_p$ on the composite space."""
    s, p = (sp.csr_array(operators.destroy(n)) for n in layout[:2])
    ones = [sp.eye_array(n) for n in layout[:2]]
    return sp.kron(s, ones[1], format="csr"), sp.kron(ones[0], p, format="csr")


def open_cell(battery, origin: tuple, parameters: tuple) -> Cell:
    """The signal mode alone, with what it loses to its bath and gains from it."""
    a = operators.destroy(battery.signal_levels)
    rates = [battery.signal_decay * (battery.signal_thermal + 1)]
    if not _checks.is_plain_zero(battery.signal_thermal):
        rates.append(battery.signal_decay * battery.signal_thermal)
    units = {"time": "1/gamma_s", "energy": "omega_s", "power": "omega_s gamma_s"}
    jumps = (a, a.T)[: len(rates)]
    return Cell(a, jumps, rates, 1.0, "signal", units, origin, parameters)


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


def _generated(a):
    """The Hermitian $i(a - a^\\dagger)$ for a real a."""
    return (1j * (a - a.T)).tocsr()


def _parts(operator, layout):
    return parts([operator[states][:, states] for states in sectors(layout)])
