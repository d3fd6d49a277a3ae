"""How fast is a battery of one's own? A Kerr cavity, its gradient, and Dicke's battery, beside
dynamiqs and QuTiP, in one run.

Float64, rtol 1e-8, atol 1e-10, warm, medians of five calls taken in turns; the error is the largest
over all saved times, of the energy (or of the gradient), against ours at rtol 1e-12. Rivals at
their best: the fastest of their methods, layouts and forms, found by short runs.

The cavity and its gradient are those of A. Mercurio et al., arXiv:2504.21440 (2025), by their
scripts: N = 50, Δ = 0.1, K = 0.025, F = 2, γ = 1, n̄ = 0.2, 100 times up to 10; the gradient of the
last ⟨n⟩ by (Δ, F, γ) at N = 100, Δ = F = γ = 1, K and n̄ as before. Dicke's battery: 10 spins, 30
photon levels, a Fock state of ten, ω = ω_c = 1, g = 0.1, κ = γ = 0.05 where it is open.

Run: python benchmarks/lindblad.py [kerr] [gradient] [dicke]   (needs qbjax[bench])
"""

import os
import sys

import jax
import jax.numpy as jnp
import lindblad_systems as systems
import numpy as np
from lindblad_rivals import (
    dq,
    dynamiqs_candidates,
    fastest,
    kerr_photons,
    qutip,
    qutip_candidates,
    race,
    table,
)

import qbjax as qb

METHODS = {
    "Tsit5": qb.Solver(method=qb.dynamics.Tsit5()),
    "Chebyshev": qb.Solver(method=qb.dynamics.Chebyshev()),
    "no method named": qb.Solver(),
}
EXACT = qb.Solver(rtol=1e-12, atol=1e-14, method=qb.dynamics.Tsit5())
PUMP = qb.protocols.Function(systems.signal, 11.0)
COUPLING = qb.protocols.Constant(systems.COUPLING)
CANDIDATES = (dynamiqs_candidates, qutip_candidates)


def ours(battery, protocol, times, solver, *, everything=False):
    """A jitted run: the energy (without a cell: the photons), alone or with all merits."""

    @jax.jit
    def run():
        done = qb.charge(battery, protocol, times, solver=solver).observables
        seen = done["energy"] if "energy" in done else done["photons"]
        return seen, done if everything else None

    return lambda: run()[0]


def kerr():
    times, levels = np.linspace(0.0, 10.0, 100), 50
    driven = (systems.cavity(levels), PUMP, times, METHODS["Tsit5"])
    fixed = (systems.cavity(levels, systems.DRIVE), None, times)
    alone = systems.cavity(levels, systems.DRIVE, stores=False)
    mine = {
        "qbjax, Tsit5, F(t) a control": ours(*driven),
        "qbjax, Chebyshev, no cell": ours(alone, None, times, METHODS["Chebyshev"]),
        "qbjax, Chebyshev": ours(*fixed, METHODS["Chebyshev"]),
        "qbjax, Tsit5": ours(*fixed, METHODS["Tsit5"]),
        "qbjax, no method named": ours(*fixed, qb.Solver()),
        "qbjax, Tsit5, F(t), all merits": ours(*driven, everything=True),
        "qbjax, Chebyshev, all merits": ours(*fixed, METHODS["Chebyshev"], everything=True),
    }
    system = systems.cavity_matrices(levels)
    rivals = dict(fastest(peers, system, times, 2.0) for peers in CANDIDATES)
    results = race(mine | rivals, list(mine)[:2])
    table("Kerr cavity, 50 levels: times the first two", results, ours(*fixed, EXACT)())


def gradient():
    modes = {"reverse": jax.grad, "forward": jax.jacfwd}
    mine = {
        f"qbjax, {adjoint}, {name}": systems.slope(
            differentiate, systems.photons, adjoint, METHODS[name]
        )
        for name in ("Chebyshev", "Tsit5")
        for adjoint, differentiate in modes.items()
    }
    value = {"value": systems.slope(lambda f: f, systems.photons, "forward", METHODS["Chebyshev"])}
    rest = (100, systems.KERR, jnp.array([0.0, 10.0]))
    rivals = {
        "dynamiqs, reverse, Tsit5, DIA": systems.slope(jax.grad, kerr_photons, *rest, None),
        "dynamiqs, forward, Tsit5, DIA": systems.slope(
            jax.jacfwd, kerr_photons, *rest, dq.gradient.Forward()
        ),
    }
    results = race(mine | value | rivals, list(mine))
    alone = results.pop("value")
    exact = systems.slope(jax.jacfwd, systems.photons, "forward", EXACT)()
    table("Gradient by three numbers, 100 levels: times the first four", results, exact)
    print(f"The value alone (Chebyshev): {alone[0]:.4f} s")


def dicke():
    for opened, until, trial in ((False, 10.0, 2.0), (True, 2.0, 0.2)):
        times = np.linspace(0.0, until, 101)
        free, exchange, jumps, start, excited = systems.dicke_matrices(opened)
        system = (free + systems.COUPLING * exchange, jumps, start, excited)
        whole = (systems.dicke_by_hand(opened), COUPLING, times)
        named = {name: METHODS[name] for name in ("Tsit5", "Chebyshev")}
        mine = {f"qbjax, {name}": ours(*whole, solver) for name, solver in named.items()}
        if opened:  # a ket is moved whole
            kept = (systems.dicke(opened), COUPLING, times)
            mine = {
                f"qbjax, {name}, parity kept": ours(*kept, solver) for name, solver in named.items()
            } | mine
        rivals = dict(fastest(peers, system, times, trial) for peers in CANDIDATES)
        title = f"Dicke, {'open' if opened else 'closed'}, up to {until:g}: times the first two"
        table(title, race(mine | rivals, list(mine)[:2]), ours(*whole, EXACT)())


if __name__ == "__main__":
    print(f"jax {jax.__version__}, dynamiqs {dq.__version__}, qutip {qutip.__version__}, "
          f"{os.cpu_count()} cores")  # fmt: skip
    for part in sys.argv[1:] or ("kerr", "gradient", "dicke"):
        {"kerr": kerr, "gradient": gradient, "dicke": dicke}[part]()
