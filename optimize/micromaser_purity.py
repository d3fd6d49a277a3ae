"""How much energy can a micromaser hold in an almost pure state?

Equal coherent qubits; the swap angle θ and the ground population q that leave the most energy after
K of them at a purity of 0.99, without and with a lossy cavity (κt₀ = 10⁻³, n̄ = 0.15). The paper's
choice, θ = π/√15 and q = 0.25, stores 6.15 in the end. Expected:

* no loss: 6.7289, 14.3127, 29.3991 after 25, 50, 100 qubits;
* with loss: 6.3993, 12.9229, 23.4522.

Runs for about two minutes on two cores.

    python optimize/micromaser_purity.py [DIRECTORY]
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

import qbjax as qb
from qbjax.batteries.collisional.purity import best_pure_energy
from qbjax.views import report


@dataclass(frozen=True)
class Config:
    """The question's numbers."""

    purity: float = 0.99
    counts: tuple[int, ...] = (25, 50, 100)
    baths: tuple[tuple[float, float], ...] = ((0, 0), (1e-3, 0.15))
    starts: int = 24


def main(directory: Path, config: Config) -> None:
    """Answers the question, prints the table, saves it."""
    rows = []
    for loss, thermal in config.baths:
        for count in config.counts:
            battery = qb.batteries.micromaser(count + 10, loss, thermal)
            best = best_pure_energy(battery, count, config.purity, starts=config.starts)
            theta, q = best.protocol.theta[0], best.protocol.ground_population
            numbers = (theta, q, best.energy, best.verified_energy, best.purity)
            rows.append((f"{loss:g}", f"{count}", *(f"{float(x):.6f}" for x in numbers)))
    columns = ("κt₀", "qubits", "θ", "q", "E", "verified", "purity")
    sheet = report.Sheet(f"Most energy at purity {config.purity:g}", columns, rows)
    Console().print(report.to_rich(sheet), f"Saved in {directory}.")
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "table.md").write_text(report.to_markdown(sheet) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(*sys.argv[1:] or ["qbjax-results/micromaser-purity"]), Config())
