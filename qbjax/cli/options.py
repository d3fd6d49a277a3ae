"""Options that several commands share, and what they describe."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from qbjax.batteries import DOPO
from qbjax.cli import session
from qbjax.views import report


def repeated(context: typer.Context, path: Path | None) -> Path | None:
    """Options from a file become the defaults; those of the command line win."""
    if path is not None:
        with session.plainly():
            known = {parameter.name for parameter in context.command.params}
            options = report.read_config(path, command(context))
            if unknown := sorted(set(options) - known):
                raise ValueError(
                    f"Argument `config` must hold options of this command, but {path} has "
                    f"{', '.join(unknown)}."
                )
        # A pulse beside its config goes with it, wherever both are moved.
        if "pulse" in options and (beside := path.parent / str(options["pulse"])).is_file():
            options["pulse"] = str(beside)
        context.default_map = options
    return path


def command(context: typer.Context) -> str:
    """The words of a command behind `qbjax`."""
    return f"{context.parent.info_name} {context.info_name}" if context.parent else ""


def battery(context: typer.Context) -> DOPO:
    """The battery that the options describe; 0 drops a bath or the detuning altogether."""
    names = "signal_levels pump_levels coupling signal_decay pump_decay signal_thermal pump_thermal"
    names += " detuning frame"
    return DOPO(**{name: context.params[name] for name in names.split()})


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
    callback=repeated, is_eager=True, exists=True, dir_okay=False,
    help="A config.toml: its options instead of the defaults.",
)]
# fmt: on
