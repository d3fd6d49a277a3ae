"""The memory of a spectral density, against closed forms."""

import numpy as np
import pytest
from scipy.special import exp1, gamma, itj0y0, spherical_jn

from qbjax.batteries.reservoir._spectrum import spectrum, spherical_bessel


@pytest.mark.parametrize(
    ("J", "band", "exact"),
    [
        # A chain of cavities: f = J₀(2t), an inverse root at both ends of its band.
        (lambda w: 1 / np.pi / np.sqrt((2 - w) * (2 + w)), (-2.0, 2.0), "cavities"),
        # Ohmic and subohmic, cut off: f = Γ(s+1)/(1 + it)^{s+1}.
        (lambda w: w * np.exp(-w), (0.0, np.inf), 1.0),
        (lambda w: w**0.5 * np.exp(-w), (0.0, np.inf), 0.5),
        (lambda w: w**0.3 * np.exp(-w), (0.0, np.inf), 0.3),
        (lambda w: w**-0.5 * np.exp(-w), (0.0, np.inf), -0.5),
        # Nothing below ω = 3, so that the first octaves are empty: f = e^{−3it}/(1 + it)².
        (lambda w: np.maximum(w - 3, 0) * np.exp(3 - w), (0.0, np.inf), "gap"),
    ],
)
def test_memories_in_closed_form(J, band, exact):
    t = np.array([0.01, 0.3, 2.0, 15.0])
    found = spectrum(J, band, 15.0)
    if exact == "cavities":
        expected = itj0y0(2 * t)[0] / 2
    elif exact == "gap":
        expected = gap(t)
    else:
        expected = gamma(exact) * (1 - (1 + 1j * t) ** -exact) / 1j
    assert np.abs(found.response(t) - expected).max() < 1e-10
    assert found.defect < 1e-9


def test_an_atom_before_a_mirror_keeps_the_tail_of_its_mean():
    """J = (1 − cos ωd)/ω oscillates for ever: beyond what can be followed, its mean counts."""
    d, t = 10.0, np.array([0.5, 7.0, 13.0, 40.0])
    found = spectrum(lambda w: (1 - np.cos(w * d)) / w, (1.0, np.inf), 40.0)

    def moment(t):
        r"""$\int_1^\infty e^{-i\omega t}/\omega^2\,d\omega$."""
        return np.exp(-1j * t) - 1j * t * exp1(1j * t)

    def together(t):
        return moment(t) - (moment(t + d) + moment(t - d)) / 2

    expected = -1j * (1 - moment(d).real - together(t))
    assert np.abs(found.response(t) - expected).max() < 1e-7
    assert found.defect < 1e-6


def gap(t):
    """∫₀ᵗ e^{−3is}/(1 + is)² ds."""
    x, w = np.polynomial.legendre.leggauss(60)
    nodes = np.multiply.outer(t, (x + 1) / 2)
    return (np.exp(-3j * nodes) / (1 + 1j * nodes) ** 2) @ w * t / 2


def test_spherical_bessel_functions():
    x = np.linspace(0, 80, 1001)
    expected = np.stack([spherical_jn(k, x) for k in range(16)])
    assert np.abs(spherical_bessel(x, 16) - expected).max() < 1e-14


def test_a_peak_is_resolved_or_its_flanks_betray_it():
    """A Gauss peak at ω = 8, of which R(t) at small t has the area."""

    def peak(width):
        return lambda w: np.exp(-(((w - 8) / width) ** 2) / 2)

    t, width = np.array([1e-3]), 0.1
    wide = spectrum(peak(width), (0.0, np.inf), 20.0)
    area = width * np.sqrt(2 * np.pi)
    expected = area * t * np.sinc(4e-3 / np.pi) * np.exp(-4e-3j)
    assert np.abs(wide.response(t) - expected).max() < 1e-7 * area
    assert wide.defect < 1e-9
    assert spectrum(peak(0.003), (0.0, np.inf), 20.0).defect == np.inf
