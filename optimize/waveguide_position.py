"""Where in a waveguide should charger and battery sit, and at which frequency?

Emitters of Γ₁₁ = ω₁₁/2: the most ergotropy that comes back for ever at a distance, the fastest
first charge, the most energy that comes back at least so far away, and designs with a bound state
in the continuum. Expected:

* Δ_z = 0.1, 0.3, 1 λ₁₁: ergotropy 0.321632, 0.268063, 0.255983 at ω₀ = 0.6612, 0.5645, 0.5383;
  nearer still more, 0.381243 in the limit, so that the box decides;
* Δ_z = 0.1, 0.3: power 0.088664, 0.047719 at ω₀ = 1.4590, 1.6077, t = 5.1970, 6.5610; the limit
  of high frequencies, 0.0509, is more than the latter;
* at least 0.3, 1 λ₁₁ away: energy 0.490288, 0.465072;
* continuum, ω₀ ≤ 2: order 1, Δ_z = 0.6629, ω₀ = 1.1786: energy 0.465230, of it no ergotropy.

Runs for two minutes on two cores: python optimize/waveguide_position.py [DIRECTORY]
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from qbjax.batteries.waveguide import designs as waveguide_designs
from qbjax.batteries.waveguide import position as waveguide_position
from qbjax.views import report, waveguide


@dataclass(frozen=True)
class Config:
    """The question's numbers."""

    decay: float = 0.5
    distances: tuple[float, ...] = (0.1, 0.3, 1.0)
    fast: tuple[float, ...] = (0.1, 0.3)
    least: tuple[float, ...] = (0.3, 1.0)
    farthest: float = 3.0
    orders: int = 4


def main(directory: Path, config: Config) -> None:
    """Answers the questions, prints the tables, saves them and the designs."""
    rows, decay = [], config.decay

    def add(name, place, value, time=None):
        numbers = (f"{float(x):.6f}" for x in (*place[:2], value))
        rows.append((name, *numbers, "" if time is None else f"{float(time):.4f}"))

    for x in config.distances:
        best = waveguide_position.best_steady_ergotropy(distance=x, decay=decay)
        add(f"ergotropy at {x:g}", best.protocol, best.value)
    for x in config.fast:
        best = waveguide_position.best_power(distance=x, decay=decay)
        add(f"power at {x:g}", best.protocol.place, best.value, best.protocol.time)
    for x in config.least:
        box = (x, config.farthest)
        best = waveguide_position.best_steady_energy(distance=box, decay=decay)
        add(f"energy from {x:g} on", best.protocol, best.value)
    found = waveguide_designs.continuum_designs(decay=decay, orders=config.orders)
    designs = waveguide.designs(found)
    columns = ("most", "ω₀", "Δ_z/λ₁₁", "value", "time")
    sheets = [report.Sheet("Best places", columns, rows), waveguide.designs_sheet(designs)]
    Console().print(*map(report.to_rich, sheets), f"Saved in {directory}.")
    report.save(directory, datasets={"designs": designs}, config={}, sheets=sheets)


if __name__ == "__main__":
    main(Path(*sys.argv[1:] or ["qbjax-results/waveguide-position"]), Config())
