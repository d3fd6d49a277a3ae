"""Ladders: exact couplings, and which of them end of themselves."""

import jax
import numpy as np
import pytest

from qbjax.algebra import ladders
from tests.helpers import EXACT


@pytest.mark.parametrize("j", [0.5, 1.0, 2.5, 49.5])
def test_spin_is_the_angular_momentum_of_textbooks(j):
    """a² = j(j+1) − m(m−1), and [J₋, J₊] = −2J_z."""
    ladder = ladders.spin(j)
    m = np.arange(1, ladder.size) - j
    np.testing.assert_allclose(ladder.squared_couplings, j * (j + 1) - m * (m - 1), rtol=EXACT)
    lowering = ladder.lowering
    commutator = lowering @ lowering.T - lowering.T @ lowering
    np.testing.assert_allclose(commutator, -2 * np.diag(np.arange(ladder.size) - j), atol=1e-10)


def test_couplings_are_exact_however_long_the_ladder():
    assert ladders.oscillator(10**6).squared_couplings[-1] == 10**6 - 1
    assert ladders.spin(10**4).squared_couplings[10**4] == 10**4 * (10**4 + 1)
    assert set(ladders.uniform(100).couplings) == {1.0}
    assert ladders.oscillator(1).couplings.size == 0


def test_only_an_oscillator_is_cut():
    assert not ladders.oscillator(3).is_whole
    assert ladders.oscillator(3).resized(5) == ladders.oscillator(5)
    for whole in (ladders.spin(1), ladders.uniform(3)):
        assert whole.is_whole
        with pytest.raises(TypeError, match=f"`size` must be left alone for a {whole.kind}"):
            whole.resized(5)


@pytest.mark.parametrize(
    ("make", "value", "error", "words"),
    [
        (ladders.spin, 0.7, ValueError, "`j` must be a half-integer"),
        (ladders.spin, -0.5, ValueError, "`j` must be at least 0"),
        (ladders.spin, float("nan"), ValueError, "`j` must be finite"),
        (ladders.oscillator, 0, ValueError, "`size` must be at least 1"),
        (ladders.uniform, 2.5, TypeError, "`size` must be an integer"),
    ],
)
def test_bad_input(make, value, error, words):
    with pytest.raises(error, match=words):
        make(value)


def test_a_spin_may_be_made_where_something_else_is_traced():
    sizes = []
    jax.jit(lambda x: sizes.append(ladders.spin(2.5).size) or x)(1.0)
    assert sizes == [6]
