r"""Claims of the paper about the battery at F = 3, beside the numbers of a run of ours.

Numbers are read off the datasets of one run and verdicts follow from the numbers; only
the notes (why a number differs) are knowledge from elsewhere.

Reference: J.-T. Zhang et al., "Quantum batteries in coherent Ising machine" (2026):
Figs. 3, 4 and 6, Eq. (13), the fits of Figs. 2b and 6b, Sec. III.
"""

import math
from typing import NamedTuple

import numpy as np
import xarray as xr

from qbjax.views.report import Sheet

AMPLITUDE = 3.0
"""The pump amplitude of the comparison."""

SWITCH_OFF = 10.0
"""Time at which the paper switches the pump off, for every aim."""

AGREES = 0.05
"""Relative difference up to which two numbers agree: the paper reads its times off figures, and its
fits scatter by a few per cent."""

LARGEST_POWER = math.exp(2.049 * AMPLITUDE - 6.222)
STEADY_ERGOTROPY = math.exp(2.742 * AMPLITUDE - 5.330)
STEADY_COHERENT = 8.2016 / (1 + math.exp(-5.4097 * (AMPLITUDE - 2.3605)))


class Claim(NamedTuple):
    """One line of the comparison with the paper."""

    quantity: str
    paper: str
    ours: str
    remark: str


def claims(run: xr.Dataset, optima: xr.Dataset, kept: xr.Dataset, peak: xr.Dataset) -> list[Claim]:
    """Compares the paper's claims with one charging run at F = 3 and what followed.

    Args:
        run: charging from the ground state until it is steady.
        optima: what `report.optima` gives for "power", "coherent" and "stored".
        kept: one time unit or more after the pump went off, for `switched_off` at
            `SWITCH_OFF` and at the end of `run`.
        peak: charging once more, evenly and closely spaced around the largest coherent
            ergotropy.

    Returns:
        The lines, in the order of the paper.
    """
    power, coherent = (best(optima, aim) for aim in ("power", "coherent"))
    near, timely = f"≈ {SWITCH_OFF:g}", verdict(power.time, SWITCH_OFF)
    return [
        Claim("time of largest power W/t", near, f"{power.time:.4f}", timely),
        Claim(
            "largest power W/t",
            f"{LARGEST_POWER:.3f} (fit)",
            _verified(power),
            verdict(power.value, LARGEST_POWER),
        ),
        Claim(
            "time of largest coherent W^c",
            near,
            f"{coherent.time:.4f}",
            verdict(coherent.time, SWITCH_OFF) + _kink(peak, coherent.time),
        ),
        Claim(
            "largest coherent W^c",
            "not stated",
            _verified(coherent),
            f"at t = {SWITCH_OFF:g} it is {_at(run, 'coherent_ergotropy', SWITCH_OFF):.3f}",
        ),
        _steady(run, "coherent_ergotropy", STEADY_COHERENT, "Eq. 13"),
        _steady(run, "ergotropy", STEADY_ERGOTROPY, "fit"),
        _robustness(kept),
        _storage(optima),
    ]


def sheet(lines: list[Claim]) -> Sheet:
    """Makes a table of the comparison."""
    return Sheet(
        f"The paper's claims at F = {AMPLITUDE:g}, beside this run",
        ("quantity", "paper", "qbjax", "remark"),
        [tuple(line) for line in lines],
    )


class Optimum(NamedTuple):
    """One case of `report.optima`, as plain numbers."""

    time: float
    value: float
    verified_value: float
    wait: float


def best(optima: xr.Dataset, aim: str) -> Optimum:
    """Picks the first optimum with an aim."""
    found = np.flatnonzero(optima["aim"].values == aim)
    if not len(found):
        raise ValueError(f'Argument `optima` must hold the aim "{aim}", but does not.')
    one = optima.isel(case=int(found[0]))
    return Optimum(*(float(one[name]) for name in Optimum._fields))


def verdict(ours: float, paper: float) -> str:
    """Says whether two numbers agree, and by how much ours differs.

    Example:
        >>> verdict(10.2, 10.0), verdict(15.0, 10.0)
        ('agrees (+2.0 %)', 'disagrees (+50.0 %)')
    """
    difference = ours / paper - 1
    word = "agrees" if abs(difference) <= AGREES else "disagrees"
    # Adding zero turns -0.0 into 0.0.
    return f"{word} ({round(100 * difference, 1) + 0.0:+.1f} %)"


def _steady(run, name, paper, source):
    end = float(run["time"][-1])
    ours = float(run[name][-1])
    rate = (ours - _at(run, name, end - 1)) / ours
    coherent = name.startswith("coherent")
    # 32 levels are too few for 16 photons and their spread.
    note = "" if coherent else "; the paper's own 32 levels give 13.62, a truncation artefact"
    return Claim(
        "steady coherent W^c" if coherent else "steady ergotropy W",
        f"{paper:.2f} ({source})",
        f"{ours:.3f} at t = {end:g}",
        f"{verdict(ours, paper)}{note}; still moves {100 * rate:+.2f} % per time unit",
    )


def _robustness(kept):
    early, late = (float(t) for t in kept["switched_off"].values)
    left = [_at(kept.sel(switched_off=t), "coherent_ergotropy", 1.0) for t in (early, late)]
    word = "agrees" if left[0] > left[1] else "disagrees"
    return Claim(
        f"W^c left at T = 1, pump off at {early:g} and {late:g}",
        f"more at {early:g}",
        f"{left[0]:.3f} and {left[1]:.3f}",
        f"{word}: {late:g} leaves {left[1] / left[0]:.2f} times as much",
    )


def _storage(optima):
    stored = optima.isel(case=np.flatnonzero(optima["aim"].values == "stored"))
    waits, times = (", ".join(f"{float(x):{f}}" for x in stored[name]) for name, f in
                    (("wait", "g"), ("time", ".3f")))  # fmt: skip
    worst = float(np.max(np.abs(stored["time"] / SWITCH_OFF - 1)))
    shift = float(stored["time"].max() - stored["time"].min())
    word = "agrees" if worst <= AGREES else "disagrees"
    return Claim(
        f"best time when storing T = {waits}",
        f"≈ {SWITCH_OFF:g} for all",
        times,
        f"{word}: it moves by {shift:.2f} with T",
    )


def _verified(optimum):
    return f"{optimum.value:.4f}, verified {optimum.verified_value:.4f}"


def _kink(peak, at, sharpness=20.0):
    """Says so where W^c has a corner: its slope drops many times more than it does elsewhere.

    A corner that W^i mirrors while W stays smooth is one of the dephased state's passive
    energy: two populations change order.
    """
    times = peak["time"].values
    k = int(np.searchsorted(times, at)) - 1
    if not 1 <= k < len(times) - 2:
        return ""
    coherent, incoherent = (
        np.diff(peak[f"{name}_ergotropy"].values) / np.diff(times)
        for name in ("coherent", "incoherent")
    )
    before, after = coherent[k - 1], coherent[k + 1]
    if before - after < sharpness * np.median(np.abs(np.diff(coherent))):
        return ""
    mirrored = incoherent[k + 1] - incoherent[k - 1]
    ordered = abs(mirrored - (before - after)) < 0.1 * (before - after)
    reason = ": two populations change order" if ordered else ""
    return f"; a kink, slope {before:+.4f} to {after:+.4f}{reason}"


def _at(data, name, time):
    return float(np.interp(time, data["time"], data[name]))
