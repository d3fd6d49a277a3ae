"""Rates times durations up to 1e21: exponentials of any norm."""

import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from tests.helpers import tree_allclose


@pytest.mark.parametrize("rate", [0.0, 1e-300, 2e6, 1e9, 1e15, 1e20])
def test_a_decay_however_fast_ends_in_the_steady_state(rate):
    """Driven in proportion, so that excitation goes to one third; the trace stays."""
    lower = np.array([[0.0, 1.0], [0.0, 0.0]])
    battery = qb.batteries.Lindblad(
        np.zeros((2, 2)), [(jnp.asarray(rate), lower)], dims=(2,), cell=0,
        cell_hamiltonian=np.array([0.0, 1.0]), controls=[lower + lower.T],
        initial=np.array([0.6, 0.8]),
    )  # fmt: skip
    run = qb.charge(battery, qb.protocols.Constant(rate / 2), np.linspace(0.0, 30.0, 4))
    expected = 0.64 if rate * 30 < 1 else 1 / 3
    assert (int(run.status), int(np.argmax(run.trace_defect > 1e-12))) == (0, 0)
    assert tree_allclose(run.energy[1:], np.full(3, expected), rtol=1e-9)


@pytest.mark.parametrize("rate", [1e4, 1e9, 1e15])
def test_a_slow_decay_through_a_fast_one(rate):
    """A cell at resonance with a charger of decay Γ decays with 4g²/Γ, to that over Γ."""
    lower = np.array([[0.0, 1.0], [0.0, 0.0]])
    cell, charger = np.kron(lower, np.eye(2)), np.kron(np.eye(2), lower)
    battery = qb.batteries.Lindblad(
        [(jnp.asarray(np.sqrt(rate) / 2), cell.T @ charger + charger.T @ cell)],
        [(jnp.asarray(rate), charger)], dims=(2, 2), cell=0,
        cell_hamiltonian=np.array([0.0, 1.0]), initial=np.kron([0.0, 1.0], [1.0, 0.0]),
    )  # fmt: skip
    run = qb.charge(battery, None, np.linspace(0.0, 3.0, 4))
    assert tree_allclose(run.energy, np.exp(-np.arange(4.0)), rtol=2 / rate + 1e-9)
