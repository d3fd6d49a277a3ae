"""Claims of the paper on the lossy micromaser battery."""

import qbjax as qb
from qbjax.papers import micromaser_forms as forms
from qbjax.papers import micromaser_runs as runs
from qbjax.papers.claim import Claim, Ours, Paper, about, at_least, at_most, printed

# fmt: off
CLAIMS = (
    *forms.CLASSICAL,
    Claim(
        "Sec. 3", "number state of the trap of q = 0, θ = π/√15", printed("15", "m = 15"), "wrong",
        Ours(14.0, 1e-9, lambda: runs.after("energy", runs.TRAP, 3000, 0.0, q=0.0, levels=20)),
        "|m − 1⟩, as Eq. (10) has it",
    ),
    Claim(
        "Eq. (10)", "the same", printed("14", "m − 1"), "agrees",
        Ours(14.0, 1e-9, lambda: runs.after("energy", runs.TRAP, 3000, 0.0, q=0.0, levels=20)),
    ),
    Claim(
        "Sec. 3", "energy of the trap over E_{m−1}, q = 0.25", about(1.0, 0.1, "close to it"),
        "within reading", Ours(0.964286, 1e-6, lambda: runs.trapped_energy(0.25) / 14),
    ),
    Claim(
        "Sec. 3", "the same, q = 0.4", about(1.0, 0.1, "close to it"), "wrong",
        Ours(0.859, 1e-3, lambda: runs.trapped_energy(0.4) / 14),
        "12.03 of 14: less than q/(1 − 2q) below it, while q is small",
    ),
    Claim(
        "Sec. 3", "the same, q = 0.49", about(1.0, 0.1, "close to it"), "wrong",
        Ours(0.553, 1e-3, lambda: runs.trapped_energy(0.49) / 14),
        "towards q = 1/2 all levels of the trap are filled alike",
    ),
    Claim(
        "Fig. 1", "energy after 300 collisions over its end, q = 0, c = 0",
        about(1.0, 0.01, "saturated"), "within reading",
        Ours(
            0.99553, 1e-5,
            lambda: runs.after("energy", runs.TRAP, 300, 0.0, q=0.0, levels=20) / 14,
        ),
    ),
    Claim(
        "Fig. 2", "purity after 300 collisions", at_most(0.99, "not yet 1"), "agrees",
        Ours(0.883, 5e-4, lambda: runs.after("purity", runs.TRAP, 300, 0.0, q=0.0, levels=20)),
    ),
    Claim(
        "Fig. 2", "purity after 1000 collisions", about(1.0, 0.001, "1"), "within reading",
        Ours(0.99996, 5e-6, lambda: runs.after("purity", runs.TRAP, 1000, 0.0, q=0.0, levels=20)),
    ),
    Claim(
        "Sec. 4", "time scale of that purity over that of the energy",
        at_least(3.0, "essentially an order of magnitude"), "wrong",
        Ours(1.0, 1e-2, lambda: runs.settling("purity") / runs.settling("energy")),
        "both come nearer by e in 88 collisions: one time scale",
    ),
    Claim(
        "Fig. 1", "energy after 1000 collisions, q = 0.25, c = 0", about(13.5, 0.1),
        "within reading", Ours(
            13.48, 3e-2, lambda: runs.after("energy", runs.TRAP, 1000, 0.0, levels=20),
        ),
    ),
    Claim(
        "Fig. 2", "purity of the trap, q = 0.25, c = 0", printed("0.5", "≈ 1 − 2q"), "agrees",
        Ours(0.50000007, 1e-9, lambda: float(qb.merit.purity(runs.trapped(0.25)))),
    ),
    Claim(
        "Sec. 3", "highest energy at π/√15.6, c = 0, q = 0.25",
        at_least(1e3, "without any upper bound"), "wrong",
        Ours(
            388.5, 1e-2, lambda: float(runs.stationary(runs.NEAR, 400, c=0.0).stationary.energy),
            slow=True,
        ),
        "step 390 = 15.6·5² is closed exactly",
    ),
    Claim(
        "Eq. (14)", "1 − purity at θ = π/√15, q = 0.25, c = 1", at_most(1e-8, "0"), "agrees",
        Ours(0.0, 1e-9, lambda: 1 - runs.after("purity", runs.TRAP, 1500, levels=20)),
    ),
    Claim(
        "Eq. (14)", "energy there", None, "not in the paper",
        Ours(6.150291006, 1e-8, lambda: runs.after("energy", runs.TRAP, 1500, levels=20)),
    ),
    Claim(
        "Sec. 4", "the same over the classical energy", at_most(1.0, "significantly lower"),
        "agrees", Ours(
            0.455577, 1e-6, lambda: runs.trapped_energy(0.25, 1) / runs.trapped_energy(0.25, 0),
        ),
    ),
    Claim(
        "Fig. 4", "1 − purity at θ = π/√15.6", at_most(1e-6, "0 to best precision"), "wrong",
        Ours(5.58e-4, 1e-6, lambda: 1 - runs.after("purity", runs.NEAR, 3000), slow=True),
        "almost pure",
    ),
    Claim(
        "Fig. 3", "energy there", None, "not in the paper",
        Ours(6.426892, 1e-6, lambda: runs.after("energy", runs.NEAR, 3000), slow=True),
    ),
    Claim(
        "Eq. (14)", "1 − purity at Q = 2, m = 15, q = 0.4", at_most(1e-6, "0 for all Q and q"),
        "wrong",
        Ours(
            5.03e-3, 2e-5,
            lambda: 1 - float(runs.stationary(2 * runs.TRAP, 24, 0.4).stationary.purity),
        ),
        "pure for odd Q only",
    ),
    Claim(
        "Eq. (14)", "1 − purity at Q = 3, m = 15", at_most(1e-6, "0 for all Q and q"), "agrees",
        Ours(0.0, 1e-9, lambda: 1 - float(runs.stationary(3 * runs.TRAP, 24).stationary.purity)),
    ),
    Claim(
        "Sec. 4", "collisions until Q = 1 is reached within a factor e", at_most(1e3, "reached"),
        "agrees", Ours(18.15, 2e-2, lambda: runs.slowest(1, runs.Q)),
    ),
    Claim(
        "Sec. 4", "the same, Q = 3", at_most(1e3, "reached"), "wrong",
        Ours(5.69e4, 1e2, lambda: runs.slowest(3, runs.Q)), "after 1e4 collisions 1 − P is 0.403",
    ),
    Claim(
        "Sec. 4", "the same, Q = 2, q = 0.4", at_most(1e3, "reached"), "wrong",
        Ours(1.59e7, 5e4, lambda: runs.slowest(2, 0.4)), "not in any experiment",
    ),
    *forms.COHERENT,
    Claim(
        "Fig. 5", "energy over that without loss, γt_r = 1e-3",
        about(1.0, 0.05, "almost the same"), "within reading",
        Ours(
            0.993219, 1e-5,
            lambda: runs.after("energy", runs.TRAP, 1000, loss=1e-3) / runs.trapped_energy(0.25, 1),
        ),
    ),
    Claim(
        "Fig. 5", "the same, γt_r = 0.1", about(1.0, 0.2, "slightly degraded"), "wrong",
        Ours(
            0.618128, 1e-5, lambda: runs.after(
                "energy", runs.TRAP, 500, loss=0.1) / runs.trapped_energy(0.25, 1,
            ),
        ),
        "more than a third of the energy is gone",
    ),
    Claim(
        "Fig. 6", "purity at γt_r = 1e-3, π/√15", about(1.0, 0.01, "almost pure"),
        "within reading", Ours(
            0.996311, 1e-6, lambda: runs.after("purity", runs.TRAP, 1000, loss=1e-3),
        ),
    ),
    Claim(
        "Fig. 6", "purity at γt_r = 0.1, π/√15", printed("0.85"), "agrees",
        Ours(0.854389, 1e-6, lambda: runs.after("purity", runs.TRAP, 500, loss=0.1)),
    ),
    Claim(
        "Fig. 6", "purity at γt_r = 0.1, π/√15.6", printed("0.85"), "agrees",
        Ours(0.852345, 1e-6, lambda: runs.after("purity", runs.NEAR, 500, loss=0.1)),
    ),
    Claim(
        "Fig. 5", "energy at γt_r = 0.1, π/√15.6", None, "not in the paper",
        Ours(3.909748, 1e-6, lambda: runs.after("energy", runs.NEAR, 500, loss=0.1)),
    ),
    Claim(
        "Fig. 5", "energy at γt_r = 1e-3, π/√15.6", None, "not in the paper",
        Ours(6.37494, 1e-5, lambda: runs.after("energy", runs.NEAR, 1000, loss=1e-3)),
    ),
    Claim(
        "Fig. 6", "slowest decay at γt_r = 0.1, per collision", at_least(0.01, "stable, reached"),
        "agrees", Ours(
            0.125, 5e-3, lambda: float(runs.stationary(runs.TRAP, 36, loss=0.1).gap), slow=True,
        ),
    ),
    Claim(
        "Fig. 6", "decay of the state of γt_r = 1e-3, per collision", about(0.0, 1e-6, "stable"),
        "within reading",
        Ours(
            1.69e-10, 1e-12, lambda: float(runs.stationary(runs.TRAP, 80, loss=1e-3).gap),
            slow=True,
        ),
        "metastable: it lives 5.93e9 collisions",
    ),
    Claim(
        "Fig. 6", "energy that it decays to", None, "not in the paper",
        Ours(
            40.37, 5e-3, lambda: float(runs.stationary(runs.TRAP, 80, loss=1e-3).stationary.energy),
            slow=True,
        ),
    ),
    Claim(
        "Fig. 7", "Fano factor, γt_r = 0.1, π/√15", at_most(1.0, "sub-Poissonian"), "agrees",
        Ours(0.615453, 1e-6, lambda: runs.after("fano", runs.TRAP, 500, loss=0.1)),
    ),
    Claim(
        "Fig. 7", "the same, π/√15.6", at_most(1.0, "sub-Poissonian"), "agrees",
        Ours(0.618133, 1e-6, lambda: runs.after("fano", runs.NEAR, 500, loss=0.1)),
    ),
    Claim(
        "Fig. 7", "Fano factor, γt_r = 1e-3, π/√15", at_most(1.0, "sub-Poissonian"), "agrees",
        Ours(0.437876, 1e-6, lambda: runs.after("fano", runs.TRAP, 1000, loss=1e-3)),
    ),
    Claim(
        "Fig. 7", "the same, π/√15.6", at_most(1.0, "sub-Poissonian"), "agrees",
        Ours(0.457638, 1e-6, lambda: runs.after("fano", runs.NEAR, 1000, loss=1e-3)),
    ),
    Claim(
        "Eq. (16)",
        "energy with all the loss of a round of 0.1 during the collision, less that after it",
        about(0.0, 0.1, "γτ ≪ 1: 0"), "within reading", Ours(0.08557, 1e-4, runs.during, slow=True),
        "8.4e-4 where 1e-3 of it is: right to first order",
    ),
    Claim(
        "Sec. 2", "modulated over Eq. (5), ν/g = 160, g/ω = 0.1",
        about(1.0, 0.01, "Eq. (5) is valid"), "within reading",
        Ours(0.9926, 1e-4, lambda: runs.beyond(0.1, 160.0) / runs.beyond(0), slow=True),
    ),
    Claim(
        "Sec. 2", "the same, ν/g = 20", about(1.0, 0.01, "Eq. (5) is valid"), "wrong",
        Ours(0.94416, 1e-4, lambda: runs.beyond(0.1, 20.0, 0, 90) / runs.beyond(0), slow=True),
        "for ν/g in the hundreds; slower ones make it worse, this one by pairs, up to 90 levels",
    ),
    Claim(
        "Sec. 2", "unmodulated over Eq. (5), g/ω = 0.1", about(1.0, 0.02, "not valid"),
        "within reading", Ours(0.98424, 1e-4, lambda: runs.beyond(0.1) / runs.beyond(0), slow=True),
        "Eq. (5) is not far off yet",
    ),
    Claim(
        "Outlook",
        "energy of 100 qubits with loss 0.1, g/ω = 0.1, over that without counter-rotating terms",
        None, "not in the paper",
        Ours(
            1.01816, 1e-4, lambda: runs.beyond(0.1, loss=0.1) / runs.beyond(0, loss=0.1),
            slow=True,
        ),
        "not so at g/ω = 0.3",
    ),
    Claim(
        "Outlook", "two cavities over twice one, six excited qubits",
        None, "not in the paper", Ours(1.0928, 2e-4, lambda: runs.shared(True)),
        "correlations do speed up the charging by qubits that emit into what both share",
    ),
    Claim(
        "Outlook", "the same, six pure qubits of q = 1/2",
        None, "not in the paper", Ours(0.919, 1e-3, lambda: runs.shared(False)),
    ),
    *forms.LOSSY,
)
# fmt: on

PAPER = Paper(
    "micromaser",
    "The micromaser",
    'V. Shaghaghi et al., "Lossy micromaser battery: almost pure states in the Jaynes–Cummings '
    'regime" (2023).',
    "θ = π/√15, q = 0.25 and coherent qubits (c = 1) unless said; n̄ = 0.15 with loss.",
    CLAIMS,
)
