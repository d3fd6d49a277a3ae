"""Which exponents do collective batteries have, and is the power's really 3/2?

N spins and N photons, lossless, ω = ω_c = 1. Papers quote exponents of different quantities under
one name, over different N. Each here is of a named quantity, from maxima that are roots of
derivatives, with a 95 % interval, and beside the exponents between neighbouring N:
* Tavis–Cummings, g = 1, N = 8 … 256: largest E/t 1.4964 ± .0025, locally 1.4894 … 1.4994, rising:
  3/2 is where it ends. W/t 1.526, falling to 1.507; dE/dt 1.4947. Time of the largest E/t −0.497,
  but of the fullest battery −0.400, locally −0.409 at the end: slower than N^−½, as by ln N/√N.
* Dicke, g = 1, N = 8 … 64: E/t 1.491, W/t 1.551, both times −0.486. With g = 1/√N, which keeps the
  energy of the coupling in proportion to N: 0.989 and 1.061, so that nothing collective is left.
An exponent above 3/2 (W/t), or between 1 and 3/2, is that of the sizes it was fitted over.
Runs for a minute: python optimize/scaling.py [DIRECTORY]
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import qbjax as qb
from qbjax.studies import Quantity, scaling
from qbjax.views.plot import STYLE
from qbjax.views.scaling import laws

QUANTITIES = [
    "charging_power", "ergotropic_power", "power", "energy",
    Quantity("ergotropy", of="energy"), Quantity("time", of="charging_power"), Quantity("time"),
]  # fmt: skip
SIZES = [8, 16, 32, 64, 128, 256]
CASES = {  # what it is called: coupling, levels of the cavity for N, sizes
    "Tavis–Cummings, g = 1": (lambda N: 1.0, lambda N: N + 1, SIZES),
    "Dicke, g = 1": (lambda N: 1.0, lambda N: 4 * N + 16, SIZES[:4]),
    "Dicke, g = 1/√N": (lambda N: N**-0.5, lambda N: 4 * N + 16, SIZES[:4]),
}


def law(coupling, levels, sizes):
    """The laws of one kind of battery."""

    def battery(N):
        return qb.batteries.SpinEnsemble(N, N, levels(N), counter_rotating=levels(N) > N + 1)

    return scaling(
        battery, sizes, QUANTITIES, until=lambda N: 4 / coupling(N) / N**0.5,
        protocol=lambda N: qb.protocols.Constant(coupling(N)),
    )  # fmt: skip


def main(directory: Path, cases: dict) -> None:
    """Answers the question, prints the table, saves it and its picture."""
    rows, every = [], []
    with plt.rc_context(STYLE | {"figure.figsize": (4 * len(cases), 8)}):
        figure, axes = plt.subplots(
            2, len(cases), sharex="col", squeeze=False, layout="constrained", height_ratios=(3, 2)
        )
        for (name, case), pair in zip(cases.items(), axes.T):
            found = law(*case)
            every.append(found.to_dataframe().assign(battery=name))
            for quantity, x in found.laws.items():
                row = {"exponent": x.exponent, "low": x.low, "high": x.high, "last": x.local[-1]}
                rows.append({"battery": name, "quantity": quantity, **row, "is": x.bending()})
            laws(found.to_xarray(), pair)
            pair[0].set_title(name)
        directory.mkdir(parents=True, exist_ok=True)
        figure.savefig(directory / "figure.png")
    pd.concat(every).to_csv(directory / "numbers.csv", index=False)
    (table := pd.DataFrame(rows)).to_csv(directory / "table.csv", index=False)
    print(table.to_string(index=False, float_format="%.4f"))
    if bad := {str(x) for x in pd.concat(every)["verdict"]} - {"ok"}:
        print("Not to be believed:", *sorted(bad))


if __name__ == "__main__":
    main(Path(*sys.argv[1:] or ["qbjax-results/scaling"]), CASES)
