"""Does a process that builds battery after battery live, and in how much memory?

Every Lindblad battery with other operators is a program of its own. What it says every fifty
batteries: memory maps and megabytes held now, and at most so far. Before programs were forgotten
in time, a process died at some 265 batteries, of the system's limit of 65 530 maps.

Run: python benchmarks/many_batteries.py [COUNT]   (1000 batteries, about a second each)
"""

import sys
import time

import numpy as np

import qbjax as qb
from qbjax.dynamics.forgetting import burden

CELL = {"dims": (2,), "cell": 0, "cell_hamiltonian": np.array([0.0, 1.0])}
LOWER = np.array([[0.0, 1.0], [0.0, 0.0]])


def main(count: int) -> None:
    """Charges so many different qubits, one after the other."""
    dice, began, most = np.random.default_rng(0), time.perf_counter(), (0.0, 0.0)
    for i in range(1, count + 1):
        numbers = dice.normal(size=(2, 2))
        battery = qb.batteries.Lindblad(numbers + numbers.T, [(0.1, LOWER)], **CELL)
        qb.charge(battery, None, [0.0, 1.0])
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
