"""Thermal occupations."""

import jax
import numpy as np
import pytest

from qbjax.algebra.jumps import KELVIN, occupation
from tests.helpers import EXACT, GRADIENT, central_difference, tree_allclose


def test_occupation():
    assert tree_allclose(occupation(np.log(3.0), 1.0), 0.5, rtol=EXACT)
    assert tree_allclose(occupation(1.0, 1e6), 1e6 - 0.5, rtol=1e-9)
    assert float(occupation(1.0, 0.0)) == 0.0
    assert float(occupation(1.0, 1e-5)) == 0.0
    light = 2 * np.pi * 299792458 / 1550e-9
    assert float(occupation(light, 300 * KELVIN)) == pytest.approx(3.7e-14, rel=0.01)
    # 6 GHz at 20 and 100 mK
    assert float(occupation(2 * np.pi * 6e9, 0.02 * KELVIN)) == pytest.approx(5.6e-7, rel=0.02)
    assert float(occupation(2 * np.pi * 6e9, 0.1 * KELVIN)) == pytest.approx(0.0595, rel=0.01)


def test_its_slopes():
    slope = jax.grad(occupation, 1)(1.0, 0.7)
    assert tree_allclose(
        slope, central_difference(lambda T: occupation(1.0, T), 0.7), rtol=GRADIENT
    )
    assert (float(jax.grad(occupation, 1)(1.0, 0.0)), float(jax.grad(occupation)(1.0, 0.0))) == (
        0,
        0,
    )
