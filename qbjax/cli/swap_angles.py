"""`qbjax optimize swap-angles`: the time that each qubit should meet the battery."""

from typing import Annotated, Any

import jax
import typer

from qbjax.batteries import Collisional
from qbjax.batteries.collisional.swap_angles import best_energy, best_power
from qbjax.cli import jobs, options, results, session
from qbjax.cli.application import Command
from qbjax.cli.collisional import Kind, Levels, Loss, Spin, Thermal, ladder_of
from qbjax.cli.optimize import optimizing
from qbjax.cycle import charge
from qbjax.protocols import Collisions
from qbjax.strategies import full_swap, greedy, in_time
from qbjax.strategies.gradient import Best
from qbjax.views import streams


@optimizing.command("swap-angles", cls=Command)
def optimize_swap_angles(
    context: typer.Context,
    ladder: Kind = "oscillator",
    levels: Levels = 60,
    spin: Spin = 9.5,
    loss: Loss = 0.0,
    thermal: Thermal = 0.0,
    collisions: Annotated[
        int | None,
        options.count("How many qubits; with --duration alone, as many as serve best. [10]"),
    ] = None,
    duration: Annotated[
        float | None,
        options.positive("Charging time Ωτ to store the most in; else the best power."),
    ] = None,
    coherent: Annotated[
        bool, typer.Option("--coherent", help="Superpositions, whose q are chosen too.")
    ] = False,
    starts: Annotated[int, options.count("Searches, all but the first from random.")] = 1,
    seed: Annotated[int, options.not_negative("Of the random starts.")] = 0,
    out: options.Out = None,
    config: options.Config = None,
) -> None:
    """Find the swap angles that charge with the largest power, or most in a given time.

    Beside the optimum: greedy, and full swap."""
    with session.running(context) as began:
        battery = Collisional(ladder_of(ladder, levels, spin), loss or 0, thermal or 0)
        if coherent and duration is None:
            raise ValueError(
                "Argument `duration` must be given for coherent qubits, but is left out."
            )
        how: dict[str, Any] = {"starts": starts, "key": jax.random.key(seed)}
        with jobs.Steps(2) as steps:
            with steps.step("look for the best swap angles") as now:
                tell = jobs.tell_value(now, "E" if duration else "E/τ")
                best = _search(battery, collisions, duration, coherent, progress=tell, **how)
                now(f"{float(best.value):.6f} with {best.protocol.count} qubits")
            with steps.step("charge with it and with its rivals") as now:
                protocols = {"optimum": best.protocol}
                protocols |= _rivals(battery, best.protocol.count, duration)
                runs = {name: charge(battery, p) for name, p in protocols.items()}
                now(", ".join(f"{n}: E = {float(r.energy[-1]):.4f}" for n, r in runs.items()))
        data = streams.beside(runs)
        goal = "Largest power" if duration is None else f"Most energy in Ωτ = {duration:g}"
        results.finish(
            context,
            began,
            datasets={"run": runs["optimum"].to_xarray(), "streams": data},
            sheets=[streams.sheet(data, f"{goal} (verified {best.verified_value:.6f})")],
            figure=streams.figure(data, goal),
        )


def _search(battery, count, duration, coherent, **how) -> Best:
    if duration is None:
        return best_power(battery, 10 if count is None else count, **how)
    return best_energy(battery, duration, count, coherent=coherent, **how)


def _rivals(battery, count: int, duration: float | None) -> dict[str, Collisions]:
    """The protocols that need no optimiser, as far as the ladder lets them."""
    makers = {
        "greedy": lambda k: greedy(battery, k),
        "greedy, transient": lambda k: greedy(battery, k, "transient"),
        "full swap": lambda k: full_swap(battery, k),
    }
    found = {}
    for name, make in makers.items():
        try:
            found[name] = _lasting(make, count, duration)
        except ValueError:  # Near full charge greedy has no choice, and full swap no step, left.
            continue
    return found


def _lasting(make, count: int, duration: float | None) -> Collisions:
    """Makes a stream of `count` collisions; or of as many as a time takes, the last one cut."""
    if duration is None:
        return make(count)
    protocol = make(count)
    while float(protocol.times()[-1]) < duration:
        protocol = make(protocol.count + max(1, protocol.count // 4))
    cut = in_time(protocol, duration)
    return Collisions(cut.theta[cut.theta > 0])
