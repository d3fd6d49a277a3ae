"""Claims of the paper on remote charging through a waveguide."""

from scipy import constants

from qbjax.batteries.waveguide import spectrum
from qbjax.batteries.waveguide.noise import ergotropy_time
from qbjax.papers.claim import Claim, Ours, Paper, Said, about, at_most, printed
from qbjax.papers.waveguide_runs import (
    DECAY,
    best,
    centre,
    count,
    half_beat,
    kept_without_memory,
    late,
    least_share,
    most,
    near_field,
    states,
    synchronous,
)

SIDE = Said("0.3 to 1.7", 0.3, 1.7)

# fmt: off
PROMISES = (
    Claim(
        "abstract", "most of the excitation that is kept in the battery, any ω₀, Δ_z = 0.1 λ₁₁",
        about(1.0, 0.1, "“ideal charging”"), "wrong",
        Ours(0.60743, 1e-5, lambda: most("energy", 0.94316, 0.1) / 0.94316),
        "at the ω₀ of the most energy; a direct coupling transfers all of it",
    ),
    Claim(
        "below Eq. (8)", "difference of charger and battery with one bound state, ω₀ = 1.4",
        about(0.0, 0.001, "0: synchronous"), "within reading",
        Ours(0.00026, 5e-5, synchronous), "of populations of 0.0285 at t = 180 … 200",
    ),
)

CLAIMS = (
    *PROMISES,
    Claim(
        "Eq. (6)", "population left by Markov's approximation at t = 200, ω₀ = 1.4",
        about(0.0, 0.01, "damps to 0"), "within reading",
        Ours(0.0, 1e-6, lambda: kept_without_memory(1.4, 0.1, 200.0)),
    ),
    Claim(
        "Eq. (6)", "the same at ω₀ = 0.7", about(0.0, 0.01, "damps to 0"), "wrong",
        Ours(1.0, 1e-9, lambda: kept_without_memory(0.7, 0.1, 200.0)),
        "below the band edge nothing is damped",
    ),
    Claim(
        "Eq. (6)", "the same at ω₀ = 1.4 where the wave fits, k₀d = π",
        about(0.0, 0.01, "damps to 0"), "wrong",
        Ours(0.5, 1e-6, lambda: kept_without_memory(1.4, 0.5 / (1.4**2 - 1) ** 0.5, 1e4)),
        "one combination of both is dark",
    ),
    Claim(
        "Eq. (8)", "|c₂|² at t = 180…200 against Eq. (8), ω₀ = 0.6", about(0.0, 0.01, "the same"),
        "within reading", Ours(0.00025, 1e-5, lambda: late(0.6, 0.1)),
    ),
    Claim(
        "Eq. (8)", "the same at ω₀ = 1.4, Δ_z = 0.5 λ₁₁", about(0.0, 0.01, "the same"), "wrong",
        Ours(0.147, 5e-4, lambda: late(1.4, 0.5)),
        "a state in the continuum near by decays at 1e-3 only",
    ),
    Claim(
        "Fig. 2", "bound states at ω₀ = 2.8", printed("0"), "wrong",
        Ours(1.0, 0.0, lambda: count(2.8, 0.1)),
        "E₊ exists for every ω₀, for J₀ + J₁ diverges at the band edge",
    ),
    Claim(
        "Fig. 2", "E₊ there", Said("none", 1.0), "wrong",
        Ours(0.970962625, 1e-8, lambda: float(states(2.8, 0.1).energies[0])), "residue 0.013766",
    ),
    Claim(
        "Fig. 2", "energy kept there", about(0.0, 0.01, "0"), "within reading",
        Ours(0.00053, 1e-5, lambda: most("energy", 2.8, 0.1)), "small, not absent",
    ),
    Claim(
        "Fig. 2", "bound states at ω₀ = 1.2", printed("1"), "agrees",
        Ours(1.0, 0.0, lambda: count(1.2, 0.1)),
    ),
    Claim(
        "Fig. 2", "bound states at ω₀ = 1.0", printed("2"), "agrees",
        Ours(2.0, 0.0, lambda: count(1.0, 0.1)),
    ),
    Claim(
        "Fig. 2", "ω₀ below which there are two", printed("1.1"), "agrees",
        Ours(1.1117878467, 1e-10, lambda: float(spectrum.threshold_frequency(0.1, DECAY))),
    ),
    Claim(
        "Fig. 3", "Δ_z from which there are two, ω₀ = 1.4", printed("0.3"), "agrees",
        Ours(0.3003850141, 1e-10, lambda: float(spectrum.threshold_distance(1.4, DECAY))),
    ),
    Claim(
        "Fig. 3", "their splitting at 1.7 λ₁₁", about(0.0, 0.005, "0: degenerate"),
        "within reading", Ours(0.00302, 5e-6, lambda: float(states(1.4, 1.7).splitting)),
        "as near as the figure can be read; it falls as e^(−κd) and never vanishes, which matters",
    ),
    Claim(
        "Fig. 3", "most energy at 1.7 λ₁₁", about(0.0, 0.01, "tends to 0"), "wrong",
        Ours(0.09504, 1e-5, lambda: most("energy", 1.4, 1.7)), "the beats are slow, not absent",
    ),
    Claim(
        "Fig. 3", "the same at 8 λ₁₁", about(0.0, 0.01, "tends to 0"), "wrong",
        Ours(0.0947, 5e-5, lambda: most("energy", 1.4, 8.0)), "the limit of large distances",
    ),
    Claim(
        "Discussion", "most energy at ω₀ = 1.0", printed("0.6"), "agrees",
        Ours(0.566689, 1e-5, lambda: most("energy", 1.0, 0.1)), "to its one digit",
    ),
    Claim(
        "Discussion", "ω₀ of the most energy, Δ_z = 0.1 λ₁₁", printed("1.0"), "wrong",
        Ours(0.94316, 1e-5, lambda: best("best_steady_energy", distance=0.1)[0], slow=True),
        "0.57291 there",
    ),
    Claim(
        "—", "most energy for Δ_z = 1e-7 λ₁₁, ω₀ = 1.0", None, "not in the paper",
        Ours(0.65921, 1e-4, lambda: most("energy", 1.0, 1e-7)),
    ),
    Claim(
        "Discussion", "most ergotropy at ω₀ = 0.6", printed("0.3"), "agrees",
        Ours(0.317495, 1e-6, lambda: most("ergotropy", 0.6, 0.1)), "to its one digit",
    ),
    Claim(
        "Discussion", "ω₀ of the most ergotropy", printed("0.6"), "wrong",
        Ours(0.661161, 1e-5, lambda: best("best_steady_ergotropy", distance=0.1)[0], slow=True),
        "0.3216320232 there",
    ),
    Claim(
        "—", "most ergotropy, Δ_z = 0.1 λ₁₁", None, "not in the paper",
        Ours(0.3216320232, 1e-9, lambda: most("ergotropy", 0.661161, 0.1)),
    ),
    Claim(
        "Fig. 4c", "the same at 0.3 λ₁₁", None, "not in the paper",
        Ours(0.2680634595, 1e-9, lambda: most("ergotropy", 0.564457, 0.3)),
    ),
    Claim(
        "Fig. 4c", "the same at 1.0 λ₁₁", None, "not in the paper",
        Ours(0.2559826355, 1e-9, lambda: most("ergotropy", 0.538265, 1.0)),
        "the plateau is at 0.2559669708",
    ),
    Claim(
        "Fig. 4b", "most ergotropy with one bound state, ω₀ = 1.4", printed("0.0"), "agrees",
        Ours(0.0, 1e-12, lambda: most("ergotropy", 1.4, 0.1)),
    ),
    Claim(
        "below Eq. (7)", "least energy over most while it is kept, at its best place",
        about(1.0, 0.1, "no ageing"), "wrong",
        Ours(0.037, 5e-4, lambda: least_share(0.94316, 0.1)),
        "two bound states beat for ever: 0.0212 to 0.5729, without ergotropy in between; true at "
        "the right moments",
    ),
    Claim(
        "Numerical results", "near field at 0.1 λ₁₁ over the exchange of TM₁₁, ω₀ = 0.66",
        at_most(0.1, "0.1 λ₁₁ ≫ its range"), "wrong",
        Ours(9.745, 1e-2, lambda: near_field(0.66, 0.1)),
        "the optima at 0.1 λ₁₁ are those of one mode alone",
    ),
    Claim(
        "Numerical results", "the same at 0.3 λ₁₁", at_most(0.1, "≫ its range"), "wrong",
        Ours(0.481, 1e-3, lambda: near_field(0.66, 0.3)), "half as strong as TM₁₁, not negligible",
    ),
    Claim(
        "—", "the same at 0.73 λ₁₁", None, "not in the paper",
        Ours(0.01045, 2e-5, lambda: near_field(0.66, 0.73)), "1 % from there on",
    ),
    Claim(
        "Discussion", "side of the square for ω₀ = 1.0 at 637 nm, in μm", printed("0.45"),
        "agrees", Ours(0.4504, 5e-5, lambda: 1e6 * float(centre().width)),
    ),
    Claim(
        "Discussion", "side for ω₀ = 0.6, in μm", printed("0.27"), "agrees",
        Ours(0.2703, 5e-5, lambda: 1e6 * float(centre(0.6).width)),
    ),
    Claim(
        "Discussion", "1.7 λ₁₁ at 637 nm, in μm", about(1.0, 0.1), "within reading",
        Ours(1.083, 1e-3, lambda: 1.7e6 * float(centre().wavelength)),
    ),
    Claim(
        "Discussion", "0.1 m in λ₁₁ at 2.87 GHz", SIDE, "agrees",
        Ours(0.957, 1e-3, lambda: 0.1 * 2.87e9 / constants.c),
    ),
    Claim(
        "Discussion", "Γ₁₁/ω₁₁ of a nitrogen-vacancy centre", printed("0.5"), "wrong",
        Ours(5.38e-8, 2e-10, lambda: float(centre().battery(shielded=True).decay)),
        "6/π of its free decay in 12 ns: seven orders less; 2.24e-8 if that is diamond's",
    ),
    Claim(
        "—", "most ergotropy for Γ₁₁ = 0.5, ω₀ = 0.95", None, "not in the paper",
        Ours(0.196, 5e-4, lambda: most("ergotropy", 0.95, 0.1)),
    ),
    Claim(
        "—", "half a beat there", None, "not in the paper",
        Ours(11.5, 0.06, lambda: half_beat(0.95, 0.1, 0.5)),
    ),
    Claim(
        "—", "most ergotropy for Γ₁₁ = 0.001, ω₀ = 0.95", None, "not in the paper",
        Ours(0.897, 5e-4, lambda: most("ergotropy", 0.95, 0.1, 0.001)),
        "weak coupling stores more, later",
    ),
    Claim(
        "—", "half a beat there", None, "not in the paper",
        Ours(1302.0, 7.0, lambda: half_beat(0.95, 0.1, 0.001)),
    ),
    Claim(
        "—", "time until no ergotropy is left, loss 1e-3, ω₀ = 0.66", None, "not in the paper",
        Ours(455.0, 0.5, lambda: float(ergotropy_time(0.66, 0.1, 0.5, 1e-3))),
        "bound states decay at 2Zγ",
    ),
    Claim(
        "—", "most energy with a state in the continuum, ω₀ = 1.4, 0.463544273 λ₁₁", None,
        "not in the paper", Ours(0.3989, 5e-5, lambda: most("energy", 1.4, 0.463544273)),
        "0.1068 without it: Eq. (8) misses bound states in the continuum, k₀d = nπ",
    ),
    Claim(
        "—", "largest power of the first charge, Δ_z = 0.1 λ₁₁", None, "not in the paper",
        Ours(0.0886635, 1e-7, lambda: best("best_power")[1], slow=True), "at ω₀ = 1.4590",
    ),
)
# fmt: on

PAPER = Paper(
    "waveguide",
    "Remote charging through a waveguide",
    'W.-L. Song et al., "Remote charging and degradation suppression for the quantum battery", '
    "Phys. Rev. Lett. 132, 090401 (2024).",
    "Γ₁₁ = 0.5 and Δ_z = 0.1 λ₁₁ unless said; frequencies and energies in ω₁₁.",
    CLAIMS,
)
