"""Collisions, and losses between them, against QuTiP."""

import jax.numpy as jnp
import numpy as np
import pytest
import qutip as qt

import qbjax as qb
from qbjax.algebra import ladders
from qbjax.algebra.packing import pack, unpack
from qbjax.batteries.collisional import _channels as channels
from qbjax.batteries.collisional._loss import Loss
from tests.helpers import random_state, tree_allclose

LADDERS = {
    "oscillator": (ladders.oscillator(6), qt.destroy(6)),
    # QuTiP's first level of a spin is the highest.
    "spin": (ladders.spin(1.5), qt.Qobj(qt.jmat(1.5, "-").full()[::-1, ::-1])),
    "uniform": (ladders.uniform(5), qt.Qobj(np.eye(5, k=1))),
}
THETA, GROUND, COHERENCE, PHASE = 0.9, 0.35, 0.6, 0.7
LOSS, THERMAL = 0.4, 0.3
ROUNDING = 1e-13

ladder_names = pytest.mark.parametrize("name", LADDERS)


def qubit(q, c, phase):
    """ρ_Q in the basis (g, e)."""
    x = c * np.sqrt(q * (1 - q)) * np.exp(-1j * phase)
    return qt.Qobj([[q, x], [np.conj(x), 1 - q]])


def met(A, rho, theta, rho_q):
    """Tr_Q of U ρ⊗ρ_Q U†."""
    raising = qt.basis(2, 1) * qt.basis(2, 0).dag()
    exchange = qt.tensor(A, raising)
    U = (-1j * theta * (exchange + exchange.dag())).expm()
    return (U * qt.tensor(rho, rho_q) * U.dag()).ptrace(0)


def lost(A, rho, loss, thermal):
    bath = [np.sqrt(loss * (thermal + 1)) * A, np.sqrt(loss * thermal) * A.dag()]
    return (qt.liouvillian(None, bath).expm())(rho)


@ladder_names
def test_one_collision(name):
    ladder, A = LADDERS[name]
    rho, rho_q = random_state(11, ladder.size), qubit(GROUND, COHERENCE, PHASE)
    x = rho_q.full()[0, 1]
    collision = channels.Collision(*map(jnp.asarray, (THETA, GROUND, x.real, x.imag)))
    r = channels.collide(ladder.couplings, jnp.asarray(pack(channels.real_gauge(rho))), collision)
    expected = met(A, qt.Qobj(rho), THETA, rho_q).full()
    assert tree_allclose(channels.from_real_gauge(unpack(r, real=False)), expected, rtol=ROUNDING)


@ladder_names
def test_loss_with_heat(name):
    ladder, A = LADDERS[name]
    rho = random_state(12, ladder.size)
    found = unpack(Loss(ladder, LOSS, THERMAL)(pack(jnp.asarray(rho))), real=False)
    expected = lost(A, qt.Qobj(rho), LOSS, THERMAL).full()
    assert tree_allclose(found, expected, rtol=ROUNDING)


@ladder_names
@pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning")
def test_a_stream_with_a_bath(name):
    """Three qubits of their own angles, populations and phases."""
    ladder, A = LADDERS[name]
    theta, q, phase = np.array([[0.9, 0.4, 0.7], [0.2, 0.5, 0.0], [0.7, -0.4, 1.9]])
    battery = qb.batteries.Collisional(ladder, LOSS, THERMAL)
    run = qb.charge(battery, qb.protocols.Collisions(theta, q, COHERENCE, phase))
    rho = qt.fock_dm(ladder.size, 0)
    for numbers in zip(theta, q, phase, strict=True):
        rho = met(A, rho, numbers[0], qubit(numbers[1], COHERENCE, numbers[2]))
        rho = lost(A, rho, LOSS, THERMAL)
    assert tree_allclose(battery.cell(run.final_state), rho.full(), rtol=ROUNDING)
    assert float(run.purity[-1]) == pytest.approx(rho.purity(), rel=1e-12)
