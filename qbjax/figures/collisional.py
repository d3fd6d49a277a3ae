"""Figures 2 to 6 of R. Salvia et al., Phys. Rev. Research 5, 013155 (2023)."""

from typing import Any

from qbjax.figures.entry import Curve, Figure, Given, Panel, Paper, curve, run
from qbjax.figures.runs import collisional as runs
from qbjax.views.plot import BLACK, BLUE, GREEN, ORANGE, VERMILION

SHADES = ("#9ECAE1", "#4F9BCB", "#2171B5", "#08306B")
"""Coherent qubits, darker with their swap angle."""
BOUND: Given = {"color": BLACK, "ls": "--", "lw": 1.4}
PRINTED: Given = {"color": ORANGE, "ls": (0, (5, 1.5, 1, 1.5)), "lw": 1.4}
GREEDY: Given = {"color": BLACK, "lw": 1.4}
SWAPS: Given = {"color": GREEN, "ls": "-."}
LIMIT: Given = {"color": VERMILION, "ls": ":", "lw": 1.8}

OSCILLATOR: Given = {"kind": "oscillator", "size": 250, "until": 28.0}
SPIN: Given = {"kind": "spin", "size": 100, "until": 4.2}
LOSSY: Given = {"theta_over_pi": 0.01, "damping": 1e-3}
LESS: Given = {"size": 150, "until": 12.0}
"""A quick look at the oscillator ends early, with levels enough for that."""
EARLY: Given = {"until": 2.5}
"""A quick look at the spin ends early."""

TAU, ENERGY = r"charging time $\Omega\tau$", r"mean energy $\bar{E} / E$"
OVER = r"energy over the bound / $E$"


def _equal(whole, short, angles, y: str = "energy") -> tuple[Curve, ...]:
    """Equal superpositions, by swap angle."""
    return tuple(
        curve(f"θ = {theta:g}π", run(runs.equal, short, theta_over_pi=theta, **whole),
              "time", y, color=shade)
        for theta, shade in zip(angles, SHADES, strict=True)
    )  # fmt: skip


def _rivals(whole, short, greedy: int, swaps: int) -> tuple[Curve, ...]:
    """The limit of coherent qubits, the bound of classical ones, and two of their strategies."""
    classical: dict[str, tuple[str, int, dict[str, Any]]] = {
        "greedy, q = 0": ("average", greedy, GREEDY),
        "full swaps, q = 0": ("full swap", swaps, SWAPS),
    }
    return (
        curve("limit θ → 0", run(runs.driven, short, **whole), "time", "energy", **LIMIT),
        curve("classical bound", run(runs.bound, short, **whole), "time", "energy", **BOUND),
        *(
            curve(label, run(runs.classical, short, strategy=strategy, count=count, **whole),
                  "time", "energy", **style)
            for label, (strategy, count, style) in classical.items()
        ),
    )  # fmt: skip


TIMES = (5.0, 10.0, 15.0, 20.0)
WIDEST = ((16, 0.5), (45, 0.2), (80, 0.12), (130, 0.09))
"""Highest energy and population that are shown of each time."""
SNAPSHOTS = run(runs.distribution, size=250, theta_over_pi=0.01, times=TIMES, count=80)
MEANS = {
    "coherent": ("mean, coherent", BLUE, "-"),
    "adaptive": ("mean, adaptive", BLACK, "-"),
    "swap": ("mean, full swaps", GREEN, "--"),
    "bound": ("classical bound", VERMILION, ":"),
}


def _snapshot(n: int) -> Panel:
    """The distributions after the n-th time, and the mean energies as lines."""
    top, most = WIDEST[n - 1]
    distributions = (
        curve(name, SNAPSHOTS, "level", f"{name} {n}", color=MEANS[name][1], drawstyle="steps-mid")
        for name in ("coherent", "adaptive")
    )
    means = (
        curve(label, SNAPSHOTS, f"{name} mean {n}", "height", color=colour, ls=dash, lw=1)
        for name, (label, colour, dash) in MEANS.items()
    )
    return Panel(
        f"Ωτ = {TIMES[n - 1]:g}",
        "energy / $E$",
        "population",
        (*distributions, *means),
        axes={"xlim": (0, top), "ylim": (0, most)},
        legend={"loc": "upper left"} if n == 2 else None,
    )


FIGURE_2 = Figure(
    "energy of an oscillator at four charging times",
    "Equal superpositions with θ = 0.01π overtake excited qubits of adapted angles (greedy in the "
    "transient power), which beat full swaps and stay below the bound. The times are not stated.",
    "The times are our choice: at Ωτ = 5 the coherent mean is still below the bound, from 10 "
    "on above it.",
    tuple(_snapshot(n) for n in (1, 2, 3, 4)),
)

ANGLES = (0.005, 0.01, 0.02, 0.04)
FIGURE_3 = Figure(
    "an oscillator charged by qubits",
    "For θ up to about 0.02π coherent qubits beat the classical bound; greedy comes close to it, "
    "full swaps stay behind.",
    "The lead that the text draws from the limit θ → 0 is that of infinite time.",
    (
        Panel("energy", TAU, ENERGY,
              (*_equal(OSCILLATOR, LESS, ANGLES), *_rivals(OSCILLATOR, LESS, 130, 100))),
        Panel("lead", TAU, OVER,
              (*_equal(OSCILLATOR, LESS, ANGLES, "lead"),
               curve("classical bound", run(runs.bound, LESS, **OSCILLATOR), "time", "lead",
                     **BOUND)), axes={"ylim": (-40, 80)}),
    ),
    claims=("eq-15", "eq-18", "eq-20", "sec-iii-b-1", "sec-iii-c-1"),
)  # fmt: skip


def _first(damping: float) -> Curve:
    """The time of a first lead by angle, at one loss."""
    found = run(
        runs.first_lead, {"angles_over_pi": (0.012, 0.052, 11)},
        size=110, damping=damping, angles_over_pi=(0.006, 0.056, 51), until=13.0,
    )  # fmt: skip
    label = f"10³γ = {1e3 * damping:g}"
    return curve(label, found, "theta_over_pi", "time", marker="o", ms=2.5, lw=1.2)


FIGURE_4 = Figure(
    "the time of a first lead under loss",
    "The lead comes earliest at an angle between, and from γ of about 2e-3 on there is none.",
    "Qubits of another population bear more loss.",
    (
        Panel("equal superpositions, loss γ after each", r"swap angle $\theta / \pi$",
              r"$\Omega\tau_{\rm ad}$", tuple(map(_first, (0.0, 5e-4, 1e-3, 2e-3, 2.4e-3))),
              axes={"ylim": (5.8, 13.0)}),
    ),
)  # fmt: skip

WINDOW = run(runs.equal, {"size": 150, "until": 18.0}, **OSCILLATOR, **LOSSY)
THERE = run(runs.bound, {"size": 150, "until": 18.0}, **OSCILLATOR)
FIGURE_5 = Figure(
    "a lead that ends under loss",
    "With γ = 1e-3 and θ = 0.01π coherent qubits are ahead in a window of charging times.",
    "",
    tuple(
        Panel(title, TAU, label, (
            curve("θ = 0.01π, γ = 10⁻³", WINDOW, "time", y, color=BLUE),
            curve("classical bound, no loss", THERE, "time", y, **BOUND),
        ))
        for title, label, y in (("energy", ENERGY, "energy"), ("lead", OVER, "lead"))
    ),
    claims=("app-c-1",),
)  # fmt: skip

SPINS = (
    *_equal(SPIN, EARLY, (0.001, 0.002, 0.004, 0.008)),
    *_rivals(SPIN, EARLY, 101, 99),
    curve("bound as printed, Eq. (28)", run(runs.bound, EARLY, form="printed", **SPIN), "time",
          "energy", **PRINTED),
)  # fmt: skip
BEGINS: Given = {"xlim": (0.45, 0.8), "ylim": (4, 19)}
ENDS: Given = {"xlim": (3.0, 4.2), "ylim": (82, 100)}
FIGURE_6 = Figure(
    "a spin 99/2 charged by qubits",
    "Coherent qubits with θ up to about 0.004π beat the classical bound; greedy clearly beats full "
    "swaps.",
    "The printed bound is none above half filling; the rigorous one (dashed) lies above it "
    "there. Greedy has no best angle after 101 qubits.",
    (
        Panel("energy", TAU, ENERGY, SPINS, legend=None),
        Panel("where the lead begins", TAU, ENERGY, SPINS, BEGINS, {"loc": "upper left"}),
        Panel("near full charge", TAU, ENERGY, SPINS, ENDS, legend=None),
    ),
    columns=3,
    claims=(
        "eq-28",
        "eq-28-mended",
        "eq-29-2",
        "eqs-27-29-2",
        "sec-iv-b",
        "sec-iv-c-2",
        "sec-iv-c-3",
    ),
)

PAPER = Paper(
    "collisional",
    "Salvia et al. (2023), Quantum advantage in charging cavity and spin batteries by repeated "
    "interactions",
    {"2": FIGURE_2, "3": FIGURE_3, "4": FIGURE_4, "5": FIGURE_5, "6": FIGURE_6},
)
