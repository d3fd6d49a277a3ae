"""Runs of the coherent-Ising-machine battery that its paper's claims are about.

The paper has 32 × 9 levels in the lab frame; converged numbers come from the displaced frame.
"""

import warnings
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from scipy.optimize import curve_fit
from scipy.stats import linregress

import qbjax as qb
from qbjax.strategies.discharge import first_maximum

LAB = qb.batteries.DOPO(32, 9, frame="lab")
EXACT_STEPS = qb.Solver(method=qb.dynamics.Chebyshev())
TIMES = np.linspace(0.0, 40.0, 401)
AFTER = np.linspace(0.0, 5.0, 501)
PUMPS = (2.2, 2.4, 2.6, 2.8, 3.0)
"""F of Fig. 6b; that of Fig. 2b is not stated."""

STEADY = (1.0, 1.5, 2.0, 2.5, 3.0)
COHERENT = tuple(np.round(np.linspace(2.0, 3.5, 16), 1).tolist())


def quietly(run: Any, *arguments: Any, **options: Any) -> Any:
    """Runs what has too few levels on purpose."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return run(*arguments, **options)


@cache
def charged(amplitude: float) -> Any:
    """A charge to γt = 40 with the paper's levels."""
    pump = qb.protocols.Constant(amplitude)
    return quietly(qb.charge, LAB, pump, TIMES, adjoint="forward", solver=EXACT_STEPS)


@cache
def converged(amplitude: float, signal: int = 56) -> Any:
    """A charge to γt = 40 with levels enough."""
    pump = qb.protocols.Constant(amplitude)
    return qb.charge(qb.batteries.DOPO(signal, 5), pump, TIMES, adjoint="forward")


def at(run: Any, name: str, time: float) -> float:
    """An observable of a charge at a time of the grid."""
    return float(run.observables[name][round(10 * time)])


def when(run: Any, name: str) -> float:
    """The time at which an observable is largest, to 0.1."""
    return float(TIMES[np.nanargmax(np.asarray(run.observables[name]))])


def most(run: Any, name: str) -> float:
    """The largest value of an observable."""
    return float(np.nanmax(np.asarray(run.observables[name])))


def falls(amplitude: float) -> float:
    """The fall of W^c from its largest value to its last."""
    run = charged(amplitude)
    return most(run, "coherent_ergotropy") - float(run.coherent_ergotropy[-1])


def first_to_fall() -> float:
    """The least F of 2.2, 2.4, 2.6, 2.7 … 3 at which W^c has a maximum."""
    return min(F for F in (*PUMPS, 2.7, 2.9) if falls(F) > 1e-3)


@cache
def steady(signal: int, pump: int, amplitude: float = 3.0) -> float:
    """Steady ergotropy with so many levels, in the lab frame."""
    battery = qb.batteries.DOPO(signal, pump, frame="lab")
    found = quietly(qb.steady_state, battery, qb.protocols.Constant(amplitude), gap=False)
    return float(found.ergotropy)


@cache
def squeezing(signal: int, pump: int, amplitude: float) -> float:
    """Squeezing of the steady signal in dB, in the lab frame."""
    battery = qb.batteries.DOPO(signal, pump, frame="lab")
    found = quietly(qb.steady_state, battery, qb.protocols.Constant(amplitude), gap=False)
    return float(found.squeezing)


@cache
def squeezing_beyond() -> float:
    """Squeezing at F = 3 after eighty time units, in the displaced frame."""
    pump = qb.protocols.Constant(3.0)
    run = qb.charge(qb.batteries.DOPO(56, 5), pump, [0.0, 80.0], adjoint="forward")
    return float(run.squeezing[-1])


@cache
def power_fit() -> Any:
    """Line through the logarithms of the largest powers, Fig. 6b."""
    return linregress(PUMPS, np.log([most(charged(F), "ergotropic_power") for F in PUMPS]))


@cache
def steady_fit() -> Any:
    """Line through the logarithms of the last ergotropies, Fig. 2b."""
    return linregress(STEADY, np.log([float(charged(F).ergotropy[-1]) for F in STEADY]))


@cache
def logistic_fit() -> Sequence[float]:
    """Height, rate and middle of Eq. (13)."""

    def logistic(F, height, rate, middle):
        return height / (1 + np.exp(-rate * (F - middle)))

    last = [float(charged(F).coherent_ergotropy[-1]) for F in COHERENT]
    return curve_fit(logistic, COHERENT, last, p0=(8.0, 5.0, 2.4))[0].tolist()


def steepest() -> float:
    """The F of 2 … 3.5 at which W^c at the end grows fastest with F, Fig. 7b."""
    last = [float(charged(F).coherent_ergotropy[-1]) for F in COHERENT]
    return float(COHERENT[int(np.argmax(np.gradient(last, COHERENT)))])


@cache
def largest_power(amplitude: float) -> float:
    """The largest power with 80 × 5 levels."""
    times, pump = np.linspace(0.0, 12.0, 121), qb.protocols.Constant(amplitude)
    run = qb.charge(qb.batteries.DOPO(80, 5), pump, times, adjoint="forward")
    return most(run, "ergotropic_power")


def left(battery: Any, amplitude: float, off: float, after: Any, **options: Any) -> Any:
    """Keeps a charge for times after the pump is switched off."""
    pump, options = qb.protocols.Constant(amplitude), options | {"adjoint": "forward"}
    state = quietly(qb.charge, battery, pump, [0.0, off], **options).final_state
    return quietly(qb.store, battery, state, after, **options)


@cache
def kept(off: float) -> Any:
    """The storage after F = 3 with the paper's levels, at steps of 0.01."""
    return left(LAB, 3.0, off, AFTER, solver=EXACT_STEPS)


@cache
def kept_converged(off: float) -> Any:
    """The storage after F = 3 with levels enough, at once and one unit later."""
    return left(qb.batteries.DOPO(56, 5), 3.0, off, np.array([0.0, 1.0]))


@cache
def better_cavity() -> Any:
    """Fig. 5: half of γ_s; its time axis keeps the old units, two of which are one of the new."""
    battery = qb.batteries.DOPO(60, 9, coupling=1.0, pump_decay=32.0, frame="lab")
    return left(battery, 4.24, 3.5, np.linspace(0.0, 4.0, 41) / 2, solver=EXACT_STEPS)


@cache
def line(figure: int, part: str, low: float, high: float) -> tuple[float, float, float]:
    """Slope, value at time 0 and |r| of the logarithm of a part, over a window, in Fig. 4 or 5."""
    if figure == 4:
        run, after, off = kept(40.0), AFTER, 40.0
    else:
        run, after, off = better_cavity(), np.linspace(0.0, 4.0, 41), 7.0
    few = (after > low - 1e-9) & (after < high + 1e-9)
    values = np.asarray(run.observables[f"{part}_ergotropy"])[few]
    fit = linregress(after[few] + off, np.log(values))
    return float(fit.slope), float(fit.intercept), float(abs(fit.rvalue))


@cache
def delivered(charging: float, coupling: float, enough: bool = False) -> float:
    """The first maximum of the load's ergotropy κ_a, γ_a = 0.1."""
    battery = qb.batteries.DOPO(56, 5) if enough else LAB
    state = quietly(qb.charge, battery, qb.protocols.Constant(3.0), [0.0, charging]).final_state
    load = qb.loads.TwoLevel(coupling, decay=0.1)
    return float(quietly(first_maximum, battery, state, load, until=2.0).load_ergotropy)
