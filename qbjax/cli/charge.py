"""`qbjax charge`: charge a battery."""

from typing import Annotated, Any

import numpy as np
import typer

from qbjax.cli import jobs, options, pumps, results, session
from qbjax.cli.application import Command, Group, app
from qbjax.dynamics.record.trajectory import Trajectory
from qbjax.protocols import Pulse, Pump
from qbjax.views import plot, pulse_files, pulses, report

charging = typer.Typer(
    cls=Group, help="Charge a battery: any, or one with a command of its own.", no_args_is_help=True
)
app.add_typer(charging, name="charge")


@charging.command("dopo", cls=Command)
def charge_dopo(
    context: typer.Context,
    amplitude: options.Amplitude = 3.0,
    switch_off: Annotated[float | None, options.not_negative("When the pump stops.")] = None,
    pulse: Annotated[
        str | None,
        typer.Option(
            help="A pulse instead: a file (pulse.toml of “optimize pulse”, or two columns, "
            "times and amplitudes), or amplitudes of equal segments, such as 0.5,1,3."
        ),
    ] = None,
    duration: Annotated[
        float | None, options.positive("Duration of those segments; default: the run's.")
    ] = None,
    until: Annotated[
        float | None,
        options.positive("End of the run, in 1/γ_s; default: that of the pulse, or 20."),
    ] = None,
    points: options.Points = 201,
    signal_levels: options.SignalLevels = 44,
    pump_levels: options.PumpLevels = 5,
    coupling: options.Coupling = 0.5,
    signal_decay: options.SignalDecay = 1.0,
    pump_decay: options.PumpDecay = 16.0,
    signal_thermal: options.SignalThermal = 0.0,
    pump_thermal: options.PumpThermal = 0.0,
    detuning: options.Detuning = 0.0,
    frame: options.Frame = "displaced",
    out: options.Out = None,
    config: options.Config = None,
) -> None:
    """Charge the coherent-Ising-machine battery (a degenerate parametric oscillator)."""
    with session.running(context) as start:
        battery = options.battery(context)
        pump, end = pumps.described(context)
        times = np.linspace(0.0, end, points)
        with jobs.Steps(1) as steps, steps.step(f"charge to t = {end:g}") as now:
            run = jobs.followed(battery, pump, times, now, context.params["out"])
            now(f"W = {float(run.ergotropy[-1]):.4f} at t = {end:g}")
        results.finish(context, start, **_results(run, pump, end))


def _results(run: Trajectory, pump: Pump, end: float) -> dict[str, Any]:
    """Arguments of `results.finish`; a pulse goes along as a file of its own."""
    texts: dict[str, str] = {}
    instead: dict[str, Any] = {"until": end}
    if not isinstance(pump, Pulse):
        data = run.to_xarray()
        figure = plot.charging_figure(data)
    else:
        data = pulses.with_pump(run, pump)
        figure = plot.pulse_figure({"Pulse": {"pump": data}})
        texts = {"pulse.toml": pulse_files.to_toml(pump)}
        instead |= {"pulse": "pulse.toml", "amplitude": None, "duration": None}
    return {
        "datasets": {"run": data},
        "sheets": [report.charging(data)],
        "figure": figure,
        "texts": texts,
        "instead": instead,
    }
