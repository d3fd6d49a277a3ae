"""The commands and their options."""

import platform
import time
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

import jax
import numpy as np
import typer
from typer.core import TyperCommand, TyperGroup

import qbjax
from qbjax.batteries import DOPO
from qbjax.cli import jobs, session
from qbjax.protocols import Constant, SwitchOff
from qbjax.strategies.switch_off import Aim
from qbjax.views import plot, report


class _Command(TyperCommand):
    """A command whose context is the class that its annotation names: typer alone would
    hand over its base, which a run-time type checker refuses."""

    context_class = typer.Context


class _Group(TyperGroup):
    """The same for groups of commands."""

    context_class = typer.Context


app = typer.Typer(
    name="qbjax",
    cls=_Group,
    help="Differentiable quantum batteries: charge them, and find out how best to.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
_charge = typer.Typer(cls=_Group, help="Charge a battery.", no_args_is_help=True)
_optimize = typer.Typer(cls=_Group, help="Let a gradient choose.", no_args_is_help=True)
app.add_typer(_charge, name="charge")
app.add_typer(_optimize, name="optimize")

RESULTS = Path("qbjax-results")


def main() -> None:
    """The entry point of the `qbjax` command."""
    app(prog_name="qbjax")


def _tell_version(wanted: bool) -> bool:
    if wanted:
        session.out().print(f"qbjax {qbjax.__version__}")
        raise typer.Exit
    return wanted


def _repeat(context: typer.Context, path: Path | None) -> Path | None:
    """Options from a file become the defaults; those of the command line win."""
    if path is not None:
        with session.plainly():
            known = {parameter.name for parameter in context.command.params}
            options = report.read_config(path, _name(context))
            if unknown := sorted(set(options) - known):
                raise ValueError(
                    f"Argument `config` must hold options of this command, but {path} has "
                    f"{', '.join(unknown)}."
                )
        context.default_map = options
    return path


def _name(context: typer.Context) -> str:
    return f"{context.parent.info_name} {context.info_name}" if context.parent else ""


# fmt: off
Amplitude = Annotated[float, typer.Option(help="Pump amplitude F; the threshold is 2.")]
SignalLevels = Annotated[int, typer.Option(help="Levels of the storage cell.")]
PumpLevels = Annotated[int, typer.Option(help="Levels of the pump mode.")]
Coupling = Annotated[float, typer.Option(help="Coupling κ of signal and pump.")]
SignalDecay = Annotated[float, typer.Option(help="Loss γ_s of the signal; the unit when 1.")]
PumpDecay = Annotated[float, typer.Option(help="Loss γ_p of the pump.")]
SignalThermal = Annotated[float, typer.Option(help="Thermal photons of the signal's bath.")]
PumpThermal = Annotated[float, typer.Option(help="Thermal photons of the pump's bath.")]
Detuning = Annotated[float, typer.Option(help="Detuning Δ = ω_s − ω_d/2.")]
Frame = Annotated[Literal["displaced", "lab"], typer.Option(help="Frame of the computation.")]
Out = Annotated[Path | None, typer.Option(help="Where to save; default qbjax-results/COMMAND.")]
Config = Annotated[Path | None, typer.Option(
    callback=_repeat, is_eager=True, exists=True, dir_okay=False,
    help="A config.toml: its options instead of the defaults.",
)]
# fmt: on


@app.callback()
def _prepare(
    context: typer.Context,
    cache_dir: Annotated[
        Path, typer.Option(help="Where compiled programs are kept.", envvar="QBJAX_CACHE_DIR")
    ] = session.CACHE,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Keep no programs.")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Errors with traceback.", envvar="QBJAX_DEBUG")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="And exit.")
    ] = False,
) -> None:
    session.prepare(None if no_cache else cache_dir)
    context.obj = debug


@app.command(cls=_Command)
def demo(context: typer.Context, out: Out = None) -> None:
    """Charge the coherent-Ising-machine battery, find when to switch its pump off for three
    aims, compare with the paper, draw it all."""
    session.out().print(
        "[bold]A coherent-Ising-machine battery[/] (F = 3, κ = 0.5, γ_p = 16, 44×5 levels)\n"
        "is charged to t = 40. Then a gradient looks for the best time to switch its pump\n"
        "off: for power, for coherent ergotropy, for what is left after storing. Every\n"
        "result is verified with 60×6 levels. One to two minutes the first time, most of\n"
        "it compiling; half a minute later on.",
        soft_wrap=True,
    )
    session.tell_cache()
    with session.plainly(debug=context.obj):
        jobs.demo(out or RESULTS / "demo")


@_charge.command("dopo", cls=_Command)
def charge_dopo(
    context: typer.Context,
    amplitude: Amplitude = 3.0,
    switch_off: Annotated[float | None, typer.Option(help="When the pump stops.")] = None,
    until: Annotated[float, typer.Option(help="End of the run, in 1/γ_s.")] = 20.0,
    points: Annotated[int, typer.Option(min=2, help="Times to save.")] = 201,
    signal_levels: SignalLevels = 44,
    pump_levels: PumpLevels = 5,
    coupling: Coupling = 0.5,
    signal_decay: SignalDecay = 1.0,
    pump_decay: PumpDecay = 16.0,
    signal_thermal: SignalThermal = 0.0,
    pump_thermal: PumpThermal = 0.0,
    detuning: Detuning = 0.0,
    frame: Frame = "displaced",
    out: Out = None,
    config: Config = None,
) -> None:
    """Charge the coherent-Ising-machine battery (a degenerate parametric oscillator)."""
    session.tell_cache()
    start = time.perf_counter()
    with session.plainly(debug=context.obj):
        battery = _battery(context)
        times = np.linspace(0.0, until, points)
        pump = Constant(amplitude) if switch_off is None else SwitchOff(amplitude, switch_off)
        with jobs.Steps(1) as steps:
            data = jobs.charged(battery, pump, times, steps, f"charge to t = {until:g}").to_xarray()
        _finish(context, start, out, {"run": data}, [report.charging(data)], data)


@_optimize.command("switch-off", cls=_Command)
def optimize_switch_off(
    context: typer.Context,
    aim: Annotated[
        Literal["power", "coherent", "stored", "all"], typer.Option(help="What to maximise.")
    ] = "all",
    wait: Annotated[
        list[float] | None, typer.Option(help="Storage time for “stored”; may be repeated. [1.0]")
    ] = None,
    amplitude: Amplitude = 3.0,
    low: Annotated[float, typer.Option(help="Earliest switch-off time.")] = 5.0,
    high: Annotated[float, typer.Option(help="Latest switch-off time.")] = 20.0,
    start: Annotated[float, typer.Option(help="First guess.")] = 11.0,
    signal_levels: SignalLevels = 44,
    pump_levels: PumpLevels = 5,
    coupling: Coupling = 0.5,
    signal_decay: SignalDecay = 1.0,
    pump_decay: PumpDecay = 16.0,
    signal_thermal: SignalThermal = 0.0,
    pump_thermal: PumpThermal = 0.0,
    detuning: Detuning = 0.0,
    frame: Frame = "displaced",
    out: Out = None,
    config: Config = None,
) -> None:
    """Find when to switch the pump off: for power, coherent ergotropy, or storing."""
    session.tell_cache()
    began = time.perf_counter()
    with session.plainly(debug=context.obj):
        battery = _battery(context)
        aims: tuple[Aim, ...] = ("power", "coherent", "stored") if aim == "all" else (aim,)
        cases = [(a, w) for a in aims for w in (wait or [1.0] if a == "stored" else [0.0])]
        with jobs.Steps(1 + len(cases)) as steps:
            optima = jobs.search(battery, amplitude, cases, steps, start=start, low=low, high=high)
            times = np.linspace(0.0, high, 201)
            name = f"charge to t = {high:g}, for the picture"
            data = jobs.charged(battery, Constant(amplitude), times, steps, name).to_xarray()
        sheets = [report.optima_sheet(optima)]
        _finish(context, began, out, {"run": data, "optima": optima}, sheets, data)


@app.command(cls=_Command)
def info(context: typer.Context) -> None:
    """Versions, devices, precision, the cache, and good numbers to start from."""
    folder = session.cache_folder()
    kept = [p.stat().st_size for p in folder.rglob("*") if p.is_file()] if folder else []
    battery = DOPO(**jobs.DEMO_BATTERY)
    names = ("jax", "jaxlib", "diffrax", "equinox", "optax", "xarray", "numpy")
    rows = [("qbjax", qbjax.__version__), ("python", platform.python_version())]
    rows += [(name, version(name)) for name in names]
    rows += [
        ("devices", ", ".join(f"{d.platform}:{d.id} ({d.device_kind})" for d in jax.devices())),
        ("double precision", "on" if jax.config.values["jax_enable_x64"] else "off"),
        ("cache folder", "none" if folder is None else str(folder)),
        ("cache size", f"{sum(kept) / 1e6:.1f} MB in {len(kept)} files"),
        ("DOPO, good values", ", ".join(f"{k}={v:g}" for k, v in jobs.DEMO_BATTERY.items())),
        ("DOPO, threshold", f"F = {float(battery.threshold()):g}"),
        ("DOPO, F = 3", f"{float(battery.mean_photons(3.0)):g} photons in the mean field"),
    ]
    session.out().print(report.to_rich(report.Sheet("qbjax", ("what", "value"), rows)))


def _battery(context: typer.Context) -> DOPO:
    """The battery that the options describe; 0 drops a bath or the detuning altogether."""
    names = (*jobs.DEMO_BATTERY, "signal_thermal", "pump_thermal", "detuning", "frame")
    return DOPO(**{name: context.params[name] for name in names})


def _finish(context, start, out, datasets, sheets, data):
    """Saves and shows a run."""
    name = _name(context)
    # In the order of declaration: that of `params` depends on how the command was typed.
    names = [p.name for p in context.command.params if p.name not in ("out", "config")]
    options = {name: context.params[name] for name in names}
    note = report.reliability(data)
    directory = out or RESULTS / name.replace(" ", "-")
    written = report.save(
        directory,
        datasets=datasets,
        config={name: options},
        sheets=sheets,
        figure=plot.charging_figure(data, datasets.get("optima")),
        notes=[note],
    )
    jobs.show(sheets, note)
    jobs.tell_saved(directory, written, time.perf_counter() - start)
