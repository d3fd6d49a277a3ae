"""Ranges of a protocol's signals: between which values each is, whatever its free numbers are."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from qbjax import _checks
from qbjax.protocols.budget import Scaled, Shifted, ShiftedSeries
from qbjax.protocols.fourier import BoundedFourier, Fourier
from qbjax.protocols.free import Free, is_free
from qbjax.protocols.pump import Constant, Pump, SwitchOff
from qbjax.protocols.segments import PiecewiseConstant, Sampled

Ends = tuple[Any, Any]
"""The least and the largest values."""


class Ranges(NamedTuple):
    """Ranges of some signals in stretches of time, between which nothing is known to change.

    Attributes:
        durations: of the stretches.
        low, high: the least and the largest value of each signal.
        area: the largest $\\int|u|dt$ of each.
    """

    durations: Float[np.ndarray, " S"]
    low: Float[np.ndarray, "S K"]
    high: Float[np.ndarray, "S K"]
    area: Float[np.ndarray, " K"]


class _Band(NamedTuple):
    """One signal: times at which its range changes, the range at others, its largest area."""

    edges: Any
    at: Callable[[float], Ends]
    area: float = np.inf


def ranges(pumps: Iterable[Pump] | Any, times: Any) -> Ranges | str:
    """Finds the ranges of all signals during a run, or why one is not known.

    A free number counts with its bounds, a plain one with its value.

    Args:
        pumps: with free numbers in their places.
        times: of the run; the first and the last count.

    Example:
        >>> from qbjax.protocols import PiecewiseConstant, free
        >>> pulse = PiecewiseConstant(free([0.0, 1.0], -1.0, 2.0), 1.0)
        >>> found = ranges([pulse], [0.0, 2.0])
        >>> found.durations.tolist(), found.high.tolist(), found.area.tolist()
        ([0.5, 0.5, 1.0], [[2.0], [2.0], [0.0]], [2.0])
    """
    pumps = list(pumps)
    if not _checks.is_concrete((pumps, times)):
        return "its numbers are traced"
    first, last = float(np.asarray(times)[0]), float(np.asarray(times)[-1])
    bands = []
    for pump in pumps:
        band = BANDS.get(type(pump), _unknown)(pump)
        if isinstance(band, str):
            return band
        bands.append(band)
    edges = np.concatenate([[first, last], *(np.asarray(b.edges, float) for b in bands)])
    cuts = np.unique(edges[(edges >= first) & (edges <= last)])
    middles = (cuts[1:] + cuts[:-1]) / 2
    ends = np.array([[band.at(t) for band in bands] for t in middles], float)
    low, high = np.moveaxis(ends.reshape(len(middles), len(bands), 2), 2, 0)
    if not np.all(np.isfinite(ends)):
        return "a free number has no bounds: give qb.free(value, low, high)"
    durations = np.diff(cuts)
    swept = durations @ np.maximum(np.abs(low), np.abs(high))
    return Ranges(durations, low, high, np.minimum(swept, [band.area for band in bands]))


def _constant(pump: Constant) -> _Band | str:
    ends = _ends(pump.amplitude)
    return _Band((), lambda t: ends) if ends else _unknown(pump)


def _switched(pump: SwitchOff) -> _Band | str:
    ends = _ends(pump.amplitude)
    if ends is None:
        return _unknown(pump)
    falling = _with_zero(ends)
    if is_free(pump.time) or is_free(pump.ramp):
        return _Band((), lambda t: falling)
    half = 0.0 if pump.ramp is None else float(pump.ramp) / 2
    begin, end = float(pump.time) - half, float(pump.time) + half
    return _Band((begin, end), lambda t: ends if t < begin else falling if t < end else (0.0, 0.0))


def _segments(pump: PiecewiseConstant) -> _Band | str:
    ends = _ends(pump.amplitudes)
    if ends is None:
        return _unknown(pump)
    low, high = ends
    if is_free(pump.start) or is_free(pump.duration):
        widest = _with_zero((low.min(), high.max()))
        return _Band((), lambda t: widest)
    edges = float(pump.start) + float(pump.duration) * np.linspace(0, 1, low.size + 1)
    area = _area_of(pump.amplitudes, pump.duration)
    return _Band(edges, lambda t: _between(edges, low, high, t), area)


def _sampled(pump: Sampled) -> _Band | str:
    ends = _ends(pump.amplitudes)
    if ends is None:
        return _unknown(pump)
    (low, high), knots = ends, np.asarray(pump.times)
    low, high = np.minimum(low[1:], low[:-1]), np.maximum(high[1:], high[:-1])
    return _Band(knots, lambda t: _between(knots, low, high, t))


def _series(pump: Fourier) -> _Band | str:
    node = pump.coefficients
    if isinstance(node, Scaled):  # by Cauchy and Schwarz
        most = float(np.sqrt(node.energy * np.sum(1 / np.asarray(node.weights))))
        return _lasting(pump, (-most, most), _area_of(node, pump.duration))
    ends = _ends(node)
    if ends is None:
        return _unknown(pump)
    waves = np.sum(np.maximum(np.abs(ends[0]), np.abs(ends[1]))[1:])
    return _lasting(pump, (ends[0][0] - waves, ends[1][0] + waves))


def _bounded(pump: BoundedFourier) -> _Band:
    most = float(pump.limit)
    return _lasting(pump, (-most, most), _area_of(pump.series, pump.duration))


def _unknown(pump: Any) -> str:
    return f"the largest signal of a {type(pump).__name__} is not known for all its free numbers"


BANDS: dict[type, Callable[[Any], _Band | str]] = {
    Constant: _constant,
    SwitchOff: _switched,
    PiecewiseConstant: _segments,
    Sampled: _sampled,
    Fourier: _series,
    BoundedFourier: _bounded,
}


def _lasting(pump: Any, ends: Ends, area: float = np.inf) -> _Band:
    """The band of a signal that has one range while its pulse lasts."""
    if is_free(pump.start) or is_free(pump.duration):
        return _Band((), lambda t: _with_zero(ends))
    edges = float(pump.start) + np.array([0.0, float(pump.duration)])
    low, high = (np.array([x]) for x in ends)
    return _Band(edges, lambda t: _between(edges, low, high, t), area)


def _between(edges, low, high, time: float) -> Ends:
    i = int(np.searchsorted(edges, time)) - 1
    return (low[i], high[i]) if 0 <= i < len(low) else (0.0, 0.0)


def _ends(node: Any) -> Ends | None:
    """The least and the largest values of a number or array; None if they are not known."""
    if isinstance(node, Free):
        shape = np.shape(node.value)
        return np.full(shape, node.low), np.full(shape, node.high)
    if isinstance(node, Scaled):
        most = np.sqrt(float(node.energy) / np.asarray(node.weights))
        return -most, most
    if isinstance(node, Shifted):
        peaks = np.full(node.value.shape, float(node.peak))
        return -peaks, peaks
    if is_free(node) or np.iscomplexobj(node):
        return None
    return np.asarray(node, float), np.asarray(node, float)


def _area_of(node: Any, duration: Any) -> float:
    r"""The largest area of a pulse of given energy: $\int|u|dt \le \sqrt{T\int u^2dt}$."""
    if isinstance(node, Scaled):
        return float(np.sqrt(float(duration) * float(node.energy)))
    if isinstance(node, Shifted | ShiftedSeries):
        return float(duration) * float(node.peak) * float(np.sqrt(node.level))
    return np.inf


def _with_zero(ends: Ends) -> Ends:
    return min(ends[0], 0.0), max(ends[1], 0.0)
