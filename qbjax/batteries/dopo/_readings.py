r"""Readings of a DOPO's states: functionals of the packed blocks, by layout."""

import functools

import equinox as eqx
import numpy as np
import scipy.sparse as sp
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax.batteries.dopo._functionals import Functionals, functionals, parts
from qbjax.batteries.dopo._terms import Layout, modes, sectors, sizes, structure


class Readings(eqx.Module):
    """Readings of a DOPO's states, as arrays.

    Attributes:
        squared, amplitude: of $a_s^2$ and of $a_p$ (`squared_signal`, `pump_amplitude`).
        charging: of the power (`charging`).
        moments: of both modes' light (`moments`).
        top: 1 for the two highest levels of the signal.
    """

    squared: Functionals
    amplitude: Functionals
    charging: Functionals
    moments: Functionals
    top: Float[Array, " s"]


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
        moments(layout, real, room),
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


def moments(layout: Layout, real: bool, room: int | None = None) -> Functionals:
    r"""The functionals that tell of the light in both modes.

    In this order $\langle n_s\rangle$, $\langle n_s(n_s-1)\rangle$, the signal's parity;
    $\langle a_s\rangle$ (0, and left out, where parity splits the state), $\langle a_s^2\rangle$,
    $\langle a_p\rangle$, $\langle a_p^2\rangle$, $\langle a_p^\dagger a_p^2\rangle$, each as
    (re, im), or re alone; $\langle a_p^\dagger a_p\rangle$, $\langle a_p^{\dagger2}a_p^2\rangle$.
    """
    s, p = modes(layout)
    S2, P2 = s @ s, p @ p
    parity = np.repeat((-1.0) ** np.arange(layout.signal_levels), layout.pump_levels)
    counting = [s.T @ s, S2.T @ S2, sp.diags_array(parity, format="csr")]
    turning = [*([] if layout.sectored else [s]), S2, p, P2, p.T @ P2]
    rows = [_in_sectors(A, layout)[0] for A in counting]
    rows += [row for A in turning for row in _in_sectors(A, layout)[: 1 if real else 2]]
    rows += [_in_sectors(A, layout)[0] for A in (p.T @ p, P2.T @ P2)]
    return functionals(rows, room)


def _in_sectors(operator, layout: Layout):
    return parts([operator[states][:, states] for states in sectors(layout)])


def _read_by(operator, layout: Layout):
    r"""The matrices D of $\mathrm{Tr}(O\rho)$ for a Hermitian O, sector by sector."""
    (real, _), (_, turned) = (_in_sectors(part, layout) for part in (operator.real, operator.imag))
    return [a - b for a, b in zip(real, turned, strict=True)]
