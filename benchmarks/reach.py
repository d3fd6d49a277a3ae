"""How far beyond density matrices? Batteries of many cells or modes beside what others would write.

Gaussian: 50 modes, all coupled at random, losses 0.1, one driven, T = 10, 21 saved times, beside
the same moment equations in NumPy under SciPy's `solve_ivp`, with DOP853 and with its default, at
one tolerance: rtol 1e-8, atol 1e-10. Couplings are of the size 1, or of 1/7, so that the norm of
all is 1.4: SciPy's steps follow the norm, exponentials do not. Under the smooth pulse ours
integrates the mean alone. 200 modes, with the slopes by all losses, have no rival.

SpinEnsemble: 20 driven spins with local decay and dephasing, T = 5, 51 saved times, beside QuTiP's
`piqs` with `mesolve` at one tolerance, which finds energies alone; ours with and without merits,
errors against ours at rtol 1e-13: piqs keeps its coefficients in single precision.

FermionChain: 1000 sites of a transverse Ising chain, the field switched off, T = 2, three saved
times, beside the covariance equation under SciPy's DOP853 with a sparse matrix at that tolerance,
which finds the last energy alone; ours with all merits at all times, and with slopes by all fields.

Trajectories: 500 of a Dicke battery of 10 spins and 30 photon levels that loses photons, T = 10, 51
saved times, beside QuTiP's `mcsolve` with rtol 1e-8, atol 1e-10 for states and its own tolerances
for the times of jumps, which finds energies alone; ours finds every jump to rounding, and all
merits of every state. Both on both cores: QuTiP with processes, ours with two devices.

Float64, warm, in turns, in one process, one core each but for trajectories (the least of three
calls): the least of fifteen calls for ours, of five
for SciPy's, for runs of milliseconds say more of other programs on the machine than of themselves.
Errors are those of the energy against SciPy at 1e-12.

Run: python benchmarks/reach.py [--small]
"""

import os
import sys
import time

# One core each: SciPy uses no more, and small products gain nothing from a second.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_cpu_multi_thread_eigen=false --xla_force_host_platform_device_count=2",
)

import jax
import jax.numpy as jnp
import numpy as np
from scipy.integrate import solve_ivp

import qbjax as qb

SMALL = "--small" in sys.argv
MODES, MANY, SPINS, SITES = (10, 20, 8, 60) if SMALL else (50, 200, 20, 1000)
COUNT = 20 if SMALL else 500
TIMES = np.linspace(0.0, 10.0, 21)
DECAY, THERMAL, AMPLITUDE = 0.1, 0.2, 0.5
REPEATS, THEIRS = 15, 5


def numbers(modes, size):
    """Random Hermitian couplings and weak squeezing."""
    h, s = size * np.random.default_rng(0).normal(size=(2, modes, modes))
    return (h + h.T) / 2, 0.005 * (s + s.T)


def battery(modes, size, decay=DECAY):
    h, s = numbers(modes, size)
    return qb.batteries.Gaussian(
        modes, hamiltonian=h, squeezing=s, decay=decay, thermal=THERMAL, drives=[modes - 1]
    )


def smooth(t, exp=jnp.exp):
    return AMPLITUDE * exp(-((t - 5.0) ** 2) / 4)


CONSTANT = (qb.protocols.Constant(AMPLITUDE), lambda t: AMPLITUDE)
SMOOTH = (qb.protocols.Function(smooth, TIMES[-1]), lambda t: smooth(t, np.exp))
CASES = {
    "couplings 1, constant drive": (1.0, *CONSTANT),
    "couplings 1, smooth pulse": (1.0, *SMOOTH),
    "couplings 1/7, constant drive": (1 / 7, *CONSTANT),
    "couplings 1/7, smooth pulse": (1 / 7, *SMOOTH),
}


def scipy_energy(size, signal, method="DOP853", rtol=1e-8, atol=1e-10):
    """Energy of mode 0, by the moment equations as one writes them."""
    modes, (h, s) = MODES, numbers(MODES, size)
    A = np.block([[np.zeros_like(h), h - s], [-h - s, np.zeros_like(h)]])
    A -= DECAY / 2 * np.eye(2 * modes)
    D = DECAY * (THERMAL + 0.5) * np.eye(2 * modes)
    push = np.zeros(2 * modes)
    push[-1] = -np.sqrt(2)

    def rate(t, y):
        half = A @ y[2 * modes :].reshape(2 * modes, 2 * modes)
        return np.concatenate([A @ y[: 2 * modes] + signal(t) * push, (half + half.T + D).ravel()])

    start = np.concatenate([np.zeros(2 * modes), np.eye(2 * modes).ravel() / 2])
    run = solve_ivp(rate, TIMES[[0, -1]], start, method, TIMES, rtol=rtol, atol=atol)
    mean, spread = run.y[: 2 * modes], run.y[2 * modes :].reshape(2 * modes, 2 * modes, -1)
    return sum(spread[k, k] + mean[k] ** 2 for k in (0, modes)) / 2 - 0.5


def seconds(function, *arguments):
    start = time.perf_counter()
    answer = jax.block_until_ready(function(*arguments))
    return time.perf_counter() - start, answer


def paired(size, pulse, signal):
    """Seconds of the first call, of both in turns, of SciPy's default, and the answers."""
    network = battery(MODES, size)

    def ours():
        return qb.charge(network, pulse, TIMES).energy

    first, energy = seconds(ours)
    mine, theirs = [], []
    for k in range(REPEATS):
        mine.append(seconds(ours)[0])
        if k < THEIRS:
            took, other = seconds(scipy_energy, size, signal)
            theirs.append(took)
    usual, _ = seconds(scipy_energy, size, signal, "RK45")
    return first, min(mine), min(theirs), usual, energy, other


def ensembles():
    """Spins with local noise beside piqs: seconds of both in turns, and the errors."""
    import qutip
    from qutip.piqs import piqs

    times = np.linspace(0.0, 5.0, 51)
    system = piqs.Dicke(
        SPINS, emission=0.05, dephasing=0.2, hamiltonian=1.0 * piqs.jspin(SPINS, "x")
    )
    excited = piqs.jspin(SPINS, "z") + SPINS / 2 * qutip.qeye(piqs.num_dicke_states(SPINS))
    L, start = system.liouvillian(), piqs.dicke(SPINS, SPINS / 2, -SPINS / 2)
    spins = qb.batteries.SpinEnsemble(SPINS, local_decay=0.05, local_dephasing=0.1)

    def theirs():
        options = {"rtol": 1e-8, "atol": 1e-10, "nsteps": 1_000_000}
        return qutip.mesolve(L, start, times, [], e_ops=[excited], options=options).expect[0]

    def ours(drive):
        return qb.charge(spins, qb.protocols.Constant(drive), times).observables

    def energies(drive):
        return ours(drive)["energy"]

    alone, took = jax.jit(energies), [[], [], []]
    alone(0.5)
    first, seen = seconds(ours, 0.5)
    for _ in range(THEIRS):
        for place, call in enumerate((theirs, lambda: ours(0.5), lambda: alone(0.5))):
            took[place].append(seconds(call)[0])
    # Ours, which brute force confirms to rounding: piqs has coefficients of single precision.
    fine = qb.Solver(rtol=1e-13, atol=1e-14)
    exact = qb.charge(spins, qb.protocols.Constant(0.5), times, solver=fine).energy
    off = [np.max(np.abs(np.asarray(x) - exact)) for x in (theirs(), seen["energy"])]
    piqs_took, merits, plain = map(min, took)
    print(
        f"{SPINS} spins: piqs {piqs_took:.4f} s, all merits {merits:.4f} s "
        f"({piqs_took / merits:.0f}×, first {first:.1f} s), energies alone {plain:.4f} s "
        f"({piqs_took / plain:.0f}×); errors {off[0]:.0e} and {off[1]:.0e}"
    )


def scipy_chain(fields, times, signal):
    """Energy of an Ising chain of couplings 1 above its ground state, by its covariance."""
    from scipy.sparse import bmat, diags

    def matrix(field):
        return diags([fields + field, 2.0], [0, -1], (SITES, SITES), format="csr")

    (M, still), none = (matrix(signal), matrix(0.0)), np.zeros((SITES, SITES))
    U, energies, Vh = np.linalg.svd(still.toarray())
    start = np.block([[none, -U @ Vh], [(U @ Vh).T, none]])
    A = bmat([[None, M], [-M.T, None]], format="csr")

    def rate(t, y):
        half = A @ y.reshape(2 * SITES, 2 * SITES)
        return (half - half.T).ravel()

    run = solve_ivp(
        rate, times[[0, -1]], start.ravel(), "DOP853", times[-1:], rtol=1e-8, atol=1e-10
    )
    Q = run.y[:, -1].reshape(2 * SITES, 2 * SITES)[:SITES, SITES:]
    return (np.sum(still.multiply(Q)) + np.sum(energies)) / 2


def chains():
    """A long free-fermion chain beside SciPy: seconds of both in turns, and the slopes of ours."""
    fields, times = 3.0 * np.ones(SITES), np.linspace(0.0, 2.0, 3)

    def run(fields):
        chain = qb.batteries.FermionChain(SITES, pairing=1.0, fields=fields)
        return qb.charge(chain, qb.protocols.Constant(-3.0), times).observables

    slopes = jax.jit(jax.value_and_grad(lambda fields: run(fields)["energy"][-1]))
    first, _ = seconds(run, fields)
    first_slope, _ = seconds(slopes, fields)
    mine, both = (min(seconds(f, fields)[0] for _ in range(3)) for f in (run, slopes))
    theirs, energy = seconds(scipy_chain, fields, times, -3.0)
    off = abs(float(run(fields)["energy"][-1]) - energy)
    print(
        f"{SITES} sites: DOP853 {theirs:.2f} s, all merits {mine:.2f} s ({theirs / mine:.0f}×, "
        f"first {first:.1f} s), energy with its slopes by {SITES} fields {both:.2f} s "
        f"(first {first_slope:.1f} s); energies {energy:.6f}, {off:.0e} apart"
    )


def dicke(coupling=0.1, decay=0.1, spins=10, photons=10, levels=30):
    """The battery, and the same in QuTiP: Hamiltonian, start, jump, energy."""
    import qutip

    ours = qb.batteries.TavisCummings(
        spins, photons, levels=levels, cavity_decay=decay, counter_rotating=True
    )
    a = qutip.tensor(qutip.qeye(spins + 1), qutip.destroy(levels))
    z, x = (qutip.tensor(qutip.jmat(spins / 2, k), qutip.qeye(levels)) for k in "zx")
    start = qutip.tensor(qutip.basis(spins + 1, spins), qutip.basis(levels, photons))
    energy = z + spins / 2
    return ours, (a.dag() * a + z + 2 * coupling * x * (a + a.dag()), start, decay**0.5 * a, energy)


def trajectories(coupling=0.1):
    """Quantum jumps beside mcsolve, both on both cores: seconds in turns, and how far apart."""
    import qutip

    battery, (H, start, jump, energy) = dicke(coupling)
    pulse, times = qb.protocols.Constant(coupling), np.linspace(0.0, 10.0, 51)
    options = {"rtol": 1e-8, "atol": 1e-10, "nsteps": 10**6, "map": "parallel", "num_cpus": 2}
    options |= {"progress_bar": "", "store_final_state": False}

    def theirs():
        return qutip.mcsolve(H, start, times, [jump], e_ops=[energy], ntraj=COUNT, options=options)

    def ours():
        how = {"devices": jax.devices(), "chunk": COUNT}
        return qb.trajectories(battery, pulse, times, COUNT, jax.random.key(0), **how)

    first, runs = seconds(ours)
    took = [[], []]
    for _ in range(1 if SMALL else 3):
        for place, call in enumerate((theirs, ours)):
            spent, answer = seconds(call)
            took[place].append(spent)
            found = answer if place == 0 else found
    off = np.abs(runs.energy - found.expect[0])
    error = np.hypot(runs.standard_error["energy"], found.std_expect[0] / COUNT**0.5)
    print(
        f"{COUNT} trajectories: mcsolve {min(took[0]):.2f} s, qbjax {min(took[1]):.2f} s "
        f"({min(took[0]) / min(took[1]):.1f}×, first {first:.1f} s); "
        f"{np.max(off[1:] / error[1:]):.1f} standard errors apart at most"
    )


def gradient():
    """Energy of one of many modes, and its slopes by all losses."""

    def energy(decay):
        return qb.charge(battery(MANY, 0.1, decay), CONSTANT[0], TIMES).energy[-1]

    decay, found = jnp.full(MANY, DECAY), []
    for function in (jax.jit(energy), jax.jit(jax.value_and_grad(energy))):
        first, _ = seconds(function, decay)
        found += [first, *seconds(function, decay)]
    first, plain, value, first_slope, both, _ = found
    print(
        f"{MANY} modes: energy {float(value):.6f} in {plain:.2f} s (first {first:.1f} s), "
        f"with its slopes by {MANY} losses in {both:.2f} s (first {first_slope:.1f} s)"
    )


def main():
    print("| 50 modes | DOP853 | RK45 | qbjax | ratio | first call | error SciPy | error qbjax |")
    print("|---|---|---|---|---|---|---|---|")
    for name, (size, pulse, signal) in CASES.items():
        exact = scipy_energy(size, signal, rtol=1e-12, atol=1e-13)
        first, mine, theirs, usual, energy, other = paired(size, pulse, signal)
        off = [np.max(np.abs(np.asarray(x) - exact)) for x in (other, energy)]
        print(
            f"| {name} | {theirs:.3f} s | {usual:.3f} s | {mine:.4f} s | {theirs / mine:.0f}× "
            f"| {first:.1f} s | {off[0]:.0e} | {off[1]:.0e} |"
        )
    gradient()
    ensembles()
    chains()
    trajectories()


if __name__ == "__main__":
    main()
