"""First calls of lindblad.py's batteries: does their length depend on how many times are saved?"""

import os
import subprocess
import sys
import time

import jax
import lindblad_systems as systems
import numpy as np

import qbjax as qb

CHEBYSHEV = qb.Solver(method=qb.dynamics.Chebyshev())
PUMP = qb.protocols.Function(systems.signal, 11.0)
COUPLING = qb.protocols.Constant(systems.COUPLING)
CASES = {
    "Kerr, F(t) a control": lambda times: qb.charge(systems.cavity(50), PUMP, times),
    "Kerr, Chebyshev": lambda times: qb.charge(
        systems.cavity(50, systems.DRIVE), None, times, solver=CHEBYSHEV
    ),
    "Dicke, closed": lambda times: qb.charge(systems.dicke(False), COUPLING, times),
    "Dicke, open": lambda times: qb.charge(systems.dicke(True), COUPLING, times),
    "Gradient, reverse": lambda times: jax.grad(lambda p: systems.photons(p, "reverse", None))(
        np.ones(3)
    ),
    "Gradient, forward": lambda times: jax.jacfwd(lambda p: systems.photons(p, "forward", None))(
        np.ones(3)
    ),
}


def once(case, saves):
    """In a process of its own: seconds until the answer is there."""
    start, busy = time.perf_counter(), time.process_time()
    answer = CASES[case](np.linspace(0.0, 2.0, int(saves)))
    jax.block_until_ready(jax.tree.leaves(answer))
    print(f"{time.perf_counter() - start:.1f} ({time.process_time() - busy:.1f})")


def main():
    print("\nFirst calls, seconds (and those of all cores), with 100 and with 1000 saved times")
    environment = os.environ | {"JAX_ENABLE_COMPILATION_CACHE": "false", "PYTHONWARNINGS": "ignore"}
    for case in CASES:
        counts = ("100", "1000")[: 1 if case.startswith("Gradient") else 2]
        commands = [[sys.executable, __file__, case, count] for count in counts]
        seconds = [subprocess.check_output(c, env=environment, text=True) for c in commands]
        print(f"{case:46} {' '.join(f'{s.strip():>14}' for s in seconds)}", flush=True)


if __name__ == "__main__" and len(sys.argv) == 3:
    once(*sys.argv[1:])
