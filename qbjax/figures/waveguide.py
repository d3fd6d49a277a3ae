"""Figures 2 to 4 of W.-L. Song et al., Phys. Rev. Lett. 132, 090401 (2024)."""

from matplotlib import colormaps

from qbjax.figures.entry import Curve, Figure, Given, Map, Panel, Paper, Run, curve, run
from qbjax.figures.runs import waveguide as runs
from qbjax.views.plot import BLACK, BLUE, GREEN, SKY, VERMILION

G: Given = {"decay": 0.5}
TIME, ENERGY = r"time / $\omega_{11}^{-1}$", r"energy / $\omega_{11}$"
FREQUENCY, DISTANCE = r"frequency $\omega_0 / \omega_{11}$", r"distance $\Delta_z / \lambda_{11}$"


def _line(label: str, found: Run, x: str, y: str, colour: str, dash="-", width=1.7) -> Curve:
    return curve(label, found, x, y, color=colour, ls=dash, lw=width)


NEAR = run(runs.by_frequency, {"frequencies": (0.2, 3.4, 64)},
           frequencies=(0.2, 3.4, 321), distance=0.1, **G)  # fmt: skip
EVOLVING = run(runs.moving, {"values": (0.2, 3.4, 33), "points": 61}, axis="frequency",
               values=(0.2, 3.4, 97), other=0.1, until=60.0, points=181, **G)  # fmt: skip
FREQUENCIES = {
    0.6: ("ω₀ = 0.6", GREEN),
    1.4: ("ω₀ = 1.4", BLUE),
    3.0: ("ω₀ = 3.0", VERMILION),
}


def _over_time() -> tuple[Curve, ...]:
    """Three frequencies, with the range of Eq. (8) and what a bath without memory would give."""
    found = {
        frequency: run(runs.charged, {"points": 241}, frequency=frequency, distance=0.1,
                       until=120.0, points=481, **G)
        for frequency in FREQUENCIES
    }  # fmt: skip
    lines = [
        _line(label, found[frequency], "time", "energy", colour, "-", 1.3)
        for frequency, (label, colour) in FREQUENCIES.items()
    ]
    for name in ("least", "most"):
        for frequency, (_, colour) in FREQUENCIES.items():
            style = {"color": colour, "ls": (0, (1, 2)), "lw": 1.2, "legend": False}
            label = f"ω₀ = {frequency:g}, {name} of Eq. (8)"
            lines.append(curve(label, found[frequency], "ends", name, **style))
    lines.append(_line("ω₀ = 1.4, no memory", found[1.4], "time", "markov", SKY, "--", 1.2))
    return tuple(lines)


FIGURE_2 = Figure(
    "bound states and the energy of the battery by frequency, 0.1 λ₁₁ apart",
    "Two bound states below ω₀ = 1.1, one up to 2.8, none above; accordingly the energy beats for "
    "ever, stays, or is lost, as Eq. (8) says.",
    "One bound state is left at every frequency, if only with a small residue.",
    (
        Panel("bound states below the band", FREQUENCY, r"$E / \omega_{11}$", (
            _line("$E_+$", NEAR, "frequency", "E+", BLUE),
            _line("$E_-$", NEAR, "frequency", "E-", VERMILION, "--"),
        ), {"ylim": (0, 1.02)}, {"loc": "lower right"}),
        Panel("residues", FREQUENCY, "residue $Z$", (
            _line("$Z_+$", NEAR, "frequency", "Z+", BLUE),
            _line("$Z_-$", NEAR, "frequency", "Z-", VERMILION, "--"),
        ), {"yscale": "log", "ylim": (5e-3, 1)}, {"loc": "upper right"}),
        Panel("energy over time", FREQUENCY, TIME,
              (Map(ENERGY, EVOLVING, "frequency", "time", "energy", {"cmap": "viridis"}),),
              {}, None),
        Panel("dotted: the range for ever, Eq. (8)", TIME, ENERGY, _over_time(), {"ylim": (0, 0.8)},
              {"loc": "upper right", "ncols": 2}),
    ),
    claims=("eq-6-1", "eq-8-1"),
)  # fmt: skip

AWAY = {
    1.4: ("ω₀ = 1.4", VERMILION),
    1.2: ("ω₀ = 1.2", BLUE),
    1.0: ("ω₀ = 1.0", GREEN),
}


def _away(frequency: float) -> Run:
    return run(runs.by_distance, {"distances": (0.02, 2.5, 64)}, frequency=frequency,
               distances=(0.02, 2.5, 249), **G)  # fmt: skip


DESIGN = run(runs.by_distance, frequency=1.4, distances=(0.463544273, 0.463544273, 1), **G)
FAR = run(runs.moving, {"values": (0.05, 2.5, 36), "points": 101}, axis="distance",
          values=(0.05, 2.5, 197), other=1.4, until=200.0, points=241, **G)  # fmt: skip


def _ranges() -> tuple[Curve, ...]:
    """The least and the most energy for ever, by distance."""
    both = [
        curve(f"{label}, {name}", _away(frequency), "distance", name, color=colour,
              ls="-" if name == "most" else ":", lw=1.5)
        for frequency, (label, colour) in AWAY.items() for name in ("most", "least")
    ]  # fmt: skip
    point = {"color": BLACK, "ls": "none", "marker": "D", "ms": 5}
    return (*both, curve("state in the continuum", DESIGN, "distance", "most", **point))


FIGURE_3 = Figure(
    "bound states and the energy of the battery by distance",
    "At ω₀ = 1.4 two bound states from 0.3λ₁₁ on, which are degenerate from 1.7λ₁₁ on, where the "
    "energy vanishes; 1.2 and 1.0 store more.",
    "The two are never degenerate, they beat ever more slowly. The diamond counts a state in "
    "the continuum, which Eq. (8) does not.",
    (
        Panel("bound states, ω₀ = 1.4", DISTANCE, r"$E / \omega_{11}$", (
            _line("$E_+$", _away(1.4), "distance", "E+", BLUE),
            _line("$E_-$", _away(1.4), "distance", "E-", VERMILION, "--"),
        ), {"ylim": (0.6, 1.01)}, {"loc": "lower right"}),
        Panel("energy over time, ω₀ = 1.4", DISTANCE, TIME,
              (Map(ENERGY, FAR, "distance", "time", "energy", {"cmap": "viridis"}),), {}, None),
        Panel("energy that comes back for ever", DISTANCE, ENERGY, _ranges(), {"ylim": (0, 0.8)},
              {"loc": "upper right", "ncols": 2}),
    ),
    columns=3,
    claims=("discussion-1", "eq-8-2", "ours-9"),
)  # fmt: skip

BOTH = run(runs.over_both, {"frequencies": (0.3, 2.0, 32), "distances": (0.05, 2.0, 20)},
           frequencies=(0.3, 2.0, 171), distances=(0.05, 2.0, 79), **G)  # fmt: skip
FIGURE_4 = Figure(
    "how many bound states there are, and the ergotropy that they keep",
    "Zero, one or two bound states, degenerate far apart; at its best ω₀ the ergotropy is 0.3, at "
    "ω₀ = 0.6, and falls with the distance.",
    "There is always one at least, and two are never degenerate; further apart the ergotropy "
    "tends to a plateau.",
    (
        Panel("number of bound states", DISTANCE, FREQUENCY, (
            Map("number", BOTH, "distance", "frequency", "number",
                {"cmap": colormaps["Blues"].resampled(3), "vmin": -0.5, "vmax": 2.5}, (0, 1, 2)),
            curve("threshold", BOTH, "distance", "threshold", color=VERMILION, lw=1.6),
        ), {"ylim": (0.3, 2.0)}, {"loc": "upper left"}),
        Panel("ergotropy that comes back", DISTANCE, FREQUENCY, (
            Map(r"ergotropy / $\omega_{11}$", BOTH, "distance", "frequency", "ergotropy",
                {"cmap": "viridis"}),
            curve("best frequency", BOTH, "distance", "best frequency", color=VERMILION, ls="--"),
        ), {"ylim": (0.3, 1.2)}, {"loc": "upper right", "labelcolor": "white"}),
        Panel("at its best frequency", DISTANCE, r"ergotropy / $\omega_{11}$", (
            curve("most ergotropy", BOTH, "distance", "best", color=BLACK),
        ), {"ylim": (0, 0.4)}, {"loc": "lower right"}),
    ),
    columns=3,
    claims=("discussion-3", "discussion-4", "ours-2"),
)  # fmt: skip

PAPER = Paper(
    "waveguide",
    "Song et al. (2024), Remote charging and degradation suppression for the quantum battery",
    {"2": FIGURE_2, "3": FIGURE_3, "4": FIGURE_4},
)
