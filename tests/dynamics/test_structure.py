"""Operators sorted into shifts: diagonals, sectors, and what leaves them."""

import numpy as np
import pytest

from qbjax.batteries.dopo import _terms as layouts
from qbjax.dynamics.generator.structure import Structure, diagonals

LOWERING = np.diag(np.sqrt(np.arange(1.0, 6.0)), 1)
PARITY = [np.array([0, 2, 4]), np.array([1, 3, 5])]
DOPO = layouts.Layout(5, 3, False, False, False, False, False, False)


@pytest.mark.parametrize("shape", [(4, 4), (3, 5), (5, 3)])
def test_diagonals_rebuild_the_matrix(shape):
    matrix = np.random.default_rng(0).normal(size=shape) * (np.indices(shape).sum(0) % 3 > 0)
    rebuilt = np.zeros(shape)
    for k, values in diagonals(matrix).items():
        assert values.shape == shape[:1]
        for i, value in enumerate(values):
            if 0 <= i + k < shape[1]:
                rebuilt[i, i + k] = value
            else:
                assert value == 0
    assert np.array_equal(rebuilt, matrix)


def test_only_nonzero_diagonals_are_kept():
    assert diagonals(np.zeros((3, 3))) == {}
    assert sorted(diagonals(LOWERING)) == [1]


def test_reach_is_the_largest_shift_and_terms_count_what_is_read():
    structure = Structure([LOWERING.T @ LOWERING], [LOWERING])
    assert structure.reach == 1
    # -iN and -N/2, each from the left and from the right; and one jump.
    assert structure.terms == 5
    assert Structure([np.eye(3)], []).reach == 0


@pytest.mark.parametrize(
    ("hamiltonian", "jump", "imaginary"),
    [
        (np.zeros((6, 6)), LOWERING, False),
        (1j * (LOWERING - LOWERING.T), LOWERING, False),
        (LOWERING + LOWERING.T, LOWERING, True),
        (np.zeros((6, 6)), LOWERING + 1j * np.eye(6), True),
        # A phase of the whole jump operator changes nothing.
        (np.zeros((6, 6)), 1j * LOWERING, False),
    ],
)
def test_imaginary_tells_whether_a_real_state_can_turn_complex(hamiltonian, jump, imaginary):
    assert Structure([hamiltonian], [jump]).imaginary == imaginary


def test_parity_sectors_of_the_dopo_shrink_the_work():
    whole = layouts.structure(DOPO)
    halves = layouts.structure(DOPO._replace(sectored=True))
    assert (whole.sizes, halves.sizes) == ((15,), (9, 6))
    assert halves.reach < whole.reach
    assert layouts.structure(DOPO) is whole


@pytest.mark.parametrize(
    ("hamiltonians", "jumps", "controls", "sectors", "words"),
    [
        ([], [], [], None, "at least one operator"),
        ([LOWERING + LOWERING.T], [], [], PARITY, "closed under every Hamiltonian"),
        ([], [LOWERING], [LOWERING + LOWERING.T], PARITY, "closed under every Hamiltonian"),
        ([], [LOWERING + LOWERING @ LOWERING], [], PARITY, "into a single sector"),
        ([], [LOWERING], [], PARITY[:1], "must hold 6 states"),
    ],
)
def test_what_leaves_the_sectors_is_an_error(hamiltonians, jumps, controls, sectors, words):
    with pytest.raises(ValueError, match=words):
        Structure(hamiltonians, jumps, controls, sectors)


def test_jumps_may_exchange_sectors_and_squares_may_stay():
    structure = Structure([LOWERING.T @ LOWERING], [LOWERING, LOWERING @ LOWERING], (), PARITY)
    assert {jump.source for jump in structure.sectors[0].jumps} == {0, 1}
