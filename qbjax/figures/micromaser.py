"""Figures 1 to 7 of V. Shaghaghi et al., Entropy 25, 430 (2023)."""

from qbjax.figures.entry import Curve, Figure, Given, Panel, Paper, Run, curve, run
from qbjax.figures.runs import micromaser as runs
from qbjax.views.plot import BLUE, GREEN, ORANGE, VERMILION

COLLISIONS, ENERGY = "collisions", "energy / level spacing"
SLOW: Given = {"count": 1000, "levels": 500, "coherence": 0.0}
FAST: Given = {"count": 300, "levels": 100, "coherence": 1.0, "q": 0.25}
LESS: Given = {"count": 150, "levels": 60}
LOST: Given = {"thermal": 0.15, **FAST}
LONG: Given = {"ls": "--", "lw": 1.4}
RIGHT: Given = {"loc": "lower right"}

INCOHERENT: dict[str, tuple[float, float, Given]] = {
    "q = 0.25, θ = π/√15": (15.0, 0.25, {"color": BLUE}),
    "q = 0.25, θ = π/√15.6": (15.6, 0.25, {"color": VERMILION, **LONG}),
    "q = 0, θ = π/√15": (15.0, 0.0, {"color": GREEN}),
    "q = 0, θ = π/√15.6": (15.6, 0.0, {"color": ORANGE, **LONG}),
}
COHERENT: dict[str, tuple[float, Given]] = {
    "θ = π/√15": (15.0, {"color": BLUE}),
    "θ = π/√15.6": (15.6, {"color": VERMILION, **LONG}),
}
LOSSY: dict[str, tuple[float, float, Given]] = {
    "θ = π/√15, γtᵣ = 0.1": (15.0, 0.1, {"color": BLUE}),
    "θ = π/√15.6, γtᵣ = 0.1": (15.6, 0.1, {"color": VERMILION, **LONG}),
    "θ = π/√15, γtᵣ = 0.001": (15.0, 1e-3, {"color": GREEN}),
    "θ = π/√15.6, γtᵣ = 0.001": (15.6, 1e-3, {"color": ORANGE, **LONG}),
}


def _mixtures(y: str, *labels: str) -> tuple[Curve, ...]:
    """Atoms without coherence."""
    return tuple(
        curve(label, run(runs.charged, m=m, q=q, **SLOW), "collision", y, **style)
        for label, (m, q, style) in INCOHERENT.items()
        if label in labels
    )


def _superpositions(y: str) -> tuple[Curve, ...]:
    """Pure atoms, no loss."""
    return tuple(
        curve(label, run(runs.charged, LESS, m=m, **FAST), "collision", y, **style)
        for label, (m, style) in COHERENT.items()
    )


def _lossy(y: str) -> tuple[Curve, ...]:
    """Pure atoms, and a cavity that loses photons between them."""
    return tuple(
        curve(label, run(runs.charged, LESS, m=m, loss=loss, **LOST), "collision", y, **style)
        for label, (m, loss, style) in LOSSY.items()
    )


FAR: Run = run(
    runs.charged, {"count": 10_000, "every": 100}, m=15.6, q=0.0, coherence=0.0, levels=500,
    count=100_000, every=500,
)  # fmt: skip

FIGURE_1 = Figure(
    "energy, atoms without coherence",
    "At θ = π/√15 the energy settles, at 14 for q = 0; beside it, at π/√15.6, it first seems to "
    "and then grows without end.",
    "Step 390 = 15.6·5² is closed, so that the energy ends below it.",
    (
        Panel("the first thousand", COLLISIONS, ENERGY, _mixtures("energy", *INCOHERENT),
              legend={"loc": "upper left"}),
        Panel("much later", COLLISIONS, ENERGY,
              (curve("q = 0, θ = π/√15.6", FAR, "collision", "energy", color=ORANGE),),
              {"xscale": "log", "xlim": (500, 1.2e5)}, {"loc": "upper left"}),
    ),
    claims=("eq-10", "sec-3-1", "sec-3-2", "sec-3-5"),
)  # fmt: skip
FIGURE_2 = Figure(
    "purity, atoms without coherence",
    "At θ = π/√15 the purity goes to 1 for q = 0 in almost 1000 collisions, far more than the "
    "energy takes, and to less for q = 0.25.",
    "",
    (
        Panel("purity", COLLISIONS, "purity",
              _mixtures("purity", "q = 0.25, θ = π/√15", "q = 0, θ = π/√15"),
              {"ylim": (0, 1.02)}, RIGHT),
    ),
    claims=("sec-4-1",),
)  # fmt: skip
FIGURE_3 = Figure(
    "energy, pure atoms",
    "For q = 0.25 the energy settles at either angle, lower than that of excited atoms.",
    "",
    (Panel("energy", COLLISIONS, ENERGY, _superpositions("energy"), {}, RIGHT),),
    claims=("eq-14-2", "sec-4-2"),
)
FIGURE_4 = Figure(
    "purity, pure atoms",
    "The purity goes to 1 at either angle.",
    "On the right the same on a logarithmic axis.",
    (
        Panel("purity", COLLISIONS, "purity", _superpositions("purity"),
              {"ylim": (0, 1.02)}, RIGHT),
        Panel("how much is missing", COLLISIONS, "1 − purity", _superpositions("impurity"),
              {"yscale": "log", "ylim": (1e-8, 1)}, {"loc": "upper right"}),
    ),
    claims=("eq-14-1",),
)  # fmt: skip
FIGURE_5 = Figure(
    "energy under loss, pure atoms",
    "With n̄ = 0.15 the energy settles; at γtᵣ = 1e-3 it is almost that without loss, at 0.1 lower.",
    "At γtᵣ = 1e-3 what is drawn is metastable.",
    (Panel("energy", COLLISIONS, ENERGY, _lossy("energy"), {}, RIGHT),),
)
FIGURE_6 = Figure(
    "purity under loss, pure atoms",
    "At γtᵣ = 1e-3 the state is almost pure, at 0.1 its purity is 0.85.",
    "",
    (Panel("purity", COLLISIONS, "purity", _lossy("purity"), {"ylim": (0, 1.02)}, RIGHT),),
)
FIGURE_7 = Figure(
    "photon statistics under loss, pure atoms",
    "The field is sub-Poissonian at either loss and angle.",
    "",
    (
        Panel(
            "Fano factor", COLLISIONS, "Fano factor $F$", _lossy("fano"), {"ylim": (0, 1.02)}, RIGHT
        ),
    ),
)

PAPER = Paper(
    "micromaser",
    "Shaghaghi et al. (2023), Lossy micromaser battery: almost pure states in the "
    "Jaynes-Cummings regime",
    {
        "1": FIGURE_1, "2": FIGURE_2, "3": FIGURE_3, "4": FIGURE_4, "5": FIGURE_5, "6": FIGURE_6,
        "7": FIGURE_7,
    },
)  # fmt: skip
