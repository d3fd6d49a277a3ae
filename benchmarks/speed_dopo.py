"""How fast is a DOPO run, its gradient, a batch of them? Beside dynamiqs and QuTiP, in one run.

F = 3, κ = 0.5, γ_p = 16, rtol 1e-8, atol 1e-10, float64, warm, the median of five calls; error
beside time. Peers at their best: dynamiqs with DIA layout and Tsit5, QuTiP with the fastest of
its explicit and Adams methods. For equal accuracy the peers need so many pump levels that
they are timed on γt ≤ 1 and scaled to 40: stability fixes their steps, so that these are equal.

Run: python benchmarks/speed_dopo.py   (about ten minutes on two cores; needs qbjax[bench])
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from functools import partial

import dynamiqs as dq
import jax
import jax.numpy as jnp
import numpy as np
import qutip

import qbjax as qb

dq.set_precision("double")

REPEATS = 5
AMPLITUDE, COUPLING, PUMP_DECAY = 3.0, 0.5, 16.0
PULSE = jnp.array([0.09, 0.10, 0.13, 0.35, 0.92, 1.79, 2.79, 3.61, 4.19, 4.45])
QUTIP_METHODS = ("adams", "dop853", "vern7", "vern9", "tsit5")


def timed(function, repeats=REPEATS):
    """Median seconds of a warm call, and its answer."""
    answer = jax.block_until_ready(function())
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        jax.block_until_ready(function())
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), answer


def ours(battery, solver, until):
    """A jitted run: ergotropy and energy at the end."""

    @jax.jit
    def run(F):
        times = jnp.array([0.0, until])
        done = qb.charge(battery, qb.protocols.Constant(F), times, solver=solver)
        return done.ergotropy[-1], done.energy[-1]

    return partial(run, jnp.array(AMPLITUDE))


def with_dynamiqs(pump_levels, until):
    a, b = dq.destroy(32, pump_levels)
    exchange = 0.5j * COUPLING * (a.dag() @ a.dag() @ b - a @ a @ b.dag())
    H = exchange + 1j * AMPLITUDE * PUMP_DECAY**0.5 * (b.dag() - b)
    method = dq.method.Tsit5(rtol=1e-8, atol=1e-10, max_steps=1_000_000)

    def run():
        out = dq.mesolve(
            H, [a, PUMP_DECAY**0.5 * b], dq.fock_dm((32, pump_levels), (0, 0)),
            jnp.array([0.0, until]), exp_ops=[a.dag() @ a], method=method, save_states=False,
            progress_meter=False,
        )  # fmt: skip
        return out.expects[0, -1].real

    return run


def with_qutip(pump_levels, until, method):
    a = qutip.tensor(qutip.destroy(32), qutip.qeye(pump_levels))
    b = qutip.tensor(qutip.qeye(32), qutip.destroy(pump_levels))
    exchange = 0.5j * COUPLING * (a.dag() * a.dag() * b - a * a * b.dag())
    H = exchange + 1j * AMPLITUDE * PUMP_DECAY**0.5 * (b.dag() - b)
    start = qutip.tensor(qutip.fock_dm(32, 0), qutip.fock_dm(pump_levels, 0))
    options = {"method": method, "rtol": 1e-8, "atol": 1e-10, "nsteps": 10**7,
               "store_states": False, "progress_bar": ""}  # fmt: skip

    def run():
        jumps = [a, PUMP_DECAY**0.5 * b]
        out = qutip.mesolve(H, start, [0.0, until], jumps, e_ops=[a.dag() * a], options=options)
        return out.expect[0][-1]

    return run


def fastest_qutip(pump_levels, until):
    """The method that is fastest here, by one call each."""
    seconds = {}
    for method in QUTIP_METHODS:
        start = time.perf_counter()
        try:
            with_qutip(pump_levels, until, method)()
        except (ValueError, KeyError):  # an older QuTiP lacks it
            continue
        seconds[method] = time.perf_counter() - start
    return min(seconds, key=seconds.get)


def table(title, rows, reference):
    """Prints seconds, how many times slower than each of ours, and the error of the energy."""
    print(f"\n{title}")
    for name, seconds, error in rows:
        ratios = " ".join(f"{seconds / base:8.1f}" for base in reference)
        print(f"{name:44} {seconds:9.3f} s  x{ratios}   error {error:.1e}")


def equal_truncation():
    """Lab frame, 32×9, γt = 10: everybody solves the same equation."""
    battery = qb.batteries.DOPO(32, 9, frame="lab")
    tsit5, chebyshev = qb.dynamics.Tsit5(), qb.dynamics.Chebyshev()
    sharp = qb.Solver(rtol=1e-11, atol=1e-13, method=tsit5)
    _, (_, exact) = timed(ours(battery, sharp, 10.0), 1)
    rows = []
    for name, method in (("Runge-Kutta (Tsit5)", tsit5), ("Chebyshev", chebyshev)):
        solver = qb.Solver(method=method)
        seconds, (_, energy) = timed(ours(battery, solver, 10.0))
        rows.append((f"qbjax, {name}", seconds, abs(energy - exact)))
    seconds, energy = timed(with_dynamiqs(9, 10.0))
    rows.append(("dynamiqs, Tsit5, DIA", seconds, abs(energy - exact)))
    method = fastest_qutip(9, 4.0)  # long enough: Adams starts slowly
    seconds, energy = timed(with_qutip(9, 10.0, method))
    rows.append((f"QuTiP, {method}", seconds, abs(energy - exact)))
    table("Equal truncation: lab, 32x9, to 10", rows, [rows[0][1], rows[1][1]])


def equal_accuracy():
    """Ergotropy within 1e-3 of the pump-converged curve at 32 signal levels, γt = 0 … 40."""
    times = jnp.linspace(0.0, 40.0, 81)
    pump = qb.protocols.Constant(AMPLITUDE)

    def curve(battery, **solver):
        return qb.charge(battery, pump, times, solver=qb.Solver(**solver)).ergotropy

    truth = curve(qb.batteries.DOPO(32, 8), rtol=1e-9, atol=1e-11)

    def enough(frame, levels, **solver):
        for n in levels:
            battery = qb.batteries.DOPO(32, n, frame=frame)
            error = float(jnp.max(jnp.abs(curve(battery, **solver) - truth)))
            if error < 1e-3:
                return n, error
        raise RuntimeError(f"{frame}: {levels} do not suffice")

    here, error = enough("displaced", (3, 4, 5, 6))
    there, lab_error = enough("lab", (12, 14, 16, 18, 20), method=qb.dynamics.Chebyshev())
    seconds, _ = timed(ours(qb.batteries.DOPO(32, here), qb.Solver(), 40.0))
    rows = [(f"qbjax, displaced 32x{here}", seconds, error)]
    seconds, _ = timed(with_dynamiqs(there, 1.0))
    rows.append((f"dynamiqs, lab 32x{there} (40 times t = 1)", 40 * seconds, lab_error))
    method = fastest_qutip(there, 0.1)
    seconds, _ = timed(with_qutip(there, 1.0, method))
    rows.append((f"QuTiP {method}, lab 32x{there} (40 times t = 1)", 40 * seconds, lab_error))
    table("Equal accuracy: W within 1e-3 for t = 0 ... 40", rows, [rows[0][1]])


def final_ergotropy(amplitudes):
    """Of the ten-segment pulse over γt = 10, 44×5 displaced levels."""
    pulse = qb.protocols.PiecewiseConstant(amplitudes, 10.0)
    run = qb.charge(qb.batteries.DOPO(44, 5), pulse, jnp.array([0.0, 10.0]))
    return run.ergotropy[-1]


def gradient():
    """A ten-segment pulse: value and gradient together, memory, compilation."""
    value, both = jax.jit(final_ergotropy), jax.jit(jax.value_and_grad(final_ergotropy))
    base, _ = timed(lambda: value(PULSE))
    seconds, (_, slope) = timed(lambda: both(PULSE))
    k, h = 7, 1e-4
    e = h * np.eye(10)[k]
    difference = (8 * (value(PULSE + e) - value(PULSE - e))
                  - (value(PULSE + 2 * e) - value(PULSE - 2 * e))) / (12 * h)  # fmt: skip
    memory = both.lower(PULSE).compile().memory_analysis().temp_size_in_bytes
    print("\nGradient of a ten-segment pulse, displaced 44x5, to 10")
    print(f"value {base:.3f} s; value and gradient {seconds:.3f} s: {seconds / base:.2f} times")
    print(f"component {k} against differences: {abs(slope[k] / difference - 1):.1e}")
    print(f"temporary memory {memory / 1e6:.0f} MB, whatever the number of steps")
    with tempfile.TemporaryDirectory() as cache:
        for which in ("first", "second"):
            command = [sys.executable, __file__, "--compile", cache]
            out = subprocess.run(command, check=True, capture_output=True, text=True)
            print(f"trace and compile, {which} process: {out.stdout.strip()}")


def compile_once(cache):
    """In a process of its own: seconds until the gradient is ready to run."""
    jax.config.update("jax_compilation_cache_dir", cache)
    start = time.perf_counter()
    jax.jit(jax.value_and_grad(final_ergotropy)).lower(PULSE).compile()
    print(f"{time.perf_counter() - start:.1f} s")


def batch():
    """64 amplitudes at once, and one after the other."""
    battery = qb.batteries.DOPO(32, 4)

    def ergotropy(F):
        times = jnp.array([0.0, 10.0])
        return qb.charge(battery, qb.protocols.Constant(F), times).ergotropy[-1]

    amplitudes = jnp.linspace(2.0, 3.0, 64)
    single = jax.jit(ergotropy)
    alone, looped = timed(lambda: [single(F) for F in amplitudes])
    mapped = jax.jit(lambda F: jax.lax.map(ergotropy, F))
    together, values = timed(lambda: mapped(amplitudes))
    error = jnp.max(jnp.abs(values - jnp.stack(looped)))
    print("\n64 amplitudes, displaced 32x4, to 10, by lax.map")
    print(f"per point {together / 64 * 1e3:.1f} ms; one run {alone / 64 * 1e3:.1f} ms: "
          f"{together / alone:.2f} times; differ by {error:.1e}")  # fmt: skip


if __name__ == "__main__":
    warnings.simplefilter("ignore", qb.dynamics.TruncationWarning)
    if sys.argv[1:2] == ["--compile"]:
        compile_once(sys.argv[2])
    else:
        print(f"jax {jax.__version__}, dynamiqs {dq.__version__}, qutip {qutip.__version__}, "
              f"{os.cpu_count()} cores")  # fmt: skip
        equal_truncation()
        equal_accuracy()
        gradient()
        batch()
