"""Which pulse leaves most ergotropy after a time of storage, for a given pump energy?

Energy 62.5, |F| ≤ 3, κ = 0.5, γ_p = 16. The paper switches a constant F off, and lets W decay. Here
ten segments charge until γt = 10, and a constant F ≤ h, paid from the same energy, holds what is
stored. W after T_s = 1 and 2, 49×5 levels. Two minutes: python optimize/pump_storage.py [DIRECTORY]
* F = 2.5 until 10, then off: 0.878, 0.182; F = 3 until 6.94: 1.561, 0.346; the best pulse: 1.640,
  0.366. The shape brings 5 % over what is as short as the peak allows, as without storage;
* h = 1, half of the threshold, costs 1.6 and 3.2 % of the energy: 2.786, 1.313; h = 2 four times as
  much: 4.298, 3.196. F = 3 gains as much by it. Every h is used up: who pumps on does not store.
"""

import sys
from pathlib import Path

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import qbjax as qb
from qbjax.protocols import Constant, PiecewiseConstant
from qbjax.views.plot import PULSES

LEVELS, DURATION, ENERGY, PEAK = (36, 4), 10.0, 62.5, 3.0
RAMP, CASES = 0.15 + 0.3 * np.arange(10), [(wait, most) for wait in (1.0, 2.0) for most in range(3)]


def runs(battery, pump, end, hold, wait, points=2):
    """The runs of a pump until its end, and of a constant one while the battery waits."""
    run = qb.charge(battery, pump, jnp.linspace(0.0, end, points))
    times = jnp.linspace(end, end + wait, points)
    return run, qb.charge(battery, Constant(hold), times, initial=run.final_state)


def parts(plan):
    """The pulse of a plan, whose energy is what holding leaves, and the hold."""
    hold = plan["share"] * plan["h"]
    energy = ENERGY - hold**2 * plan["T_s"]
    return PiecewiseConstant.with_energy(plan["F"], DURATION, energy=energy, peak=PEAK), hold


def left(plan, battery):
    """Ergotropy after the storage."""
    pulse, hold = parts(plan)
    return runs(battery, pulse, DURATION, hold, plan["T_s"])[1].ergotropy[-1]


def answer(battery, wait, most):
    """The best plan under a bound on the hold, beside a constant pump of the same energy."""
    plan = {"F": qb.free(RAMP, 0.0, PEAK), "share": qb.free(0.5, 0.0, 1.0), "h": most, "T_s": wait}
    best = qb.maximize(left, plan, battery=battery, steps=40, tolerance=1e-4)
    off = (ENERGY - most**2 * wait) / PEAK**2
    plain = float(runs(battery.refined(), Constant(PEAK), off, most, wait)[1].ergotropy[-1])
    numbers = {"T_s": wait, "h": most, "F = 3": plain, "pulse": float(best.value)}
    return *parts(best.protocol), numbers | {"verified": float(best.verified_value)}


def main(directory: Path) -> None:
    """Answers the question, prints the table, saves it and its picture."""
    battery, rows = qb.batteries.DOPO(*LEVELS), []
    figure, axes = plt.subplots(2, 2, sharex="col", figsize=(9.6, 5.6), layout="constrained")
    for wait, most in CASES:
        pulse, hold, numbers = answer(battery, wait, most)
        rows.append(numbers | {"energy held": float(hold**2 * wait / ENERGY)})
        above, below = axes[:, int(wait) - 1]
        look = dict(zip(("color", "ls"), PULSES[most])) | {"label": f"F ≤ {most} while it waits"}
        edges = [*np.linspace(0.0, DURATION, len(RAMP) + 1), DURATION + wait]
        above.stairs([*pulse.amplitudes, hold], edges, baseline=None, **look)
        for run in runs(battery.refined(), pulse, DURATION, hold, wait, 101):
            below.plot(run.times, run.ergotropy, **look)
        _ = above.set(ylabel="pump F", title=f"$T_s = {wait:g}$"), above.legend()
        below.set(xlabel=r"time  ($1/\gamma_s$)", ylabel="ergotropy")
    directory.mkdir(parents=True, exist_ok=True)
    figure.savefig(directory / "figure.png")
    (table := pd.DataFrame(rows)).to_csv(directory / "table.csv", index=False)
    print(table.to_string(index=False, float_format="%.4f"))


if __name__ == "__main__":
    main(Path(*sys.argv[1:] or ["qbjax-results/pump-storage"]))
