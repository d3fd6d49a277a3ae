"""Options that several commands share, and the objects that they describe."""

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from qbjax import _checks
from qbjax.batteries import DOPO
from qbjax.cli import session
from qbjax.studies import own
from qbjax.views import report

FOLDER = Path("qbjax-results")
"""Folder of results by default."""

LARGEST = 1e18
"""Largest number that an option may have, in any unit: a day has 1e14 nanoseconds."""

OWN = {"battery", "set", "protocol", "set_protocol"}
"""Options that may name Python files of one's own."""

MOST_LEVELS, MOST_TIMES = 10_000, 1_000_000
"""Most levels of a ladder, and most times, collisions or steps."""


def repeated(context: typer.Context, path: Path | None) -> Path | None:
    """Makes options from a file the defaults; those of the command line win."""
    if path is not None:
        with session.plainly():
            known = {parameter.name for parameter in context.command.params}
            options = report.read_config(path, command(context))
            if unknown := sorted(set(options) - known):
                raise ValueError(
                    f"Argument `config` must hold options of this command, but {path} has "
                    f"{', '.join(unknown)}."
                )
        # Files beside a config go with it, wherever they are moved.
        if "pulse" in options and (beside := path.parent / str(options["pulse"])).is_file():
            options["pulse"] = str(beside)
        for name in OWN & options.keys():
            options[name] = own.moved(options[name], lambda file: _beside(path.parent, file))
        context.default_map = options
    return path


def _beside(folder: Path, file: Path) -> Path:
    return folder / file if (folder / file).is_file() else file


def command(context: typer.Context) -> str:
    """Joins the words of a command behind `qbjax`."""
    above, words = context.parent, str(context.info_name)
    return f"{above.info_name} {words}" if above and above.parent else words


def within(
    low: float | int, high: float | int = LARGEST, *, above: bool = False, finite: bool = True
) -> Any:
    """Makes a callback of options that checks numbers before anything is computed.

    Args:
        low, high: the ends of the range, which belong to it.
        above: whether `low` does not.
        finite: whether infinity is refused.
    """
    bounds: dict[str, Any] = {
        "low": low,
        "high": high if finite else None,
        "open_low": above,
        "finite": finite,
    }

    # By position, untyped: what typer hands over is none of the classes that it names.
    def check(context: Any, parameter: Any, value: Any) -> Any:
        with session.plainly(debug=bool(context.obj)):
            for number in value if isinstance(value, list | tuple) else [value]:
                if number is not None:
                    _checks.scalar(str(parameter.name), number, **bounds)
        return value

    return check


def _checked(check: Any) -> Callable[[str], Any]:
    """Makes a function from the help of an option to the option of a checked number."""
    return lambda help: typer.Option(callback=check, help=help)


real, positive, not_negative = map(
    _checked, (within(-LARGEST), within(0.0, above=True), within(0.0))
)
times, count, levels = map(
    _checked, (within(2, MOST_TIMES), within(1, MOST_TIMES), within(2, MOST_LEVELS))
)


def path_of(text: str) -> Path:
    """Makes a path that is not empty: `--out "$UNSET"` does not mean the folder one is in."""
    if not text.strip():
        raise typer.BadParameter("a path must not be empty")
    return Path(text)


def folder(context: typer.Context, given: Path | None) -> Path:
    """The folder of a command's results, refused before anything is computed if it is none."""
    chosen = given or FOLDER / command(context).replace(" ", "-")
    with session.plainly(debug=bool(context.obj)):
        check_folder("out", chosen, f"qbjax {command(context)} --out results")
    return chosen


def check_file(name: str, path: Path, example: str) -> None:
    """Refuses a file that cannot be written; arguments as of `check_folder`."""
    if path.is_dir():
        raise ValueError(
            f"Argument `{name}` must be a file that can be written, but {str(path)!r} is a folder. "
            f"Type, for example: {example}"
        )
    check_folder(name, path.parent, example)


def write(name: str, path: Path, text: str, example: str) -> None:
    """Writes a file, of which no part is left if the disk is full; arguments as of `check_file`."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        if path.is_file():  # and no device
            path.unlink()
        raise ValueError(
            f"Argument `{name}` must be a file that can be written, but {str(path)!r} is none "
            f"({error.strerror or error}). Type, for example: {example}"
        ) from error


def check_folder(name: str, folder: Path, example: str) -> None:
    """Makes a folder and writes a file there, and removes both again.

    Args:
        name: the argument's name, for the error.
        folder: of results, which need not exist.
        example: what to type instead.

    Raises:
        ValueError: if that is impossible.
    """
    made: list[Path] = []
    try:
        for missing in [p for p in (folder, *folder.parents) if not p.exists()][::-1]:
            missing.mkdir()
            made.insert(0, missing)
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            file.write(bytes(4096))
            file.flush()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ValueError(
            f"Argument `{name}` must be a folder that can be written, but is {str(folder)!r} "
            f"({why}). Type, for example: {example}"
        ) from error
    finally:
        for empty in made:
            with suppress(OSError):
                empty.rmdir()


def battery(context: typer.Context) -> DOPO:
    """Makes the battery that the options describe; 0 drops a bath or the detuning altogether."""
    names = "signal_levels pump_levels coupling signal_decay pump_decay signal_thermal pump_thermal"
    names += " detuning frame"
    return DOPO(**{name: context.params[name] for name in names.split()})


# fmt: off
Amplitude = Annotated[float, real("Pump amplitude F; the threshold is 2.")]
SignalLevels = Annotated[int, levels("Levels of the storage cell.")]
PumpLevels = Annotated[int, levels("Levels of the pump mode.")]
Coupling = Annotated[float, not_negative("Coupling κ of signal and pump.")]
SignalDecay = Annotated[float, not_negative("Loss γ_s of the signal; the unit when 1.")]
PumpDecay = Annotated[float, not_negative("Loss γ_p of the pump.")]
SignalThermal = Annotated[float, not_negative("Thermal photons of the signal's bath.")]
PumpThermal = Annotated[float, not_negative("Thermal photons of the pump's bath.")]
Detuning = Annotated[float, real("Detuning Δ = ω_s − ω_d/2.")]
Points = Annotated[int, times("Times to save.")]
Frame = Annotated[Literal["displaced", "lab"], typer.Option(help="Frame of the computation.")]
Out = Annotated[Path | None, typer.Option(
    callback=folder, parser=path_of, metavar="PATH",
    help="Where to save; default qbjax-results/COMMAND.",
)]
Config = Annotated[Path | None, typer.Option(
    callback=repeated, is_eager=True, exists=True, dir_okay=False,
    help="A config.toml: its options instead of the defaults.",
)]
# fmt: on
