"""Does the collective advantage survive local dephasing and decay?

N spins and N photons, Tavis–Cummings, g = 1, noise on every spin. The gain is the first peak of E/t
(or W/t) over N times that of a spin and a photon without noise; it is ~ √N where none disturbs.
It survives: large N are charged in a time ~ 1/√N, in which noise of fixed rate does ever less. At
N = 100 the gain of E/t is 8.05, with dephasing 1, 4, 16: 7.84, 7.26, 5.57, with decay ½: 7.84; of
W/t 8.55, 7.88, 6.16, 2.82 and 8.24. Small N lose more: exponents over 10 … 100 are larger with
noise than without, 1.496: 1.520, 1.582, 1.726. Where it grows as √N (g/√N), a factor 0.64 is lost
for good. Single spins under dephasing of 4 have no ergotropy at all. Five minutes of one core:
python optimize/noise_and_advantage.py [DIRECTORY]
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import qbjax as qb
from qbjax.studies import scaling
from qbjax.studies.power_law import power_law
from qbjax.views.plot import STYLE
from qbjax.views.scaling import MARKS

SIZES, LARGE = [1, 2, 5, 10, 20, 50, 100], 4  # and how many of the last give exponents
CASES = {  # the noise, its rate, and the power of N by which that grows
    "no noise": ("local_decay", 0, 0), "dephasing 1": ("local_dephasing", 1, 0),
    "dephasing 4": ("local_dephasing", 4, 0), "dephasing 16": ("local_dephasing", 16, 0),
    "decay ½": ("local_decay", 0.5, 0), "dephasing 2√N": ("local_dephasing", 2, 0.5),
}  # fmt: skip
QUANTITIES = {"E/t": "charging_power", "W/t": "ergotropic_power"}


def powers(kind, rate, growth, sizes):
    """Powers under one kind of noise, a row for every size, and whether to believe them."""

    def battery(N):
        mean = 0.6 * rate * N**0.5  # of the quanta that decay takes by the peak
        lost = int(mean + 6 * mean**0.5 + 4) if kind == "local_decay" and rate and N > 10 else None
        return qb.batteries.SpinEnsemble(N, N, N + 1, lost=lost, **{kind: rate * N**growth})

    found = scaling(
        battery, sizes, list(QUANTITIES.values()),
        protocol=qb.protocols.Constant(1.0), until=lambda N: 5.6 / N**0.5,
    )  # fmt: skip
    named = dict(zip(QUANTITIES, found.values.values()))
    return pd.DataFrame({"N": sizes, **named, "verdict": found.verdicts})


def main(directory: Path, cases: dict, sizes: list) -> None:
    """Answers the question, prints the tables, saves them and their picture."""
    every, rows = {name: powers(*case, sizes) for name, case in cases.items()}, []
    alone = next(iter(every.values())).iloc[0]
    with plt.rc_context(STYLE | {"figure.figsize": (9, 4.5)}):
        figure, axes = plt.subplots(1, 2, sharey=True, layout="constrained")
        for (name, table), (colour, marker, dash) in zip(every.items(), MARKS):
            rows.append({"noise": name})
            for quantity, ax in zip(QUANTITIES, axes):
                gain = table[quantity] / alone[quantity] / table["N"]
                rows[-1][f"gain of {quantity} at last"] = gain.iloc[-1]
                law = power_law(table["N"][-LARGE:], table[quantity][-LARGE:])
                rows[-1][f"{quantity} ~ N^"] = law.exponent
                table[f"gain of {quantity}"] = gain
                ax.loglog(table["N"], gain, marker, ms=4, ls=dash, c=colour, label=name)
                ax.set(title=quantity, xlabel="N", ylim=(0.03, None))
        _ = [ax.loglog(sizes, np.sqrt(sizes), lw=0.8, c="0.5", label="√N") for ax in axes]
        _ = axes[0].set_ylabel("gain over N single ones, no noise"), axes[0].legend()
        directory.mkdir(parents=True, exist_ok=True)
        figure.savefig(directory / "figure.png")
    pd.concat(every, names=["noise"]).droplevel(1).to_csv(directory / "table.csv")
    print(pd.DataFrame(rows).to_string(index=False, float_format="%.3f"))
    print(pd.concat(every).query("verdict != 'ok'").to_string())


if __name__ == "__main__":
    main(Path(*sys.argv[1:] or ["qbjax-results/noise-and-advantage"]), CASES, SIZES)
