"""A ket of many spins beside QuTiP: how far beyond density matrices do closed chains go?

SpinChain: 16 spins of an XXZ chain under a constant field, T = 1, five saved times, beside QuTiP's
`sesolve` with the same sparse matrices at one tolerance, rtol 1e-8 and atol 1e-10, which finds
energies alone; ours with all merits. Warm, in turns, one thread each, the least of five calls;
errors against `sesolve` at rtol 1e-12.

Run: python benchmarks/kets.py [--small]
"""

import os
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")

import jax
import numpy as np
import qutip

import qbjax as qb

LINE = 11 if "--small" in sys.argv else 16
REPEATS = 5


def seconds(function):
    """Seconds of a call, and its answer."""
    start = time.perf_counter()
    answer = jax.block_until_ready(function())
    return time.perf_counter() - start, answer


def main():
    """A ket of many spins beside QuTiP: seconds of both in turns, and their errors."""
    battery, times = qb.batteries.SpinChain(LINE, anisotropy=0.5), np.linspace(0.0, 1.0, 5)
    pairs = zip(battery.coefficients, battery.model.hamiltonians, strict=True)
    H = qutip.Qobj(sum(float(x) * m for x, m in pairs).tocsr())
    total = H + 2.0 * qutip.Qobj(battery.model.controls[0])

    def theirs(rtol=1e-8, atol=1e-10):
        options = {"rtol": rtol, "atol": atol, "nsteps": 10**6, "progress_bar": ""}
        start = qutip.basis(1 << LINE, 0)
        return qutip.sesolve(total, start, times, e_ops=[H], options=options).expect[0]

    def ours():
        return qb.charge(battery, qb.protocols.Constant(2.0), times).observables

    first, _ = seconds(ours)
    took = [[], []]
    for _ in range(REPEATS):
        for place, call in enumerate((theirs, ours)):
            spent, answer = seconds(call)
            took[place].append(spent)
            if place == 0:
                found = answer
    exact = theirs(1e-12, 1e-14)
    off = [np.max(np.abs(np.asarray(x) - exact)) for x in (found, answer["energy"])]
    print(
        f"ket of {LINE} spins: sesolve {min(took[0]):.2f} s, qbjax {min(took[1]):.3f} s "
        f"({min(took[0]) / min(took[1]):.1f}×, first {first:.1f} s); errors {off[0]:.0e} and "
        f"{off[1]:.0e}"
    )


if __name__ == "__main__":
    main()
