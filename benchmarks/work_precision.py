"""Which integrator? Error against time, over tolerances, for every method that fits.

Float64, the least of several warm calls; the error is the largest over all saved times, of the
energy, relative to its maximum, against Tsit5 at rtol 1e-13: exponentials lose digits where a
generator is large. A cell behind a cavity is stiff: the cavity empties at κ = 1e4, and drives the
cell at a rate of one. All tolerances of a method share one program.

Run: python benchmarks/work_precision.py [--figure PATH]   (about three minutes on two cores)
"""

import os

# Threads that wait for each other: beside other work, LAPACK's are twenty times slower than one.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import time
from typing import Any, NamedTuple

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import matplotlib
import matplotlib.pyplot as plt
import numpy as np

import qbjax as qb
from qbjax.algebra import operators
from qbjax.dynamics.record.provenance import environment
from qbjax.views import figure_files, plot

matplotlib.use("Agg")

TOLERANCES = (1e-4, 1e-6, 1e-8, 1e-10)
STEPS = 10**6
SECONDS = 0.3
"""A run is repeated until so much time is spent, at most seven times."""

METHODS = {
    "Tsit5": qb.dynamics.Tsit5(),
    "Dopri8": diffrax.Dopri8(),
    "Chebyshev": qb.dynamics.Chebyshev(),
    "Exponential": qb.dynamics.Exponential(),
    "Implicit": qb.dynamics.Implicit(),
    "Kvaerno5": diffrax.Kvaerno5(),
}
LOOKS = {
    "Tsit5": (plot.BLACK, "o"),
    "Dopri8": (plot.GREY, "s"),
    "Chebyshev": (plot.VERMILION, "D"),
    "Exponential": (plot.GREEN, "*"),
    "Implicit": (plot.BLUE, "^"),
    "Kvaerno5": (plot.SKY, "v"),
}


class Case(NamedTuple):
    """What is run, and by which methods."""

    title: str
    battery: Any
    protocol: Any
    methods: tuple[str, ...]


class Sharpness(qb.Solver):
    """A `qb.Solver` whose tolerances are arrays, and so need no compilation each."""

    rtol: Any
    atol: Any

    def __init__(self, rtol, method):
        self.rtol, self.atol = rtol, rtol / 100
        self.max_steps, self.method = STEPS, method

    def with_method(self, method):
        return Sharpness(self.rtol, method)


def behind_a_cavity(decay):
    """A qubit behind a driven cavity of four levels; 64 real numbers."""
    dims = (2, 4)
    s, a = (operators.embed(operators.destroy(n), dims, k) for k, n in enumerate(dims))
    g = np.sqrt(decay) / 2
    return qb.batteries.Lindblad(
        g * (s @ a.T + s.T @ a), [(decay, a), (0.02, s)], dims=dims, cell=0,
        cell_hamiltonian=np.arange(2.0), controls=[g * (a + a.T)], truncated=(),
    )  # fmt: skip


def kerr():
    """A. Mercurio et al., arXiv:2504.21440 (2025): 50 levels, 2500 real numbers."""
    a = operators.destroy(50)
    return qb.batteries.Lindblad(
        [(0.1, a.T @ a), (0.025, a.T @ a.T @ a @ a)], [(1.2, a), (0.2, a.T)], dims=(50,), cell=0,
        cell_hamiltonian=np.arange(50.0), controls=[a + a.T],
    )  # fmt: skip


def cases():
    constant, smooth = qb.protocols.Constant, qb.protocols.Fourier
    steps = np.array([1.0, 0.5, -0.3, 0.8, 0.2, 1.0, 0.6, -0.8, 0.4, 0.9])
    pulse = qb.protocols.PiecewiseConstant
    dicke = qb.batteries.TavisCummings(4, 4, counter_rotating=True, levels=10)
    slow, fast = behind_a_cavity(1.0), behind_a_cavity(1e4)
    explicit, linear = ("Tsit5", "Dopri8"), ("Tsit5", "Dopri8", "Chebyshev")
    every, moving = (*linear, "Exponential", "Implicit"), (*explicit, "Implicit")
    return (
        Case("a   small, constant", slow, constant(1.0), every),
        Case("b   small, stiff, constant", fast, constant(1.0), every),
        Case("c   small, stiff, moving", fast, smooth([1.0, 0.5, -0.7], 10.0),
             (*moving, "Kvaerno5")),
        Case("d   Kerr, constant", kerr(), constant(2.0), linear),
        Case("e   Kerr, moving", kerr(), smooth([2.0, 1.0, -1.4], 10.0), explicit),
        Case("f   small, ten segments", slow, pulse(steps, 10.0), every),
        Case("g   small, stiff, ten segments", fast, pulse(steps, 10.0), every),
        Case("h   Kerr, ten segments", kerr(), pulse(2 * steps, 10.0), linear),
        Case("i   Dicke, closed", dicke, constant(0.5), linear),
    )  # fmt: skip


def energies(case, method):
    """The program: tolerance to energies at 101 times, status and steps."""
    times = jnp.linspace(0.0, 10.0, 101)

    @eqx.filter_jit
    def run(rtol):
        solver = Sharpness(rtol, METHODS[method])
        done = qb.charge(case.battery, case.protocol, times, solver=solver, adjoint="forward")
        return done.energy, done.status, done.steps

    return run


def timed(function, argument):
    """Least seconds of a call, and the answer."""
    seconds: list[float] = []
    while len(seconds) < 7 and sum(seconds) < SECONDS:
        start = time.perf_counter()
        answer = jax.block_until_ready(function(argument))
        seconds.append(time.perf_counter() - start)
    return min(seconds), answer


def measured(case):
    """Method to rows (tolerance, seconds, error, steps); no error where a run did not end well."""
    programs = {name: energies(case, name) for name in case.methods}
    exact, *_ = programs["Tsit5"](jnp.asarray(1e-13))
    rows: dict[str, list] = {}
    for name, program in programs.items():
        program(jnp.asarray(TOLERANCES[0]))  # compiles
        rows[name] = []
        # Tolerances mean nothing to exponentials.
        for rtol in TOLERANCES[:1] if name == "Exponential" else TOLERANCES:
            seconds, (found, status, steps) = timed(program, jnp.asarray(rtol))
            error = float(jnp.max(jnp.abs(found - exact)) / jnp.max(exact))
            rows[name].append((rtol, seconds, error if status == 0 else np.nan, int(steps)))
    return rows


def show(case, rows):
    print(f"\n{case.title}\n{'method':12}{'rtol':>8}{'ms':>10}{'error':>10}{'steps':>9}")
    for name, entries in rows.items():
        for rtol, seconds, error, steps in entries:
            print(f"{name:12}{rtol:8.0e}{1e3 * seconds:10.2f}{error:10.1e}{steps:9}", flush=True)


def draw(results, path):
    """Error against time, a panel per case."""
    with plt.rc_context(plot.STYLE):
        figure, axes = plt.subplots(
            3, 3, figsize=(10.4, 8.6), sharex=True, sharey=True, layout="constrained"
        )
        for (case, rows), ax in zip(results, axes.flat, strict=True):
            for name, entries in rows.items():
                colour, marker = LOOKS[name]
                seconds, errors = (np.array([row[k] for row in entries]) for k in (1, 2))
                errors = np.maximum(errors, 1e-15)
                size = 10 if marker == "*" else 4.5
                ax.loglog(1e3 * seconds, errors, marker + "-", color=colour, ms=size, label=name)
            ax.set_title(case.title)
            ax.xaxis.set_minor_formatter("")
        for ax in axes[-1]:
            ax.set_xlabel("milliseconds")
        for ax in axes[:, 0]:
            ax.set_ylabel("error of the energy")
        known = dict(
            pair[::-1] for ax in axes.flat for pair in zip(*ax.get_legend_handles_labels())
        )
        figure.legend(known.values(), known, loc="outside upper center", ncols=len(known))
        figure_files.save(figure, path, environment())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--figure", help="where to save the picture")
    path = parser.parse_args().figure
    print(f"jax {jax.__version__}, {jax.devices()[0].device_kind}, {os.cpu_count()} cores, float64")
    results = []
    for case in cases():
        results.append((case, measured(case)))
        show(*results[-1])
    if path is not None:
        draw(results, path)


if __name__ == "__main__":
    main()
