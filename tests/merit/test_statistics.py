"""Purity and Fano factor."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qbjax import merit
from qbjax.algebra import states
from tests.helpers import EXACT, random_state, random_unitary, tree_allclose


@pytest.mark.parametrize("real", [True, False])
def test_purity(real):
    rho, U = random_state(0, 4, real=real), random_unitary(1, 4, real=real)
    assert tree_allclose(merit.purity(rho), np.trace(rho @ rho).real, rtol=EXACT)
    assert tree_allclose(merit.purity(U @ rho @ U.conj().T), merit.purity(rho), rtol=EXACT)
    assert tree_allclose(merit.purity(np.eye(5) / 5), 0.2, rtol=EXACT)


@pytest.mark.parametrize(
    ("rho", "fano"),
    [
        (states.density(states.fock(5, 3)), 0.0),
        (states.density(states.coherent(60, 2j)), 1.0),
        (states.thermal(400, 1.5), 2.5),
    ],
    ids=["number", "coherent", "thermal"],
)
def test_fano_factor(rho, fano):
    assert tree_allclose(merit.fano_factor(rho), fano, rtol=1e-10)
    populations = jnp.diag(rho).real
    assert tree_allclose(merit.fano_factor_of_populations(populations), fano, rtol=1e-10)


def test_the_vacuum_has_no_fano_factor_but_a_harmless_gradient():
    vacuum = states.density(states.ground(4))
    assert jnp.isnan(merit.fano_factor(vacuum))
    gradient = jax.grad(lambda rho: jnp.nan_to_num(merit.fano_factor(rho)))(vacuum)
    assert gradient.tolist() == np.zeros((4, 4)).tolist()


@pytest.mark.parametrize("function", [merit.purity, merit.fano_factor])
def test_bad_arguments(function):
    with pytest.raises(ValueError, match="`rho` must have trace 1"):
        function(np.eye(2))
