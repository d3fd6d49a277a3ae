"""Which J(t) charges a detuned Bloch-sphere battery best, if it may not exceed J?

A constant coupling brings at most J²/(J² + δ²/4) of the excitation over. Turned round after every
half period of √(J² + δ²/4), it goes on: N arcs bring sin²(Nα), tan α = 2J/δ. The search knows
nothing of that: 24 segments from −J to J, in the time π/2J that is enough on resonance. Expected
from θ = π, for δ/J = 0, 1, 2, 3, 4, 6, as SciPy finds them, too:

* constant J, at its best time: 1, .8000, .5000, .3077, .2000, .1000;
* J(t): 1, .8060, .6834, .8120, .7012, .7050. On resonance no other is better than a constant one.

Runs for half a minute on two cores: python optimize/bloch_envelope.py [DIRECTORY]
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

    detunings: tuple[float, ...] = (0.0, 1.0, 2.0, 3.0, 4.0, 6.0)
    duration: float = np.pi / 2
    segments: int = 24
    steps: int = 80
    starts: int = 8


def charger(values, config: Config):
    """An excited charger, its coupling J times some values."""
    envelope = qb.protocols.PiecewiseConstant(values, config.duration)
    return qb.protocols.BlochPreparation(np.pi, envelope=envelope)


def main(directory: Path, config: Config) -> None:
    """Answers the question, prints the table, saves it and its picture."""
    rows, found = [], {}
    for detuning in config.detunings:
        battery = qb.batteries.BlochCharger(detuning=detuning)

        def energy(protocol, battery):
            return qb.charge(battery, protocol, np.array([0.0, config.duration])).energy[-1]

        start = charger(qb.free(np.full(config.segments, 0.5), -1.0, 1.0), config)
        best = qb.maximize(energy, start, battery=battery, steps=config.steps, starts=config.starts)
        times = np.linspace(0.0, config.duration, 301)
        constant = qb.charge(battery, charger(np.ones(1), config), times).energy.max()
        rows.append({"detuning": detuning, "constant": float(constant), "best": float(best.value)})
        found[detuning] = np.asarray(best.protocol.envelope.amplitudes)
    table = pd.DataFrame(rows)
    directory.mkdir(parents=True, exist_ok=True)
    table.to_csv(directory / "table.csv", index=False)
    shown = [tuple(f"{x:.4f}" for x in row) for row in table.values]
    Console().print(report.to_rich(report.Sheet("Energy from θ = π", ("δ/J", "J", "J(t)"), shown)))
    with plt.rc_context(STYLE):
        figure, (left, right) = plt.subplots(1, 2, figsize=(8.0, 3.2), layout="constrained")
        for name, (colour, dash) in zip(("constant", "best"), PULSES):
            left.plot(table["detuning"], table[name], "o", ls=dash, color=colour, label=name)
        left.set(xlabel="detuning δ/J", ylabel=r"energy  ($\omega_b$)", ylim=(0, 1.05))
        left.legend()
        edges = np.linspace(0.0, config.duration, config.segments + 1)
        for detuning, (colour, dash) in zip(config.detunings[1::2], PULSES):
            right.stairs(found[detuning], edges, color=colour, ls=dash, label=f"δ = {detuning:g}J")
        right.set(xlabel="time  ($1/J$)", ylabel="J(t)/J", ylim=(-1.1, 1.5))
        right.legend(ncols=3)
        figure.savefig(directory / "figure.png")


if __name__ == "__main__":
    main(Path(*sys.argv[1:] or ["qbjax-results/bloch-envelope"]), Config())
