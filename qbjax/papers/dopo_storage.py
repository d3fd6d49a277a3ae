"""Claims of the coherent-Ising-machine paper on storing and discharging."""

import numpy as np

from qbjax.papers import dopo_runs as runs
from qbjax.papers.claim import Claim, Ours, Said, about, at_least, at_most

WC, W = "coherent_ergotropy", "ergotropy"


def order_at_once() -> float:
    """W^c of what is switched off at 10 less that at 30."""
    return float(runs.kept(10.0).coherent_ergotropy[0] - runs.kept(30.0).coherent_ergotropy[0])


def order_later(name: str) -> float:
    """The same one time unit later, of any part."""
    early, late = (runs.kept(off).observables[name][100] for off in (10.0, 30.0))
    return float(early - late)


def turns() -> float:
    """Time from which more W^c is left of a charge to 30 than of one to 10."""
    early, late = (np.asarray(runs.kept(off).coherent_ergotropy) for off in (10.0, 30.0))
    return float(runs.AFTER[np.argmax(early < late)])


def gone() -> float:
    """Time after switching off at 40 at which the incoherent part is zero."""
    return float(runs.AFTER[np.argmax(np.asarray(runs.kept(40.0).incoherent_ergotropy) < 1e-12)])


def converged_order(k: int) -> float:
    """W^c of 10 less that of 40 with levels enough, at once (0) or one unit later (1)."""
    early, late = (runs.kept_converged(off).coherent_ergotropy[k] for off in (10.0, 40.0))
    return float(early - late)


def cut(place, quantity, said, verdict, value, within, compute, why="") -> Claim:
    """Makes a claim about the paper's own levels, which takes minutes."""
    return Claim(place, quantity, said, verdict, why=why, cut=Ours(value, within, compute, True))


FOUR, FIVE = (4, "coherent", 0.0, 2.6), (5, "coherent", 0.0, 3.2)
FOUR_I, FIVE_I = (4, "incoherent", 0.0, 2.3), (5, "incoherent", 0.1, 3.6)

# fmt: off
STORAGE = (
    cut(
        "Fig. 4b", "slope of ln W^c after 40, over 2.6 units", about(-1.127, 0.002, "−1.127"),
        "within reading", -1.127, 1e-3, lambda: runs.line(*FOUR)[0],
        "−1.114 over two units, −1.178 over three: the window matters",
    ),
    cut(
        "Fig. 4b", "its start", about(47.17, 0.02, "47.17"), "within reading", 47.18, 5e-3,
        lambda: runs.line(*FOUR)[1],
    ),
    cut(
        "Fig. 4b", "|r|", about(0.9996, 0.0005, "0.9996"), "within reading", 0.9994, 1e-4,
        lambda: runs.line(*FOUR)[2],
    ),
    cut(
        "Fig. 4b", "slope of ln W^i after 40, over 2.3 units", about(-2.082, 0.01, "−2.082"),
        "within reading", -2.086, 1e-3, lambda: runs.line(*FOUR_I)[0],
        "−1.877 over two units: no exponential",
    ),
    cut(
        "Fig. 4b", "its start", about(85.48, 0.4, "85.48"), "within reading", 85.66, 5e-3,
        lambda: runs.line(*FOUR_I)[1],
    ),
    cut(
        "Fig. 4b", "|r|", about(0.9881, 0.003, "0.9881"), "within reading", 0.9863, 1e-4,
        lambda: runs.line(*FOUR_I)[2],
    ),
    cut(
        "Sec. III", "its rate over that of W^c", about(2.0, 0.2, "approximately twice"),
        "within reading", 1.851, 2e-3, lambda: runs.line(*FOUR_I)[0] / runs.line(*FOUR)[0],
    ),
    cut(
        "Fig. 4a", "time after 40 when W^i is gone", None, "not in the paper",
        2.41, 1e-9, gone, "it reaches zero and stays there",
    ),
    cut(
        "Fig. 5", "slope of ln W^c after 7, over 3.2 units", about(-0.7361, 0.01, "−0.7361"),
        "within reading", -0.7387, 1e-3, lambda: runs.line(*FIVE)[0],
        "with time in the units of the other figures: the new 1/γ_s is two of them (60 × 9)",
    ),
    cut(
        "Fig. 5", "its start", about(7.6856, 0.1, "7.6856"), "within reading", 7.63, 1e-3,
        lambda: runs.line(*FIVE)[1],
    ),
    cut(
        "Fig. 5", "|r|", about(0.9881, 0.003, "0.9881"), "within reading", 0.99, 1e-3,
        lambda: runs.line(*FIVE)[2],
    ),
    cut(
        "Fig. 5", "slope of ln W^i, over 0.1 … 3.6", about(-1.2146, 0.01, "−1.2146"),
        "within reading", -1.2132, 1e-3, lambda: runs.line(*FIVE_I)[0],
    ),
    cut(
        "Fig. 5", "its start", about(10.7728, 0.1, "10.7728"), "within reading", 10.82, 1e-3,
        lambda: runs.line(*FIVE_I)[1],
    ),
    cut(
        "Fig. 5", "|r|", about(0.9972, 0.001, "0.9972"), "within reading", 0.9972, 1e-4,
        lambda: runs.line(*FIVE_I)[2],
    ),
    cut(
        "Fig. 5", "rate of W^i over that of W^c", at_least(1.0, "remains faster"), "agrees",
        1.642, 2e-3, lambda: runs.line(*FIVE_I)[0] / runs.line(*FIVE)[0],
    ),
    cut(
        "Fig. 5", "rate of W^c over that of Fig. 4b", at_most(1.0, "significantly reduced"),
        "agrees", 0.6551, 1e-3, lambda: runs.line(*FIVE)[0] / runs.line(*FOUR)[0],
        "in the old units; per lifetime of the better cavity it is 1.31, no reduction",
    ),
    cut(
        "Fig. 7b", "F at which W^c_ss grows fastest", about(2.4, 0.1, "≈ 2.4"), "within reading",
        2.4, 1e-9, runs.steepest, "on the paper's grid of 0.1",
    ),
    Claim(
        "Sec. III", "W^c at once, off at 10 less off at the steady state",
        at_least(0.0, "significantly higher"), "agrees",
        Ours(0.578, 1e-3, lambda: converged_order(0), True), "",
        Ours(0.4925, 1e-3, order_at_once, True),
    ),
    Claim(
        "Sec. III", "the same one time unit later", at_least(0.0, "significantly higher"), "wrong",
        Ours(-0.108, 1e-3, lambda: converged_order(1), True), "true of the first moments only",
        Ours(-0.14, 1e-3, lambda: order_later(WC), True),
    ),
    cut(
        "Sec. III", "all ergotropy then, off at 10 less off at 30", at_least(0.0, "more robust"),
        "wrong", -1.448, 1e-3, lambda: order_later(W),
        "2.463 against 3.911: what was charged longer lasts longer",
    ),
    cut(
        "Sec. III", "time after which the order of W^c has changed", None, "not in the paper",
        0.74, 1e-9, turns,
    ),
    Claim(
        "Fig. 8", "first maximum of κ_a, t₀ = 10, g = 1.70", about(0.43, 0.02), "within reading",
        Ours(0.44156, 5e-5, lambda: runs.delivered(10.0, 1.7, True), True), "",
        Ours(0.431509, 1e-6, lambda: runs.delivered(10.0, 1.7), True),
    ),
    cut(
        "Fig. 8", "the same, g = 1.00", about(0.43, 0.025, "≈ 0.43, saturated"), "within reading",
        0.40872, 1e-6, lambda: runs.delivered(10.0, 1.0),
    ),
    cut(
        "Fig. 8", "κ_a for g = 3 less that for g = 1.7", about(0.0, 0.005, "0: stops to grow"),
        "wrong", 0.012491, 2e-6, lambda: runs.delivered(10.0, 3.0) - runs.delivered(10.0, 1.7),
        "still rising",
    ),
    cut(
        "Fig. 9", "the same for t₀ = 30, g = 1.70", about(0.8, 0.04), "within reading",
        0.768081, 2e-6, lambda: runs.delivered(30.0, 1.7),
    ),
    cut(
        "Fig. 8", "first maximum of κ_a, t₀ = 10, g = 1.35",
        about(0.43, 0.02, "≈ 0.43, saturated"), "within reading",
        0.423469, 1e-6, lambda: runs.delivered(10.0, 1.35),
    ),
    cut(
        "Fig. 8", "first maximum of κ_a for g = 0.65 over that for g = 1",
        at_most(1.0, "increases with g"), "agrees", 0.91268, 1e-5,
        lambda: runs.delivered(10.0, 0.65) / runs.delivered(10.0, 1.0),
    ),
    cut(
        "Sec. III", "W at γt = 10 over that at 30", at_most(1.0, "somewhat reduced"), "agrees",
        0.655, 1e-3, lambda: runs.at(runs.charged(3.0), W, 10.0) / runs.at(
            runs.charged(3.0), W, 30.0), "a third is lost",
    ),
    Claim(
        "Sec. IV", "κ_a over that of Ref. [74]", Said("almost twice"), "cannot be checked",
        why="the number of that paper is not given",
    ),
)
# fmt: on
