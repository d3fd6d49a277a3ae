"""How near to the memory's bandwidth do the Bloch charger's closed forms come?

100 000 points (θ, γ/J) × 200 times: energy, ergotropy and capacity, float64, in one jitted program.
Beside it, in the same run and of the same size: a fill (every byte written once, as by the closed
forms), a copy, and NumPy with the same formulas. Bytes count what must be read or written, 480 MB
each; "of a fill" is the share of that bandwidth.

Run: python benchmarks/bloch.py   (half a minute on two cores, 1.5 GB)
"""

import time

import jax
import jax.numpy as jnp
import numpy as np
from rich.console import Console

import qbjax as qb
from qbjax.batteries.bloch import exact as bloch_exact
from qbjax.views import report

POINTS, TIMES, CHUNK, KINDS = 100_000, 200, 1000, 3
RNG = np.random.default_rng(0)
THETA, DECAY = RNG.uniform(0, np.pi, POINTS), RNG.uniform(0, 12, POINTS)
INSTANTS = np.linspace(0.0, 10.0, TIMES)
BYTES = 8 * POINTS * TIMES * KINDS


@jax.jit
def closed_forms(theta, decay):
    """Three merits, (100 000, 200) each; stacked in one array they would be computed apart."""

    def merits(theta, decay):
        battery = qb.batteries.BlochCharger(1.0, decay)
        forms = (bloch_exact.energy, bloch_exact.ergotropy, bloch_exact.capacity)
        return tuple(form(battery, theta, jnp.asarray(INSTANTS)) for form in forms)

    return jax.vmap(merits)(theta, decay)


@jax.jit
def fill(theta):
    """As many bytes, from numbers that are read once per row."""
    return tuple(jnp.broadcast_to(theta[:, None], (POINTS, TIMES)) + k for k in range(KINDS))


@jax.jit
def copy(arrays):
    return tuple(array + 1.0 for array in arrays)


def with_numpy(theta, decay):
    """The formulas as one would write them, in chunks that stay in the cache."""
    answer = np.empty((KINDS, POINTS, TIMES))
    for k in range(0, POINTS, CHUNK):
        s2 = np.sin(theta[k : k + CHUNK, None] / 2) ** 2
        x = decay[k : k + CHUNK, None] / 4
        G = np.sqrt((1 - x**2).astype(complex))
        f2 = (np.sin(G * INSTANTS) / G * np.exp(-x * INSTANTS)).real ** 2
        length = np.sqrt(np.maximum(1 - 4 * s2**2 * f2 * (1 - f2), 0.0))
        p = s2 * f2
        answer[0, k : k + CHUNK] = p
        answer[1, k : k + CHUNK] = p - (1 - length) / 2
        answer[2, k : k + CHUNK] = length
    return answer


def timed(function, *arguments, repeats=5):
    """Least and median seconds of a warm call."""
    jax.block_until_ready(function(*arguments))
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        jax.block_until_ready(function(*arguments))
        seconds.append(time.perf_counter() - start)
    return min(seconds), float(np.median(seconds))


def main():
    theta, decay = jnp.asarray(THETA), jnp.asarray(DECAY)
    pairs = zip(closed_forms(theta, decay), with_numpy(THETA, DECAY), strict=True)
    error = max(float(np.abs(ours - theirs).max()) for ours, theirs in pairs)
    found = {"copy": (2, timed(copy, fill(theta)))}
    found["fill"] = 1, timed(fill, theta)
    found["closed forms"] = 1, timed(closed_forms, theta, decay)
    found["NumPy"] = 1, timed(with_numpy, THETA, DECAY, repeats=1)
    bandwidth, seconds = found["fill"][1][1], found["closed forms"][1][1]
    rows = [
        (name, f"{least:.3f}", f"{median:.3f}", f"{passes * BYTES / median / 1e9:.2f}",
         f"{bandwidth * passes / median:.1%}", f"{median / seconds:.2f}")
        for name, (passes, (least, median)) in found.items()
    ]  # fmt: skip
    heads = ("what", "least s", "median s", "GB/s", "of a fill", "times closed forms")
    sheet = report.Sheet(f"{POINTS} points × {TIMES} times × {KINDS}", heads, rows)
    console = Console()
    console.print(report.to_rich(sheet))
    console.print(f"Devices: {jax.devices()}. Largest difference from NumPy: {error:.1e}.")
    per = 1e9 * seconds / POINTS / TIMES
    console.print(f"{per:.2f} ns per point and time, three merits.")


if __name__ == "__main__":
    main()
