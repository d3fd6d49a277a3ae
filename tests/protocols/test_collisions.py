"""Streams of qubits: what they take, and what they refuse."""

import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from tests.helpers import EXACT, tree_allclose

THETA = [0.3, 0.0, 0.5]


def test_times_are_cumulative_angles():
    stream = qb.protocols.Collisions(THETA)
    assert stream.count == 3
    assert tree_allclose(stream.times(), jnp.array([0.0, 0.3, 0.3, 0.8]), rtol=EXACT)


def test_angles_and_qubits_may_be_free():
    stream = qb.protocols.Collisions(qb.free(THETA, 0.0, 2.0), qb.free(0.5, 0.0, 1.0), 1.0)
    coordinates, back = qb.protocols.coordinates(stream)
    assert [np.shape(u) for u in coordinates] == [(3,), ()]
    moved = back([u + 1.0 for u in coordinates])
    assert np.all((moved.theta >= 0) & (moved.theta <= 2))
    assert qb.protocols.resolve(stream).count == 3


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"theta": 0.3}, ValueError, r"`theta` must have shape \(K,\)"),
        ({"theta": [[0.3]]}, ValueError, r"`theta` must have shape \(K,\)"),
        ({"theta": [0.3, -0.1]}, ValueError, "`theta` must be at least 0.*-0.1 at index"),
        ({"theta": [0.3, np.nan]}, ValueError, "`theta` must be finite"),
        ({"theta": [0.3j]}, TypeError, "`theta` must be real"),
        ({"theta": qb.free([0.3, -0.2])}, ValueError, "`theta` must be at least 0"),
        ({"ground_population": 1.2}, ValueError, "`ground_population` must"),
        ({"ground_population": [0.1, 0.2]}, ValueError, r"`ground_population` must have shape \(3"),
        ({"coherence": -0.1}, ValueError, "`coherence` must"),
        ({"coherence": [0.1, 0.2, 1.1]}, ValueError, "`coherence` must .* 1.1 at index"),
        ({"phase": np.inf}, ValueError, "`phase` must be finite"),
        ({"save_every": 0}, ValueError, "`save_every` must be at least 1"),
    ],
)
def test_bad_input(options, error, words):
    with pytest.raises(error, match=words):
        qb.protocols.Collisions(**({"theta": THETA} | options))


def test_collisions_left_out_take_no_time():
    stream = qb.protocols.Collisions([0.3, 0.2, 0.5], made=2)
    assert stream.times().tolist() == [0.0, 0.3, 0.5, 0.5]
    for made, error in ((4, ValueError), (-1, ValueError), (1.5, TypeError), (True, TypeError)):
        with pytest.raises(error, match="Argument `made` must be"):
            qb.protocols.Collisions([0.3, 0.2, 0.5], made=made)
