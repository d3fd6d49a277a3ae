"""`qbjax charge waveguide`, `qbjax optimize waveguide`: charging at a distance."""

import math
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import typer
import xarray as xr

from qbjax.batteries import Waveguide
from qbjax.batteries.waveguide.designs import continuum_designs
from qbjax.batteries.waveguide.peak import first_peak
from qbjax.batteries.waveguide.position import (
    best_power,
    best_steady_energy,
    best_steady_ergotropy,
)
from qbjax.cli import jobs, options, results, session
from qbjax.cli.application import Command
from qbjax.cli.charge import charging
from qbjax.cli.optimize import optimizing
from qbjax.cycle import charge
from qbjax.views import report, waveguide

Aim = Literal["ergotropy", "power", "distance", "continuum"]
Bounds = tuple[float, float] | None
Decay = Annotated[float, options.not_negative("Rate Γ₁₁ into the waveguide, in ω₁₁.")]


class Found(NamedTuple):
    """A place, its merits, and a time that shows them."""

    frequency: float
    distance: float
    sheets: list[report.Sheet]
    title: str
    until: float
    datasets: dict[str, xr.Dataset]


@charging.command("waveguide", cls=Command)
def charge_waveguide(
    context: typer.Context,
    frequency: Annotated[float, options.positive("ω₀ of charger and battery, in ω₁₁.")] = 1.4,
    distance: Annotated[float, options.positive("Their distance Δ_z, in λ₁₁.")] = 0.1,
    decay: Decay = 0.5,
    until: Annotated[float, options.positive("End of the run, in 1/ω₁₁.")] = 60.0,
    points: options.Points = 401,
    out: options.Out = None,
    config: options.Config = None,
) -> None:
    """Charge a battery at a distance, from an excited emitter in the same waveguide."""
    with session.running(context) as start:
        guide = Waveguide(frequency, distance, decay, longest=max(until, 1000.0))
        with jobs.Steps(2) as steps:
            data = _charged(guide, until, points, steps)
            with steps.step("what stays") as now:
                states, sheets = _kept(guide)
                now(f"bound states: {int(states['exists'].sum())}")
        results.finish(
            context,
            start,
            datasets={"run": data, "states": states},
            sheets=[*sheets, report.charging(data)],
            figure=waveguide.figure(data, _place(frequency, distance)),
        )


@optimizing.command("waveguide", cls=Command)
def optimize_waveguide(
    context: typer.Context,
    aim: Annotated[
        Aim,
        typer.Option(
            help="“ergotropy”: the most work that comes back for ever; “power”: the fastest first "
            "charge; “distance”: the most energy that comes back for ever, at least so far apart; "
            "“continuum”: designs with a bound state in the continuum."
        ),
    ] = "ergotropy",
    frequency: Annotated[Bounds, options.positive("Bounds of ω₀, equal ones to fix it.")] = None,
    distance: Annotated[
        Bounds, options.not_negative("Bounds of Δ_z, equal ones to fix it.")
    ] = None,
    decay: Decay = 0.5,
    orders: Annotated[
        int, typer.Option(callback=options.within(1, 100), help="How many orders of “continuum”.")
    ] = 3,
    out: options.Out = None,
    config: options.Config = None,
) -> None:
    """Find where charger and battery should sit, and at which frequency."""
    given = {"frequency": _side(frequency), "distance": _side(distance)}
    box = {name: side for name, side in given.items() if side is not None}
    with session.running(context) as began:
        with jobs.Steps(3) as steps:
            with steps.step("look for the best place") as now:
                found = _search(aim, box, decay, orders, now)
                now(_place(found.frequency, found.distance))
            guide = Waveguide(found.frequency, found.distance, decay)
            data = _charged(guide, found.until, 401, steps)
            with steps.step("what stays"):
                states, sheets = _kept(guide)
        results.finish(
            context,
            began,
            datasets={"run": data, "states": states, **found.datasets},
            sheets=[*found.sheets, *sheets],
            figure=waveguide.figure(data, f"{found.title}: {_place(*found[:2])}"),
        )


def _search(aim: Aim, box: dict[str, Any], decay: float, orders: int, now) -> Found:
    if aim == "continuum":
        found = continuum_designs(**box, decay=decay, orders=orders, progress=_tell(now))
        if not found:
            raise ValueError(
                "Argument `orders` must reach a design between the bounds of `frequency` and "
                f"`distance`, but is {orders}."
            )
        data = waveguide.designs(found)
        sheet = [waveguide.designs_sheet(data)]
        title = "Most energy with a state in the continuum"
        return Found(found[0].frequency, found[0].distance, sheet, title, 120.0, {"designs": data})
    if aim == "power":
        best = best_power(**box, decay=decay, progress=_tell(now))
        place, until, what = best.protocol.place, 3 * float(best.protocol.time), "Largest power"
        rows = [("time", f"{float(best.protocol.time):.6f}")]
    else:
        search = best_steady_ergotropy if aim == "ergotropy" else best_steady_energy
        best = search(**box, decay=decay, progress=_tell(now))
        place, until, rows = best.protocol, 120.0, []
        what = f"Most {'energy' if aim == 'distance' else aim} for ever"
    numbers = {"ω₀": place.frequency, "Δ_z": place.distance, what.lower(): best.value}
    rows = [(name, f"{float(x):.9f}") for name, x in numbers.items()] + rows
    sheets = [report.Sheet(what, ("what", "value"), rows)]
    return Found(float(place.frequency), float(place.distance), sheets, what, until, {})


def _charged(guide: Waveguide, until: float, points: int, steps: jobs.Steps) -> xr.Dataset:
    """Charges a waveguide battery; the run with all that the picture shows beside it."""
    times = np.linspace(0.0, until, points)
    with steps.step(f"charge to t = {until:g}") as now:
        run = charge(guide, None, times)
        best = int(np.argmax(run.energy))
        now(f"E = {float(run.energy[best]):.4f} at t = {float(run.times[best]):.4g}")
    data, frequency = run.to_xarray(), float(guide.frequency)
    _, c2 = guide.markov_amplitudes(times)
    without = frequency * np.abs(np.asarray(c2)) ** 2
    return data.assign(
        markov_energy=("time", without, {"units": "omega_11"}),
        charger_population=data["charger_energy"] / frequency,
        battery_population=data["energy"] / frequency,
    )


def _kept(guide: Waveguide) -> tuple[xr.Dataset, list[report.Sheet]]:
    """States that stay, and the time of the first charge, as data and tables."""
    below = guide.bound_states()
    states = waveguide.states(below, guide.continuum_states())
    ranges = (guide.steady_energy_range(), guide.steady_ergotropy_range())
    energies, ergotropies = ([float(x) for x in both] for both in ranges)
    peak = first_peak(guide.frequency, guide.distance, guide.decay)
    splitting = float(below.splitting)
    beat = 2 * np.pi / splitting if splitting > 0 else math.inf
    ageing = float(guide.ageing_free_time())
    keeping = waveguide.keeping_sheet(energies, ergotropies, ageing, beat, peak)
    return states, [waveguide.states_sheet(states), keeping]


def _side(bounds: Bounds) -> Any:
    """Bounds as a search takes them: equal ones are a number."""
    return bounds[0] if bounds is not None and bounds[0] == bounds[1] else bounds


def _tell(now):
    return lambda progress: now(f"step {progress.step}: {progress.value:.6f}")


def _place(frequency: float, distance: float) -> str:
    return f"ω₀ = {frequency:.4g} ω₁₁, distance {distance:.4g} λ₁₁"
