"""Claims of the coherent-Ising-machine paper on its light: threshold and thermal photons."""

import numpy as np
from scipy import constants
from scipy.optimize import brentq

from qbjax.papers.claim import Claim, Ours, Said, about, at_most, printed

WAVELENGTH, ROOM = 1550e-9, 300.0


def occupation(wavelength: float = WAVELENGTH) -> float:
    """Thermal photons of a wavelength, that of the signal unless said, at 300 K."""
    return float(1 / np.expm1(constants.h * constants.c / wavelength / (constants.k * ROOM)))


def threshold() -> float:
    """The F from which the silent state of (B4), (B5) is unstable: κ = 0.5, γ_p = 16, γ_s = 1."""

    def growth(F: float) -> float:
        pump = 2 * F / 16**0.5
        return float(np.max(np.linalg.eigvalsh([[-0.5, 0.5 * pump], [0.5 * pump, -0.5]])))

    return brentq(growth, 0.5, 5.0, xtol=1e-13)


# fmt: off
LIGHT = (
    Claim(
        "App. B", "threshold γ_s√γ_p/4κ", printed("2.0"), "agrees", Ours(2.0, 1e-12, threshold),
        "the F from which the silent state of (B4), (B5) is unstable",
    ),
    Claim(
        "Sec. II", "F = 3 over the threshold", Said("1 to 1.5", 1.0, 1.5000001), "agrees",
        Ours(1.5, 1e-12, lambda: 3.0 / threshold()),
    ),
    Claim(
        "Eq. (A26)", "photon energy at 1550 nm, in J", printed("1.28e-19"), "agrees",
        Ours(1.2816e-19, 1e-23, lambda: constants.h * constants.c / WAVELENGTH),
    ),
    Claim(
        "Eq. (A26)", "k_B T at room temperature, in J", printed("4.14e-21"), "agrees",
        Ours(4.142e-21, 1e-24, lambda: constants.k * ROOM),
    ),
    Claim(
        "Eq. (A26)", "n̄_s of that", about(3.5e-14, 3e-15), "within reading",
        Ours(3.65e-14, 1e-16, occupation), "3.7e-14 from the rounded energies of the paper",
    ),
    Claim(
        "Eq. (A26)", "n̄_p: of the pump, at half the wavelength",
        at_most(1e-13, "a similar estimation"), "agrees",
        Ours(1.33e-27, 1e-29, lambda: occupation(WAVELENGTH / 2)), "far smaller",
    ),
)
# fmt: on
