"""How fast is a steady state, and its gradient? The DOPO at 32×9 levels in the lab frame, F = 3,
beside QuTiP, in one run.

Float64, warm, the median of five calls for ours, one call for QuTiP's. The error is that of the
energy against our solver at a hundredth of its tolerance; the residual is ours or QuTiP's state
under QuTiP's own Liouvillian, which shares no code with ours.

Run: python benchmarks/steady_state.py [SECONDS]   (QuTiP's methods get 120 s each, or SECONDS;
needs qbjax[bench])
"""

import multiprocessing
import queue
import statistics
import sys
import time
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import qutip

import qbjax as qb
from qbjax.dynamics.steady import solvers as steady_solvers

LEVELS, AMPLITUDE, COUPLING, PUMP_DECAY = (32, 9), 3.0, 0.5, 16.0
REPEATS = 5
SOLVERS = ("bicgstab", "gmres", "lgmres")
INCOMPLETE = {"use_precond": True, "use_rcm": True, "fill_factor": 3, "drop_tol": 0.1}
"""A fuller incomplete factorisation than this takes longer than the solution."""


def timed(function, *arguments):
    """Seconds of the first call and median of the next, and the answer."""
    start = time.perf_counter()
    answer = jax.block_until_ready(function(*arguments))
    first, seconds = time.perf_counter() - start, []
    for _ in range(REPEATS):
        start = time.perf_counter()
        jax.block_until_ready(function(*arguments))
        seconds.append(time.perf_counter() - start)
    return first, statistics.median(seconds), answer


def battery():
    return qb.batteries.DOPO(*LEVELS, COUPLING, pump_decay=PUMP_DECAY, frame="lab")


def ours(F):
    found = qb.steady_state(battery(), qb.protocols.Constant(F), gap=False)
    return found.energy, (found.coherent_ergotropy, found.steps, found.state)


def equation():
    a = qutip.tensor(qutip.destroy(LEVELS[0]), qutip.qeye(LEVELS[1]))
    b = qutip.tensor(qutip.qeye(LEVELS[0]), qutip.destroy(LEVELS[1]))
    H = 0.5j * COUPLING * (a.dag() ** 2 * b - a**2 * b.dag())
    H += 1j * AMPLITUDE * PUMP_DECAY**0.5 * (b.dag() - b)
    return H, [a, PUMP_DECAY**0.5 * b]


def peer(solver, results):
    start = time.perf_counter()
    rho = qutip.steadystate(*equation(), solver=solver, **INCOMPLETE, rtol=1e-9)
    results.put((time.perf_counter() - start, rho.full()))


def with_qutip(solver, limit):
    """Seconds and state, or None if it takes longer."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    process = context.Process(target=peer, args=(solver, results))
    process.start()
    try:
        return results.get(timeout=limit)
    except queue.Empty:  # or its solver raised, and put nothing there
        return None
    finally:
        process.terminate()
        process.join()


def residual(rho):
    vector = qutip.operator_to_vector(qutip.Qobj(rho, dims=[list(LEVELS)] * 2))
    return np.linalg.norm((qutip.liouvillian(*equation()) * vector).full())


def energy(rho):
    return np.repeat(np.arange(LEVELS[0]), LEVELS[1]) @ np.diag(rho).real


def main(limit=120.0):
    F = jnp.asarray(AMPLITUDE)
    first, value, (found, (_, steps, state)) = timed(jax.jit(ours), F)
    first_both, both, _ = timed(jax.jit(jax.value_and_grad(ours, has_aux=True)), F)
    steady_solvers.TOLERANCE /= 100
    jax.clear_caches()  # they hold programs of the old tolerance
    exact, _ = jax.jit(lambda F: ours(F))(F)
    print(f"qbjax, value: {value:.3f} s, first {first:.1f} s, {int(steps)} steps, "
          f"error {abs(found - exact):.1e}, "
          f"residual {residual(np.asarray(battery().density_matrix(state))):.1e}")  # fmt: skip
    print(f"qbjax, value and gradient: {both:.3f} s ({both / value:.2f}), first {first_both:.1f} s")
    for solver in SOLVERS:
        answer = with_qutip(solver, limit)
        if answer is None:
            print(f"QuTiP, {solver}: none in {limit:g} s")
            continue
        seconds, rho = answer
        error, left = abs(energy(rho) - float(exact)), residual(rho)
        print(f"QuTiP, {solver}: {seconds:.2f} s ({seconds / value:.1f}), "
              f"error {error:.1e}, residual {left:.1e}")  # fmt: skip


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(*map(float, sys.argv[1:]))
