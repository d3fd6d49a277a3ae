"""`qbjax charge bloch`: a qubit charged by a prepared qubit."""

from typing import Annotated

import numpy as np
import typer

from qbjax.batteries import BlochCharger
from qbjax.batteries.bloch.battery import FURTHER
from qbjax.cli import jobs, options, results, session
from qbjax.cli.application import Command
from qbjax.cli.charge import charging
from qbjax.protocols import BlochPreparation
from qbjax.views import bloch, report

Coupling = Annotated[float, options.positive("Exchange J; the unit of rates when 1.")]
Decay = Annotated[float, options.not_negative("Loss γ of the charger.")]
Frequency = Annotated[float, options.positive("ω_b of the cell; the unit of energy when 1.")]


@charging.command("bloch", cls=Command)
def charge_bloch(
    context: typer.Context,
    theta: Annotated[
        float, options.not_negative("Polar angle θ of the charger, 0 to π (excited).")
    ] = np.pi / 2,
    phi: Annotated[float, options.real("Its azimuth φ.")] = 0.0,
    length: Annotated[
        float,
        typer.Option(
            callback=options.within(0, 1),
            help="Length r of its Bloch vector; below 1 is a mixture.",
        ),
    ] = 1.0,
    over_pi: Annotated[
        bool, typer.Option("--over-pi", help="Both angles are given in units of π.")
    ] = False,
    coupling: Coupling = 1.0,
    decay: Decay = 0.0,
    frequency: Frequency = 1.0,
    detuning: Annotated[
        float, options.real("δ, by which the charger's frequency is above the cell's.")
    ] = 0.0,
    thermal: Annotated[float, options.not_negative("n̄ of the charger's bath.")] = 0.0,
    dephasing: Annotated[float, options.not_negative("Dephasing κ of the charger.")] = 0.0,
    cell_decay: Annotated[float, options.not_negative("Loss of the cell.")] = 0.0,
    cell_thermal: Annotated[float, options.not_negative("n̄ of the cell's bath.")] = 0.0,
    cell_dephasing: Annotated[float, options.not_negative("Dephasing of the cell.")] = 0.0,
    counter_rotating: Annotated[
        bool, typer.Option("--counter-rotating", help="Keep the terms that make pairs.")
    ] = False,
    until: Annotated[float, options.positive("End of the run, in 1/J.")] = 6.0,
    points: options.Points = 201,
    out: options.Out = None,
    config: options.Config = None,
) -> None:
    """Charge a qubit from another one that was prepared on its Bloch sphere."""
    with session.running(context) as start:
        unit = np.pi if over_pi else 1.0
        # A plain 0 drops its term from the equation.
        further = {name: context.params[name] or 0 for name in FURTHER}
        battery = BlochCharger(
            coupling, decay or 0, frequency, **further, counter_rotating=counter_rotating
        )
        charger = BlochPreparation(theta * unit, phi * unit, length)
        with jobs.Steps(1) as steps, steps.step(f"charge to t = {until:g}") as now:
            run = jobs.followed(
                battery, charger, np.linspace(0.0, until, points), now, context.params["out"]
            )
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
