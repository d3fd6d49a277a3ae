"""`qbjax optimize`: let a gradient choose."""

import math
from typing import Annotated, Any, Literal

import numpy as np
import typer

from qbjax.cli import jobs, options, results, session
from qbjax.cli.application import Command, Group, app
from qbjax.loads import TwoLevel
from qbjax.protocols import Constant
from qbjax.strategies.switch_off import Aim
from qbjax.views import plot, pulse_files, pulses, report

optimizing = typer.Typer(cls=Group, help="Let a gradient choose.", no_args_is_help=True)
app.add_typer(optimizing, name="optimize")


@optimizing.command("switch-off", cls=Command)
def optimize_switch_off(
    context: typer.Context,
    aim: Annotated[
        Literal["power", "coherent", "stored", "delivered", "all"],
        typer.Option(help="What to maximise; “all” are those that need no load."),
    ] = "all",
    wait: Annotated[
        list[float] | None,
        options.positive("Storage time for “stored”; may be repeated. [1.0]"),
    ] = None,
    load_coupling: Annotated[
        float, options.positive("Coupling g of the two-level load of “delivered”.")
    ] = 1.35,
    load_decay: Annotated[float, options.not_negative("Its loss γ_a.")] = 0.1,
    amplitude: options.Amplitude = 3.0,
    low: Annotated[float, options.positive("Earliest switch-off time.")] = 5.0,
    high: Annotated[float, options.positive("Latest switch-off time.")] = 20.0,
    start: Annotated[float, options.positive("First guess.")] = 11.0,
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
    """Find when to switch the pump off: for power, coherent ergotropy, storing, or a load."""
    with session.running(context) as began:
        battery = options.battery(context)
        aims: tuple[Aim, ...] = ("power", "coherent", "stored") if aim == "all" else (aim,)
        cases = [(a, w) for a in aims for w in (wait or [1.0] if a == "stored" else [0.0])]
        how: dict[str, Any] = {"start": start, "low": low, "high": high}
        if aim == "delivered":
            how["load"] = TwoLevel(coupling=load_coupling, decay=load_decay)
        with jobs.Steps(1 + len(cases)) as steps:
            optima = jobs.search(battery, amplitude, cases, steps, **how)
            times = np.linspace(0.0, high, 201)
            name = f"charge to t = {high:g}, for the picture"
            data = jobs.charged(battery, Constant(amplitude), times, steps, name).to_xarray()
        results.finish(
            context,
            began,
            datasets={"run": data, "optima": optima},
            sheets=[report.optima_sheet(optima)],
            figure=plot.charging_figure(data, optima),
        )


@optimizing.command("pulse", cls=Command)
def optimize_pulse(
    context: typer.Context,
    duration: Annotated[float, options.positive("Duration of the pulse, in 1/γ_s.")] = 10.0,
    energy: Annotated[float, options.positive("Its energy ∫F²dt.")] = 62.5,
    peak: Annotated[
        float,
        typer.Option(
            callback=options.within(0, above=True, finite=False),
            help="The largest |F|; inf for no limit.",
        ),
    ] = 4.5,
    segments: Annotated[int, options.count("Equal segments of constant amplitude.")] = 10,
    fourier: Annotated[
        int | None, options.count("So many cosines, the constant counted, instead of segments.")
    ] = None,
    steps: Annotated[int, options.count("Most steps of the search.")] = 40,
    signal_levels: options.SignalLevels = 60,
    pump_levels: options.PumpLevels = 6,
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
    """Find the pulse of a given energy that leaves most ergotropy at its end.

    The pulse is saved as pulse.toml, which “charge dopo --pulse” takes."""
    limit = None if peak == math.inf else peak
    with session.running(context) as began:
        battery = options.battery(context)
        with jobs.Steps(3) as display:
            bests, runs = jobs.shape(
                battery, duration, energy, limit, display,
                segments=segments, fourier=fourier, steps=steps,
            )  # fmt: skip
        names = ["constant", f"{segments} segments" if fourier is None else f"{fourier} cosines"]
        optima = pulses.optima(bests, names)
        title = f"∫F²dt = {energy:g}" + ("" if limit is None else f", |F| ≤ {peak:g}")
        results.finish(
            context,
            began,
            datasets={"run": runs[1], "constant": runs[0], "optima": optima},
            sheets=[pulses.sheet(optima), report.charging(runs[1])],
            figure=plot.pulse_figure({title: dict(zip(reversed(names), reversed(runs)))}),
            texts={"pulse.toml": pulse_files.to_toml(bests[1].protocol)},
        )
