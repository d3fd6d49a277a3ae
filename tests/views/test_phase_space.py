"""Portraits of a mode."""

import numpy as np
import pytest

from qbjax.algebra.phase_space import wigner
from qbjax.views import phase_space


def test_a_portrait_shows_the_state():
    rho = np.diag([0.25, 0.75])
    data = phase_space.of_state(rho, points=41)
    reach = np.sqrt(3.0) + phase_space.BEYOND
    assert float(data["x"][-1]) == pytest.approx(reach)
    np.testing.assert_allclose(data.sel(x=0.0, p=0.0), -0.5 / np.pi)
    np.testing.assert_allclose(data.values, wigner(rho, data["x"].values, data["p"].values))
    ax = phase_space.portrait(data)
    (mesh,) = ax.collections
    np.testing.assert_array_equal(mesh.get_array().reshape(41, 41), data.values.T)
    assert mesh.get_clim() == (-float(np.abs(data).max()), float(np.abs(data).max()))


def test_a_reach_of_its_own():
    assert float(phase_space.of_state(np.diag([1.0, 0.0]), 2.0, 3)["p"][0]) == -2.0
    with pytest.raises(ValueError, match="`reach` must be"):
        phase_space.of_state(np.diag([1.0, 0.0]), 0.0)
