"""The waveguide's memory in closed form, against quadrature over its modes."""

import numpy as np
import pytest
from scipy.integrate import quad

from tests import waveguide_kernels as kernels
from tests.helpers import EXACT, REFERENCE

DECAY = 0.5


def by_quadrature(t, d):
    r"""$f = \frac{\Gamma}{2\pi}\int \cos(d\sinh u)\,e^{-it\cosh u}\,du$ along a path on which it
    falls: the exponentials $e^{-i(t\cosh u \mp d\sinh u)}$ one by one, turned by ∓i·tanh u."""

    def integrand(v, sign):
        # From −∞ to ∞ and halved: both signs of k. Light that goes left turns the other way.
        turn = -0.5j * np.pi * np.tanh(v) if t > d else 0.5j * np.pi * sign
        slope = 1 - 0.5j * np.pi / np.cosh(v) ** 2 if t > d else 1.0
        u = v + turn
        return np.exp(-1j * (t * np.cosh(u) - sign * d * np.sinh(u))) * slope

    total = sum(
        integral(lambda v, sign=sign: integrand(v, sign), -12, 12, limit=400) for sign in (1, -1)
    )
    return DECAY / (2 * np.pi) * total / 4


def integral(function, low, high, **options):
    """A complex integral by QUADPACK."""
    real = quad(lambda t: np.real(function(t)), low, high, epsabs=1e-13, **options)[0]
    return real + 1j * quad(lambda t: np.imag(function(t)), low, high, epsabs=1e-13, **options)[0]


@pytest.mark.parametrize("t", [0.3, 2.0, 11.0])
def test_own_kernel(t):
    assert abs(kernels.own_kernel(np.array([t]), DECAY)[0] - by_quadrature(t, 0.0)) < REFERENCE


@pytest.mark.parametrize(("t", "d"), [(0.0, 0.6), (0.5, 0.6), (0.7, 0.6), (3.0, 9.4), (12.0, 9.4)])
def test_exchange_kernel_before_and_after_light_arrives(t, d):
    found = kernels.exchange_kernel(np.array([t]), d, DECAY)[0]
    assert abs(found - by_quadrature(t, d)) < REFERENCE


def test_response_integrates_through_the_logarithms():
    d, last = 0.6, 3.0
    own, exchange = kernels.response(d, DECAY, last)(np.array([last]))[:, 0]
    expected = integral(lambda t: kernels.own_kernel(np.array([t]), DECAY)[0], 0, last)
    assert abs(own - expected) < REFERENCE
    expected = integral(
        lambda t: kernels.exchange_kernel(np.array([t]), d, DECAY)[0], 0, last, points=[d]
    )
    assert abs(exchange - expected) < REFERENCE


def test_response_before_light_arrives_needs_no_edge_there():
    late = kernels.response(5.0, DECAY, 3.0)
    early = kernels.response(5.0, DECAY, 8.0)
    t = np.array([0.5, 2.9])
    assert np.abs(late(t) - early(t)).max() < EXACT


def test_mixing_sends_each_amplitude_to_both():
    assert kernels.mixing().tolist() == [[[1, 0], [0, 1]], [[0, 1], [1, 0]]]
