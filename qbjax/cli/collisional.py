"""`qbjax charge collisional`: a ladder and a stream of qubits."""

from functools import partial
from typing import Annotated, Literal

import jax
import numpy as np
import typer
import xarray as xr

from qbjax import _checks
from qbjax.algebra import ladders
from qbjax.algebra.ladders import Ladder
from qbjax.batteries import Collisional
from qbjax.cli import jobs, options, results, session
from qbjax.cli.application import Command
from qbjax.cli.charge import charging
from qbjax.merit import bounds
from qbjax.protocols import Collisions, Scatter
from qbjax.strategies import full_swap, greedy
from qbjax.views import report, streams

# fmt: off
Kind = Annotated[
    Literal["oscillator", "spin", "uniform"], typer.Option(help="What is charged.")
]
Levels = Annotated[int, options.levels("Levels of an oscillator or uniform ladder.")]
Spin = Annotated[float, typer.Option(
    callback=options.within(0.5, options.MOST_LEVELS / 2), help="j of a spin.",
)]
Loss = Annotated[float, options.not_negative("κt₀ after each collision.")]
Thermal = Annotated[float, options.not_negative("Thermal occupation of the bath.")]
CounterRotating = Annotated[float, options.not_negative("g/ω; 0 is the rotating wave.")]
Clock = Annotated[
    Literal["restarts", "runs-on"],
    typer.Option(help="The clock of counter-rotating terms: anew with every qubit, or not."),
]
# fmt: on
Angles = Literal["constant", "full-swap", "greedy", "greedy-transient"]


@charging.command("collisional", cls=Command)
def charge_collisional(
    context: typer.Context,
    ladder: Kind = "oscillator",
    levels: Levels = 60,
    spin: Spin = 9.5,
    loss: Loss = 0.0,
    thermal: Thermal = 0.0,
    collision_loss: Annotated[float, options.not_negative("κ/Ω during collisions.")] = 0.0,
    counter_rotating: CounterRotating = 0.0,
    clock: Clock = "restarts",
    modulation: Annotated[float, options.not_negative("η of both frequencies.")] = 0.0,
    modulation_frequency: Annotated[float | None, options.positive("Its ν/g.")] = None,
    angles: Annotated[Angles, typer.Option(help="How the swap angles are chosen.")] = "constant",
    theta: Annotated[float, options.not_negative("The angle, if constant.")] = 0.25,
    collisions: Annotated[int, options.count("How many qubits.")] = 40,
    ground_population: Annotated[
        float,
        typer.Option(
            callback=options.within(0, 1), help="q of the qubits; full swap and greedy have 0."
        ),
    ] = 0.0,
    coherence: Annotated[
        float, typer.Option(callback=options.within(0, 1), help="c of the qubits, 0 to 1.")
    ] = 0.0,
    phase: Annotated[float, options.real("α of the qubits.")] = 0.0,
    detuning: Annotated[float, options.real("(ω_q − ω_F)/Ω of the qubits.")] = 0.0,
    missed: Annotated[
        float, typer.Option(callback=options.within(0, 1), help="Share of qubits that are missed.")
    ] = 0.0,
    every: Annotated[int, options.count("Save after so many collisions.")] = 1,
    out: options.Out = None,
    config: options.Config = None,
) -> None:
    """Charge an oscillator, a spin or a uniform ladder with a stream of qubits."""
    with session.running(context) as start:
        battery = Collisional(
            ladder_of(ladder, levels, spin), loss or 0, thermal or 0, counter_rotating or 0,
            clock.replace("-", "_"), collision_loss or 0, modulation or 0, modulation_frequency,
        )  # fmt: skip
        chosen = _angles(battery, angles, theta, collisions)
        stream = Collisions(
            chosen, ground_population, coherence or 0, phase, save_every=every,
            detuning=detuning or 0, scatter=Scatter(missed) if missed else None,
        )  # fmt: skip
        with jobs.Steps(1) as steps, steps.step(f"{stream.count} collisions") as now:
            run = jobs.followed(battery, stream, None, now, context.params["out"])
            now(f"W = {float(run.ergotropy[-1]):.4f} at Ωτ = {float(run.times[-1]):g}")
        data = run.to_xarray()
        results.finish(
            context,
            start,
            datasets={"run": data},
            sheets=[report.charging(data)],
            figure=streams.charging_figure(data, _bounds(battery, float(run.times[-1]))),
        )


def _bounds(battery: Collisional, end: float) -> xr.Dataset:
    """Bounds for classical qubits and limits of coherent ones, those that hold, up to a time."""
    ladder, loss = battery.ladder, battery.loss
    lossless = _checks.is_plain_zero(loss)
    known = battery.is_rotating_wave and battery.is_brief and _checks.is_plain_zero(battery.thermal)
    times, found = np.linspace(0.0, end, 201), {}
    if known and (lossless or ladder.kind == "oscillator"):
        most = partial(bounds.incoherent_energy, ladder, loss=loss)
        found["classical"] = ("time", np.asarray(jax.lax.map(most, times)))
    if known and lossless and ladder.kind != "uniform":
        limit = partial(bounds.coherent_energy, ladder)
        found["coherent"] = ("time", np.asarray(jax.lax.map(limit, times)))
    return xr.Dataset(found, coords={"time": times})


def ladder_of(kind: str, levels: int, spin: float) -> Ladder:
    """Makes the ladder that the options describe."""
    if kind == "spin":
        return ladders.spin(spin)
    return ladders.oscillator(levels) if kind == "oscillator" else ladders.uniform(levels)


def _angles(battery: Collisional, angles: Angles, theta: float, count: int):
    if angles == "constant":
        return np.full(count, theta)
    if angles == "full-swap":
        return full_swap(battery, count).theta
    criterion = "average" if angles == "greedy" else "transient"
    return greedy(battery, count, criterion).theta
