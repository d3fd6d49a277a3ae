"""How much of the ergotropy that a stream of qubits brings does a second stream take away again?

Ten qubits charge an oscillator, ten in their ground state discharge it: η is the ergotropy they
leave with, each used by itself, over what the first ten brought. The papers only charge. Expected
of qubits of ground population q, classical or pure (c = 1), at κt₀ = 0, then 0.01:

* one angle per stream: excited qubits return η = .517, at θ = .78 and .68, pure ones of q = 1/2
  .736, at .56 and .65: what they leave in the oscillator is almost coherent;
* twenty angles, from two starts: excited qubits return all, by full swaps and the same backwards;
  pure ones of q = .1 to .5 .901, .881, .894, .917, .940, in nearly reverse order, too; classical
  ones of q = .1 to .4 .749, .616, .515, .441, for what is passive of them stays in the way;
* with loss .810 of excited qubits; pure ones of q = .3, .4, .5 exceed that, by .813, .838, .861.
Runs for half a minute on two cores: python optimize/second_stream.py [DIRECTORY]
"""

import itertools
import sys
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import qbjax as qb
from qbjax.batteries.repeated import cascade, cycle_efficiency
from qbjax.protocols import Ancillas
from qbjax.views.plot import STYLE

NAMES = ["loss", "c", "q", "one", "into", "out", "own", "into_each", "out_each"]


@dataclass(frozen=True)
class Config:
    """The question's numbers."""

    count: int = 10
    losses: tuple[float, ...] = (0.0, 0.01)
    populations: tuple[float, ...] = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)


def at_one_angle(chosen, battery):
    """The efficiency with one angle for each stream."""
    angles, ones, states = chosen
    return cycle_efficiency([Ancillas(x * ones, s) for x, s in zip(angles, states)], battery)


def main(directory: Path, config: Config) -> None:
    """Answers the question, prints the table, saves it and a picture."""
    ladder, qubit = qb.algebra.ladders.oscillator(config.count + 2), qb.algebra.ladders.spin(0.5)
    ones, rows, free = np.ones(config.count), [], lambda x: qb.free(x, 0.0, np.pi)
    full, ground = np.pi / 2 / np.sqrt(np.cumsum(ones)), np.diag([1.0, 0.0j])
    for loss, c, q in itertools.product(config.losses, (0.0, 1.0), config.populations):
        battery = cascade(ladder, qubit, loss=np.asarray(loss))
        states = [Ancillas.with_weights(ones, [q, 1 - q], c).state, ground]
        if c or q < 0.5:  # others bring nothing
            chosen = ((free(0.75), free(0.75)), ones, states)
            one = qb.maximize(at_one_angle, chosen, battery=battery)
            x, y = map(float, one.protocol[0])
            found = []
            for start in ((x * ones, y * ones), (full, full[::-1])):
                streams = [Ancillas(free(t), s) for t, s in zip(start, states)]
                found.append(qb.maximize(cycle_efficiency, streams, battery=battery, steps=200))
            best = max(found, key=lambda best: float(best.value))
            own = [" ".join(f"{t:.4f}" for t in stream.theta) for stream in best.protocol]
            rows.append((loss, c, q, float(one.value), x, y, float(best.value), *own))
    directory.mkdir(parents=True, exist_ok=True)
    (table := pd.DataFrame(rows, columns=NAMES)).to_csv(directory / "table.csv", index=False)
    print(table[NAMES[:7]].round(4).to_string(index=False))
    with plt.rc_context(STYLE):
        curves = table.pivot(index="q", columns=["c", "loss"], values=["own", "one"])
        look = [f"C{k}o{dash}" for dash in ("-", "--") for k in (3, 0, 1, 9)]
        ax = curves.plot(style=look, xlabel="ground population q", ylabel="η", ylim=(0, 1.05))
        of = [f"{n}, {'pure' if c else 'classical'}, {loss:g}" for n, c, loss in curves.columns]
        ax.legend(of, title="angles, qubits, κt₀", loc="upper left", bbox_to_anchor=(1.0, 1.0))
        ax.figure.savefig(directory / "figure.png", bbox_inches="tight")


if __name__ == "__main__":
    main(Path(*sys.argv[1:] or ["qbjax-results/second-stream"]), Config())
