"""Figures 2 to 10 of J.-T. Zhang et al., "Quantum batteries in coherent Ising machine" (2026).

Solid lines have the paper's levels, in the lab frame; dashed ones enough, in the displaced one.
"""

from qbjax.figures.entry import Curve, Figure, Given, Panel, Paper, Run, curve, run
from qbjax.figures.runs import dopo as runs
from qbjax.views.plot import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION

TIME, PUMP = r"time / $\gamma_s^{-1}$", r"pump amplitude $F / \sqrt{\gamma_s}$"
ERGOTROPY, POWER = r"ergotropy / $\omega_s$", r"average power $W/t$ / $\omega_s\gamma_s$"
DISCHARGE = r"time of discharge / $\gamma_s^{-1}$"
LEVELS = ", %(signal)d×%(pump)d levels"
"""Ending of a label, of which the run's own arguments make the text."""
THIRTY_TWO: Given = {"signal": 32, "pump": 9, "frame": "lab"}
ENOUGH: Given = {"signal": 56, "pump": 5, "frame": "displaced"}
MANY: Given = {"signal": 80, "pump": 7, "frame": "displaced"}
FEWER: Given = {"signal": 36, "pump": 4}
SHORT: Given = {"until": 16.0, "points": 81}
DASHED = (0, (4, 1.6))
COLOURS = (ORANGE, PURPLE, GREEN, BLUE, VERMILION)
PARTS = {"W": ("$W$", BLACK), "Wc": ("$W^c$", VERMILION), "Wi": ("$W^i$", BLUE)}

AMPLITUDES = (1.0, 1.5, 2.0, 2.2, 2.4, 2.5, 2.6, 2.8, 3.0)
GROWTH: Given = {"amplitudes": AMPLITUDES, "until": 40.0, "points": 401}
SOLID_RUN = run(runs.charges, SHORT, **THIRTY_TWO, **GROWTH)
DASHED_RUN = run(runs.charges, {**SHORT, **FEWER}, **ENOUGH, **GROWTH)
STRONG = run(runs.charges, {**SHORT, "signal": 60, "pump": 4}, amplitudes=(3.25, 3.5, 4.0),
             until=40.0, points=401, **MANY)  # fmt: skip
STEADY = run(runs.steady, {"amplitudes": (1.0, 3.5, 11)}, signal=32, pump=9,
             amplitudes=(1.0, 3.5, 51))  # fmt: skip
POINTS: Given = {"ls": "none", "marker": "o", "ms": 4, "mfc": "none", "color": VERMILION}
DIAMONDS: Given = {"ls": "none", "marker": "D", "ms": 4, "mfc": "none", "color": PURPLE}
FIT: Given = {"color": GREY, "ls": "--", "lw": 1.3}


def _both(
    label: str,
    y: str,
    colour: str,
    x: str = "time",
    pair: tuple[Run, Run] = (SOLID_RUN, DASHED_RUN),
    *,
    told: bool = False,
) -> tuple[Curve, Curve]:
    """A curve with the paper's levels, and one with enough, which the legend has if told so."""
    solid = f"{label}{LEVELS}" if told else label
    return (
        curve(solid, pair[0], x, y, color=colour, lw=1.5),
        curve(f"{label}{LEVELS}", pair[1], x, y, color=colour, ls=DASHED, lw=1.1, legend=told),
    )


def _by_amplitude(name: str, amplitudes: tuple[float, ...]) -> tuple[Curve, ...]:
    pairs = zip(amplitudes, COLOURS, strict=True)
    return tuple(
        each
        for F, colour in pairs
        for each in _both(f"F = {F:g}", f"{name} {F:g}", colour, told=amplitudes[-1] == F)
    )


def _fit(label: str, slope: float, start: float, first: float, last: float, **style) -> Curve:
    found = run(runs.exponential, slope=slope, start=start, first=first, last=last)
    return curve(label, found, "x", "y", **{**FIT, **style})


def _points(y: str) -> tuple[Curve, Curve]:
    """The points with enough levels, by pump amplitude."""
    return (
        curve(f"γt = %(until)g{LEVELS}", DASHED_RUN, "amplitude", y, **POINTS),
        curve(f"γt = %(until)g{LEVELS}, strong pump", STRONG, "amplitude", y, **DIAMONDS),
    )


FIGURE_2 = Figure(
    "ergotropy by the pump amplitude; dashed: displaced frame",
    "The ergotropy settles, at values that grow exponentially with F: ln W_ss = 2.742 F − 5.330 "
    "on F = 1 to 3.",
    "With the paper's levels (solid) the ergotropy is cut off from F = 3 on; the dashed lines "
    "and the points have enough.",
    (
        Panel("charging", TIME, ERGOTROPY, _by_amplitude("W", (1.0, 1.5, 2.0, 2.5, 3.0)),
              {"ylim": (0, 20)}, {"loc": "upper left", "ncols": 2}),
        Panel("steady state", PUMP, ERGOTROPY, (
            curve("the paper's 32×9 levels", STEADY, "amplitude", "W", color=BLACK),
            *_points("last W"),
            _fit("the paper's fit", 2.742, -5.330, 1.0, 3.5),
        ), {"yscale": "log"}, {"loc": "lower right"}),
    ),
    claims=("ours-1",),
)  # fmt: skip

FIGURE_3 = Figure(
    "coherent and incoherent ergotropy at F = 3; dashed: displaced frame",
    "Up to γt = 8 all ergotropy is coherent; its coherent part is largest around γt = 10, then "
    "falls a little, and the incoherent part rises.",
    "Of the little ergotropy of the squeezed light, at first, a sixth is incoherent.",
    (
        Panel("F = 3", TIME, ERGOTROPY,
              tuple(x for name, (label, colour) in PARTS.items()
                    for x in _both(label, f"{name} 3", colour, told=name == "W")),
              legend={"loc": "lower right"}),
    ),
    claims=("abstract",),
)  # fmt: skip


def _kept(lab: Run, converged: Run, fits: tuple[Curve, Curve], limits: dict) -> tuple[Panel, Panel]:
    """The ergotropy as the pump goes off, and its decay on a logarithmic axis."""
    pair = (lab, converged)
    whole = tuple(x for name, (label, colour) in PARTS.items()
                  for x in _both(label, name, colour, pair=pair, told=name == "W"))  # fmt: skip
    decay = tuple(x for name, (label, colour) in PARTS.items() if name != "W"
                  for x in _both(label, f"{name} after", colour, "after", pair,
                                 told=True))  # fmt: skip
    return (
        Panel("charged and kept", TIME, ERGOTROPY, whole, legend={"loc": "upper left"}),
        Panel("after the pump is off", TIME, ERGOTROPY, (*decay, *fits),
              {"yscale": "log", **limits}, {"loc": "lower left"}),
    )  # fmt: skip


OFF: Given = {"amplitude": 3.0, "off": 40.0, "until": 4.0, "points": 401}
FIGURE_4 = Figure(
    "the pump is off from γt = 40 on, F = 3; dashed: displaced frame",
    "ln W^c = −1.127 t + 47.17 and ln W^i = −2.082 t + 85.48: the coherent part lasts twice as "
    "long.",
    "The slopes are those of windows of 2.6 and 2.3 units; W^i is no exponential, it ends.",
    _kept(
        run(runs.kept, {"points": 101}, **THIRTY_TWO, **OFF),
        run(runs.kept, {"points": 101, **FEWER}, **ENOUGH, **OFF),
        (
            _fit("the paper's fit of $W^c$", -1.127, 47.17, 40.0, 44.0, color=ORANGE),
            _fit("the paper's fit of $W^i$", -2.082, 85.48, 40.0, 43.0, color=SKY),
        ),
        {"ylim": (0.02, 20)},
    ),
    claims=("sec-iii-4",),
)

BETTER: Given = {"amplitude": 4.24, "off": 3.5, "until": 2.25, "points": 201, "coupling": 1.0,
          "pump_decay": 32.0, "unit": 0.5}  # fmt: skip
FIGURE_5 = Figure(
    "a cavity twice as good, the pump is off from γt = 7 on; dashed: displaced frame",
    "ln W^c = −0.7361 t + 7.6856, ln W^i = −1.2146 t + 10.7728: both parts decay more slowly.",
    "Time is in the units of the other figures, of which the new 1/γ_s is two.",
    _kept(
        run(runs.kept, {"signal": 48, "pump": 7, "points": 51}, signal=60, pump=9, frame="lab",
            **BETTER),
        run(runs.kept, {"points": 51, "signal": 48, "pump": 4}, **{**MANY, **BETTER}),
        (
            _fit("the paper's fit of $W^c$", -0.7361, 7.6856, 7.0, 11.5, color=ORANGE),
            _fit("the paper's fit of $W^i$", -1.2146, 10.7728, 7.0, 11.5, color=SKY),
        ),
        {"ylim": (0.02, 40)},
    ),
)  # fmt: skip

FIVE = (2.2, 2.4, 2.6, 2.8, 3.0)
FIGURE_6 = Figure(
    "average power by the pump amplitude; dashed: displaced frame",
    "The power peaks, for F = 3 around γt = 10; its largest grows exponentially: ln P_max = "
    "2.049 F − 6.222 on F = 2.2 to 3.",
    "Soon after F = 3 the exponential growth is over.",
    (
        Panel("charging", TIME, POWER, _by_amplitude("power", FIVE),
              legend={"loc": "upper right"}),
        Panel("largest power", PUMP, POWER, (
            curve("the paper's 32×9 levels", SOLID_RUN, "amplitude", "largest power", color=BLACK,
                  ls="none", marker="s", ms=5, mfc="none"),
            *_points("largest power"),
            _fit("the paper's fit", 2.049, -6.222, 2.2, 4.0),
        ), {"yscale": "log"}, {"loc": "lower right"}),
    ),
    claims=("abstract",),
)  # fmt: skip

LOGISTIC = run(runs.logistic, height=8.2016, rate=5.4097, middle=2.3605, first=2.0, last=3.5)
STEADY_TWO = run(runs.steady, {"amplitudes": (2.0, 3.5, 7)}, signal=32, pump=9,
                 amplitudes=(2.0, 3.5, 16))  # fmt: skip
FIGURE_7 = Figure(
    "coherent ergotropy by the pump amplitude; dashed: displaced frame",
    "W^c has a maximum in time for F > 2.7 only; its steady value is the logistic function of "
    "Eq. (13), which saturates near 8 and is steepest around F = 2.4.",
    "It is the paper's levels that make the coherent part saturate.",
    (
        Panel("charging", TIME, ERGOTROPY, _by_amplitude("Wc", FIVE), {"ylim": (0, 12.5)},
              {"loc": "upper left", "ncols": 2}),
        Panel("steady state", PUMP, ERGOTROPY, (
            curve("the paper's 32×9 levels", STEADY_TWO, "amplitude", "Wc", color=BLACK),
            *_points("last Wc"),
            curve("the paper's Eq. (13)", LOGISTIC, "x", "y", **FIT),
        ), {"xlim": (1.95, 4.05)}, {"loc": "lower right"}),
        Panel("its slope", PUMP, r"d$W^c$/d$F$ / $\omega_s\gamma_s^{-1/2}$", (
            curve("the paper's 32×9 levels", STEADY_TWO, "amplitude", "slope", color=BLACK),
            curve("the paper's Eq. (13)", LOGISTIC, "x", "slope", **FIT),
        ), {}, {"loc": "upper right"}),
    ),
    columns=3,
    claims=("eq-13",),
)  # fmt: skip

COUPLINGS = (0.3, 0.65, 1.0, 1.35, 1.7)


def _discharge(off: float) -> tuple[Panel, Panel]:
    """The ergotropy left in the cell, and that of the load."""
    given = {"amplitude": 3.0, "off": off, "couplings": COUPLINGS, "until": 5.0, "points": 501}
    fewer = {"points": 101}
    pair = (
        run(runs.discharges, fewer, **THIRTY_TWO, **given),
        run(runs.discharges, {**fewer, **FEWER}, **ENOUGH, **given),
    )
    cell, load = (
        tuple(x for g, colour in zip(COUPLINGS, COLOURS, strict=True)
              for x in _both(f"g = {g:g}", f"{name} {g:g}", colour, pair=pair,
                             told=COUPLINGS[-1] == g))
        for name in ("cell", "load")
    )  # fmt: skip
    return (
        Panel(
            "cell",
            DISCHARGE,
            r"ergotropy $\kappa_s$ / $\omega_s$",
            cell,
            legend={"loc": "upper right"},
        ),
        Panel(
            "load",
            DISCHARGE,
            r"ergotropy $\kappa_a$ / $\omega_a$",
            load,
            legend={"loc": "upper right"},
        ),
    )


FIGURE_8 = Figure(
    "discharge after γt = 10 of charging; dashed: displaced frame",
    "The stronger the coupling, the more the load gets and the sooner; from g = 1 on it saturates "
    "at 0.43.",
    "The load still gets more from g = 1.35 to 1.7, and beyond.",
    _discharge(10.0),
)
FIGURE_9 = Figure(
    "discharge after γt = 30 of charging; dashed: displaced frame",
    "Of what was charged for longer the load gets 0.8.",
    "",
    _discharge(30.0),
    claims=("sec-iv-1",),
)


def _truncations(sizes: tuple[tuple[int, int], ...]) -> tuple[Curve, ...]:
    """W over time, by the levels."""
    given = {"frame": "lab", "amplitudes": (3.0,), "until": 40.0, "points": 201}
    pairs = zip(sizes, (BLUE, VERMILION, ORANGE, PURPLE), strict=True)
    return (
        *(
            curve(f"{signal}×{pump}", run(runs.charges, SHORT, signal=signal, pump=pump, **given),
                  "time", "W 3", color=colour)
            for (signal, pump), colour in pairs
        ),
        curve(f"displaced{LEVELS}", DASHED_RUN, "time", "W 3", color=BLACK, ls=DASHED, lw=1.1),
    )  # fmt: skip


HIGHER: Given = {"loc": "lower right", "bbox_to_anchor": (1.0, 0.08)}
FIGURE_10 = Figure(
    "ergotropy by the levels, F = 3",
    "It converges with N_s = 24 to 36 signal levels, and with N_p = 3 to 9 pump levels.",
    "With 32 signal levels more pump levels lead to too little ergotropy.",
    (
        Panel("signal levels", TIME, ERGOTROPY,
              _truncations(((24, 9), (28, 9), (32, 9), (36, 9))), legend=HIGHER),
        Panel("pump levels", TIME, ERGOTROPY,
              _truncations(((32, 3), (32, 5), (32, 7), (32, 9))), legend=HIGHER),
    ),
)  # fmt: skip

PAPER = Paper(
    "dopo",
    "Zhang et al. (2026), Quantum batteries in coherent Ising machine",
    {
        "2": FIGURE_2, "3": FIGURE_3, "4": FIGURE_4, "5": FIGURE_5, "6": FIGURE_6, "7": FIGURE_7,
        "8": FIGURE_8, "9": FIGURE_9, "10": FIGURE_10,
    },
    "Solid lines have the paper's levels, 32 × 9 and 60 × 9, in the lab frame. Dashed lines have "
    "enough, in the displaced frame: 56 × 5, and 80 × 7 for Fig. 5 and for more than F = 3.",
)  # fmt: skip
