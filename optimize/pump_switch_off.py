"""When should the pump of the coherent-Ising-machine battery be switched off?

F = 3, κ = 0.5, γ_p = 16, 44×5 levels, displaced frame. Expected, in units of 1/γ_s:

* (a) largest power W/t: t = 10.2789, 0.927299;
* (b) largest coherent ergotropy: t = 12.8813, 9.169282. The optimum is a kink, where two
  populations change order; an earlier reference, (12.8580, 9.169220), lies below it;
* (c) largest W(t + T)/(t + T) after storing for T: 10.672, 0.499506 (T = 0.5);
  11.446, 0.236773 (T = 1); 12.915, 0.053398 (T = 2).

Verified values, with 60×6 levels, lie up to 3e-4 above. Runs for about 80 s on two cores
the first time, 40 s when its programs are in the cache.

    python optimize/pump_switch_off.py [DIRECTORY]
"""

import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

import qbjax as qb
from qbjax.strategies.switch_off import best_switch_off
from qbjax.views import plot, report

REFERENCES = [
    (10.2789, 0.927299),
    (12.8813, 9.169282),
    (10.672, 0.499506),
    (11.446, 0.236773),
    (12.915, 0.053398),
]


@dataclass(frozen=True)
class Config:
    """The question's numbers."""

    amplitude: float = 3.0
    signal_levels: int = 44
    pump_levels: int = 5
    coupling: float = 0.5
    pump_decay: float = 16.0


def main(directory: Path, config: Config) -> None:
    """Answers the question, prints the table, saves everything."""
    numbers = asdict(config)
    amplitude = numbers.pop("amplitude")
    battery = qb.batteries.DOPO(**numbers)
    aims, waits = ["power", "coherent"] + ["stored"] * 3, [1.0, 1.0, 0.5, 1.0, 2.0]
    bests = [best_switch_off(a, battery, amplitude, wait=w) for a, w in zip(aims, waits)]
    optima = report.optima(bests, aims, waits)
    run = qb.charge(battery, qb.protocols.Constant(amplitude), np.linspace(0.0, 20.0, 201))
    sheet = report.optima_sheet(optima, REFERENCES)
    options = asdict(config) | {"aim": "all", "wait": waits[2:]}
    report.save(
        directory,
        datasets={"run": run.to_xarray(), "optima": optima},
        config={"optimize switch-off": options},
        sheets=[sheet],
        figure=plot.charging_figure(run.to_xarray(), optima),
    )
    Console().print(report.to_rich(sheet), f"Saved in {directory}.")


if __name__ == "__main__":
    main(Path(*sys.argv[1:] or ["qbjax-results/pump-switch-off"]), Config())
