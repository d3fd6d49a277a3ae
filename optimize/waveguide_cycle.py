"""What does a whole cycle of a waveguide battery deliver, and how long can the battery wait?

The charger is excited (ω₀ spent); fullest, at half a beat, the battery is withdrawn into a load, or
waits first. Γ₁₁ = ω₁₁/2, at each distance ω₀ of the most lasting ergotropy. Expected at 0.1, 0.3,
0.7 λ₁₁: the load gets 0.243, 0.206, 0.202 ω₁₁, 37 % of ω₀, at powers of 0.0140, 0.0039, 0.0004; in
the guide as much comes back with each beat for ever, nothing between; in free space all is lost.

Runs for a minute and a half on two cores: python optimize/waveguide_cycle.py [DIRECTORY]
"""

import sys
from functools import partial
from pathlib import Path

import jax
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from rich.console import Console

import qbjax as qb
from qbjax.batteries.waveguide import position as waveguide_position
from qbjax.views import report
from qbjax.views.plot import STYLE

DECAY, DISTANCES = 0.5, (0.05, 0.1, 0.2, 0.3, 0.5, 0.7)
HEADS = ("Δ_z", "ω₀", "charged", "work", "share", "power", "next", "work then", "left outside")


def cycles(distance: float) -> pd.DataFrame:
    """The cycles at a distance: by the time for which the battery waits, and where it does."""
    place = waveguide_position.best_steady_ergotropy(distance=distance, decay=DECAY).protocol
    frequency = float(place.frequency)
    free = DECAY * frequency**3 * np.pi / 6
    guide = qb.batteries.Waveguide(frequency, distance, DECAY, 1e4, outside_decay=free)
    load = qb.loads.TwoLevel(coupling=1.0, decay=0.05, frequency=frequency)
    half = np.pi / float(guide.bound_states().splitting)
    times = np.linspace(0.0, 4 * half, 1601)
    inside = qb.charge(guide, None, times, states="cell")
    full = int(np.argmax(np.where(times < 1.5 * half, inside.energy, 0)))
    state, wait = qb.charge(guide, None, times[: full + 1]).final_state, times[full:] - times[full]
    left = qb.store(guide, state, wait, states="cell").states
    taken = float(qb.strategies.discharge.first_maximum(guide, [0.0, 1.0], load, 3.0).time)

    ends = partial(qb.discharge, guide, load=load, times=[0.0, taken])
    work = jax.jit(jax.vmap(lambda cell: ends(cell).load_ergotropy[-1]))
    told = {"distance": distance, "frequency": frequency, "charged": times[full], "wait": wait}
    told |= {"beats": wait / half / 2, "guide": work(inside.states[full:]), "free": work(left)}
    return pd.DataFrame(told).assign(power=lambda t: t.guide / (t.charged + t.wait + taken))


def row(some: pd.DataFrame) -> tuple[float, ...]:
    """A line of the table: a cycle at once, one beat later, and the end in free space."""
    a, b = some.iloc[0], some.loc[some.guide[some.beats > 0.5].idxmax()]
    now = a.distance, a.frequency, a.charged, a.guide, a.guide / a.frequency, a.power
    return *now, b.wait, b.guide, some.wait[some.free <= 0].min()


def main(directory: Path) -> None:
    """Answers the question, prints the table, saves it, all cycles and their picture."""
    every = [cycles(distance) for distance in DISTANCES]
    rows = [row(some) for some in every]
    directory.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows, columns=HEADS).to_csv(directory / "table.csv", index=False)
    pd.concat(every).to_csv(directory / "cycles.csv", index=False)
    shown = [tuple(f"{x:.3g}" for x in numbers) for numbers in rows]
    Console().print(report.to_rich(report.Sheet("Cycles, in units of ω₁₁", HEADS, shown)))
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(1, 2, figsize=(8.0, 3.2), layout="constrained")
        for ax, name in zip(axes, ("guide", "power")):
            for some in every:
                ax.plot(some.beats, some[name], label=f"{some.distance[0]:g} λ₁₁")
            ax.set(xlabel="wait in the guide / beat", ylabel="delivered / ω₁₁")
        axes[1].set(yscale="log", ylabel="power / ω₁₁²", ylim=(1e-5, None))
        axes[0].legend(loc="upper center", bbox_to_anchor=(0.35, 1.0))
        figure.savefig(directory / "figure.png")


if __name__ == "__main__":
    main(Path(*sys.argv[1:] or ["qbjax-results/waveguide-cycle"]))
