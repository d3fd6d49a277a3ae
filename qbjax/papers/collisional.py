"""Claims of the paper on cavity and spin batteries charged by repeated interactions."""

import numpy as np

import qbjax as qb
from qbjax.papers import collisional_channel, collisional_forms
from qbjax.papers import collisional_runs as runs
from qbjax.papers.claim import Claim, Ours, Paper, about, at_least, at_most, identity, printed

bounds, ladders = qb.merit.bounds, qb.algebra.ladders
FULL = 99.0
"""Quanta of the spin of the paper."""

# fmt: off
CLAIMS = (
    Claim(
        "Eq. (12)", "R₀", printed("0.725"), "agrees",
        Ours(0.724611353777, 1e-11, lambda: float(bounds.R0)),
    ),
    Claim(
        "Eq. (12)", "the angle of the maximum, in π/2√(n + 1)", printed("0.742"), "agrees",
        Ours(0.742, 5e-4, lambda: float(bounds.X0) * 2 / np.pi),
    ),
    Claim(
        "Eq. (15)", "the time in which (14) leads to its right side at Ωτ = 10, less 10",
        identity(), "agrees", Ours(0.0, 1e-9, collisional_forms.bound_off),
    ),
    Claim(
        "Eq. (15)", "most energy of any angles in Ωτ = 5, over the bound",
        at_most(1.0, "at most 1"), "agrees",
        Ours(0.86254, 1e-5, lambda: runs.best_energy(5.0) / runs.bound(5.0), slow=True),
        "5.955583 by seven qubits",
    ),
    Claim(
        "Eq. (18)", "full swap over the bound (16) at large τ", printed("0.77"), "agrees",
        Ours(0.7719, 5e-5, lambda: (1e9 / np.pi) ** 2 / runs.bound(1e9)),
    ),
    Claim(
        "Sec. III B", "greedy over full swap, in the time of 60 greedy qubits",
        about(1.0, 0.1, "“weakly outperform”"), "wrong",
        Ours(
            1.2217, 1e-4,
            runs.average_share,
        ),
        "56.198 against 46 quanta in Ωτ = 19.3135",
    ),
    Claim(
        "Fig. 3", "energy of 60 greedy qubits, over the bound",
        about(1.0, 0.2, "“closely approximated”"), "within reading",
        Ours(
            0.8926, 1e-4,
            runs.bound_share,
        ),
    ),
    Claim(
        "Fig. 2", "transient-greedy energy of 60 qubits over full swap's in its time",
        at_least(1.0, "outperforms"), "agrees",
        Ours(
            1.2604, 1e-4,
            runs.transient_share,
        ),
    ),
    Claim(
        "Sec. III B", "largest power of 10 classical qubits over greedy's",
        None, "not in the paper", Ours(1.0077, 1e-4, runs.ten, slow=True),
        "1.374269 against 1.363776: greedy is not best",
    ),
    Claim(
        "Fig. 3", "E by θ = 0.01π at Ωτ = 28 over the bound", at_least(1.0, "clearly beaten"),
        "agrees",
        Ours(1.465954, 1e-6, lambda: runs.stored(0.01, 891) / runs.bound(28.0), slow=True),
    ),
    Claim(
        "Fig. 3", "E by θ = 0.005π at Ωτ = 5", about(6.25, 0.05, "→ τ²/4"), "within reading",
        Ours(6.2519, 1e-4, lambda: runs.stored(0.005, 318, levels=60)),
    ),
    Claim(
        "Eq. (20)", "lead of coherent driving over the bound, τ → ∞", printed("0.90"), "agrees",
        Ours(0.9045, 5e-5, lambda: 1e18 / 4 / runs.bound(1e9) - 1), "90 % is asymptotic",
    ),
    Claim(
        "Eq. (20)", "the same at Ωτ = 28, where 250 levels end", printed("0.90"), "wrong",
        Ours(0.591, 5e-4, lambda: 196.0 / runs.bound(28.0) - 1), "59 % there",
    ),
    Claim(
        "Eq. (20)", "Ωτ at which τ²/4 passes the bound", None, "not in the paper",
        Ours(6.102781962, 1e-8, lambda: float(bounds.crossing_time(runs.OSCILLATOR))),
    ),
    Claim(
        "Sec. III C", "E of 159 equal qubits in Ωτ = 5 over the limit θ → 0",
        at_most(1.0, "θ → 0 is ideal"), "wrong",
        Ours(1.00274, 1e-5, lambda: runs.finite(0.5) / 6.25),
        "slightly finite angles store more",
    ),
    Claim(
        "Sec. III C", "E for q = 0.48 over that for q = 1/2, the same qubits",
        at_most(1.0, "q = 1/2 is best"), "wrong",
        Ours(
            1.00203, 1e-5,
            lambda: runs.finite(0.48) / runs.finite(0.5),
        ),
        "false of every finite angle",
    ),
    Claim(
        "Fig. 3", "1/√250 in π", printed("0.02"), "agrees",
        Ours(0.0201, 5e-5, lambda: 1 / np.pi / 250**0.5),
    ),
    Claim(
        "Fig. 3", "E by θ = 0.02π at Ωτ = 20 over the bound",
        at_least(1.0, "beaten for θ ≲ 0.02π"), "agrees",
        Ours(
            1.27454, 1e-5,
            lambda: runs.stored(0.02, 318, levels=160) / runs.bound(318 * 0.02 * np.pi),
        ),
    ),
    Claim(
        "Fig. 4", "largest angle with a lead and no loss, in π, q = 1/2", None, "not in the paper",
        Ours(0.046542, 1e-6, lambda: runs.last_angle(runs.SHORT, 0.02, 0.07, 14.0)),
    ),
    Claim(
        "Fig. 4", "critical loss γ", at_least(0.002, "≳ 2e-3"), "agrees",
        Ours(0.00242393, 1e-8, lambda: runs.last_loss(0.5, 0.02, 0.035).damping, slow=True),
        "at θ = 0.02588π, for q = 1/2",
    ),
    Claim(
        "Fig. 4", "the same, the population chosen, too", None, "not in the paper",
        Ours(0.003811, 1e-6, lambda: runs.last_loss(None).damping, slow=True),
        "q = 0.329, θ = 0.0403π",
    ),
    Claim(
        "Fig. 4", "Ωτ_ad at γ = 5e-4, θ = 0.020π", None, "not in the paper",
        Ours(6.66, 5e-3, lambda: runs.crossing(0.020, 5e-4)),
        "the curves are not labelled with numbers",
    ),
    Claim(
        "Fig. 4", "Ωτ_ad at γ = 1e-3, θ = 0.023π", None, "not in the paper",
        Ours(7.153, 1e-3, lambda: runs.crossing(0.023, 1e-3)),
    ),
    Claim(
        "Fig. 4", "Ωτ_ad at γ = 2e-3, θ = 0.027π", None, "not in the paper",
        Ours(8.737, 1e-3, lambda: runs.crossing(0.027, 2e-3)),
    ),
    Claim(
        "Fig. 4", "angle in π of the earliest lead at γ = 1e-3", at_least(0.016, "in between"),
        "agrees", Ours(0.023, 1e-9, lambda: runs.earliest(1e-3), slow=True),
    ),
    Claim(
        "Fig. 4", "critical angle in π for q = 0.25, no loss", None, "not in the paper",
        Ours(0.0726, 1e-5, lambda: runs.last_angle(runs.SHORT, 0.02, 0.09, 14.0, 0.25), slow=True),
    ),
    Claim(
        "Fig. 5", "collisions until the lead begins, θ = 0.01π, γ = 1e-3",
        at_least(1.0, "a finite window"), "agrees",
        Ours(266.0, 0.0, lambda: runs.window()[0], slow=True), "Ωτ = 8.357",
    ),
    Claim(
        "Fig. 5", "collisions until it ends", at_most(849.0, "a finite window"), "agrees",
        Ours(810.0, 0.0, lambda: runs.window()[1], slow=True), "Ωτ = 25.447",
    ),
    Claim(
        "App. C", "bound with loss over that without after those, γ = 1e-3",
        about(1.0, 0.02, "hardly differs"), "within reading",
        Ours(
            0.9897, 1e-4,
            lambda: runs.bound(8.1 * np.pi, loss=-np.log1p(-1e-3)) / runs.bound(8.1 * np.pi),
        ),
    ),
    Claim(
        "App. C", "(C4) over one collision's energy at γ = 0.5: least", at_least(1.0, "a bound"),
        "wrong", Ours(0.917, 5e-4, lambda: collisional_forms.lossy_share(0.5)),
        "(C4) holds up to E* = [πR₀(1 − γ)/4γ]² − 1 only; the form “rigorous” holds everywhere",
    ),
    Claim(
        "App. C", "the same at γ = 0.6", at_least(1.0, "a bound"), "wrong",
        Ours(0.867, 5e-4, lambda: collisional_forms.lossy_share(0.6)),
        "one collision beats the bound there",
    ),
    Claim(
        "Sec. III D", "γ of 1/κ = 65 ms, t₀ = 82 μs", printed("0.0013"), "agrees",
        Ours(0.0012607, 1e-7, lambda: float(-np.expm1(-82e-6 / 65e-3))),
    ),
    Claim(
        "Eq. (29)", "R₀Ωτ* over π, j = 1e4", about(1.0, 0.02, "→ π/R₀"), "within reading",
        Ours(
            0.9955, 1e-4,
            lambda: runs.full_time("printed", ladders.spin(1e4)) * float(bounds.R0) / np.pi,
        ),
    ),
    Claim(
        "Eq. (29)", "Ωτ* of j = 99/2, the bound mended", None, "not in the paper",
        Ours(3.810212129, 1e-8, lambda: runs.full_time("rigorous")),
        "4.059083253 as printed and corrected",
    ),
    Claim(
        "Eqs. (27)–(29)", "time of full swap over the least time, j = 1/2",
        at_least(
            1.0, "a bound"), "wrong", Ours(0.7246, 5e-5, lambda: runs.beaten(ladders.spin(0.5)),
        ),
        "no bound above half filling: full swap passes it up to j = 4",
    ),
    Claim(
        "Eqs. (27)–(29)", "the same, j = 99/2", at_least(1.0, "a bound"), "agrees",
        Ours(1.1026, 1e-4, lambda: runs.beaten(runs.SPIN)),
    ),
    Claim(
        "Eq. (30)", "Ωτ* of full swap over π²/2, j = 2e4", about(1.0, 0.02, "→ π²/2"),
        "within reading",
        Ours(
            0.9968, 2e-3,
            lambda: float(np.sum(np.pi / 2 / ladders.spin(2e4).couplings)) * 2 / np.pi**2,
        ),
    ),
    Claim(
        "below Eq. (30)", "2/πR₀", printed("0.88"), "agrees",
        Ours(0.8786, 5e-5, lambda: 2 / float(bounds.R0) / np.pi),
        "the power of full swap is 0.88 times the bound, not 0.88 times lower",
    ),
    Claim(
        "Sec. IV B", "collisions for which greedy has a local maximum, j = 99/2",
        at_least(FULL, "until it is full"), "agrees", Ours(101.0, 0.0, runs.spin_greedy),
        "none from the 102nd on, near full charge",
    ),
    Claim(
        "Fig. 6", "largest angle with a lead, j = 99/2, in π", about(0.004, 0.0015, "θ ≲ 0.004"),
        "within reading", Ours(
            0.005082, 1e-6, lambda: runs.last_angle(runs.SPIN, 0.004, 0.01, 2.0),
        ),
        "of the angles drawn 0.004 is the last one",
    ),
    Claim(
        "Sec. IV C", "R₀⁻¹ − 1: coherent lead of a large spin", printed("0.38"), "agrees",
        Ours(0.38, 5e-4, lambda: 1 / float(bounds.R0) - 1), "asymptotic",
    ),
    Claim(
        "Sec. IV C", "the same for j = 99/2, over the printed bound", printed("0.38"), "wrong",
        Ours(0.292, 5e-4, lambda: runs.full_time("printed") / np.pi - 1), "29 % there",
    ),
    Claim(
        "Sec. IV C", "… over the rigorous bound", printed("0.38"), "wrong",
        Ours(0.213, 5e-4, lambda: runs.full_time("rigorous") / np.pi - 1),
        "up to j = 9/2 coherent driving never passes it",
    ),
    *collisional_channel.COLLISIONS,
    *collisional_forms.MISPRINTS,
)
# fmt: on

PAPER = Paper(
    "collisional",
    "Collisional batteries",
    'R. Salvia et al., "Quantum advantage in charging cavity and spin batteries by repeated '
    'interactions" (2023).',
    "Energies in level spacings, τ is Σθ; 250 levels or a spin 99/2 unless said.",
    CLAIMS,
)
