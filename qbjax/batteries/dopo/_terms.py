r"""Terms of the DOPO's master equation: sizes, operators, and the numbers before them.

A squeezed bath of the signal has $N = \bar n\cosh2r + \sinh^2r$ photons and pairs
$M = -(\bar n + \tfrac12)\sinh2r$. Its jumps $a\cosh r + a^\dagger\sinh r$ would have r in them; so
the pairs are the difference of two fixed ones, with rates of both signs,

$$\gamma(N+1)D[a] + \gamma ND[a^\dagger] - \gamma M(D[x] - D[p]), \qquad
  x = (a + a^\dagger)/\sqrt2, \quad p = (a - a^\dagger)/\sqrt2 .$$

The composite index is n_s N_p + n_p: storage cell first, charger second. In a parity
sector the signal's levels n_s = 0, 2, … (or 1, 3, …) are contiguous, so every operator
of the model is a handful of diagonals there. Operators are sorted once per layout and cached.
"""

import functools
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax.algebra import operators
from qbjax.dynamics.generator.structure import Structure


class Numbers(NamedTuple):
    """The numbers of a DOPO, in the order of its arguments; a plain zero has no term."""

    coupling: Float[Array, ""]
    signal_decay: Float[Array, ""]
    pump_decay: Float[Array, ""]
    signal_thermal: Any
    pump_thermal: Any
    detuning: Any
    signal_squeezing: Any = 0


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
    signal_squeezed: bool = False


def layout_of(
    numbers: Numbers, levels: tuple[int, int], frame: str, sectored: bool, complex_fields: bool
) -> Layout:
    """The layout of a DOPO: a number that is a plain zero has no term.

    Args:
        numbers: of the battery.
        levels: of signal and pump.
        frame: "displaced" or "lab".
        sectored: whether the signal's parity splits the state.
        complex_fields: whether the pump's signal, or what it makes of the state, is complex.
    """
    displaced, detuned = frame == "displaced", not _checks.is_plain_zero(numbers.detuning)
    return Layout(
        *levels,
        displaced=displaced,
        sectored=sectored,
        detuned=detuned,
        complex_fields=complex_fields or (displaced and detuned),
        signal_thermal=not _checks.is_plain_zero(numbers.signal_thermal),
        pump_thermal=not _checks.is_plain_zero(numbers.pump_thermal),
        signal_squeezed=not _checks.is_plain_zero(numbers.signal_squeezing),
    )


def strengths(layout: Layout, numbers: Numbers) -> tuple[Float[Array, " H"], Float[Array, " J"]]:
    """The generator's coefficients and rates, in the order of `structure`."""
    terms = [numbers.coupling / 2, *([numbers.detuning] if layout.detuned else [])]
    loss, gain, pairs = bath(numbers)
    rates = [loss, numbers.pump_decay * (numbers.pump_thermal + 1)]
    rates += [gain] if layout.signal_thermal or layout.signal_squeezed else []
    rates += [numbers.pump_decay * numbers.pump_thermal] if layout.pump_thermal else []
    rates += [pairs, -pairs] if layout.signal_squeezed else []
    return jnp.stack(terms), jnp.stack(rates)


def bath(numbers: Numbers) -> tuple[Any, Any, Any]:
    """Rates of the signal's loss and gain, and of the pairs that its bath squeezes."""
    decay, thermal, r = numbers.signal_decay, numbers.signal_thermal, numbers.signal_squeezing
    if _checks.is_plain_zero(r):
        return decay * (thermal + 1), decay * thermal, 0.0
    photons = thermal * jnp.cosh(2 * r) + jnp.sinh(r) ** 2
    return decay * (photons + 1), decay * photons, decay * (thermal + 0.5) * jnp.sinh(2 * r)


def open_bath(numbers: Numbers, levels: int) -> tuple[list[np.ndarray], list[Any]]:
    """Jumps and rates of the signal alone.

    Raises:
        ValueError: for a squeezed bath of a detuned cell: in the frame of the cell it would turn.
    """
    a, (loss, gain, pairs) = operators.destroy(levels), bath(numbers)
    if _checks.is_plain_zero(numbers.signal_squeezing):
        warm = not _checks.is_plain_zero(numbers.signal_thermal)
        return ([a, a.T], [loss, gain]) if warm else ([a], [loss])
    if not _checks.is_plain_zero(numbers.detuning):
        raise ValueError(
            "Argument `detuning` of the battery must be left out to discharge a cell in a squeezed "
            f"bath, which would turn, but is {_checks.show(numbers.detuning)}."
        )
    return [a, a.T, (a + a.T) / np.sqrt(2), (a - a.T) / np.sqrt(2)], [loss, gain, pairs, -pairs]


@functools.lru_cache(maxsize=64)
def structure(layout: Layout) -> Structure:
    """Shifts of the master equation in one frame.

    Hamiltonians: the three-wave coupling, then the detuning. Jumps: signal and pump
    loss, then signal and pump gain, then the pairs of a squeezed bath. Controls: real
    parts of the fields, then imaginary ones; lab: F; displaced: β and m.
    """
    s, p = modes(layout)
    S2 = s @ s
    hamiltonians = [_generated(S2.T @ p)]
    if layout.detuned:
        hamiltonians.append((s.T @ s + 2 * p.T @ p).tocsr())
    jumps = [s, p]
    jumps += [s.T.tocsr()] if layout.signal_thermal or layout.signal_squeezed else []
    jumps += [p.T.tocsr()] if layout.pump_thermal else []
    jumps += [(s + s.T) / np.sqrt(2), (s - s.T) / np.sqrt(2)] if layout.signal_squeezed else []
    fields = [S2.T, p.T] if layout.displaced else [p.T]
    controls = [_generated(a) for a in fields]
    if layout.complex_fields:
        controls += [-(a + a.T).tocsr() for a in fields]
    return Structure(hamiltonians, jumps, controls, sectors(layout))


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
