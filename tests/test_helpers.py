"""The testers, tested: a wrong answer must fail."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests import helpers


def test_tree_allclose_accepts_what_is_close():
    tree = {"a": jnp.ones(2), "b": (1.0, 2.0)}
    assert helpers.tree_allclose(tree, {"a": np.ones(2) + 1e-13, "b": (1.0, 2.0)}, rtol=1e-12)


@pytest.mark.parametrize(
    "wrong",
    [
        {"a": np.ones(2) + 1e-9, "b": (1.0, 2.0)},
        {"a": np.ones(2), "b": (1.0, 2.1)},
        {"a": np.ones(2), "b": [1.0, 2.0]},
        {"a": np.ones(2)},
        {"a": np.ones((1, 2)), "b": (1.0, 2.0)},
        {"a": 1.0, "b": (1.0, 2.0)},
        {"a": np.array([1.0, np.nan]), "b": (1.0, 2.0)},
    ],
)
def test_tree_allclose_refuses_what_is_not(wrong):
    tree = {"a": jnp.ones(2), "b": (1.0, 2.0)}
    assert not helpers.tree_allclose(tree, wrong, rtol=1e-12)
    assert not helpers.tree_allclose(wrong, tree, rtol=1e-12)


def test_tree_allclose_refuses_nan_on_both_sides():
    assert not helpers.tree_allclose(np.nan, np.nan, rtol=1e-12)


def test_tree_allclose_uses_each_of_its_tolerances():
    assert helpers.tree_allclose(100.0, 101.0, rtol=0.02, atol=0.0)
    assert not helpers.tree_allclose(100.0, 101.0, rtol=0.001, atol=0.0)
    assert helpers.tree_allclose(0.0, 0.01, rtol=0.0, atol=0.02)
    assert not helpers.tree_allclose(0.0, 0.01, rtol=0.02, atol=0.001)


@pytest.mark.parametrize("status", range(6))
def test_a_run_is_complete_unless_it_ended_early_or_lost_its_trace(status):
    assert helpers.is_complete(SimpleNamespace(status=status)) == (status in (0, 4))


def test_central_difference_is_of_fourth_order():
    errors = [abs(helpers.central_difference(np.exp, 0.0, step=h) - 1) for h in (0.2, 0.1)]
    assert errors[0] / errors[1] == pytest.approx(16, rel=0.05)
    assert helpers.central_difference(np.exp, 0.0) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("derive", [jax.grad, jax.jacfwd])
def test_a_slope_comes_with_its_value(derive):
    assert helpers.slope_and_value(derive, lambda x: x**3)(2.0) == (12.0, 8.0)


def test_central_difference_follows_its_direction():
    value = helpers.central_difference(lambda x: x @ x, np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    assert value == pytest.approx(22.0, abs=1e-10)
    assert value != pytest.approx(22.0 + 1e-4, abs=1e-10)


@pytest.mark.parametrize("real", [True, False])
def test_random_matrices_are_what_they_say(real):
    H = helpers.random_hermitian(0, 4, real=real)
    U = helpers.random_unitary(0, 4, real=real)
    rho = helpers.random_state(0, 4, rank=2, real=real)
    assert np.iscomplexobj(rho) != real
    assert np.allclose(H, H.conj().T)
    assert np.allclose(U @ U.conj().T, np.eye(4))
    assert np.allclose(np.linalg.eigvalsh(rho)[:2], 0)
    assert np.linalg.eigvalsh(rho)[2] > 1e-3
    assert np.trace(rho).real == pytest.approx(1.0)
    assert not np.allclose(rho, helpers.random_state(1, 4, rank=2, real=real))
