"""How fast are the exact amplitudes of emitters in a waveguide?

Many points of frequency and distance × 200 times up to T = 20 in one vmapped call, beside the
Volterra equation solved point by point with NumPy and SciPy (`volterra` below). Errors against
tabulated amplitudes, in the same run.

Run: python benchmarks/waveguide.py   (about a minute on two cores)
"""

import time

import jax
import jax.numpy as jnp
import numpy as np
from rich.console import Console
from waveguide_volterra import volterra_scipy

import qbjax as qb
from qbjax.views import report

POINTS, END = 10_000, 20.0
TIMES = np.linspace(0.0, END, 200)
DECAY, STEPS = 0.5, 1600
KNOWN = {  # |c₂(20)|² at (ω₀, Δ_z/λ)
    (0.6, 0.1): 0.6895239773,
    (1.4, 0.1): 0.1574521396,
    (3.0, 0.1): 0.0409079719,
    (1.4, 0.5): 0.1895058756,
    (1.4, 1.5): 0.1114374636,
}


def stored(frequency, distance):
    """|c₂|² at all times."""
    guide = qb.batteries.Waveguide(frequency=frequency, distance=distance, decay=DECAY)
    return qb.charge(guide, None, TIMES).energy / frequency


def seconds(function, *arguments, calls=5):
    """The median of some calls, after a first one; and that."""
    spent = []
    for _ in range(calls + 1):
        began = time.perf_counter()
        jax.block_until_ready(function(*arguments))
        spent.append(time.perf_counter() - began)
    return float(np.median(spent[1:])), spent[0]


def main() -> None:
    """Measures and prints."""
    points = np.array(list(KNOWN))
    exact = np.array(list(KNOWN.values()))
    rng = np.random.default_rng(0)
    frequencies, distances = rng.uniform(0.3, 3.0, POINTS), rng.uniform(0.05, 2.0, POINTS)
    batch = jax.jit(jax.vmap(stored))
    warm, first = seconds(batch, frequencies, distances)
    slope = jax.jit(jax.vmap(jax.value_and_grad(lambda f, x: jnp.sum(stored(f, x)), (0, 1))))
    some = slice(0, POINTS // 10)
    gradient, _ = seconds(slope, frequencies[some], distances[some], calls=3)
    found = np.asarray(jax.jit(jax.vmap(stored))(*points.T))[:, -1]
    error = np.max(np.abs(found - exact))

    def researcher():
        return [np.abs(volterra_scipy(*p, DECAY, END, STEPS)[-1][-1]) ** 2 for p in points]

    plain, _ = seconds(researcher, calls=1)
    plain_error = np.max(np.abs(np.array(researcher()) - exact))
    each, theirs = warm / POINTS, plain / len(points)
    rows = [
        ("qbjax, 10 000 points × 200 times", f"{warm:.2f}", f"{1e3 * each:.3f}", f"{error:.1e}"),
        ("  first call, with compilation", f"{first:.2f}", "", ""),
        ("  with gradient (1 000 points)", f"{gradient:.2f}", f"{1e6 * gradient / POINTS:.3f}", ""),
        ("NumPy/SciPy Volterra", "", f"{1e3 * theirs:.1f}", f"{plain_error:.1e}"),
        ("  ratio per point", "", f"{theirs / each:.0f}×", ""),
    ]
    columns = ("what", "seconds", "ms per point", "error of |c₂(20)|²")
    Console().print(report.to_rich(report.Sheet("Waveguide", columns, rows)))


if __name__ == "__main__":
    main()
