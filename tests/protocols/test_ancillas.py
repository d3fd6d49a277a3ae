"""Streams of ancillas: their states, their times, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qbjax.protocols import Ancillas, free
from tests.helpers import EXACT, tree_allclose


def test_weights_are_populations_with_one_coherence():
    stream = Ancillas.with_weights([0.1, 0.2], [1.0, 2.0, 5.0], 0.4, 0.3)
    p = np.array([1.0, 2.0, 5.0]) / 8
    psi = np.sqrt(p) * np.exp(0.3j * np.arange(3))
    expected = 0.4 * np.outer(psi, psi.conj()) + 0.6 * np.diag(p)
    assert tree_allclose(np.asarray(stream.states()), np.stack([expected] * 2), rtol=EXACT)


def test_an_empty_level_has_a_finite_slope():
    def beside(weight):
        stream = Ancillas.with_weights([0.1], jnp.stack([weight, jnp.ones(())]), 1.0)
        return jnp.real(stream.state[0, 1])

    assert float(jax.grad(beside)(0.0)) == 0.0


def test_angles_and_times():
    stream = Ancillas(free([[0.1, 0.2], [0.3, 0.4]], 0.0, 1.0), [1.0, 0.0])
    assert np.allclose(stream.times(2), [0.0, 0.3, 1.0], rtol=EXACT)
    assert stream.angles(2).tolist() == [[0.1, 0.2], [0.3, 0.4]]
    common = Ancillas([0.25, 0.5], [1.0, 0.0], made=1)
    assert common.times(2).tolist() == [0.0, 0.5, 0.5]
    assert common.angles(2).tolist() == [[0.25, 0.25], [0.5, 0.5]]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"theta": [-0.1]}, "`theta` must be at least 0"),
        ({"state": [1.0, 1.0]}, "`state` must have norm 1"),
        ({"state": np.eye(2)}, "`state` must have trace 1"),
        ({"state": [np.eye(2) / 2] * 2}, r"`state` must have shape \(1, d, d\)"),
        ({"state": [np.diag([1.5, -0.5])]}, r"`state\[0\]` must be positive"),
        ({"save_every": 0}, "`save_every` must be at least 1"),
        ({"made": 2}, "`made` must be at least 0 and at most 1"),
    ],
)
def test_what_is_refused(given, words):
    with pytest.raises(ValueError, match=words):
        Ancillas(**{"theta": [0.1], "state": [1.0, 0.0], **given})


def test_weights_that_are_refused():
    with pytest.raises(ValueError, match="`weights` must not all vanish"):
        Ancillas.with_weights([0.1], [0.0, 0.0])
