"""`qbjax charge --battery` and `qbjax info --battery`: any of the catalogue, or one's own."""

import inspect
import tomllib
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import jax
import numpy as np
import typer

from qbjax.cli import jobs, options, results, session
from qbjax.cli.charge import charging
from qbjax.dynamics.record import pictures
from qbjax.interface import catalogue
from qbjax.studies import own
from qbjax.studies.described_parts import Reader, arguments_of, check_end, maker_of, protocols_of
from qbjax.studies.described_tables import naming
from qbjax.views import report

# fmt: off
Battery = Annotated[str | None, typer.Option(
    metavar="NAME", help="Any battery that “qbjax info” lists, or FILE.py:NAME: one of your own, "
    "or a function of numbers that returns one.",
)]
Set = Annotated[list[str] | None, typer.Option(
    metavar="NAME=VALUE", help="An argument of the battery; as often as it has some.",
)]
Protocol = Annotated[list[str] | None, typer.Option(
    metavar="KIND", help="A protocol that “qbjax info --battery NAME” lists, or FILE.py:NAME; once "
    "for each of several controls.",
)]
SetProtocol = Annotated[list[str] | None, typer.Option(
    metavar="NAME=VALUE", help="An argument of the protocol; of one of several, counted from 0: "
    "0.NAME=VALUE.",
)]
Until = Annotated[float | None, options.positive("End of the run; collisions end of themselves.")]
Out = Annotated[Path | None, typer.Option(
    parser=options.path_of, metavar="PATH", help="Where to save; default qbjax-results/charge.",
)]
# fmt: on


@charging.callback(invoke_without_command=True)
def charge_any(
    context: typer.Context,
    battery: Battery = None,
    set: Set = None,
    protocol: Protocol = None,
    set_protocol: SetProtocol = None,
    until: Until = None,
    points: options.Points = 201,
    out: Out = None,
    config: options.Config = None,
) -> None:
    """Charges any battery; runs before every command of the group, too, and then does nothing."""
    with session.plainly(debug=context.obj):
        _check_place(context)
    if battery is None:
        return
    context.params["out"] = options.folder(context, out)
    with session.running(context) as start:
        made, pump, times = _described(context)
        files = own.Files([battery, *(protocol or ()), *(set or ()), *(set_protocol or ())])
        with jobs.Steps(1) as steps, steps.step(f"charge {battery}") as now:
            with _blaming(battery):
                run = jax.block_until_ready(
                    jobs.followed(made, pump, times, now, context.params["out"])
                )
            now(f"to t = {float(run.times[-1]):g}")
        data = run.to_xarray().assign_attrs(files.attributes())
        results.finish(
            context,
            start,
            datasets={"run": data},
            sheets=[report.charging(data)],
            figure=pictures.stack(data, panels) if (panels := pictures.own_panels(data)) else None,
            texts=files.texts,
            instead={name: files.beside(context.params[name]) for name in options.OWN},
        )


def sheets(battery: str, given: Sequence[str]) -> list[report.Sheet]:
    """Tabulates a battery's `info`, and the arguments and protocols that it takes.

    Args:
        battery: its name, or FILE.py:NAME.
        given: its arguments, NAME=VALUE. Without any, one that needs some says nothing of itself.

    Raises:
        ValueError, TypeError: for what makes no battery.
    """
    maker = _maker(battery)
    takes = {name: p.default for name, p in arguments_of(maker).items()}
    needed = [name for name, default in takes.items() if default is inspect.Parameter.empty]
    pages = []
    if given or not needed:
        made = _battery(battery, given)
        with _blaming(battery):
            rows = [(name, str(value)) for name, value in made.info().items()]
        pages.append(report.Sheet(battery, ("what", "value"), rows))
    if takes:
        rows = [(name, "needed" if name in needed else f"{takes[name]}") for name in takes]
        pages.append(report.Sheet("Arguments", ("--set", "default"), rows))
    kinds = [(kind, _spelled(protocol)) for kind, protocol in protocols_of(battery).items()]
    return [*pages, report.Sheet("Protocols", ("--protocol", "--set-protocol"), kinds)]


def settings(argument: str, given: Sequence[str]) -> dict[str, Any]:
    """Reads arguments that are given in words: numbers and lists as in TOML, else a text.

    Args:
        argument: what they were given for, for errors.
        given: NAME=VALUE.

    Raises:
        ValueError: for a word without a name or without a value, a name that comes twice.

    Example:
        >>> settings("set", ["spins=3", "frame=lab", "fields=[1.0, 2.0]"])
        {'spins': 3, 'frame': 'lab', 'fields': [1.0, 2.0]}
    """
    found: dict[str, Any] = {}
    for word in given:
        name, _, text = (part.strip() for part in word.partition("="))
        if not name or not text:
            raise ValueError(
                f"Argument `{argument}` must be NAME=VALUE, such as coupling=0.5, but is {word!r}."
            )
        if name in found:
            raise ValueError(f"Argument `{argument}` must say `{name}` once, but says it twice.")
        found[name] = _value(text)
    return found


def _check_place(context: typer.Context) -> None:
    """Refuses options before a command of the group, and others without `--battery`."""
    given = context.params
    for name in given:
        source: Any = context.get_parameter_source(name)
        if context.invoked_subcommand is not None and source.name == "COMMANDLINE":
            raise ValueError(
                f"Argument `{name}` must come behind {context.invoked_subcommand!r}, if it has "
                "such an option, but comes before."
            )
    if context.invoked_subcommand is None and given["battery"] is None:
        raise ValueError("Argument `battery` must be given, but is left out.")


def _described(context: typer.Context) -> tuple[Any, Any, Any]:
    """Makes the battery, the protocol and the times of the options."""
    given = context.params
    battery, kinds, until = given["battery"], given["protocol"] or [], given["until"]
    made = _battery(battery, given["set"] or [])
    for kind in kinds:
        maker_of("protocol", kind, protocols_of(battery), "protocol")
    said = _said(kinds, given["set_protocol"] or [])
    reader = Reader(looks=given["points"] - 1)
    with naming("--set-protocol"):
        part = reader.protocol(battery, said, together=len(kinds) > 1)
    check_end(part, until is not None, "until")
    return made, part.at({}), None if until is None else np.linspace(0.0, until, given["points"])


def _maker(battery: str) -> catalogue.Maker:
    makers = {entry.name: entry.battery for entry in catalogue.entries()}
    return maker_of("battery", battery, makers, "battery")[0]


def _battery(battery: str, given: Sequence[str]) -> Any:
    _maker(battery)  # whose errors are not about its arguments
    words = settings("set", given)
    with naming("--set"):
        part = Reader().battery(battery, words)
    return part.at({})


def _blaming(battery: str) -> AbstractContextManager[None]:
    """Turns errors in the methods of one's own battery into sentences, too."""
    place = own.place(battery, "battery")
    return nullcontext() if place is None else own.blaming("battery", place.path)


def _said(kinds: Sequence[str], words: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    """Pairs every kind with its arguments: those for all, and those that begin with its number."""
    given = settings("set_protocol", words)
    numbers = [f"{i}." for i in range(len(kinds))]
    for name in given:
        if not kinds or ("." in name and not name.startswith(tuple(numbers))):
            raise ValueError(
                f"Argument `set_protocol` must be for one of {len(kinds)} protocols, counted from "
                f"0, but `{name}` is for none of them."
            )
    for_all = {name: value for name, value in given.items() if "." not in name}
    own_ones = [
        {name.removeprefix(n): value for name, value in given.items() if name.startswith(n)}
        for n in numbers
    ]
    return [(kind, for_all | more) for kind, more in zip(kinds, own_ones)]


def _spelled(protocol: catalogue.Maker) -> str:
    """Writes the arguments of a protocol as Python does."""
    hidden = ("looks",) if protocol.stream else ()
    return ", ".join(
        name if p.default is p.empty else f"{name}={p.default}"
        for name, p in arguments_of(protocol).items()
        if name not in hidden
    )


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
