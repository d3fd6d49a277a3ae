"""How fast is a sweep? Points per second beside QuTiP, dynamiqs and NumPy, and what a store costs.

Peers are timed on a sample of the points, the DOPO's to γt = 2, and scaled: the table says so. On
a GPU the same script measures that GPU.

Run: python benchmarks/sweep.py   (about eight minutes on two cores; needs qbjax[bench,cluster])
"""

import os
import tempfile
import time
import warnings
from pathlib import Path

import dynamiqs as dq
import jax
import jax.numpy as jnp
import numpy as np
import qutip

import qbjax as qb

dq.set_precision("double")
warnings.simplefilter("ignore")

COUPLING, PUMP_DECAY, UNTIL, PEERS, SIGNAL, LAB_PUMP = 0.5, 16.0, 10.0, 2.0, 44, 9
POINTS = np.linspace(2.0, 3.0, 256)
ANGLES = np.linspace(0.008, 0.012, 64) * np.pi


def ergotropy(F):
    """44×4 levels in the displaced frame, γt = 10."""
    battery = qb.batteries.DOPO(SIGNAL, 4)
    run = qb.charge(battery, qb.protocols.Constant(F), jnp.array([0.0, UNTIL]))
    return {"W": run.ergotropy[-1], "E": run.energy[-1], **run.summary()}


def finer(F):
    """Twice the pump levels and tighter tolerances."""
    solver = qb.Solver(rtol=1e-10, atol=1e-12)
    times = jnp.array([0.0, UNTIL])
    run = qb.charge(qb.batteries.DOPO(SIGNAL, 8), qb.protocols.Constant(F), times, solver=solver)
    return {"W": run.ergotropy[-1]}


def lab(F):
    """The peers' truncation, by our own hand."""
    battery = qb.batteries.DOPO(SIGNAL, LAB_PUMP, frame="lab")
    run = qb.charge(battery, qb.protocols.Constant(F), jnp.array([0.0, UNTIL]))
    return {"W": run.ergotropy[-1]}


def lab_energy(F):
    """The same in QuTiP with the paper's nine pump levels in the lab frame."""
    a = qutip.tensor(qutip.destroy(SIGNAL), qutip.qeye(LAB_PUMP))
    b = qutip.tensor(qutip.qeye(SIGNAL), qutip.destroy(LAB_PUMP))
    exchange = 0.5j * COUPLING * (a.dag() * a.dag() * b - a * a * b.dag())
    H = exchange + 1j * F * PUMP_DECAY**0.5 * (b.dag() - b)
    start = qutip.tensor(qutip.fock_dm(SIGNAL, 0), qutip.fock_dm(LAB_PUMP, 0))
    options = {"method": "tsit5", "rtol": 1e-8, "atol": 1e-10, "nsteps": 10**7,
               "store_states": False, "progress_bar": ""}  # fmt: skip
    jumps = [a, PUMP_DECAY**0.5 * b]
    out = qutip.mesolve(H, start, [0.0, PEERS], jumps, e_ops=[a.dag() * a], options=options)
    return out.expect[0][-1]


def with_dynamiqs(amplitudes):
    """dynamiqs' own batching: a stack of Hamiltonians."""
    a, b = dq.destroy(SIGNAL, LAB_PUMP)
    exchange = 0.5j * COUPLING * (a.dag() @ a.dag() @ b - a @ a @ b.dag())
    H = dq.stack([exchange + 1j * F * PUMP_DECAY**0.5 * (b.dag() - b) for F in amplitudes])
    method = dq.method.Tsit5(rtol=1e-8, atol=1e-10, max_steps=1_000_000)
    out = dq.mesolve(
        H, [a, PUMP_DECAY**0.5 * b], dq.fock_dm((SIGNAL, LAB_PUMP), (0, 0)),
        jnp.array([0.0, PEERS]), exp_ops=[a.dag() @ a], method=method, save_states=False,
        progress_meter=False,
    )  # fmt: skip
    return np.asarray(out.expects[:, 0, -1].real)


def spent(function):
    """Seconds of a call, and its answer."""
    start = time.perf_counter()
    answer = jax.block_until_ready(function())
    return time.perf_counter() - start, answer


def row(name, seconds, reference, note=""):
    print(f"{name:46} {1e3 * seconds:10.2f} ms per point  x{seconds / reference:8.1f}  {note}")


def dopo():
    print(f"\n{POINTS.size} DOPO points, displaced {SIGNAL}x4, to {UNTIL:g}")
    rates = []

    def tell(seen):
        rates.append(seen.rate)

    data = qb.sweep(ergotropy, {"F": POINTS}, chunk=32, progress=tell)
    ours = 1 / rates[-1]
    fine = qb.sweep(finer, {"F": POINTS[-1:]})
    error = abs(float(data["W"][-1] - fine["W"][-1]))
    paper = qb.sweep(lab, {"F": POINTS[-1:]})
    theirs = f"error {abs(float(paper['W'][-1] - fine['W'][-1])):.0e}: nine pump levels"
    row("qbjax", ours, ours, f"error of W at F = 3: {error:.0e}")
    cores, scale = os.cpu_count() or 1, UNTIL / PEERS
    sample = np.linspace(2.0, 3.0, 2 * cores)
    seconds, _ = spent(lambda: qutip.parallel_map(lab_energy, sample, map_kw={"num_cpus": cores}))
    name = f"QuTiP parallel_map, lab {SIGNAL}x{LAB_PUMP}, {sample.size} points"
    row(name, scale * seconds / sample.size, ours, theirs)
    few = np.linspace(2.0, 3.0, 4)
    with_dynamiqs(few)
    seconds, _ = spent(lambda: with_dynamiqs(few))
    name = f"dynamiqs vmap, lab {SIGNAL}x{LAB_PUMP}, {few.size} points"
    row(name, scale * seconds / few.size, ours, theirs)


def collisions(levels=250, count=891):
    print(f"\n{ANGLES.size} streams of {count} coherent qubits, {levels} levels")
    battery = qb.batteries.Collisional(qb.algebra.ladders.oscillator(levels))

    def energy(theta):
        stream = qb.protocols.Collisions(jnp.full(count, theta), 0.5, 1.0, save_every=count)
        run = qb.charge(battery, stream)
        return {"E": run.energy[-1], **run.summary()}

    rates = []
    data = qb.sweep(energy, {"theta": ANGLES}, chunk=16, progress=lambda p: rates.append(p.rate))
    ours = 1 / rates[-1]
    row("qbjax", ours, ours)
    root, half = np.sqrt(np.arange(1.0, levels)), np.sqrt(0.5)
    sines, cosines = np.sin(ANGLES[-1] * root), np.cos(ANGLES[-1] * root)
    operators = (
        half * (np.diag(np.append(1.0, cosines)) - 1j * np.diag(sines, -1)),
        half * (np.diag(np.append(cosines, 1.0)) - 1j * np.diag(sines, 1)),
    )

    def by_numpy():
        rho = np.zeros((levels, levels), complex)
        rho[0, 0] = 1.0
        for _ in range(count):
            rho = sum(K @ rho @ K.conj().T for K in operators)
        return float(np.arange(levels) @ np.diagonal(rho).real)

    seconds, found = spent(by_numpy)
    row("NumPy, all cores, 1 point", seconds, ours, f"differ by {abs(found - data['E'][-1]):.0e}")


def busy(x):
    """A millisecond or two of arithmetic."""
    start = jnp.linspace(0.0, x, 2000)
    return jax.lax.fori_loop(0, 700, lambda _, v: jnp.tanh(v + jnp.roll(v, 1)), start)[0]


def alone(x):
    """Seconds of the function at all points, by itself: the least of three."""
    jax.config.update("jax_enable_x64", True)
    run = jax.jit(lambda x: jax.lax.map(busy, x))
    jax.block_until_ready(run(x))
    return min(spent(lambda: run(x))[0] for _ in range(3))


def overhead(points=8000, chunk=1000):
    """Chunks of one to two seconds: the function alone, with a store, with Dask."""
    from distributed import Client, LocalCluster

    grid = {"x": np.linspace(0.1, 0.9, points)}

    def watched(name, base, **options):
        ends = []
        qb.sweep(busy, grid, chunk=chunk, progress=lambda p: ends.append(time.perf_counter()),
                 **options)  # fmt: skip
        # From the end of the first chunk: tracing and compiling are no overhead of chunks.
        seconds = (ends[-1] - ends[0]) / (len(ends) - 1)
        base *= chunk / points
        print(
            f"{name:32} {seconds:7.3f} s per chunk, alone {base:7.3f}  {seconds / base - 1:+7.1%}"
        )

    print(f"\nOverhead: {points // chunk} chunks")
    here = alone(grid["x"])
    with tempfile.TemporaryDirectory() as folder:
        watched("in memory", here)
        watched("with a store", here, store=Path(folder) / "store.zarr")
        with (
            LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
            Client(cluster) as client,
        ):
            there = client.submit(alone, grid["x"]).result()
            watched("one worker of Dask", there, client=client)
            watched("and a store", there, client=client, store=Path(folder) / "dask.zarr")


if __name__ == "__main__":
    print(f"jax {jax.__version__} on {jax.devices()[0].device_kind}, {os.cpu_count()} cores")
    dopo()
    collisions()
    overhead()
