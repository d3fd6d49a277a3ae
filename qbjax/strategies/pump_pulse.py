r"""The pulse that charges best: the shape of the pump, for a given duration and pump energy.

$$\max_{F}\; W[\rho_s(T)] \quad\text{with}\quad
  \int_0^T F(t)^2\,dt = E, \qquad |F(t)| \le P.$$

The pulse is made of equal segments, or of cosines. Energy and peak hold at every iterate
(`protocols.budget`), so nothing but the ergotropy is left to look at, and one backward run
gives its gradient by all amplitudes at once.

The best pump of the coherent-Ising-machine battery comes late and rises: what is stored early
is lost again by the end.

Reference: the battery of J.-T. Zhang et al., "Quantum batteries in coherent Ising machine"
(2026), which is charged there by a constant F alone.
"""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax.cycle import charge
from qbjax.dynamics.record import witness
from qbjax.interface.battery import Battery
from qbjax.protocols import Fourier, PiecewiseConstant, Pulse, Sampled, free
from qbjax.strategies.gradient import Best, Progress, check_search, maximize
from qbjax.strategies.verification import verified


def final_ergotropy(pulse: Pulse, battery: Battery) -> Float[Array, ""]:
    """Ergotropy W when a pulse that starts at 0 has ended."""
    return charge(battery, pulse, [0.0, pulse.span[1]]).ergotropy[-1]


def best_pulse(
    battery: Battery | Any,
    duration: Any,
    energy: Any,
    peak: Any = None,
    *,
    segments: int | Any = 10,
    fourier: int | Any = None,
    start: Any = None,
    steps: int | Any = 40,
    tolerance: float | Any = 1e-4,
    progress: Callable[[Progress], None] | Any | None = None,
) -> Best:
    r"""Finds the pulse of a given energy that leaves most ergotropy at its end.

    The peak of the pump, not its mean, decides how many levels the battery needs: a run at a
    constant F of the same energy says nothing. For the DOPO battery at E = 62.5, T = 10, P = 4.5,
    44×5 levels lose 3 % of W, 60×6 lose 1e-3; at P = 3, 44×5 do. A second call of the same
    shape, energy and peak what they may be, compiles nothing.

    Args:
        battery: a battery charged by a pump.
        duration: T > 0.
        energy: $E = \int F^2 dt > 0$, at most P²T.
        peak: P, the largest |F|; None for none.
        segments: number of equal segments of constant amplitude.
        fourier: number of cosines, the constant counted, of a smooth pulse instead.
        start: a real pulse of that duration, within the peak, whose shape to start from; or
            amplitudes (segments,) or coefficients (fourier,); by default a linear ramp from 0.
            The best of few segments is a good start for many, and for cosines: a ramp of
            cosines leads onto a plateau.
        steps: most steps of the optimiser.
        tolerance: as in `maximize`; by default less than cutting the levels costs.
        progress: as in `maximize`.

    Returns:
        A `Best`; `best.protocol` is the pulse, `best.verified_value` its ergotropy with
        `battery.refined()`.

    Raises:
        ValueError: for a duration or energy that is not positive, an energy out of reach of the
            peak, less than one segment or cosine, a start of another shape or beyond the peak.
        TypeError: for what is no number.
    """
    kind: type[PiecewiseConstant] | type[Fourier]
    kind = PiecewiseConstant if fourier is None else Fourier
    name, given = ("segments", segments) if fourier is None else ("fourier", fourier)
    _checks.instance("battery", battery, Battery, "a qb.batteries battery")
    count = _checks.integer(name, given, low=1)
    duration = _checks.scalar("duration", duration, low=0, open_low=True)
    energy = _checks.scalar("energy", energy, low=0, open_low=True)
    peak = None if peak is None else _checks.scalar("peak", peak, low=0, open_low=True)
    check_search(steps, tolerance, progress)
    if start is None:
        # Up to the peak, so that every segment is off it.
        start = Sampled([0.0, duration], [0.0, 1.0 if peak is None else peak])
    if isinstance(start, Pulse):
        start = segments_of(start, count) if fourier is None else cosines_of(start, count, peak)
    shape = _checks.array("start", start, shape=(count,))
    pulse = kind.with_energy(free(shape), duration, energy=energy, peak=peak)
    how = {"steps": steps, "tolerance": tolerance, "progress": progress}
    return maximize(final_ergotropy, pulse, battery=battery, **how)


def constant_pulse(
    battery: Battery | Any, duration: Any, energy: Any, *, segments: int | Any = 10
) -> Best:
    """The constant pump of the same energy, as a `Best` to compare with; nothing is searched.

    Args:
        battery, duration, energy: as in `best_pulse`.
        segments: how many make it up, all alike; as many as in a search share its programs.

    Raises:
        ValueError, TypeError: as `best_pulse`.

    Example:
        >>> import qbjax as qb
        >>> best = constant_pulse(qb.batteries.DOPO(8, 3), 4.0, 0.04, segments=3)
        >>> best.protocol.amplitudes.tolist()
        [0.1, 0.1, 0.1]
    """
    _checks.instance("battery", battery, Battery, "a qb.batteries battery")
    alike = np.ones(_checks.integer("segments", segments, low=1))
    pulse = PiecewiseConstant.with_energy(alike, duration, energy=energy)
    with witness.listening() as heard:
        value = final_ergotropy(pulse, battery)
    alone = np.array([value])
    return Best(
        protocol=pulse,
        value=value,
        history=alone,
        converged=True,
        start_values=alone,
        status=heard.status,
        truncation=heard.worst,
        **verified(final_ergotropy, pulse, battery, value, np.nan, None),
    )


def segments_of(pulse: Pulse | Any, count: int | Any) -> Float[np.ndarray, " n"]:
    """Amplitudes of a pulse in the middle of equal segments.

    Example:
        >>> from qbjax.protocols import Sampled
        >>> segments_of(Sampled([0.0, 2.0], [0.0, 4.0]), 2).tolist()
        [1.0, 3.0]
    """
    _checks.instance("pulse", pulse, Pulse, "a pulse such as qb.protocols.Sampled")
    count = _checks.integer("count", count, low=1)
    start, end = pulse.span
    middles = start + (end - start) * ((np.arange(count) + 0.5) / count)
    return np.asarray(jax.vmap(pulse.signal)(middles))


def cosines_of(pulse: Pulse | Any, count: int | Any, peak: Any = None) -> Float[np.ndarray, " n"]:
    r"""The first coefficients of a pulse's cosine series.

    Under a peak P, of the series of $P\arcsin(F/P)$, which a `BoundedFourier` takes.

    Example:
        >>> from qbjax.protocols import Sampled
        >>> cosines_of(Sampled([0.0, 2.0], [0.0, 1.0]), 3).round(4).tolist()
        [0.5, -0.4053, -0.0]
    """
    count = _checks.integer("count", count, low=1)
    values = segments_of(pulse, 1000)
    if peak is not None:
        most = _checks.plain("peak", peak, low=0, open_low=True)
        values = most * np.arcsin(np.clip(values / most, -1, 1))
    x = (np.arange(1000) + 0.5) / 1000
    waves = np.cos(np.pi * np.outer(np.arange(count), x))
    return np.where(np.arange(count) == 0, 1, 2) * (waves @ values) / 1000
