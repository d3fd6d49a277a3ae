"""Figures 2 to 4 of C. A. Downing and M. S. Ukhtary, "Charging a quantum battery …" (2026)."""

from qbjax.figures.entry import Curve, Figure, Given, Panel, Paper, Run, curve, run
from qbjax.figures.runs import bloch as runs
from qbjax.views.plot import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION

TIME, ANGLE = "time / $J^{-1}$", r"polar angle $\theta / \pi$"
ENERGY, POWER = r"energy / $\omega_b$", r"power / $\omega_b J$"
MIXED = r"energy / $\omega_b$; $\mathcal{I}$, $\mathcal{C}$"
ANGLES = {
    0.0: ("θ = 0", GREEN, ":"),
    0.25: ("θ = π/4", SKY, "-"),
    0.5: ("θ = π/2", BLUE, "--"),
    0.75: ("θ = 3π/4", PURPLE, "-."),
    1.0: ("θ = π", VERMILION, "-"),
}
BEST = run(runs.best, {"points": 41}, points=201)
DASHED: Given = {"ls": "--", "lw": 1.6}


def _at(theta_over_pi: float) -> Run:
    return run(runs.charged, {"points": 81}, theta_over_pi=theta_over_pi, until=6.0, points=301)


def _angles(y: str) -> tuple[Curve, ...]:
    """An observable over time, by angle."""
    return tuple(
        curve(label, _at(theta), "time", y, color=colour, ls=dash)
        for theta, (label, colour, dash) in ANGLES.items()
    )


def _mark(label: str, theta: float, merit: str, colour: str, dash: str = "--") -> Curve:
    """The best time of a merit, as a vertical line."""
    style = {"color": colour, "ls": dash, "lw": 1.2}
    return curve(label, _at(theta), f"best time of {merit}", "height", **style)


def _by_angle(label: str, y: str, colour: str, **style) -> Curve:
    return curve(label, BEST, "theta_over_pi", y, color=colour, **style)


FIGURE_2 = Figure(
    "energy and power by the angle of the charger",
    "Energy and power are largest from the south pole, and reach their largest at times that no "
    "angle changes; both scale with sin²(θ/2), and the fluctuation is largest on the equator.",
    "The fluctuation is that of Eq. (36) as mended.",
    (
        Panel("energy", TIME, ENERGY,
              (*_angles("energy"), _mark("best time $t_E$", 1.0, "energy", GREY)),
              {"ylim": (-0.03, 1.45)}, {"loc": "upper right", "ncols": 2}),
        Panel("charging power", TIME, POWER,
              (*_angles("charging_power"), _mark("best time $t_P$", 1.0, "charging power", GREY)),
              {"ylim": (-0.015, 0.8)}, {"loc": "upper right"}),
        Panel("best of both", ANGLE, r"energy / $\omega_b$, power / $B\omega_bJ$", (
            _by_angle("energy $E(t_E)$", "largest energy", PURPLE, lw=2.6),
            _by_angle("power $P(t_P)$", "share", ORANGE, ls="--"),
            _by_angle(r"fluctuation $\sigma_E(t_E)$", "fluctuation", GREEN, lw=1.2),
        ), {}, {"loc": "upper left"}),
    ),
    columns=3,
    claims=(
        "eq-30", "eq-33", "eq-36", "eq-36-mended", "eqs-31-32", "eq-32", "eq-34", "eq-35",
        "eq-37",
    ),
)  # fmt: skip


def _thermodynamics(theta: float, name: str) -> tuple[Panel, Panel]:
    """The energy stored from an angle and the power, each with the share that is work."""
    stored = {
        "energy $E$": ("energy", PURPLE, 1.2),
        "passive energy": ("passive_energy", SKY, 1.2),
        "ergotropy": ("ergotropy", VERMILION, 2.0),
    }
    powers = {
        "charging power $P$": ("charging_power", PURPLE, 1.2),
        "passive power": ("passive_power", SKY, 1.2),
        "ergotropic power": ("ergotropic_power", VERMILION, 2.0),
    }
    drawn = [
        tuple(
            curve(label, _at(theta), "time", y, color=colour, lw=width)
            for label, (y, colour, width) in some.items()
        )
        for some in (stored, powers)
    ]
    top = 1.0 if theta == 1.0 else 0.5
    energy = (*drawn[0], _mark("best time of both", theta, "ergotropy", BLACK, ":"))
    power = (
        *drawn[1],
        _mark("best time of $P$", theta, "charging power", PURPLE),
        _mark("best time of ergotropic power", theta, "ergotropic power", VERMILION),
    )
    legend = {"loc": "upper right"}
    return (
        Panel(f"energy, {name}", TIME, ENERGY, energy, {"ylim": (0, 1.45 * top)}, legend),
        Panel(f"power, {name}", TIME, POWER, power, {"ylim": (0, 0.8 * top)}, legend),
    )


FIGURE_3 = Figure(
    "how much of the energy is work",
    "Energy and ergotropy are largest at the same time and equal then; their powers are not. The "
    "best ergotropic power is approximated by a sigmoid in its time and a tanh in its value.",
    "The tanh is far off where θ is small: the exact law is quadratic there.",
    (
        *_thermodynamics(0.5, "θ = π/2"),
        *_thermodynamics(1.0, "θ = π"),
        Panel("best times", ANGLE, TIME, (
            _by_angle("energy, ergotropy", "time of ergotropy", PURPLE),
            _by_angle("charging power", "time of charging power", VERMILION),
            _by_angle("ergotropic power", "time of ergotropic power", BLACK, lw=2.2),
            _by_angle("sigmoid, Eq. (43)", "sigmoid", ORANGE, **DASHED),
        ), {"ylim": (1.1, 1.85)}, {"loc": "upper left", "ncols": 2}),
        Panel("best values", ANGLE, r"energy / $\omega_b$, power / $\omega_b J$", (
            _by_angle("energy, ergotropy", "largest ergotropy", PURPLE),
            _by_angle("charging power", "largest charging power", VERMILION),
            _by_angle("ergotropic power", "largest ergotropic power", BLACK, lw=2.2),
            _by_angle("tanh, Eq. (45)", "tanh", ORANGE, **DASHED),
        ), {}, {"loc": "upper left"}),
    ),
    claims=(
        "eq-38", "eq-39", "eq-40", "eq-41", "eq-42", "eq-43", "eq-44", "eq-45", "sec-5", "ours-1",
    ),
)  # fmt: skip


def _origin(theta: float, name: str) -> Panel:
    """Ergotropy and capacity from an angle, with inversion and coherence."""
    style = {
        "ergotropy": ("ergotropy", VERMILION, "-"),
        "capacity": ("capacity", SKY, "--"),
        r"inversion $\mathcal{I}$": ("inversion", GREEN, "-."),
        r"coherence $\mathcal{C}$": ("coherence", ORANGE, (0, (5, 1.5, 1, 1.5))),
    }
    curves = tuple(
        curve(label, _at(theta), "time", y, color=colour, ls=dash)
        for label, (y, colour, dash) in style.items()
    )
    return Panel(
        name, TIME, MIXED, curves, {"ylim": (-0.55, 1.6)}, {"ncols": 2, "loc": "upper left"}
    )


FIGURE_4 = Figure(
    "the origin of the ergotropy",
    "On the equator coherence carries the ergotropy, at the south pole inversion alone: there are "
    "stretches of time without any. The qubits are entangled in between, most from the south pole.",
    "",
    (
        _origin(0.5, "θ = π/2"),
        _origin(1.0, "θ = π"),
        Panel("entanglement", TIME, "concurrence", _angles("concurrence"), {"ylim": (-0.03, 1.45)},
              {"ncols": 2, "loc": "upper left"}),
    ),
    columns=3,
    claims=("eq-54", "eq-55", "eq-56", "eq-57", "eq-59", "sec-6", "sec-7"),
)  # fmt: skip

PAPER = Paper(
    "bloch",
    "Downing and Ukhtary (2026), Charging a quantum battery from the Bloch sphere",
    {"2": FIGURE_2, "3": FIGURE_3, "4": FIGURE_4},
)
