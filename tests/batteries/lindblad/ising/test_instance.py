"""Ising instances: energies, ground states, and what is none."""

import itertools

import jax
import numpy as np
import pytest

from qbjax.batteries import ising
from qbjax.batteries.lindblad.ising.instance import laplacian

TRIANGLE = np.eye(3) - 1


def random_instance(size, seed):
    upper = np.triu(np.random.default_rng(seed).normal(size=(size, size)), 1)
    return upper + upper.T


def test_ground_states_of_a_random_instance():
    J = random_instance(7, 0)
    patterns = np.array(list(itertools.product([-1.0, 1.0], repeat=7)))
    energies = [-sum(J[i, j] * s[i] * s[j] for i in range(7) for j in range(i)) for s in patterns]
    np.testing.assert_allclose(ising.energy(J, patterns), energies, atol=1e-12)
    found = ising.ground_states(J)
    assert found.energy == pytest.approx(min(energies))
    assert {tuple(s) for s in found.signs} == {
        tuple(s) for s, e in zip(patterns, energies) if e < min(energies) + 1e-9
    }


def test_what_the_coupling_loses_is_the_ising_energy():
    J, signs = random_instance(5, 1), np.array([1.0, -1.0, -1.0, 1.0, 1.0])
    lost = signs @ laplacian(J) @ signs
    assert lost == pytest.approx(2 * float(ising.energy(J, signs)) + np.abs(J).sum())


def test_a_triangle_is_frustrated():
    assert len(ising.ground_states(TRIANGLE).signs) == 6
    assert len(ising.ground_states(-TRIANGLE).signs) == 2


@pytest.mark.parametrize(
    ("couplings", "message"),
    [
        (np.triu(TRIANGLE), r"must be symmetric, but element \(0, 1\) is -1 and element \(1, 0\)"),
        (TRIANGLE + np.eye(3), r"must be zero on the diagonal, but element \(0, 0\) is 1"),
        (np.zeros((1, 1)), "must couple two cells at least, but has 1"),
        (np.zeros((21, 21)), "must have at most 20 spins"),
        (np.ones((2, 3)), "must have shape"),
    ],
)
def test_what_is_no_instance(couplings, message):
    with pytest.raises(ValueError, match=f"Argument `couplings` {message}"):
        ising.ground_states(couplings)


def test_signs_that_do_not_fit():
    with pytest.raises(ValueError, match=r"`signs` must have shape \(\.\.\., 3\), but has"):
        ising.energy(TRIANGLE, [1.0, 1.0])


def test_traced_couplings():
    with pytest.raises(TypeError, match="`couplings` must be known before compilation"):
        jax.jit(ising.ground_states)(TRIANGLE)
