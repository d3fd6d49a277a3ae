"""Does a process that builds battery after battery live, and in how much memory?

Every Lindblad battery with another structure of its operators is a program of its own, of which
some fifty are kept (`dynamics.programs`). What it says every fifty batteries: memory maps and
megabytes held now, and at most so far. Before any were dropped, a process died at some 265
batteries, of the system's limit of 65 530 maps.

Run: python benchmarks/many_batteries.py [COUNT]   (1000 batteries, about a second each)
"""

import sys
import time

import numpy as np

import qbjax as qb
from qbjax.dynamics.forgetting import burden

SIZES = range(2, 6)


def battery(dice) -> qb.batteries.Lindblad:
    """A ladder of some levels, whose Hamiltonian couples some of them."""
    levels = dice.choice(SIZES)
    pattern = dice.random((levels, levels)) < 0.5
    couplings = np.where(pattern, dice.normal(size=(levels, levels)), 0.0)
    return qb.batteries.Lindblad(
        couplings + couplings.T, [(0.1, np.diag(np.sqrt(np.arange(1.0, levels)), 1))],
        dims=(int(levels),), cell=0, cell_hamiltonian=np.arange(float(levels)), truncated=(),
    )  # fmt: skip


def main(count: int) -> None:
    """Charges so many different batteries, one after the other."""
    dice, began, most = np.random.default_rng(0), time.perf_counter(), (0.0, 0.0)
    for i in range(1, count + 1):
        qb.charge(battery(dice), None, [0.0, 1.0])
        if (held := burden()) is not None:
            most = tuple(map(max, most, held))
            if i % 50 == 0:
                maps, memory = (f"{now:.0f} (at most {top:.0f})" for now, top in zip(
                    (held.maps, held.memory / 2**20), (most[0], most[1] / 2**20), strict=True
                ))  # fmt: skip
                spent = time.perf_counter() - began
                print(f"{i} batteries, {spent:.0f} s: {maps} maps, {memory} MB", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
