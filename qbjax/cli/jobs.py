"""The jobs of the commands, with progress: charge, find switch-off times, the demo."""

import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
import typer
import xarray as xr

from qbjax.batteries import DOPO
from qbjax.cli import results, session
from qbjax.cli.progress import Steps
from qbjax.cycle import charge, store
from qbjax.dynamics.record.trajectory import Trajectory
from qbjax.protocols import Constant
from qbjax.strategies.gradient import Best, Progress
from qbjax.strategies.pump_pulse import best_pulse, constant_pulse
from qbjax.strategies.switch_off import Aim, best_switch_off
from qbjax.studies import long_charge
from qbjax.studies.bar import in_words
from qbjax.studies.spans_kept import Unusable
from qbjax.views import claims, plot, pulses, report

DEMO_BATTERY: dict[str, Any] = {
    "signal_levels": 44,
    "pump_levels": 5,
    "coupling": 0.5,
    "signal_decay": 1.0,
    "pump_decay": 16.0,
}
DEMO_WAITS = (0.5, 1.0, 2.0)
UNTIL, POINTS = 40.0, 401


def demo(context: typer.Context) -> None:
    """Charges the paper's battery, finds when to switch its pump off, compares, draws."""
    start = time.perf_counter()
    battery, F = DOPO(**DEMO_BATTERY), claims.AMPLITUDE
    cases: list[tuple[Aim, float]] = [("power", 0.0), ("coherent", 0.0)]
    cases += [("stored", wait) for wait in DEMO_WAITS]
    with Steps(3 + len(cases)) as steps:
        run, kept = _charge_and_keep(battery, F, steps)
        optima = search(battery, F, cases, steps)
        peak = _close_to(claims.best(optima, "coherent").time, battery, F, steps)
    compared = claims.sheet(claims.claims(run, optima, kept, peak))
    best = report.optima_sheet(optima)
    threshold = float(battery.threshold())
    title = f"DOPO cell, pump amplitude F = {F:g} (threshold {threshold:g})"
    figure = plot.demo_figure(run, optima, kept, claims.SWITCH_OFF, title)
    options = {"amplitude": F, **DEMO_BATTERY}
    results.deliver(
        context,
        start,
        datasets={"run": run, "storage": kept, "optima": optima, "peak": peak},
        config={
            "charge dopo": {**options, "until": UNTIL, "points": POINTS},
            "optimize switch-off": {**options, "aim": "all", "wait": list(DEMO_WAITS)},
        },
        sheets=[report.charging(run), best, compared],
        figure=figure,
    )


def search(
    battery: DOPO, amplitude: float, cases: Sequence[tuple[Aim, float]], steps: Steps, **how: Any
) -> xr.Dataset:
    """Finds, by `best_switch_off`, the time for every (aim, wait); one compilation serves all."""
    bests = []
    for aim, wait in cases:
        with steps.step(f"switch off: {report.describe(aim, wait)}") as now:
            bests.append(
                best_switch_off(
                    aim, battery, amplitude, wait=wait or 1.0, progress=_narrator(now), **how
                )
            )
            now(_outcome(bests[-1]))
    return report.optima(bests, [aim for aim, _ in cases], [wait for _, wait in cases])


def shape(
    battery: DOPO, duration: float, energy: float, peak: float | None, display: Steps, **how: Any
) -> tuple[list[Best], list[xr.Dataset]]:
    """Finds the constant pulse and that of `best_pulse`, and charges with both and more levels."""
    with display.step("look for the best pulse") as now:
        best = best_pulse(battery, duration, energy, peak, progress=tell_value(now), **how)
        now(f"W = {float(best.value):.4f} in {len(best.history)} steps")
    with display.step("constant pump of the same energy") as now:
        constant = constant_pulse(battery, duration, energy, segments=how["segments"])
        now(f"W = {float(constant.value):.4f}")
    bests, times = [constant, best], np.linspace(0.0, duration, 201)
    with display.step("charge with both, for the picture") as now:
        finer = battery.refined()
        runs = [pulses.with_pump(charge(finer, b.protocol, times), b.protocol) for b in bests]
        now(f"W = {float(runs[1]['ergotropy'][-1]):.4f} with more levels")
    return bests, runs


def charged(battery: DOPO, protocol: Any, times: np.ndarray, steps: Steps, name: str) -> Any:
    """Runs a charge as a step, which lasts until its numbers are there."""
    with steps.step(name) as now:
        run = jax.block_until_ready(charge(battery, protocol, times))
        now(f"W = {float(run.ergotropy[-1]):.4f} at t = {times[-1]:g}")
    return run


def followed(
    battery: Any, protocol: Any, times: Any, now: Callable[[str], None], folder: Path
) -> Trajectory:
    """Charges by spans, telling `now` how far it is; otherwise as `qb.charge`.

    What was reached is in the folder of the results until the run is complete: the same command
    goes on there, another one begins anew.
    """
    kept = folder / "unfinished"

    def tell(reached):
        now(in_words(reached))

    def run(store):
        return long_charge(battery, protocol, times, store=store, progress=tell)

    with session.stoppable(f"what was reached is in {kept}: type the same again to go on"):
        try:
            found = run(kept)
        except (TypeError, OSError):  # not to be compared, or a full disk: without it
            found = run(None)
        except Unusable:
            shutil.rmtree(kept, ignore_errors=True)
            found = run(kept)
    shutil.rmtree(kept, ignore_errors=True)
    return jax.block_until_ready(found)


def _charge_and_keep(battery, F, steps):
    """Charges, and stores from an early switch-off and from the end of the run.

    Every run has as many points as the first: one program then serves them all.
    """
    pump, waiting = Constant(F), np.linspace(0.0, 4.0, POINTS)
    times = np.linspace(0.0, UNTIL, POINTS)
    whole = charged(battery, pump, times, steps, f"charge to t = {UNTIL:g}")
    with steps.step("wait, pump off at t = 10 and t = 40", "running …") as now:
        early = charge(battery, pump, np.linspace(0.0, claims.SWITCH_OFF, POINTS))
        kept = [store(battery, r.final_state, waiting).to_xarray() for r in (early, whole)]
        now(", ".join(f"W = {float(k['ergotropy'].interp(time=1.0)):.3f}" for k in kept) + " left")
    when = xr.DataArray(
        [claims.SWITCH_OFF, UNTIL], dims="switched_off", attrs={"units": "1/gamma_s"}
    )
    left = xr.concat(kept, dim=when.rename("switched_off"), combine_attrs="drop_conflicts")
    return whole.to_xarray(), left


def _close_to(peak, battery, F, steps):
    """Charges once more with points crowded around a time, fine enough to see a kink."""
    times = np.concatenate([[0.0], peak + np.linspace(-0.2, 0.2, POINTS - 1)])
    with steps.step(f"look closely at t = {peak:.2f}", "running …"):
        return charge(battery, Constant(F), times).to_xarray().isel(time=slice(1, None))


def _narrator(now):
    return lambda p: now(f"step {p.step}: t = {float(p.protocol.pump.time):.4f}, {p.value:.6f}")


def tell_value(now, name: str = "W") -> Callable[[Progress], None]:
    """Makes a `progress` callback that shows each step of a search, and its value under a name."""
    return lambda progress: now(f"step {progress.step}: {name} = {progress.value:.5f}")


def _outcome(best: Best) -> str:
    at, steps = float(best.protocol.pump.time), len(best.history)
    return f"t = {at:.4f}, {float(best.value):.6f} in {steps} steps"
