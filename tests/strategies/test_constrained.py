"""Constrained optima whose prices are known by hand."""

import jax.numpy as jnp
import numpy as np
import pytest

from qbjax.strategies.constrained import lattice_starts, maximize_under


def height(x, data):
    return -((x[0] - 2) ** 2) - (x[1] - 1) ** 2


def inside(x, data):
    return jnp.stack([data - x[0] - x[1], 10 - x[0]])


def waves(x, data):
    return jnp.cos(3 * x[0]) + x[0] / 10


def nothing(x, data):
    return jnp.zeros(0)


@pytest.mark.parametrize(
    ("limit", "x", "price", "value"),
    [(2.0, (1.5, 0.5), 1.0, -0.5), (5.0, (2.0, 1.0), 0.0, 0.0)],
)
def test_a_binding_and_an_idle_constraint(limit, x, price, value):
    found = maximize_under(height, inside, [[0.0, 0.0], [1.0, -3.0]], [-5, -5], [5, 5], limit)
    np.testing.assert_allclose(found.x, x, atol=1e-7)
    np.testing.assert_allclose(found.prices, [price, 0.0], atol=1e-6)
    assert found.value == pytest.approx(value, abs=1e-12)
    assert found.violation < 1e-12
    assert found.residual < 1e-6


def test_a_bound_pushes_too():
    found = maximize_under(height, inside, [[0.0, 0.0]], [-5, -5], [1.0, 5.0], 5.0)
    np.testing.assert_allclose(found.x, [1.0, 1.0], atol=1e-7)
    assert found.residual < 1e-6
    np.testing.assert_allclose(found.prices, 0.0)


def test_the_best_of_the_starts_wins():
    starts = [[0.1], [2.0], [4.1]]
    found = maximize_under(waves, nothing, starts, [-1.0], [5.0])
    assert found.x[0] == pytest.approx(2 * np.pi / 3 * 2 + np.arcsin(1 / 30) / 3, abs=1e-7)
    alone = maximize_under(waves, nothing, starts[:1], [-1.0], [1.0])
    assert alone.x[0] == pytest.approx(np.arcsin(1 / 30) / 3, abs=1e-7)


def test_what_cannot_be_met_is_said():
    found = maximize_under(height, inside, [[0.0, 0.0]], [-5, -5], [5, 5], -12.0)
    assert found.violation == pytest.approx(2.0)


def test_starts_are_the_peaks_that_are_allowed():
    values = np.zeros((5, 5))
    values[1, 1], values[3, 3], values[4, 0] = 2.0, 3.0, np.inf
    values[0, 4] = -np.inf
    points = lattice_starts(np.where(np.isinf(values), -np.inf, values), range(5), range(5), most=2)
    np.testing.assert_allclose(points, [[3, 3], [1, 1]])
