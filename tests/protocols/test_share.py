"""Numbers of a given total: feasible wherever an optimiser goes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from qbjax.protocols import Collisions, coordinates, random_start, share
from tests.helpers import tree_allclose


@given(hnp.arrays(float, 5, elements=st.floats(-1e3, 1e3)).filter(lambda u: np.abs(u).max() > 1e-3))
def test_every_coordinate_is_feasible(u):
    value = np.asarray(share(np.ones(5), 3.0).at(jnp.asarray(u)))
    assert np.all(value >= 0)
    assert value.sum() == pytest.approx(3.0, rel=1e-12)


def test_there_and_back():
    shares = share([1.0, 2.0, 5.0], 4.0)
    assert tree_allclose(shares.at(shares.coordinate()), shares.value, rtol=1e-12)


def test_a_vanished_share_can_come_back():
    shares = share([1.0, 0.0], 1.0)
    slope = jax.grad(lambda u: shares.at(u)[1])(shares.coordinate())
    assert slope[1] > 0


def test_random_starts_keep_the_total():
    protocol = random_start(jax.random.key(1), Collisions(share(np.ones(6), 2.0)))
    (u,), back = coordinates(protocol)
    assert u.shape == (6,)
    assert float(back([u]).times()[-1]) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("values", "total", "words"),
    [
        ([1.0, -1.0], 1.0, "`values` must be at least 0"),
        ([0.0, 0.0], 1.0, "`values` must not all vanish"),
        ([1.0], 0.0, "`total` must be greater than 0"),
    ],
)
def test_bad_input(values, total, words):
    with pytest.raises(ValueError, match=words):
        share(values, total)
