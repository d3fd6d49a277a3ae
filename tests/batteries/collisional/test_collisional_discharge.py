"""What a ladder gives to a load."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg as sl

import qbjax as qb
from qbjax.loads import TwoLevel
from tests.helpers import GRADIENT, REFERENCE, central_difference, random_state, tree_allclose

pytestmark = pytest.mark.filterwarnings("ignore:Too few levels")

LADDERS = qb.algebra.ladders
TIGHT = qb.Solver(rtol=1e-11, atol=1e-13)
QUARTER = jnp.array([0.0, np.pi / 4, np.pi / 2])


def oscillator(size, *bath):
    return qb.batteries.Collisional(LADDERS.oscillator(size), *bath)


def test_one_quantum_is_handed_over():
    """From |1⟩ the load is excited by sin² gt: wholly at gt = π/2."""
    battery = oscillator(3)
    run = qb.charge(battery, qb.protocols.Collisions([np.pi / 2]))
    out = qb.discharge(battery, run.final_state, TwoLevel(1.0), QUARTER, solver=TIGHT)
    assert tree_allclose(out.load_energy, np.array([0.0, 0.5, 1.0]), rtol=REFERENCE)
    assert tree_allclose(out.energy, np.array([1.0, 0.5, 0.0]), rtol=REFERENCE)
    assert tree_allclose(out.load_ergotropy, np.array([0.0, 0.0, 1.0]), rtol=REFERENCE)
    assert out.to_xarray().load_energy.attrs["units"] == "E_0"
    assert out.to_xarray().time.attrs["units"] == "t_0"


@pytest.mark.parametrize(("ladder", "n"), [(LADDERS.spin(1.5), 2), (LADDERS.uniform(4), 3)])
def test_number_states_oscillate_at_their_coupling(ladder, n):
    battery = qb.batteries.Collisional(ladder)
    out = qb.discharge(battery, np.eye(ladder.size)[n], TwoLevel(0.8), QUARTER, solver=TIGHT)
    excited = np.sin(0.8 * ladder.couplings[n - 1] * np.asarray(QUARTER)) ** 2
    assert tree_allclose(out.load_energy, excited, rtol=REFERENCE)
    assert out.truncation.shape == (3, 0 if ladder.is_whole else 1)


@pytest.mark.parametrize(("bath", "phase"), [((), 0), ((0.3, 0.2), 0.4)])
def test_against_the_exponential_of_the_generator(bath, phase):
    """A coherent state, imaginary in the paper's phases, with loss per waiting time."""
    battery, g, decay = oscillator(5, *bath), 0.9, 0.15
    run = qb.charge(battery, qb.protocols.Collisions(np.array([0.5, 0.4]), 0.4, 1.0, phase))
    assert np.any(np.imag(np.asarray(battery.cell(run.final_state))) != 0)
    out = qb.discharge(battery, run.final_state, TwoLevel(g, decay), [0.0, 0.7], solver=TIGHT)

    minus, A, one = np.array([[0.0, 1.0], [0.0, 0.0]]), battery.ladder.lowering, np.eye(10)
    exchange, lower = np.kron(A, minus.T), np.kron(A, np.eye(2))
    loss, thermal = (*bath, 0, 0)[:2]
    H = g * (exchange + exchange.T)
    L = -1j * (np.kron(H, one) - np.kron(one, H.T))
    jumps = [(loss * (thermal + 1), lower), (loss * thermal, lower.T)]
    for rate, J in [*jumps, (decay, np.kron(np.eye(5), minus))]:
        N = J.T @ J
        L = L + rate * (np.kron(J, J) - (np.kron(N, one) + np.kron(one, N)) / 2)
    start = np.kron(np.asarray(battery.cell(run.final_state)), np.diag([1.0, 0.0]))
    end = (sl.expm(0.7 * L) @ start.ravel()).reshape(5, 2, 5, 2)
    cell, load = np.einsum("aibi->ab", end), np.einsum("aiaj->ij", end)
    assert tree_allclose(qb.loads.cell(out.final_state), cell, rtol=REFERENCE)
    assert tree_allclose(qb.loads.load(out.final_state), load, rtol=REFERENCE)


@pytest.mark.parametrize("state", [np.diag([0.1, 0.2, 0.3, 0.4]), random_state(5, 4)])
def test_apart_from_its_load_it_is_stored(state):
    battery, times = oscillator(4, 0.2, 0.3), np.array([0.0, 0.6, 2.0])
    # No collision, only the loss after it.
    first = qb.charge(battery, qb.protocols.Collisions([0.0]), initial=state).final_state
    kept = qb.store(battery, first, times)
    out = qb.discharge(battery, first, TwoLevel(0.0), times, solver=TIGHT)
    for name in ("energy", "ergotropy", "coherent_ergotropy", "purity"):
        assert tree_allclose(out.observables[name], kept.observables[name], rtol=REFERENCE)
    assert kept.to_xarray().time.attrs["units"] == "t_0"
    assert kept.to_xarray().charging_power.attrs["units"] == "E_0/t_0"


def test_too_few_levels_warn_with_advice():
    with pytest.warns(qb.dynamics.TruncationWarning, match="size"):
        qb.discharge(oscillator(6), np.eye(6)[5], TwoLevel(1.0), QUARTER)


@pytest.mark.slow
def test_derivatives_by_swap_angle_and_loss():
    def given(x):
        battery = oscillator(4, x[1])
        run = qb.charge(battery, qb.protocols.Collisions(x[:1], 0.3, 1.0), adjoint="forward")
        load = TwoLevel(1.0, 0.1)
        out = qb.discharge(
            battery, run.final_state, load, [0.0, 1.0], adjoint="forward", solver=TIGHT
        )
        return out.load_ergotropy[-1]

    x = jnp.array([1.2, 0.2])
    function = jax.jit(given)
    numerical = jnp.stack([central_difference(function, x, e) for e in np.eye(2)])
    assert tree_allclose(jax.jit(jax.jacfwd(given))(x), numerical, rtol=GRADIENT)
