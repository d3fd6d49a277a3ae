"""Controls with strengths of their own, and cells whose factors do not interact."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax import merit
from tests.helpers import EXACT, GRADIENT, central_difference

LOWER = np.array([[0.0, 1.0], [0.0, 0.0]])
X = LOWER + LOWER.T
TIMES = np.array([0.0, 0.7, 1.5])


def pair(*, strength=1.0, energies=None):
    """Two qubits, one of them driven, that exchange excitations and lose them."""
    both = np.kron(LOWER.T, LOWER) + np.kron(LOWER, LOWER.T)
    drive = np.kron(X, np.eye(2))
    return qb.batteries.Lindblad(
        0.8 * both,
        [(0.3, np.kron(LOWER, np.eye(2))), (0.1, np.kron(np.eye(2), LOWER))],
        dims=(2, 2),
        cell=(0, 1),
        cell_hamiltonian=np.array([0.0, 1.2, 1.0, 2.2]) if energies is None else energies,
        controls=[drive if strength is None else (strength, drive)],
    )


def test_a_strength_multiplies_its_signal():
    strong = qb.charge(pair(strength=1.7), qb.protocols.Constant(0.5), TIMES)
    plain = qb.charge(pair(strength=None), qb.protocols.Constant(0.85), TIMES)
    np.testing.assert_allclose(strong.energy, plain.energy, atol=EXACT)
    steady = [
        qb.steady_state(pair(strength=s), qb.protocols.Constant(F)).energy
        for s, F in ((1.7, 0.5), (None, 0.85))
    ]
    np.testing.assert_allclose(*steady, atol=EXACT)


def test_a_strength_may_be_differentiated_by():
    def energy(strength):
        run = qb.charge(pair(strength=strength), qb.protocols.Constant(0.5), TIMES)
        return run.energy[-1]

    slope = jax.grad(energy)(jnp.asarray(1.7))
    assert slope == pytest.approx(float(central_difference(energy, 1.7)), rel=GRADIENT)


@pytest.mark.parametrize("turned", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_factors_that_do_not_interact(turned):
    first = np.array([[0.3, 0.2j], [-0.2j, 1.0]]) if turned else np.array([0.0, 1.0])
    parts = (first, np.array([0.0, 1.2]))
    battery = pair(energies=parts)
    whole = pair(energies=battery.cell_hamiltonian)
    run, plain = (qb.charge(b, qb.protocols.Constant(0.9), TIMES) for b in (battery, whole))
    for name in ("energy", "ergotropy", "coherent_ergotropy"):
        np.testing.assert_allclose(run.observables[name], plain.observables[name], atol=1e-9)
    local = merit.local_ergotropy(battery.cell(run.final_state), parts)
    assert run.local_ergotropy[-1] == pytest.approx(float(local), abs=1e-10)
    assert "local_ergotropy" not in plain.observables
    assert bool(run.local_ergotropy[-1] < run.ergotropy[-1])
    assert "local_ergotropy" in qb.steady_state(battery, qb.protocols.Constant(0.9)).observables


def test_wrong_parts_are_refused():
    with pytest.raises(ValueError, match="`cell_hamiltonian` must hold 2 Hamiltonians"):
        pair(energies=(np.arange(2.0),))
    with pytest.raises(ValueError, match=r"`cell_hamiltonian\[1\]` must have shape \(2,\)"):
        pair(energies=(np.arange(2.0), np.arange(3.0)))
    with pytest.raises(ValueError, match=r"`controls\[0\]\[0\]` must be finite"):
        pair(strength=np.inf)
