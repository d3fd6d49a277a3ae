"""Is a three-level battery better charged through its middle level, or past it, in the dark?

Levels 0, 1, 1.95, a transmon's; Gaussian pulses of at most Ω = 1 on 0↔1 and 1↔2, dephasing
γ(n − m)². Santos et al., PRE 100, 032107 (2019), charge by STIRAP, 1↔2 first: what is stored stays,
where constant fields (grey) take it back. The worst of five devices, ±10 % in amplitude and ±1 in
delay, is maximised from both orders. W, worst (ideal), for γ = 0, 0.001, 0.003, 0.01: STIRAP 1.930
(1.948), 1.889 (1.911), 1.822 (1.854), 1.613 (1.695); one pulse after the other 1.880 (1.950), 1.869
(1.943), 1.851 (1.929), 1.801 (1.892): from 0.003 on the dark is too slow. Runs for a minute.
"""

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import qbjax as qb
from qbjax.algebra.jumps import dephasing

LEVELS, UNTIL, RATES = np.array([0.0, 1.0, 1.95]), 40.0, (0.0, 0.001, 0.003, 0.01)
ERRORS = [(1.0, 0.0), *((gain, late) for gain in (0.9, 1.1) for late in (-1.0, 1.0))]
BOUNDS = {"height": (0.05, 1.0), "centre": (10.0, 30.0), "width": (0.5, 6.0)}
STARTS = {"direct": ([0.8, 0.8], [20.0, 20.0], [2.0, 2.0]),
          "STIRAP": ([0.9, 0.9], [24.0, 16.0], [5.0, 5.0])}  # fmt: skip


def device(rate, gain):
    """A battery whose pulses are stronger than asked by a factor."""
    driven = [(gain / 2, np.diag(row, 1) + np.diag(row, -1)) for row in np.eye(2)]
    more = {"dims": (3,), "cell": 0, "cell_hamiltonian": LEVELS, "controls": driven}
    return qb.batteries.Lindblad(np.zeros((3, 3)), dephasing(jnp.asarray(rate), (3,), 0), **more)


def gaussian(height, centre, width, time):
    """The amplitude of a pulse."""
    return height * jnp.exp(-(((time - centre) / width) ** 2) / 2)


def pulses(plan, late=0.0):
    """The two pulses of a plan, the upper one late."""
    shapes = zip(plan["height"], plan["centre"] + jnp.stack([0.0, late]), plan["width"])
    return [qb.protocols.Function(jax.tree_util.Partial(gaussian, *x), UNTIL) for x in shapes]


def stored(plan, member):
    """Ergotropy of a device after both pulses, one of them late."""
    battery, late = member
    return qb.charge(battery, pulses(plan, late), [0.0, UNTIL]).ergotropy[-1]


def main(directory: Path) -> None:
    """Answers the question, prints the table, saves it and its picture."""
    rows, times, on = [], np.linspace(0.0, UNTIL, 301), [qb.protocols.Constant(1.0)] * 2
    _, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.6), layout="constrained")
    left.plot(times, qb.charge(device(RATES[1], 1.0), on, times).ergotropy, "0.8", label="constant")
    for rate, (kind, colour) in ((x, y) for x in RATES for y in zip(STARTS, ("C1", "k"))):
        many = qb.ensemble([(device(rate, gain), jnp.asarray(d)) for gain, d in ERRORS], "worst")
        plan = {x: qb.free(start, *BOUNDS[x]) for x, start in zip(BOUNDS, STARTS[kind])}
        best = qb.maximize(stored, plan, ensemble=many, steps=20, tolerance=1e-3)
        W = {"ideal": best.member_values[0], "worst": float(best.verified_value)}
        W |= {x: np.round(best.protocol[x], 2) for x in BOUNDS}
        rows.append({"γ": rate, "start": kind} | W)
        for gain, late in ERRORS if rate == RATES[1] else ():
            run = qb.charge(device(rate, gain), pulses(best.protocol, late), times)
            left.plot(times, run.ergotropy, colour, lw=0.7, label=kind if not late else None)
    table, look = pd.DataFrame(rows), {"color": ["k", "C1"] * 2, "style": ["o-"] * 2 + ["v--"] * 2}
    wide = table.pivot(index="γ", columns="start", values=["ideal", "worst"])
    wide.plot(ax=right, xlabel="γ / Ω", **look).legend([*map(", ".join, wide.columns)])
    _ = left.set(xlabel="Ω t", ylabel="ergotropy"), left.legend()
    directory.mkdir(parents=True, exist_ok=True)
    left.figure.savefig(directory / "figure.png")
    table.to_csv(directory / "table.csv", index=False)
    print(table.to_string(index=False, float_format="%.4f"))


if __name__ == "__main__":
    main(Path(*sys.argv[1:] or ["qbjax-results/qutrit-stirap"]))
