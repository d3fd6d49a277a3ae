"""How long should each qubit meet the battery?

An oscillator charged by classical qubits: the best average power after K collisions, and the most
energy in a charging time τ with as many collisions as one likes; then by coherent qubits. Greedy
beside it, to see what it loses. Expected:

* K = 10 and 20: power 1.374269 and 1.811285 (greedy 1.363776, 1.7981);
* τ = 5 and 10: energy 5.955583 with 7 collisions, 18.261385 with 22;
* τ = 10, coherent, 20, 40 and 80 qubits: 18.040829, 22.512986, 24.461061.

Runs for about two minutes on two cores.

    python optimize/swap_angles.py [DIRECTORY]
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

import qbjax as qb
from qbjax.batteries.collisional.swap_angles import best_energy, best_power
from qbjax.strategies import greedy, in_time
from qbjax.views import report


@dataclass(frozen=True)
class Config:
    """The question's numbers."""

    levels: int = 80
    loss: float = 0.0
    counts: tuple[int, ...] = (10, 20)
    durations: tuple[float, ...] = (5.0, 10.0)
    coherent: tuple[int, ...] = (20, 40, 80)


def main(directory: Path, config: Config) -> None:
    """Answers the question, prints the table, saves it and the angles."""
    ladder = qb.algebra.ladders.oscillator(config.levels)
    battery = qb.batteries.Collisional(ladder, config.loss or 0)
    rows, angles = [], {}

    def add(name, best, known=""):
        theta = np.asarray(best.protocol.theta)
        angles[name] = theta
        rows.append((name, f"{theta.size}", f"{float(best.value):.9f}", known))

    for count in config.counts:
        known = float(qb.charge(battery, greedy(battery, count)).charging_power[-1])
        add(f"power of {count}", best_power(battery, count), f"{known:.9f}")
    for tau in config.durations:
        cut = [in_time(greedy(battery, int(3 * tau), by), tau) for by in ("average", "transient")]
        known = max(float(qb.charge(battery, protocol).energy[-1]) for protocol in cut)
        add(f"energy in {tau:g}", best_energy(battery, tau), f"{known:.9f}")
    for count in config.coherent:
        best = best_energy(battery, config.durations[-1], count, coherent=True)
        add(f"energy in {config.durations[-1]:g}, {count} coherent", best)
    sheet = report.Sheet("Best swap angles", ("of what", "qubits", "optimum", "greedy"), rows)
    Console().print(report.to_rich(sheet), f"Saved in {directory}.")
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "table.md").write_text(report.to_markdown(sheet) + "\n", encoding="utf-8")
    np.savez(directory / "angles.npz", **angles)


if __name__ == "__main__":
    main(Path(*sys.argv[1:] or ["qbjax-results/swap-angles"]), Config())
