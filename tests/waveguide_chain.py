r"""The waveguide as a finite Schrödinger equation: an independent reference in NumPy.

The modes $\omega = \cosh u$, taken at Gauss nodes in u, couple to $c_1 \pm c_2$ with
$g_q^2 = w_q\frac{\Gamma}{2\pi}(1 \pm \cos k_qd)$, $k = \sinh u$: per sign an arrow matrix, which
is diagonalised. Modes up to `CUT` are dense enough that none returns before the last time.
Faster ones, too sparse for that, only shift and dress the emitters: the spectral lines that they
leave in the amplitudes are artefacts, of true weight ~ 1/CUT³, and are faded out; and so is the
cosine where it has turned very often.
"""

import numpy as np
from scipy.linalg import block_diag
from scipy.special import erfc

CUT = 60.0
"""Modes below are dense; the emitters' lines fade from a third of it."""

TURNS = 400.0
"""Between the emitters the cosine turns by so many radians before it has faded."""

FASTEST = 5e4
"""Frequency of the fastest mode. Still faster ones are eliminated: they shift the emitters, and
their dressing is below 1e-10. (Diagonalisation errs by 1e-16 of the largest frequency.)"""


def chain_amplitudes(frequency, distance, decay, times):
    """Amplitudes of two emitters, (c1, c2), from the first being excited at time 0.

    Args:
        frequency, decay: ω₀ and Γ in units of the cutoff; or two frequencies, at eight times
            the cost.
        distance: in units of the cutoff's wavelength, so that d = 2π·distance.
        times: at least 2 away from 0, d and 2d, where fading would be felt.
    """
    times = np.asarray(times, float)
    first, second = np.broadcast_to(frequency, 2)
    sectors = [_sector(frequency, distance, decay, sign, times[-1]) for sign in (1, -1)]
    if first == second:
        plus, minus = (_moved(*np.linalg.eigh(arrow), [1.0], times)[:, 0] for arrow in sectors)
        return (plus + minus) / 2, (plus - minus) / 2
    both = block_diag(*sectors)
    middle = sectors[0].shape[0]
    both[0, middle] = both[middle, 0] = (first - second) / 2
    energies, vectors = np.linalg.eigh(both)
    emitters = vectors[[0, middle]]
    plus, minus = _moved(energies, emitters, [1.0, 1.0], times).T / 2
    return plus + minus, plus - minus


def chain_field(frequency, distance, decay, times):
    """Population of the modes, summed mode by mode from their own amplitudes. Artefacts of the
    fastest are in it: to about 1e-6."""
    times = np.asarray(times, float)
    total = np.zeros(times.size)
    for sign in (1, -1):
        energies, vectors = np.linalg.eigh(_sector(frequency, distance, decay, sign, times[-1]))
        moving = np.exp(-1j * np.outer(times, energies)) * vectors[0]
        total += (np.abs(moving @ vectors[1:].T) ** 2).sum(axis=1) / 2
    return total


def _moved(energies, vectors, start, times):
    """Amplitudes (times, emitters), without the artefacts' lines."""
    emitters = vectors[: len(start)]
    lines = np.asarray(start) @ emitters * _fade(energies, CUT)
    return np.exp(-1j * np.outer(times, energies)) * lines @ emitters.T


def _sector(frequency, distance, decay, sign, duration):
    """The arrow matrix of c₁ ± c₂."""
    d = 2 * np.pi * distance
    highest = max(CUT, TURNS / d)
    u, w = _nodes(duration, d, highest)
    k, omega = np.sinh(u), np.cosh(u)
    coupling = np.sqrt(w * decay / (2 * np.pi) * (1 + sign * np.cos(k * d) * _fade(omega, highest)))
    shift = decay / np.pi * np.arctan(np.exp(-np.arccosh(FASTEST)))
    arrow = np.diag(np.append(np.mean(frequency) - shift, omega))
    arrow[0, 1:] = arrow[1:, 0] = coupling
    return arrow


def _nodes(duration, d, highest):
    """Gauss nodes in u: on panels of 16 radians, of time and then of distance; then wide ones."""
    dense = np.arange(1.0, CUT, 16 / duration)
    cosine = np.arange(CUT, highest, 16 / d)
    wide = np.geomspace(max(highest, cosine[-1] + 16 / d) if cosine.size else CUT, FASTEST, 6)
    edges = np.arccosh(np.concatenate([dense, cosine, wide]))
    x, w = np.polynomial.legendre.leggauss(16)
    half, middle = np.diff(edges)[:, None] / 2, (edges[1:] + edges[:-1])[:, None] / 2
    return (middle + half * x).ravel(), (half * w).ravel()


def _fade(omega, end):
    """One below a third of the end, zero above it, smooth between in log ω."""
    s = np.log(np.maximum(omega, 1.0) * 3 / end) / np.log(3)
    return erfc(6 * (2 * s - 1)) / 2
