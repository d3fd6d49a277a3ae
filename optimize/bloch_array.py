"""Does entanglement help a Bloch-sphere battery of several cells?

The paper leaves several cells to the future. One charger, N cells in a star or a chain, equal
chargers on one cell: the best ergotropic power W/t at θ = π/2 without loss, the concurrence of
chargers and cells and of pairs of cells at that time, and the share of W that unitaries on each
cell alone would extract. Expected:

* a star of N cells, or of N chargers on one cell, has √N times the power of one pair: .3444, .4870,
  .5964 for 1, 2, 3, at 1/√N of the time. Charger and cells are always entangled alike then, .237;
* pairs of cells share 2/N of their population, .470 for two and .117 for eight, and of W ever less
  is local: .74 for two, .56 for eight. The rest needs a unitary on all cells together;
* a chain gains nothing: .310 for two cells, .313 for more, which the excitation has not reached.

Runs for half a minute on two cores: python optimize/bloch_array.py [DIRECTORY]
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from rich.console import Console

import qbjax as qb
from qbjax.views import report
from qbjax.views.plot import PULSES, STYLE


@dataclass(frozen=True)
class Config:
    """The question's numbers."""

    theta: float = np.pi / 2
    most: int = 8
    until: float = 6.0
    points: int = 6001


KINDS = {"star": (True, "star"), "chargers": (False, "star"), "chain": (True, "chain")}
HEADS = ("kind", "N", "t", "W/t", "concurrence", "of pairs", "local W/W")
SEEN = ("ergotropic_power", "concurrence", "cell_concurrence", "ergotropy", "local_ergotropy")


def best(battery, config: Config) -> dict[str, float]:
    """What a run has where its ergotropic power is largest."""
    times = np.linspace(0.0, config.until, config.points)
    run = qb.charge(battery, qb.protocols.BlochPreparation(config.theta), times)
    at = int(np.nanargmax(run.ergotropic_power))
    seen = {name: float(run.observables[name][at]) for name in SEEN}
    seen["local_share"] = seen.pop("local_ergotropy") / seen.pop("ergotropy")
    return {"time": float(times[at]), **seen}


def main(directory: Path, config: Config) -> None:
    """Answers the question, prints the table, saves it and its picture."""
    rows = []
    for kind, (cells, geometry) in KINDS.items():
        for n in range(1, config.most + 1):
            battery = qb.batteries.BlochArray(*((n, 1) if cells else (1, n)), geometry)
            rows.append({"kind": kind, "count": n, **best(battery, config)})
    table = pd.DataFrame(rows)
    directory.mkdir(parents=True, exist_ok=True)
    table.to_csv(directory / "table.csv", index=False)
    shown = [tuple(f"{x:.4f}" if isinstance(x, float) else str(x) for x in r) for r in table.values]
    Console().print(report.to_rich(report.Sheet("Best W/t", HEADS, shown)))
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(1, 3, figsize=(9.6, 3.2), layout="constrained")
        for ax, name in zip(axes, ("ergotropic_power", "cell_concurrence", "local_share")):
            for (kind, some), (colour, dash) in zip(table.groupby("kind", sort=False), PULSES):
                ax.plot(some["count"], some[name], "o", ls=dash, color=colour, ms=4, label=kind)
            ax.set(xlabel="cells, or chargers", ylabel=name.replace("_", " "), ylim=(0, None))
        axes[0].legend()
        figure.savefig(directory / "figure.png")


if __name__ == "__main__":
    main(Path(*sys.argv[1:] or ["qbjax-results/bloch-array"]), Config())
