"""The commands without a group: the demo, and facts about the installation."""

import jax
import typer

import qbjax
from qbjax import _setup
from qbjax.batteries import DOPO
from qbjax.cli import any_battery, jobs, options, session
from qbjax.cli.application import Command, app
from qbjax.interface import catalogue
from qbjax.views import report


@app.command(cls=Command)
def demo(context: typer.Context, out: options.Out = None) -> None:
    """Charge the paper's battery, find its best switch-off times, compare, draw it all."""
    session.out().print(
        "[bold]A coherent-Ising-machine battery[/] (F = 3, κ = 0.5, γ_p = 16, 44×5 levels)\n"
        "is charged to t = 40. Then a gradient looks for the best time to switch its pump\n"
        "off: for power, for coherent ergotropy, for what is left after storing. Every\n"
        "result is verified with 60×6 levels. One to two minutes the first time, most of\n"
        "it compiling; half a minute later on.",
        soft_wrap=True,
    )
    with session.running(context):
        jobs.demo(context)


@app.command(cls=Command)
def info(
    context: typer.Context,
    battery: any_battery.Battery = None,
    set: any_battery.Set = None,
) -> None:
    """Versions, devices, precision, the cache, and good numbers to start from.

    With --battery: what a battery finds in its numbers, and what it takes.
    """
    if battery is not None:
        with session.plainly(debug=context.obj):
            for sheet in any_battery.sheets(battery, set or ()):
                session.out().print(report.to_rich(sheet))
        return
    folder = _setup.cache_folder()
    kept = [p.stat().st_size for p in folder.rglob("*") if p.is_file()] if folder else []
    dopo = DOPO(**jobs.DEMO_BATTERY)
    rows = [(name.replace("_", " "), text) for name, text in qbjax.info().items()]
    rows += [
        ("devices", ", ".join(f"{d.platform}:{d.id} ({d.device_kind})" for d in jax.devices())),
        ("cache size", f"{sum(kept) / 1e6:.1f} MB in {len(kept)} files"),
        ("batteries", ", ".join(entry.name for entry in catalogue.entries())),
        ("DOPO, good values", ", ".join(f"{k}={v:g}" for k, v in jobs.DEMO_BATTERY.items())),
        ("DOPO, threshold", f"F = {float(dopo.threshold()):g}"),
        ("DOPO, F = 3", f"{float(dopo.mean_photons(3.0)):g} photons in the mean field"),
    ]
    session.out().print(report.to_rich(report.Sheet("qbjax", ("what", "value"), rows)))
