"""How fast is a whole search? Beside dynamiqs + optax, and SciPy with finite differences.

Pump: the ten segments, ∫F²dt = 62.5, |F| ≤ 3, that leave a DOPO most ergotropy at γt = 10, 44×5
displaced levels; seconds until within 1e-4 of the best. dynamiqs has the lab frame and the pump
levels that make it as right as ours; it is timed on a tenth of the pulse and scaled (stability
fixes its steps), and is given the time of as many values and gradients as fit into our search.
Stream: the best angles of 891 coherent qubits, 250 levels, κt₀ = 1e-3; a gradient by differences is
892 runs of the best NumPy code that we could write. And 12 angles by both to the end.
Cavity: 12 segments 0 ≤ g ≤ 1 for three spins and eight levels with losses, in a fresh process.

Run: python benchmarks/search.py [pump] [stream] [cavity]   (about fifteen minutes on two cores;
needs qbjax[bench])
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import search_rivals as rivals
from scipy.optimize import minimize

import qbjax as qb
from qbjax.batteries.collisional.swap_angles import stored_energy
from qbjax.strategies.pump_pulse import best_pulse, final_ergotropy

SIGNAL, PUMP, LAB, DURATION, ENERGY, PEAK = 44, 5, 14, 10.0, 62.5, 3.0
COUNT, LEVELS, LOSS, THETA = 891, 250, 1e-3, 0.01 * np.pi
CLOSE, PAIRS = 1e-4, 3


def seconds_of(function, *arguments):
    start = time.perf_counter()
    answer = jax.block_until_ready(function(*arguments))
    return time.perf_counter() - start, answer


def paired(ours, theirs, pairs=PAIRS):
    """Medians of both, warm and in turns, and the median of the ratios within a turn."""
    spent = [(seconds_of(ours)[0], seconds_of(theirs)[0]) for _ in range(pairs)]
    mine, others = zip(*spent)
    ratio = statistics.median(b / a for a, b in spent)
    return statistics.median(mine), statistics.median(others), ratio


def pump():
    """Ours to the end, and one value and gradient of both."""
    battery = qb.batteries.DOPO(SIGNAL, PUMP)

    def search():
        begun, seen = time.perf_counter(), []
        best = best_pulse(
            battery, DURATION, ENERGY, PEAK, steps=60, tolerance=1e-6,
            progress=lambda p: seen.append((time.perf_counter() - begun, p.step, p.best_value)),
        )  # fmt: skip
        top = float(best.value)
        return best, next((s, n) for s, n, value in seen if value >= (1 - CLOSE) * top)

    best, (cold, _) = search()
    _, (warm, steps) = search()
    amplitudes = best.protocol.amplitudes
    print(f"\nPump: {float(best.value):.5f} ({float(best.verified_value):.5f} with more levels); "
          f"within {CLOSE:g} after {cold:.1f} s with compilation, {warm:.1f} s warm, "
          f"step {steps}", flush=True)  # fmt: skip

    def ergotropy(amplitudes):
        return final_ergotropy(qb.protocols.PiecewiseConstant(amplitudes, DURATION), battery)

    both = jax.jit(jax.value_and_grad(ergotropy))
    _, theirs = rivals.dopo_value_and_grad(SIGNAL, LAB, 0.1 * DURATION, 10, DURATION)
    compiled, _ = seconds_of(theirs, amplitudes)
    both(amplitudes)
    mine, others, ratio = paired(lambda: both(amplitudes), lambda: theirs(amplitudes))
    looks = warm / mine
    print(f"value and gradient: qbjax {mine:.2f} s, dynamiqs {10 * others:.1f} s (ten times a "
          f"tenth; first call {compiled - others:.0f} s more): {10 * ratio:.0f} times\n"
          f"so that the search takes dynamiqs {looks * 10 * others:.0f} s, {looks:.0f} such: "
          f"{10 * ratio:.0f} times warm, {looks * 10 * others / cold:.0f} with our compilation",
          flush=True)  # fmt: skip
    exact = float(jax.jit(ergotropy)(amplitudes))
    far = final_ergotropy(best.protocol, qb.batteries.DOPO(SIGNAL, 8))
    lab = final_ergotropy(best.protocol, qb.batteries.DOPO(SIGNAL, LAB, frame="lab"))
    print(
        f"errors of W by the pump levels: qbjax {abs(exact - far):.1e}, "
        f"dynamiqs (its equation, solved by qbjax) {abs(float(lab) - float(far)):.1e}"
    )


def lossy(levels):
    return qb.batteries.Collisional(qb.algebra.ladders.oscillator(levels), loss=LOSS)


def energy_of(battery, theta):
    stream = qb.protocols.Collisions(theta, 0.5, 1.0, save_every=len(theta))
    return qb.charge(battery, stream).energy[-1]


def stream():
    """One gradient by all angles, and a small search by both."""
    theta, battery = jnp.full(COUNT, THETA), lossy(LEVELS)
    both = jax.jit(jax.value_and_grad(lambda theta: energy_of(battery, theta)))
    value = lambda: rivals.stream_energy(np.asarray(theta), LEVELS, LOSS)  # noqa: E731
    both(theta)
    mine, others, ratio = paired(lambda: both(theta), value)
    error = abs(float(both(theta)[0]) - value())
    print(f"\nStream of {COUNT}: value and gradient {mine:.2f} s, NumPy's value {others:.2f} s, so "
          f"that its gradient by differences takes {(COUNT + 1) * others / 60:.0f} min: "
          f"{(COUNT + 1) * ratio:.0f} times; energies differ by {error:.0e}",
          flush=True)  # fmt: skip
    few, small, battery = 12, 24, lossy(24)
    protocol = qb.protocols.Collisions(qb.free(jnp.full(few, 0.2), 0.0, 0.6), 0.5, 1.0)

    def ours():
        return qb.maximize(rate, protocol, battery=battery, steps=200).value

    def theirs():
        def loss(theta):
            return -rivals.stream_energy(theta, small, LOSS) / theta.sum()

        bounds = [(1e-9, 0.6)] * few
        return -minimize(loss, np.full(few, 0.2), method="L-BFGS-B", bounds=bounds,
                         options={"ftol": 1e-14, "gtol": 1e-8}).fun  # fmt: skip

    cold, best = seconds_of(ours)
    mine, others, ratio = paired(ours, theirs)
    print(f"Stream of {few}, largest power, to the end: qbjax {mine:.2f} s (the first time "
          f"{cold:.1f}), SciPy {others:.2f} s: {ratio:.1f} times; powers differ by "
          f"{float(best) - theirs():.0e}", flush=True)  # fmt: skip


def rate(protocol, battery):
    return stored_energy(protocol, battery) / jnp.sum(protocol.theta)


def cavity_once():
    """In a process of its own: everything, import to answer."""
    battery = qb.batteries.TavisCummings(3, 4, levels=8, cavity_decay=0.05, spin_decay=0.05)
    coupling = qb.protocols.PiecewiseConstant(qb.free(jnp.full(12, 0.5), 0.0, 1.0), 3.0)
    best = qb.maximize(kept, coupling, battery=battery)
    print(f"{float(best.value):.6f} {best.converged} {len(best.history)}")


def kept(coupling, battery):
    return qb.charge(battery, coupling, [0.0, 3.0]).ergotropy[-1]


def cavity():
    """Seconds of fresh processes, with an empty and a warm cache of programs."""
    with tempfile.TemporaryDirectory() as cache:
        for state in ("empty", "warm"):
            environment = os.environ | {"JAX_COMPILATION_CACHE_DIR": cache}
            command = [sys.executable, __file__, "--cavity"]
            start, spent = time.perf_counter(), sum(os.times()[2:4])
            out = subprocess.run(
                command, check=True, capture_output=True, text=True, env=environment
            ).stdout.split()
            print(f"{'' if state == 'warm' else chr(10)}Cavity, {state} cache: "
                  f"{time.perf_counter() - start:.1f} s ({sum(os.times()[2:4]) - spent:.1f} s of "
                  f"processors), W = {out[0]}, converged {out[1]}, "
                  f"{out[2]} steps", flush=True)  # fmt: skip


if __name__ == "__main__":
    warnings.simplefilter("ignore", qb.dynamics.TruncationWarning)
    if sys.argv[1:] == ["--cavity"]:
        cavity_once()
    else:
        print(f"jax {jax.__version__}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        for each in (pump, stream, cavity):
            if each.__name__ in (sys.argv[1:] or ("pump", "stream", "cavity")):
                each()
