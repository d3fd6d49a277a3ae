"""How much can a waveguide battery keep for ever if its first charge may take so long?

Frequency, coupling Γ₁₁ and distance are free, the paper's Γ₁₁ = ω₁₁/2 is not. The most ergotropy
W∞ that the bound states bring back, against half a beat τ, at four distances; beside it the largest
W of the exact battery within 30 % of τ. Expected:

* W∞ grows without end as the coupling falls: at Δ_z = 0.1 λ₁₁ .265, .538, .721, .897 for
  τ = 11.5, 46.6, 159, 1302 / ω₁₁, where ω₀ = .95 alone has .196, .447, .667, .897. The best
  frequency rises with τ, .730, .815, .879, .952, as the coupling falls, .73, .085, .016, .001;
* distance costs time: W∞ = .5 takes 38 at 0.1 λ₁₁, 98 at 0.3, 800 at 1; τ = 1e5 all have .98;
* while light is still leaving, the exact battery has up to .007 less, at 0.01 λ₁₁ .045.
Runs for a minute on two cores: python optimize/waveguide_front.py [DIRECTORY]
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from rich.console import Console

import qbjax as qb
from qbjax.batteries.waveguide import front
from qbjax.views import report
from qbjax.views.plot import PULSES, STYLE


@dataclass(frozen=True)
class Config:
    """The question's numbers."""

    distances: tuple[float, ...] = (0.01, 0.1, 0.3, 1.0)
    times: tuple[float, ...] = (*np.geomspace(6.0, 1e5, 25), 11.5, 46.6, 159.0, 1302.0)


HEADS = ("Δ_z/λ₁₁", "τ", "ω₀", "Γ₁₁", "W∞", "exact W", "at")


def row(distance: float, time: float) -> tuple[float, ...]:
    """The best at a distance and time, and what the exact battery has then."""
    best = front.best_in_time(time, distance)
    place, times = best.protocol.place, np.append(0.0, time * np.linspace(0.7, 1.3, 121))
    run = qb.charge(qb.batteries.Waveguide(*place, longest=1e6), None, times)
    at = int(np.argmax(run.ergotropy))
    seen = place.frequency, place.decay, best.value, run.ergotropy[at], times[at]
    return (distance, time, *map(float, seen))


def main(directory: Path, config: Config) -> None:
    """Answers the question, prints the table, saves it and its picture."""
    rows = [
        row(x, float(t))
        for x in config.distances
        for t in sorted(config.times)
        if t > 5 + 100 * x**2
    ]
    names = ("distance", "time", "frequency", "decay", "ergotropy", "exact", "exact_time")
    table = pd.DataFrame(rows, columns=names).query("ergotropy > 0")
    directory.mkdir(parents=True, exist_ok=True)
    table.to_csv(directory / "table.csv", index=False)
    shown = [tuple(f"{x:.4g}" for x in r) for r in table.values]
    Console().print(report.to_rich(report.Sheet("Best W∞ by a time", HEADS, shown)))
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(1, 3, figsize=(9.6, 3.2), layout="constrained")
        for (x, some), (colour, dash) in zip(table.groupby("distance"), PULSES):
            for ax, name in zip(axes, ("ergotropy", "frequency", "decay")):
                ax.plot(some["time"], some[name], ls=dash, color=colour, label=f"{x:g} λ₁₁")
            axes[0].plot(some["time"], some["exact"], "o", color=colour, ms=3)
        for ax, name in zip(axes, ("W∞ and exact W / ω₁₁", "ω₀ / ω₁₁", "Γ₁₁ / ω₁₁")):
            ax.set(xscale="log", xlabel="half a beat τ ω₁₁", ylabel=name)
        axes[0].plot([], [], "o", color="0.5", ms=3, label="exact")
        axes[2].set_yscale("log")
        axes[0].legend()
        figure.savefig(directory / "figure.png")


if __name__ == "__main__":
    main(Path(*sys.argv[1:] or ["qbjax-results/waveguide-front"]), Config())
