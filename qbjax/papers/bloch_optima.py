"""Claims of the Bloch-sphere paper on best times: constants, approximations, first orders."""

from functools import cache

import numpy as np
from scipy.optimize import brentq

import qbjax as qb
from qbjax.papers.claim import Claim, Ours, about, identity, printed

exact, optima, approximations = (
    qb.batteries.bloch_exact,
    qb.batteries.bloch_optima,
    qb.batteries.bloch_approximations,
)
LOSSLESS = qb.batteries.BlochCharger()
SMALL = 2e-3
"""γ/J at which the first orders are tested."""


@cache
def curve(name: str):
    """An approximation over the polar angle, beside what it approximates."""
    found = getattr(approximations, name)(LOSSLESS, np.linspace(0.0, np.pi, 1001))
    return [np.asarray(x) for x in (found.value, found.exact, found.error)]


def largest(name: str) -> float:
    """The largest error of an approximation, over all polar angles."""
    return float(np.max(np.abs(curve(name)[2])))


def best(name: str, theta: float, loss: float = 0.0):
    """A best time and its value, as plain numbers."""
    found = getattr(optima, name)(qb.batteries.BlochCharger(decay=loss), theta)
    return float(found.time), float(found.value)


def first_order(name: str, part: int) -> float:
    """The slope in γ/J of a best time (0) or value (1) at θ = π, over the number without loss."""
    at_none, at_small, at_half = (best(name, np.pi, g)[part] for g in (0.0, SMALL, SMALL / 2))
    # Richardson's: the second order drops out.
    return float((4 * at_half - at_small - 3 * at_none) / SMALL / at_none)


def second_order(name: str, *theta: float) -> float:
    """Error of a first order in units of (γ/J)²."""
    found = getattr(approximations, name)(qb.batteries.BlochCharger(decay=SMALL), *theta)
    return float(found.error) / SMALL**2


def swing_at_best() -> float:
    """Slope of the energy at (63), and its error by (64); γ/J = 0.1, 1, 3.9, θ = 0.4, 2.5."""
    off, step = [], 1e-5
    for loss in (0.1, 1.0, 3.9):
        G = np.sqrt(1 - (loss / 4) ** 2)
        time = np.arctan(4 * G / loss) / G
        for theta in (0.4, 2.5):
            most = np.sin(theta / 2) ** 2 * np.exp(-loss / 2 * time)
            battery = qb.batteries.BlochCharger(decay=loss)
            near = [0.0, time - step, time, time + step]
            _, low, top, high = qb.charge(
                battery, qb.protocols.BlochPreparation(theta), near
            ).energy
            off += [abs(high - low) / (2 * step), abs(top - most)]
    return float(max(off))


def power_time_off() -> float:
    """Largest error of (1 + γx/2G) tan x = 2x at the best time, γ/J = 0.1, 1, 3."""
    off = []
    for loss in (0.1, 1.0, 3.0):
        G = np.sqrt(1 - (loss / 4) ** 2)
        x = G * best("best_charging_power", np.pi, loss)[0]
        off.append(abs((1 + loss * x / (2 * G)) * np.tan(x) - 2 * x))
    return float(max(off))


def shift() -> float:
    """The number K of Sec. 8 from the best times: minus the slope of G t_P in γ/J at its start."""
    losses = (0.0, SMALL / 2, SMALL)
    x = [np.sqrt(1 - (g / 4) ** 2) * best("best_charging_power", np.pi, g)[0] for g in losses]
    return float((3 * x[0] - 4 * x[1] + x[2]) / SMALL)


def inversion_decay() -> float:
    """The γ/J at which the most energy of θ = π is one half: beyond it nothing is inverted."""
    return brentq(lambda g: best("best_energy", np.pi, g)[1] - 0.5, 0.5, 2.0, xtol=1e-13)


def number(place, quantity, text, value, compute, why="") -> Claim:
    """Makes the claim of a constant that is right."""
    return Claim(place, quantity, printed(text), "agrees", Ours(value, 1e-9, compute), why)


# fmt: off
OPTIMA = (
    Claim(
        "Eqs. (31), (32)", "J t_E at θ = π/2", printed("1.5708", "π/2"), "agrees",
        Ours(1.5708, 2e-5, lambda: best("best_energy", np.pi / 2)[0]),
    ),
    Claim(
        "Eq. (32)", "most energy at θ = 2.5, over sin²(θ/2)", printed("1.0"), "agrees",
        Ours(1.0, 1e-12, lambda: best("best_energy", 2.5)[1] / np.sin(1.25) ** 2),
    ),
    number(
        "Eq. (34)", "A: J t_P", "1.165…", 1.1655611852,
        lambda: best("best_charging_power", np.pi / 2)[0],
    ),
    Claim(
        "Eq. (34)", "tan A − 2A", identity(), "agrees",
        Ours(0.0, 1e-11, lambda: float(np.tan(optima.POWER_TIME) - 2 * optima.POWER_TIME)),
    ),
    number(
        "Eq. (35)", "B: largest power at θ = π", "0.724…", 0.7246113538,
        lambda: best("best_charging_power", np.pi)[1],
    ),
    Claim(
        "Eq. (37)", "σ_E(t_E) at θ = π/2, in ω_b", printed("0.5"), "agrees",
        Ours(
            0.5, 1e-12,
            lambda: float(np.sqrt(exact.energy_variance(LOSSLESS, np.pi / 2, np.pi / 2))),
        ),
    ),
    Claim(
        "Eq. (37)", "σ_E(t_E) at θ = π", printed("0.0"), "agrees",
        Ours(
            0.0, 1e-7,
            lambda: (
                float(np.sqrt(max(0.0, float(exact.energy_variance(LOSSLESS, np.pi, np.pi / 2)))))
            ),
        ),
    ),
    Claim(
        "Eq. (40)", "J t of the most ergotropy, θ = 0.4", printed("1.5708", "π/2"), "agrees",
        Ours(1.5708, 2e-5, lambda: best("best_ergotropy", 0.4)[0]),
    ),
    Claim(
        "Eq. (41)", "most ergotropy at θ = 0.4, over sin²(θ/2)", printed("1.0"), "agrees",
        Ours(1.0, 1e-12, lambda: best("best_ergotropy", 0.4)[1] / np.sin(0.2) ** 2),
        "for every θ and γ: the ergotropy rises with the swing f²",
    ),
    number(
        "Eq. (42)", "J t of the largest ergotropic power, θ → 0", "1.165…", 1.1655611852,
        lambda: best("best_ergotropic_power", 1e-6)[0],
    ),
    number(
        "Eq. (42)", "C: the same at θ = π", "1.399…", 1.3991930229,
        lambda: best("best_ergotropic_power", np.pi)[0],
    ),
    number(
        "Eq. (44)", "D: largest ergotropic power, θ = π", "0.673…", 0.6730168338,
        lambda: best("best_ergotropic_power", np.pi)[1],
    ),
    Claim(
        "Eq. (43)", "the sigmoid at θ = 0", printed("1.1666667", "7/6"), "agrees",
        Ours(1.1666667, 4e-8, lambda: float(curve("ergotropic_power_time")[0][0])),
    ),
    Claim(
        "Eq. (43)", "the sigmoid at θ = π", printed("1.4"), "agrees",
        Ours(1.4, 1e-12, lambda: float(curve("ergotropic_power_time")[0][-1])),
    ),
    Claim(
        "Eq. (43)", "largest error of the sigmoid, in 1/J", about(0.0, 0.01, "≃"),
        "within reading", Ours(0.0054, 5e-5, lambda: largest("ergotropic_power_time")),
        "0.39 %: good",
    ),
    Claim(
        "Eq. (45)", "the tanh at θ = π/2", printed("0.33333333", "1/3"), "agrees",
        Ours(0.33333333, 4e-9, lambda: float(curve("ergotropic_power")[0][500])),
        "the exact number is 0.344355",
    ),
    Claim(
        "Eq. (45)", "the tanh at θ = π", printed("0.66666667", "2/3"), "agrees",
        Ours(0.66666667, 4e-9, lambda: float(curve("ergotropic_power")[0][-1])),
        "the exact number is D",
    ),
    Claim(
        "Eq. (45)", "largest error of the tanh, in ω_b J", about(0.0, 0.01, "≃"), "wrong",
        Ours(0.0181, 1e-4, lambda: largest("ergotropic_power")),
        "rough, 5 % of the number at the equator",
    ),
    Claim(
        "Eq. (45)", "relative error of the tanh at θ = 0.1π", about(0.0, 0.1, "≃"), "wrong",
        Ours(
            0.379, 5e-4,
            lambda: float(curve("ergotropic_power")[2][100] / curve("ergotropic_power")[1][100]),
        ),
        "the exact law is Bθ²/4 there: quadratic, not linear",
    ),
    Claim(
        "Sec. 5", "largest power over largest ergotropic power at θ = π",
        printed("1.0767", "above 1: B/D"), "agrees",
        Ours(
            1.0767, 4.5e-5,
            lambda: best("best_charging_power", np.pi)[1] / best("best_ergotropic_power", np.pi)[1],
        ),
    ),
    Claim(
        "—", "largest ergotropic power at θ = π/2, in ω_b J", None, "not in the paper",
        Ours(0.344355406, 1e-9, lambda: best("best_ergotropic_power", np.pi / 2)[1]),
    ),
    Claim(
        "Eqs. (63), (64)", "time and value of the most energy with loss", identity(), "agrees",
        Ours(0.0, 1e-9, swing_at_best), "by the propagation of both qubits",
    ),
    Claim(
        "Eq. (65)", "slope of J t_E in γ/J, over its start", printed("-0.1592", "−1/2π"), "agrees",
        Ours(-0.1592, 4.8e-5, lambda: first_order("best_energy", 0)),
    ),
    Claim(
        "Eq. (66)", "slope of the most energy in γ/J", printed("-0.7854", "−π/4"), "agrees",
        Ours(-0.7854, 2e-5, lambda: first_order("best_energy", 1)),
    ),
    Claim(
        "Eq. (67)", "L: minus the slope of J t_P, over its start", printed("0.262…"), "agrees",
        Ours(0.26286, 2e-5, lambda: -first_order("best_charging_power", 0)),
    ),
    Claim(
        "Eq. (68)", "slope of the largest power, over its start", printed("-0.58278", "−A/2"),
        "agrees", Ours(-0.58278, 3e-6, lambda: first_order("best_charging_power", 1)),
    ),
    Claim(
        "Sec. 8", "K = −A tan(2A)/4", printed("0.306…"), "agrees",
        Ours(0.30638, 2e-5, shift), "from the best times at small γ",
    ),
    Claim(
        "Sec. 8", "(1 + γx/2G) tan x − 2x at the time of the largest power", identity(), "agrees",
        Ours(0.0, 1e-9, power_time_off),
    ),
    Claim(
        "Eq. (65)", "its error over (γ/J)²", None, "not in the paper",
        Ours(-0.0491, 1e-4, lambda: second_order("energy_time")), "−π/64: right to first order",
    ),
    Claim(
        "Eq. (66)", "its error over (γ/J)²", None, "not in the paper",
        Ours(-0.4334, 1e-3, lambda: second_order("energy", np.pi)), "−(1/8 + π²/32)",
    ),
    Claim(
        "Eq. (67)", "its error over (γ/J)²", None, "not in the paper",
        Ours(-0.0585, 2e-4, lambda: second_order("power_time")),
    ),
    Claim(
        "Eq. (68)", "its error over (γ/J)²", None, "not in the paper",
        Ours(-0.2012, 5e-4, lambda: second_order("power", np.pi)),
    ),
    Claim(
        "—", "γ/J from which θ = π has no ergotropy at any time", None, "not in the paper",
        Ours(1.0211025506, 1e-10, inversion_decay),
        "the equator still charges there",
    ),
    Claim(
        "—", "most ergotropy at θ = π there, γ/J larger by 1e-6", None, "not in the paper",
        Ours(
            0.0, 1e-20,
            lambda: best("best_ergotropy", np.pi, float(optima.INVERSION_DECAY) + 1e-6)[1],
        ),
    ),
)
# fmt: on
