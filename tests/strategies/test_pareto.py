"""The front of two aims, against closed forms."""

import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb

# optax's L-BFGS adds int32 to int64.
pytestmark = pytest.mark.standard_promotion


def left(x):
    return -jnp.sum((x - jnp.array([1.0, 0.0])) ** 2)


def right(x):
    return -jnp.sum((x + jnp.array([1.0, 0.0])) ** 2)


def test_a_convex_front():
    """√−f₁ + √−f₂ = 2 on the line between the two summits."""
    start = qb.free(jnp.array([0.3, 0.5]), -2.0, 2.0)
    front = qb.pareto([left, right], start, points=5)
    roots = np.sqrt(np.maximum(-front.values, 0))
    np.testing.assert_allclose(roots.sum(axis=1), 2.0, atol=2e-3)
    np.testing.assert_allclose(front.values[1:-1, 1], [-3, -2, -1], rtol=1e-8)
    slopes = -roots[1:-1, 0] / roots[1:-1, 1]
    np.testing.assert_allclose(front.slopes[1:-1], slopes, rtol=1e-4)
    assert np.isnan(front.slopes[[0, -1]]).all()
    assert len(front.best) == 5


@pytest.mark.parametrize(
    ("objectives", "error", "words"),
    [
        ([left], TypeError, "`objectives` must be a list of two functions"),
        ([left, 3.0], TypeError, "`objectives` must be callable"),
    ],
)
def test_bad_aims_are_one_line(objectives, error, words):
    with pytest.raises(error, match=words):
        qb.pareto(objectives, qb.free(0.5, 0.0, 1.0))


@pytest.mark.slow
def test_constraints_hold_along_the_whole_front():
    """On x₂ = 1/2 both summits are lower by a quarter, and the same line joins them."""
    start = qb.free(jnp.array([0.3, 0.5]), -2.0, 2.0)
    limits = [qb.equal(lambda x: x[1], 0.5)]
    front = qb.pareto([left, right], start, points=3, constraints=limits)
    np.testing.assert_allclose(np.sqrt(-front.values - 0.25).sum(axis=1), 2.0, atol=3e-3)
    assert all(best.constraints[-1].violation <= 1e-9 for best in front.best)
    assert np.isfinite(front.slopes).tolist() == [False, True, False]


def test_aims_that_agree_leave_one_point():
    def also_left(x):
        return 3 * left(x) + 1

    front = qb.pareto([left, also_left], qb.free(jnp.array([0.3, 0.5]), -2.0, 2.0))
    np.testing.assert_allclose(front.values, [[0.0, 1.0]], atol=1e-6)
    assert len(front.best) == 1


def test_an_aim_without_value_at_the_other_end_is_named():
    def right_of_zero(x):
        return jnp.where(x[0] < 0.5, -x[0], jnp.nan)

    with pytest.raises(ValueError, match="where the first is best, right_of_zero is nan"):
        qb.pareto([left, right_of_zero], qb.free(jnp.array([0.3, 0.5]), -2.0, 2.0))
