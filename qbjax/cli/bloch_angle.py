"""`qbjax optimize bloch-angle`: the best preparation of the charger, and charging time."""

from typing import Annotated, Literal, NamedTuple

import numpy as np
import typer
import xarray as xr

from qbjax.batteries import BlochCharger
from qbjax.batteries.bloch import angle as bloch_angle
from qbjax.batteries.bloch import band as bloch_band
from qbjax.cli import jobs, options, results, session
from qbjax.cli.application import Command
from qbjax.cli.bloch import Coupling, Decay, Frequency
from qbjax.cli.optimize import optimizing
from qbjax.cycle import charge
from qbjax.protocols import BlochPreparation
from qbjax.views import bloch, report

ANGLES = np.linspace(0.02, 1.0, 50) * np.pi
LIMITS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5)

Aim = Literal["power", "steady", "thrifty", "safe"]
Band = tuple[float, float]


class Found(NamedTuple):
    """The outcome of a search: the choices, and the preparation and time to show."""

    choices: xr.Dataset
    title: str
    theta: float
    time: float


@optimizing.command("bloch-angle", cls=Command)
def optimize_bloch_angle(
    context: typer.Context,
    aim: Annotated[
        Aim,
        typer.Option(
            help="“power”: most ergotropic power at each angle; “steady”: with an energy that "
            "fluctuates little; “thrifty”: most ergotropy for the energy spent; “safe”: the best "
            "worst case over a band of J and γ."
        ),
    ] = "power",
    limit: Annotated[
        list[float] | None,
        options.positive("Largest σ_E for “steady”, in ω_b; may be repeated. [0.05 … 0.5]"),
    ] = None,
    points: Annotated[int, options.count("Energies of “thrifty”.")] = 20,
    couplings: Annotated[Band, options.positive("Band of J for “safe”.")] = (0.9, 1.1),
    decays: Annotated[Band, options.not_negative("Band of γ for “safe”.")] = (0.0, 0.5),
    coupling: Coupling = 1.0,
    decay: Decay = 0.0,
    frequency: Frequency = 1.0,
    out: options.Out = None,
    config: options.Config = None,
) -> None:
    """Find the Bloch angle and the charging time that serve best, together."""
    with session.running(context) as began:
        battery = BlochCharger(coupling, decay or 0, frequency)
        with jobs.Steps(2) as steps:
            with steps.step("look for the best angle and time") as now:
                found = _search(battery, aim, limit or LIMITS, points, couplings, decays)
                now(f"θ = {found.theta / np.pi:.4f} π, t = {found.time:.4f}")
            with steps.step("charge with it") as now:
                times = np.linspace(0.0, 2 * found.time, 201)
                run = charge(battery, BlochPreparation(found.theta), times)
                now(f"W = {float(run.ergotropy[100]):.6f} then")
        data, sought = run.to_xarray(), found.choices
        figure = (
            bloch.run_figure(data, found.time)
            if aim == "safe"
            else bloch.choice_figure(sought, found.title)
        )
        results.finish(
            context,
            began,
            datasets={"run": data, "choices": sought},
            sheets=[bloch.sheet(sought, found.title), report.charging(data)],
            figure=figure,
        )


def _search(battery, aim: Aim, limits, points, couplings, decays) -> Found:
    if aim == "power":
        curve = bloch_angle.ergotropic_power_curve(battery, ANGLES)
        best = int(np.argmax(curve.power))
        data = bloch.of_curve(curve)
        title = "Largest ergotropic power at each angle"
        return Found(data, title, float(curve.theta[best]), float(curve.time[best]))
    if aim == "steady":
        steady = [bloch_angle.best_under_fluctuation(battery, s) for s in limits]
        title = "Largest ergotropic power with σ_E at most"
        return Found(bloch.of_limits(steady, limits), title, steady[-1].theta, steady[-1].time)
    if aim == "thrifty":
        front = bloch_angle.ergotropy_energy_front(battery, points)
        title = "Most ergotropy for the energy spent"
        return Found(bloch.of_front(front), title, float(front.theta[-1]), float(front.time[-1]))
    safe = bloch_band.best_worst_case(battery, couplings, decays)
    title = f"Best worst case: W ≥ {safe.ergotropy:.6f}, decided by these scenarios"
    return Found(bloch.of_band(safe), title, safe.theta, safe.time)
