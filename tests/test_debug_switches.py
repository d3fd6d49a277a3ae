"""Under JAX's search for NaN and infinities every verb works, and what is undefined stays NaN."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from tests.helpers import tree_allclose

LOWER = np.array([[0.0, 1.0], [0.0, 0.0]])
TIMES = [0.0, 0.5, 1.0]
DOPO = qb.batteries.DOPO(6, 4)
QUBIT = qb.batteries.Lindblad(
    np.zeros((2, 2)), [(0.1, LOWER)], dims=(2,), cell=0, lowering=LOWER,
    cell_hamiltonian=np.array([0.0, 1.0]), controls=[LOWER + LOWER.T],
)  # fmt: skip
ON = qb.protocols.Constant(0.1)
TSIT5 = qb.Solver(method=qb.dynamics.Tsit5())


class Sine(eqx.Module):
    """A module, so that all amplitudes share a program; of lambdas each has its own."""

    a: jax.Array

    def __call__(self, t):
        return self.a * jnp.sin(t)


def moving(a):
    return qb.protocols.Function(Sine(jnp.asarray(a)), 1.0)


def energy(a, **how):
    return qb.charge(QUBIT, moving(a), TIMES, **how).energy[-1]


VERBS = {
    "charge a qubit": lambda: qb.charge(QUBIT, moving(0.1), TIMES),
    "charge DOPO": lambda: qb.charge(DOPO, ON, TIMES),
    "store": lambda: qb.store(QUBIT, qb.charge(QUBIT, ON, TIMES).final_state, TIMES),
    "discharge": lambda: qb.discharge(QUBIT, np.eye(2)[1], qb.loads.TwoLevel(1.0), TIMES),
    "steady": lambda: qb.steady_state(QUBIT, ON),
    "bloch": lambda: qb.charge(
        qb.batteries.BlochCharger(), qb.protocols.BlochPreparation(1.0), TIMES
    ),
    "waveguide": lambda: qb.charge(qb.batteries.Waveguide(1.4, 0.1, 0.5), None, TIMES),
}


@pytest.fixture
def searching():
    with jax.debug_nans(True), jax.debug_infs(True):
        yield


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb(verb):
    plain = VERBS[verb]().observables
    with jax.debug_nans(True), jax.debug_infs(True):
        searched = VERBS[verb]().observables
    for name, values in plain.items():
        assert np.array_equal(values, searched[name], equal_nan=True), name


@pytest.mark.parametrize("adjoint", ["reverse", pytest.param("forward", marks=pytest.mark.slow)])
def test_derivatives(adjoint, searching):
    derive = jax.grad if adjoint == "reverse" else jax.jacfwd
    slope = derive(lambda a: energy(a, adjoint=adjoint))(0.1)
    assert tree_allclose(slope, (energy(0.1 + 1e-4) - energy(0.1 - 1e-4)) / 2e-4, rtol=1e-5)


def test_lanes(searching):
    power = jax.vmap(lambda a: qb.charge(QUBIT, moving(a), TIMES).charging_power)
    assert np.all(np.isnan(power(jnp.array([0.1, 0.2]))) == [True, False, False])


def test_faults_are_found(searching):
    broken = qb.protocols.Function(lambda t: jnp.where(t > 0.5, jnp.log(0.0 * t - 1.0), 0.0), 1.0)
    with pytest.raises(FloatingPointError):
        qb.charge(QUBIT, broken, TIMES)


def test_when_a_state_was_made(searching):
    assert float(QUBIT.start().time) == -np.inf


def test_sweeps(searching):
    data = qb.sweep(lambda a: {"energy": energy(a)}, {"a": [0.1, 0.2]})
    assert data["status"].values.tolist() == [0, 0]


@pytest.mark.slow  # some thirty programs
@pytest.mark.standard_promotion
def test_searches(searching):
    def stored(pump):
        return qb.charge(QUBIT, pump, TIMES).energy[-1]

    free = qb.protocols.Constant(qb.free(0.5, 0.1, 1.0))
    assert float(qb.maximize(stored, free, steps=3).value) > float(stored(ON))
