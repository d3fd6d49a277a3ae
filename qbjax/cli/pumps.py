"""The pump that the options of a command describe."""

from pathlib import Path
from typing import Any

import typer

from qbjax import _checks
from qbjax.cli import options
from qbjax.protocols import Constant, PiecewiseConstant, Pulse, Pump, SwitchOff
from qbjax.views import pulse_files

UNTIL = 20.0
"""Time at which a run ends by default."""


def described(context: typer.Context) -> tuple[Pump, float]:
    """Makes the pump that the options describe, and the end of the run."""
    given = context.params
    until = given["until"]
    if given["pulse"] is None:
        _check_alone(context, "duration", "come with amplitudes as `pulse`, but there are none")
        end = UNTIL if until is None else until
        if given["switch_off"] is None:
            return Constant(given["amplitude"]), end
        return SwitchOff(given["amplitude"], given["switch_off"]), end
    for name in ("amplitude", "switch_off"):
        _check_alone(context, name, "be left out where a `pulse` is given, but is not")
    pulse = _pulse(context)
    return pulse, float(pulse.span[1]) if until is None else until


def _pulse(context) -> Pulse:
    """Makes the pulse of a file, or of amplitudes separated by commas."""
    given = context.params
    text, duration, until = given["pulse"], given["duration"], given["until"]
    try:
        amplitudes = [float(word) for word in text.split(",")]
    except ValueError:
        _check_alone(context, "duration", "be left out where a file says it, but is not")
        if not _is_file(text):
            raise ValueError(
                "Argument `pulse` must be a file, or amplitudes such as 0.5,1,3, but is "
                f"{text!r}, and there is no such file."
            ) from None
        return pulse_files.read(Path(text))
    _checks.array("pulse", amplitudes, low=-options.LARGEST, high=options.LARGEST)
    if duration is None:
        duration = UNTIL if until is None else until
    return PiecewiseConstant(amplitudes, duration)


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long a name, or none
        return False


def _check_alone(context: typer.Context, name: str, words: str) -> None:
    source: Any = context.get_parameter_source(name)
    if context.params[name] is not None and source.name != "DEFAULT":
        raise ValueError(f"Argument `{name}` must {words}.")
