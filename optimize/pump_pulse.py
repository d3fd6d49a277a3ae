"""Which pulse charges the coherent-Ising-machine battery best, for a given pump energy?

Energy 62.5 over γt = 10, that of constant F = 2.5; 60×6 levels. Verified (82×7): constant 3.3224;
|F| ≤ 4.5: ten segments 10.5188, forty 10.6318, eight cosines 10.6273; |F| ≤ 3: 6.1211, 6.1455,
6.1452. All come late and rise. About ten minutes on two cores: python optimize/pump_pulse.py [DIR]
"""

import sys
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console

import qbjax as qb
from qbjax.strategies.pump_pulse import best_pulse, constant_pulse
from qbjax.views import plot, pulse_files, pulses, report

PEAKS = (4.5, 3.0)
seek = partial(best_pulse, progress=lambda p: print(f"step {p.step}: {p.value:.5f}", flush=True))


@dataclass(frozen=True)
class Config:
    """The question's numbers."""

    duration: float = 10.0
    energy: float = 62.5
    signal_levels: int = 60
    pump_levels: int = 6


def search(*asked):
    """The best pulses under one peak; finer shapes start from the best ten segments."""
    ten = seek(*asked, segments=10)
    forty = seek(*asked, segments=40, start=ten.protocol)
    smooth = seek(*asked, fourier=8, start=ten.protocol)
    return {"40 segments": forty, "10 segments": ten, "8 cosines": smooth}


def main(directory: Path, config: Config) -> None:
    """Answers the question, prints the table, saves everything."""
    battery = qb.batteries.DOPO(config.signal_levels, config.pump_levels)
    given, times = (battery, config.duration, config.energy), np.linspace(0, config.duration, 401)

    def response(best):
        run = qb.charge(battery.refined(), best.protocol, times)
        return pulses.with_pump(run, best.protocol)

    bests = {"constant": constant_pulse(*given)}
    constant, columns = {"constant": response(bests["constant"])}, {}
    for peak in PEAKS:
        found = search(*given, peak)
        bests |= {f"{name}, peak {peak:g}": best for name, best in found.items()}
        columns[f"peak {peak:g}"] = {k: response(b) for k, b in found.items()} | constant
    optima = pulses.optima(list(bests.values()), list(bests))
    report.save(
        directory,
        datasets={"optima": optima, "run": columns["peak 4.5"]["40 segments"]},
        config={"optimize pulse": asdict(config) | {"peak": 4.5}},
        sheets=[pulses.sheet(optima)],
        figure=plot.pulse_figure(columns),
        texts={f"{k}.toml": pulse_files.to_toml(b.protocol) for k, b in bests.items()},
    )
    Console().print(report.to_rich(pulses.sheet(optima)), f"Saved in {directory}.")


if __name__ == "__main__":
    main(Path(*sys.argv[1:] or ["qbjax-results/pump-pulse"]), Config())
