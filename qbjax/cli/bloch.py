"""`qbjax charge bloch`: a qubit charged by a prepared qubit."""

from typing import Annotated

import numpy as np
import typer

from qbjax.batteries import BlochCharger
from qbjax.cli import jobs, options, results, session
from qbjax.cli.application import Command
from qbjax.cli.charge import charging
from qbjax.cycle import charge
from qbjax.protocols import BlochPreparation
from qbjax.views import bloch, report

Coupling = Annotated[float, options.positive("Exchange J; the unit of rates when 1.")]
Decay = Annotated[float, options.not_negative("Loss γ of the charger.")]
Frequency = Annotated[float, options.positive("ω_b of both qubits; the unit of energy when 1.")]


@charging.command("bloch", cls=Command)
def charge_bloch(
    context: typer.Context,
    theta: Annotated[
        float, options.not_negative("Polar angle θ of the charger, 0 to π (excited).")
    ] = np.pi / 2,
    phi: Annotated[float, options.real("Its azimuth φ.")] = 0.0,
    over_pi: Annotated[
        bool, typer.Option("--over-pi", help="Both angles are given in units of π.")
    ] = False,
    coupling: Coupling = 1.0,
    decay: Decay = 0.0,
    frequency: Frequency = 1.0,
    until: Annotated[float, options.positive("End of the run, in 1/J.")] = 6.0,
    points: options.Points = 201,
    out: options.Out = None,
    config: options.Config = None,
) -> None:
    """Charge a qubit from another one that was prepared on its Bloch sphere."""
    with session.running(context) as start:
        unit = np.pi if over_pi else 1.0
        battery = BlochCharger(coupling, decay or 0, frequency)
        charger = BlochPreparation(theta * unit, phi * unit)
        with jobs.Steps(1) as steps, steps.step(f"charge to t = {until:g}") as now:
            run = charge(battery, charger, np.linspace(0.0, until, points))
            best = int(np.argmax(run.ergotropy))
            now(f"W = {float(run.ergotropy[best]):.4f} at t = {float(run.times[best]):.4g}")
        data = run.to_xarray()
        results.finish(
            context,
            start,
            datasets={"run": data},
            sheets=[report.charging(data)],
            figure=bloch.run_figure(data),
        )
