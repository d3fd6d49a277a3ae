"""Which pump and which coupling of the load, together, deliver most in a cycle?

κ = 0.5, γ_p = 16, |F| ≤ 3; a load with γ_a = 0.1, |g| ≤ 1.35. The paper: constant F until γt = 10,
then constant g. Here ten segments of F with a given energy, four of g(t) and the time they take
are chosen together. W_a, verified (49×5 levels), beside F = 3 of that energy: 50: 0.0486 (0.0216);
62.5: 0.1966 (0.1736; F = 2.5: 0.0531). g is 1.35 throughout: on resonance only its area counts.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import qbjax as qb
from qbjax.protocols import Constant, PiecewiseConstant
from qbjax.views.plot import PULSES

LEVELS, DURATION, PEAK, MOST, DECAY = (36, 4), 10.0, 3.0, 1.35, 0.1
RAMP, ENERGIES = 0.15 + 0.3 * np.arange(10), (50.0, 62.5)


def parts(plan):
    """The pulse of a plan, and the load that it is for."""
    pulse = PiecewiseConstant.with_energy(plan["F"], DURATION, energy=plan["energy"], peak=PEAK)
    return pulse, qb.loads.TwoLevel(PiecewiseConstant(plan["g"], plan["time"]), decay=DECAY)


def delivered(plan, battery):
    """Ergotropy of the load at the end of a cycle; below 0, what its energy lacks for any."""
    pulse, load = parts(plan)
    state = qb.charge(battery, pulse, [0.0, DURATION]).final_state
    return 2 * qb.discharge(battery, state, load, [0.0, plan["time"]]).load_energy[-1] - 1


def largest(battery, F, off):
    """The largest ergotropy of a load that is coupled at once, after a constant pump."""
    state = qb.charge(battery, Constant(F), [0.0, off]).final_state
    load = qb.loads.TwoLevel(MOST, decay=DECAY)
    return float(qb.discharge(battery, state, load, np.linspace(0, 1, 501)).load_ergotropy.max())


def answer(battery, energy):
    """The best plan of a pump energy, beside constant pumps."""
    plan = {"F": qb.free(RAMP, 0.0, PEAK), "g": qb.free([0.5, 1.2, 1.2, 0.5], -MOST, MOST)}
    plan |= {"time": qb.free(0.4, 0.1, 1.0), "energy": energy}
    best = qb.maximize(delivered, plan, battery=battery, steps=40, tolerance=1e-4)
    fine, numbers = battery.refined(), {"energy": energy}
    numbers["constant F"] = largest(fine, (energy / DURATION) ** 0.5, DURATION)
    numbers["F = 3"] = largest(fine, PEAK, energy / PEAK**2)
    numbers |= {"W_a": float(best.value), "verified": float(best.verified_value)}
    time, least = float(best.protocol["time"]), float(best.protocol["g"].min())
    return best.protocol, numbers | {"t_d": time, "least g": least}


def main(directory: Path) -> None:
    """Answers the question, prints the table, saves it and its picture."""
    battery, rows = qb.batteries.DOPO(*LEVELS), []
    _, axes = plt.subplots(1, 3, figsize=(11, 3.4), layout="constrained")
    for energy, (colour, dash) in zip(ENERGIES, PULSES):
        plan, numbers = answer(battery, energy)
        rows.append(numbers)
        (pulse, load), look = parts(plan), {"color": colour, "ls": dash}
        for ax, each in zip(axes, (pulse, load.coupling)):
            edges = np.linspace(0.0, each.duration, len(each.amplitudes) + 1)
            ax.stairs(each.amplitudes, edges, baseline=None, label=f"energy {energy:g}", **look)
        state = qb.charge(battery, pulse, [0.0, DURATION]).final_state
        run = qb.discharge(battery, state, load, np.linspace(0.0, plan["time"], 101))
        axes[2].plot(run.times, run.load_ergotropy, **look)
    for ax, name in zip(axes, ("pump F", "coupling g", "ergotropy of the load")):
        ax.set(xlabel=r"time  ($1/\gamma_s$)", ylabel=name, ylim=(0, 1.1 * ax.dataLim.ymax))
    _ = axes[0].legend(), directory.mkdir(parents=True, exist_ok=True)
    axes[0].figure.savefig(directory / "figure.png")
    (table := pd.DataFrame(rows)).to_csv(directory / "table.csv", index=False)
    print(table.to_string(index=False, float_format="%.4f"))


if __name__ == "__main__":
    main(Path(*sys.argv[1:] or ["qbjax-results/pump-discharge"]))
