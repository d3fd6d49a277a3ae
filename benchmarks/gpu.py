"""What does an accelerator give? Sweeps of four batteries, 1 024 and 4 096 points, and of their
gradients, beside the bandwidth of a copy and dynamiqs on the same device.

Float64. A row is a whole sweep's program (`qb.studies`), warm, the better of two calls: points per
second, and the bytes that had to be moved over the time, by themselves and as a share of a copy's.
Moved are at least: the state, read and written once per evaluation of the equation (six a step) or
collision, what closed forms write, and for a gradient three times that. What a share of a copy
leaves is latency: small kernels that wait for each other. Rows that would take longer than is left
of eight minutes are left out, and say so.

Run: python benchmarks/gpu.py [FILE] [--small]   (FILE, gpu.md by default, takes the table; small
runs on a CPU within a minute; dynamiqs is raced if there is qbjax[bench])
"""

import argparse
import importlib.metadata
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import qbjax as qb
from qbjax.studies.lanes import memory
from qbjax.studies.program import Program

LIMIT = 440.0
"""Seconds of the whole script; eight minutes with the start and what was begun before."""
STAGES = 6
"""Evaluations of the equation in a step of Tsit5."""
BACK = 3
"""What a gradient moves, in units of the value: forwards, forwards again, back."""
COLUMNS = ("system", "points", "what", "at once", "seconds", "points/s", "GB/s", "of a copy", "bad")


class Case(NamedTuple):
    """One system: a run as a function of one number, where to sweep it, what a point moves."""

    name: str
    run: Callable
    span: tuple[float, float]
    moved: Callable[[np.ndarray], np.ndarray]


class Size(NamedTuple):
    """How large everything is."""

    points: tuple[int, ...]
    dopo: tuple[int, int]
    until: float
    levels: int
    qubits: int
    times: int
    cavity: int
    copied: int


FULL = Size((1024, 4096), (44, 5), 10.0, 100, 200, 201, 50, 2**27)
SMALL = Size((8,), (8, 3), 0.5, 12, 10, 21, 6, 2**22)


def numbers_in(state):
    """Real numbers in a battery's state."""
    return sum(np.size(leaf) for leaf in jax.tree.leaves(state.content))


def collided(size: Size) -> Callable:
    """A stream of coherent qubits as a function of their angle."""
    ladder = qb.algebra.ladders.oscillator(size.levels)

    def run(theta):
        angles = jnp.full(size.qubits, theta)
        stream = qb.protocols.Collisions(angles, 0.5, 1.0, save_every=size.qubits)
        return qb.charge(qb.batteries.Collisional(ladder, loss=0.01), stream)

    return run


def cases(size: Size) -> list[Case]:
    tsit5 = qb.Solver(method=qb.dynamics.Tsit5())
    dopo = qb.batteries.DOPO(*size.dopo)
    a = np.diag(np.sqrt(np.arange(1.0, size.cavity)), 1)
    kerr = qb.batteries.Lindblad(
        [(0.1, a.T @ a), (0.025, a.T @ a.T @ a @ a)], [(1.2, a), (0.2, a.T)], dims=(size.cavity,),
        cell=0, cell_hamiltonian=np.arange(float(size.cavity)), controls=[a + a.T],
    )  # fmt: skip
    ends = np.array([0.0, size.until])
    instants = np.linspace(0.0, 10.0, size.times)

    def stepped(battery):
        state = numbers_in(battery.start())
        return lambda steps: 2 * 8.0 * STAGES * state * steps

    pump = qb.protocols.Constant
    return [
        Case(
            f"DOPO {size.dopo[0]}×{size.dopo[1]}, γt = {size.until:g}",
            lambda F: qb.charge(dopo, pump(F), ends), (0.2, 1.0), stepped(dopo),
        ),
        Case(
            f"{size.qubits} coherent qubits, {size.levels} levels, loss",
            collided(size), (0.01, 0.05), lambda steps: 2 * 8.0 * size.levels**2 * steps,
        ),
        Case(
            f"Bloch, {size.times} times",
            lambda theta: qb.charge(
                qb.batteries.BlochCharger(decay=0.2), qb.protocols.BlochPreparation(theta), instants
            ),
            (0.3, 2.8), lambda steps: 2 * 8.0 * size.times + 0 * steps,
        ),
        Case(
            f"Kerr cavity of {size.cavity} levels, Lindblad",
            lambda F: qb.charge(kerr, pump(F), ends, solver=tsit5), (0.05, 0.3), stepped(kerr),
        ),
    ]  # fmt: skip


def value_of(case: Case) -> Callable:
    def value(x):
        run = case.run(x)
        return {"energy": run.energy, "ergotropy": run.ergotropy, **run.summary()}

    return value


def slope_of(case: Case) -> Callable:
    return lambda x: {"slope": jax.grad(lambda x: case.run(x).energy[-1])(x)}


def timed(program: Program, columns) -> tuple[float, dict]:
    """Seconds of the better of two warm calls, and the answer."""
    found, seconds = program(columns).get(), math.inf
    for _ in range(2):
        start = time.perf_counter()
        found = program(columns).get()
        seconds = min(seconds, time.perf_counter() - start)
    return seconds, found


def copied(count: int) -> float:
    """Bytes per second that a copy reads and writes, the best of ten."""
    copy = jax.jit(lambda x: x + 1.0)
    x, seconds = jnp.zeros(count), math.inf
    jax.block_until_ready(copy(x))
    for _ in range(10):
        start = time.perf_counter()
        jax.block_until_ready(copy(x))
        seconds = min(seconds, time.perf_counter() - start)
    return 2 * x.nbytes / seconds


def measured(case: Case, points: int, device, copy: float) -> list[tuple]:
    """Rows of a system: its values, and its gradients."""
    columns, rows = {"x": np.linspace(*case.span, points)}, []
    moved = 0.0
    for what, function in (("value", value_of(case)), ("gradient", slope_of(case))):
        program = Program(function, ["x"], points, [device])
        seconds, found = timed(program, columns)
        if what == "value":
            moved = float(np.sum(case.moved(found["steps"])))
            bad = int(np.count_nonzero(~np.isin(found["status"], (0, 4))))
        else:
            moved, bad = BACK * moved, int(np.count_nonzero(~np.isfinite(found["slope"])))
        rate = moved / seconds
        rows.append(
            (case.name, points, what, program.lanes, f"{seconds:.3g}", f"{points / seconds:.4g}",
             f"{rate / 1e9:.3g}", f"{rate / copy:.2%}", bad)
        )  # fmt: skip
    return rows


def with_dynamiqs(size: Size, points: int) -> list[tuple]:
    """dynamiqs' own batching of the Kerr cavity, with the same method and tolerances."""
    name = f"the same in dynamiqs, Kerr cavity of {size.cavity} levels"
    try:
        import dynamiqs as dq
    except ImportError:
        return [(name, points, "not installed", *["–"] * 6)]
    dq.set_precision("double")
    a = dq.destroy(size.cavity)
    n = a.dag() @ a
    still = 0.1 * n + 0.025 * a.dag() @ a.dag() @ a @ a
    jumps, ends = [1.2**0.5 * a, 0.2**0.5 * a.dag()], jnp.array([0.0, size.until])
    method = dq.method.Tsit5(rtol=1e-8, atol=1e-10, max_steps=1_000_000)

    @jax.jit
    def energies(drives):
        H = dq.stack([still + F * (a + a.dag()) for F in drives])
        out = dq.mesolve(
            H, jumps, dq.fock_dm(size.cavity, 0), ends, exp_ops=[n], method=method,
            save_states=False, progress_meter=False,
        )  # fmt: skip
        return out.expects[:, 0, -1].real

    drives, seconds = jnp.linspace(0.05, 0.3, points), math.inf
    for _ in range(3):
        start = time.perf_counter()
        found = jax.block_until_ready(energies(drives))
        seconds = min(seconds, time.perf_counter() - start)
    bad = int(np.count_nonzero(~np.isfinite(found)))
    row = (
        name,
        points,
        "value",
        points,
        f"{seconds:.3g}",
        f"{points / seconds:.4g}",
        "–",
        "–",
        bad,
    )
    return [row]


def table(rows) -> str:
    """Rows as Markdown."""
    lines = [COLUMNS, ["---"] * len(COLUMNS), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def about(device, copy: float) -> str:
    """A sentence on device and versions."""
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}" for name in ("qbjax", "jax", "jaxlib")
    )
    return (
        f"{device.device_kind} ({device.platform}, {memory(device) / 1e9:.0f} GB), {versions}, "
        f"float64; a copy reads and writes {copy / 1e9:.3g} GB/s."
    )


def everything(size: Size, device, begun: float) -> str:
    """The whole report; `begun` is when the clock started."""
    copy = copied(size.copied)
    rows: list[tuple] = []
    took: dict[str, float] = {}
    jobs = [(c.name, n, lambda c=c, n=n: measured(c, n, device, copy))
            for n in size.points for c in cases(size)]  # fmt: skip
    jobs.insert(4, ("dynamiqs", size.points[0], lambda: with_dynamiqs(size, size.points[0])))
    for name, points, job in jobs:
        start = time.monotonic()
        # Four times the points take no more than four times as long.
        if start - begun + 4 * took.get(name, 0.0) > LIMIT:
            rows.append((name, points, "no time left", *["–"] * 6))
            continue
        rows += job()
        took[name] = time.monotonic() - start
        print(table(rows[-2:]).splitlines()[-1], flush=True)
    return f"{about(device, copy)}\n\n{table(rows)}\n"


def main(given=None) -> None:
    begun = time.monotonic()
    parser = argparse.ArgumentParser(description="Sweeps on an accelerator.")
    parser.add_argument("file", nargs="?", default="gpu.md", type=Path)
    parser.add_argument("--small", action="store_true")
    asked = parser.parse_args(given)
    report = everything(SMALL if asked.small else FULL, jax.devices()[0], begun)
    asked.file.write_text(report)
    print(report)


if __name__ == "__main__":
    main()
