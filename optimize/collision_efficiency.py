"""What does fast charging by coherent qubits cost?

The papers count the power alone; qubits, and the time between them, cost nothing. Here a run stops
where an oscillator first holds W = 10, and is judged by W per ergotropy brought (efficiency) and W
per time, waiting times Ωt₀ included (power). A front is what none of its kind beats. Expected:

* speed costs ergotropy: equal pure qubits reach W/t = 1.61 at efficiency .26, 1.50 at .59, 1.27 at
  .75; greedy 1.35 at .80, full swap 1.27 at 1;
* q = ½, the papers' choice, is neither the fastest nor the thriftiest: .3 to .4 nearly always is;
* waiting favours few qubits: at Ωt₀ = .03 pure ones lead by 7 % (1.37 to 1.28), at .1 greedy leads
  (1.15 to 1.10), at 1 full swap wins in both (.56 at efficiency 1, pure .39 at .70).

Runs for a minute on two cores: python optimize/collision_efficiency.py [DIRECTORY]
"""

import sys
import warnings
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import qbjax as qb
from qbjax.batteries.collisional.resources import power_with_waiting
from qbjax.views.plot import PULSES, STYLE


@dataclass(frozen=True)
class Config:
    """The question's numbers."""

    ergotropy: float = 10.0
    theta: tuple[float, ...] = tuple(np.geomspace(0.04, 1.1, 16))
    ground: tuple[float, ...] = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
    waiting: tuple[float, ...] = (0.0, 0.03, 0.1, 1.0)


def judged(config: Config) -> pd.DataFrame:
    """Judges every stream where it first holds the ergotropy that is asked for."""
    battery, rows = qb.batteries.Collisional(qb.algebra.ladders.oscillator(40)), []
    streams = [("full swap", np.nan, 0.0, qb.strategies.full_swap(battery, 15))]
    streams += [("greedy", np.nan, 0.0, qb.strategies.greedy(battery, 30))]
    for c, theta, q in product((0, 1.0), config.theta, config.ground):
        stream = qb.protocols.Collisions(np.full(240, theta), q, c, save_every=2)
        streams += [("pure" if c else "classical", theta, q, stream)]
    for kind, theta, q, stream in streams:
        run = qb.charge(battery, stream)
        at = int(np.argmax(run.ergotropy >= config.ergotropy))
        if at and run.truncation[at, 0] < 1e-6:
            found = (kind, theta, q, int(run.collisions[at]), float(run.efficiency[at]))
            rows += [(*found, t, float(power_with_waiting(run, t)[at])) for t in config.waiting]
    names = ["kind", "theta", "q", "qubits", "efficiency", "waiting", "power"]
    return pd.DataFrame(rows, columns=names).sort_values("power", ascending=False)


def main(directory: Path, config: Config) -> None:
    """Answers the question, prints the fronts, saves them and their picture."""
    table = judged(config)
    best = table.groupby(["waiting", "kind"])["efficiency"].cummax()
    fronts = table[table["efficiency"] >= best].sort_values(["waiting", "kind"], kind="stable")
    directory.mkdir(parents=True, exist_ok=True)
    table.to_csv(directory / "table.csv", index=False)
    print(fronts.to_string(index=False, float_format="%.3f"))
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(1, 4, figsize=(9.6, 3.4), sharey=True, layout="constrained")
        for ax, (waiting, some) in zip(axes, fronts.groupby("waiting")):
            for (kind, one), (colour, dash) in zip(some.groupby("kind"), PULSES):
                ax.plot("power", "efficiency", "o", data=one, ls=dash, c=colour, ms=4, label=kind)
            ax.set(xlabel="W / time", title=rf"$\Omega t_0 = {waiting:g}$", xmargin=0.08)
            ax.set_xlim(left=0)
        _ = axes[0].set(ylabel="W / ergotropy brought", ylim=(0, 1.05)), axes[0].legend()
        figure.savefig(directory / "figure.png")


if __name__ == "__main__":
    warnings.simplefilter("ignore", qb.dynamics.TruncationWarning)  # of what comes after
    main(Path(*sys.argv[1:] or ["qbjax-results/collision-efficiency"]), Config())
