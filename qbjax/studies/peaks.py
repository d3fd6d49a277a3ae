r"""Maxima in time of a battery's observables, by the roots of their derivatives.

A run differentiated by its own times gives every observable with its exact slope at some `LOOKS`
times; between two of them it is Hermite's cubic. Windows that double look for the first root from
+ to −, and every other look foretells those between, or the window is cut. Around the root the
looks are then drawn together until it stands still: two or three runs of one compiled program, or
some more where the maximum is a kink, as that of an ergotropy may be. The slope of the energy is
the instantaneous power; its own is that of the cubic spline through it.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from scipy.interpolate import CubicHermiteSpline, CubicSpline

from qbjax import _checks
from qbjax.cycle import charge
from qbjax.dynamics.record import doubt

LOOKS = 65
WINDOWS, CUTS = 7, 6
"""Times that the latest time is halved for the first window; and that a window may be halved."""

FORETOLD = 1e-2
"""Share of its range by which an observable may miss what every other look foretells."""

RIPPLE = 1e-6
"""Share of the energy by which a maximum stands out of what was before it; less is rounding."""

ROUNDS, STILL = 12, 1e-8
"""Most times that looks are drawn together, and move of a root, in units of it, that is none."""


class Moment(NamedTuple):
    """A moment of a run; NaN where it never comes, and `verdict` says why.

    Attributes:
        time: when.
        values: of every observable then, and of "power".
        verdict: "ok", or why not to believe it.
        truncation: the most that the top levels of a mode held until then.
    """

    time: float
    values: dict[str, float]
    verdict: str
    truncation: float = 0.0


class Watched:
    """One battery under one protocol, looked at whenever somebody asks.

    Args:
        battery, protocol: resolved and checked.
        names: of the observables to look at.
    """

    def __init__(self, battery: Any, protocol: Any, names: tuple[str, ...]):
        self.battery, self.protocol = battery, protocol
        self.names = tuple(sorted({*names, "energy"} - {"power"}))
        levels = np.asarray(battery.cell_hamiltonian)
        levels = np.linalg.eigvalsh(levels) if levels.ndim == 2 else levels
        self.span = float(np.ptp(levels))
        self.ended, self.held = doubt.OK, [(0.0, 0.0)]

    def curves(self, times: Float[np.ndarray, " T"]) -> dict[str, Any]:
        """Every observable as a piecewise cubic of the time, "power" among them."""
        values, slopes, (status, truncation) = _seen(
            self.battery, self.protocol, jnp.asarray(times), self.names
        )
        if int(status) != doubt.TRUNCATED:
            self.ended = max(self.ended, int(status))
        self.held += zip(times.tolist(), doubt.worst(np.asarray(truncation), axis=1).tolist())
        found = {
            name: CubicHermiteSpline(times, np.asarray(values[name]), np.asarray(slopes[name]))
            for name in self.names
        }
        return found | {"power": CubicSpline(times, np.asarray(slopes["energy"]))}

    def scale(self, name: str, time: float) -> float:
        """The size of an observable, in energies that the cell can have."""
        if name.endswith("power"):
            return self.span / time
        return self.span if "energy" in name or "ergotropy" in name else 1.0

    def truncation(self, time: float) -> float:
        """The most that top levels held at any look until then: later ones do not matter."""
        return max(held for t, held in self.held if t <= time)

    def verdict(self, time: float) -> str:
        """Whether to believe what is seen at a time."""
        status = doubt.status_of(jnp.asarray(self.ended), jnp.asarray(self.truncation(time)))
        return doubt.STATUS_NAMES[int(status)]


def at_time(watched: Watched, time: float) -> Moment:
    """Everything that is seen at a fixed time."""
    curves = watched.curves(np.linspace(0.0, time, LOOKS + 1)[1:])
    return _moment(watched, time, curves)


def first_peak(watched: Watched, name: str, until: float) -> Moment:
    """The first maximum of an observable."""
    floor = np.inf
    for times in _windows(watched, name, until):
        curve = watched.curves(times)[name]
        for top in _tops(curve):
            floor = min(floor, np.min(curve(times[times <= top]), initial=np.inf))
            if curve(top) - floor > RIPPLE * watched.scale(name, top):
                return _refined(watched, name, top, float(np.max(np.diff(times))))
        floor = min(floor, float(np.min(curve(times))))
    return _none(watched, f"no peak of {name} by {until:g}")


def largest(watched: Watched, name: str, until: float) -> Moment:
    """The highest maximum of an observable, within a time; of an average power, of all times.

    Where E/t was P it can be more only until the time at which all that the cell can have,
    divided by it, is P.
    """
    best, place, spacing = -np.inf, np.nan, 0.0
    bounded = name in ("charging_power", "ergotropic_power")
    for times in _windows(watched, name, until):
        curve = watched.curves(times)[name]
        for top in _tops(curve):
            if curve(top) > best:
                best, place, spacing = float(curve(top)), top, float(np.max(np.diff(times)))
        if bounded and best > 0 and watched.span / best <= times[-1]:
            return _refined(watched, name, place, spacing)
        if times[-1] >= until and curve(times[-1]) > best:
            return _none(watched, f"{name} still rises at {until:g}")
    if not np.isfinite(place):
        return _none(watched, f"no peak of {name} by {until:g}")
    return _refined(watched, name, place, spacing)


@eqx.filter_jit
def _seen(battery, protocol, times, names):
    """Observables at some times, their slopes, and whether to believe them."""

    def told(times):
        start = [0.0, *times]  # so that only later times are differentiated
        run = charge(battery, protocol, start, adjoint="forward")
        _check_names(names, run, battery)
        kept = {name: run.observables[name][1:] for name in names}
        return kept, (run.status, run.truncation[1:])

    return jax.jvp(told, (times,), (jnp.ones_like(times),), has_aux=True)


def _check_names(names: tuple[str, ...], run, battery) -> None:
    known = [name for name, values in run.observables.items() if values.ndim == 1]
    for name in names:
        if name not in known:
            raise ValueError(
                f"Argument `quantities` must name what a {type(battery).__name__} tells, such as "
                f"{', '.join(known[:3])}, power, but names {_checks.show(name)}"
                f"{_checks.meant(name, known)}."
            )


def _windows(watched: Watched, name: str, until: float):
    """Looks at one window after another, each as fine as the observable asks for."""
    high = until / 2**WINDOWS
    early = watched.curves(np.linspace(0.0, high, LOOKS + 1)[1:])[name]
    while early(early.x[0], 1) < 0 and high > until / 4**WINDOWS:  # a maximum still earlier
        high /= LOOKS
        early = watched.curves(np.linspace(0.0, high, LOOKS + 1)[1:])[name]
    low = 0.0
    while low < until:
        yield from _fine(watched, name, low, min(high, until), CUTS)
        low, high = high, 2 * high


def _fine(watched: Watched, name: str, low: float, high: float, cuts: int):
    """Looks at a window, or at its halves where looks are too far apart to tell what is between."""
    times = np.linspace(low, high, LOOKS) if low else np.linspace(0.0, high, LOOKS + 1)[1:]
    curve = watched.curves(times)[name]
    if cuts and not _is_foretold(curve, watched.scale(name, high)):
        middle = (low + high) / 2
        yield from _fine(watched, name, low, middle, cuts - 1)
        yield from _fine(watched, name, middle, high, cuts - 1)
    else:
        yield times


def _is_foretold(curve, scale: float) -> bool:
    """Whether every other look foretells those between them."""
    values, slopes = curve(curve.x), curve(curve.x, 1)
    half = CubicHermiteSpline(curve.x[::2], values[::2], slopes[::2])
    off = np.max(np.abs(half(curve.x[1::2]) - values[1::2]))
    return bool(off <= max(FORETOLD * np.ptp(values), RIPPLE * scale))


def _tops(curve) -> list[float]:
    """Roots of the derivative from + to −, in their order."""
    roots = curve.derivative().roots(extrapolate=False)
    near = 1e-6 * float(np.min(np.diff(curve.x)))
    return sorted(
        float(x) for x in roots[np.isfinite(roots)] if curve(x - near, 1) > 0 > curve(x + near, 1)
    )


def _refined(watched: Watched, name: str, time: float, spacing: float) -> Moment:
    """Draws looks together around a maximum until it stands still."""
    curves: dict[str, Any] = {}
    for _ in range(ROUNDS):
        low, high = max(time - spacing, time / 4), time + spacing
        curves = watched.curves(np.linspace(low, high, LOOKS))
        here = curves[name]
        tops = _tops(here) or [float(here.x[np.argmax(here(here.x))])]
        before, time = time, min(tops, key=lambda x: abs(x - time))
        spacing = (high - low) / (LOOKS - 1)
        if abs(time - before) < STILL * time or spacing < STILL * time:
            break
    return _moment(watched, time, curves)


def _moment(watched: Watched, time: float, curves: dict[str, Any]) -> Moment:
    values = {name: float(curve(time)) for name, curve in curves.items()}
    told = watched.verdict(time), watched.truncation(time)
    return Moment(time, values | {"time": time}, *told)


def _none(watched: Watched, why: str) -> Moment:
    names = (*watched.names, "power", "time")
    return Moment(np.nan, dict.fromkeys(names, np.nan), why)
