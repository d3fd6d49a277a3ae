"""Which Bloch angle should the charger have, and for how long should it charge?

Ergotropic power angle by angle beside the paper's (43) and (45); the most power with bounded energy
fluctuation; the safest preparation for a band of J and γ; the most ergotropy for energy spent:

* θ = π/2: power 0.34436 at Jt = 1.3239, where (43) errs by −0.00056, (45) by −0.011;
* σ_E ≤ 0.1: θ = π, power 0.66647 without loss; θ = 0.40135π, power 0.037285 at γ = J;
* J within 30 %, γ ≤ J: θ = 0.58831π, Jt = 1.5804, ergotropy at least 0.13694;
* γ = J: of energy 0.71159 at most 0.21159 as ergotropy, θ = 0.63908π; more energy is of no use.

Runs for a quarter of a minute on two cores: python optimize/bloch_angle.py [DIRECTORY]
"""

import sys
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

import numpy as np
from rich.console import Console

import qbjax as qb
from qbjax.batteries.bloch import angle, band
from qbjax.views import report


@dataclass(frozen=True)
class Config:
    """The questions' numbers."""

    decay: float = 1.0
    angles: int = 13
    limits: tuple[float, ...] = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
    spreads: tuple[float, ...] = (0.1, 0.2, 0.3)
    front: int = 10


def sheet(title: str, names: list[str], found) -> report.Sheet:
    """A row per result, of a list of them or of one that holds arrays; angles in units of π."""
    results = found if isinstance(found, list) else [found]
    table = {name: np.hstack([attrgetter(name)(each) for each in results]) for name in names}
    table["theta"] /= np.pi
    heads = [name.replace("theta", "θ/π").replace(".error", " errs by") for name in names]
    rows = [[f"{x:.{5 if abs(x) > 1e-6 else 1}g}" for x in row] for row in zip(*table.values())]
    return report.Sheet(title, heads, rows)


def main(directory: Path, config: Config) -> None:
    """Answers the questions, prints the tables, saves them."""
    plain, lossy = qb.batteries.BlochCharger(), qb.batteries.BlochCharger(decay=config.decay)
    curve = angle.ergotropic_power_curve(plain, np.linspace(0, np.pi, config.angles))
    names = ["theta", "time", "power", "sigmoid.error", "hyperbolic.error"]
    sheets = [sheet("Ergotropic power", names, curve)]
    names = ["theta", "time", "power", "fluctuation", "price", "rival", "residual"]
    for title, battery in (("Steady, lossless", plain), ("Steady, lossy", lossy)):
        steady = [angle.best_under_fluctuation(battery, s) for s in config.limits]
        sheets.append(sheet(title, names, steady))
    bands = [((1 - w, 1 + w), (0, config.decay)) for w in config.spreads]
    safe = [band.best_worst_case(plain, *numbers) for numbers in bands]
    sheets.append(sheet("Safe", ["theta", "time", "ergotropy", "excess", "residual"], safe))
    front = angle.ergotropy_energy_front(lossy, config.front)
    sheets.append(sheet("Thrifty, lossy", ["spent", "theta", "ergotropy", "price"], front))
    directory.mkdir(parents=True, exist_ok=True)
    text = "\n\n".join(report.to_markdown(each) for each in sheets)
    (directory / "tables.md").write_text(text + "\n", encoding="utf-8")
    Console().print(*(report.to_rich(each) for each in sheets), f"Saved in {directory}.")


if __name__ == "__main__":
    main(Path(*sys.argv[1:] or ["qbjax-results/bloch-angle"]), Config())
