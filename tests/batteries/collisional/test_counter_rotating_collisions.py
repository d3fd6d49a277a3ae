"""Collisions beyond the rotating-wave approximation, against products of short steps."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip
import scipy.linalg as sl

from qbjax.algebra import ladders
from qbjax.algebra.packing import pack, unpack
from qbjax.batteries.collisional import _channels as channels
from qbjax.batteries.collisional import _counter_rotating as counter_rotating
from tests.helpers import central_difference, random_state, tree_allclose

LADDERS = [ladders.oscillator(1), ladders.oscillator(5), ladders.spin(1.5), ladders.uniform(4)]
THETA, GROUND, RATIO, START = 0.9, 0.3, 0.4, 0.7
X = 0.3 * np.exp(-0.4j)
UP = np.array([[0.0, 0.0], [1.0, 0.0]])


def interaction(ladder, t):
    """Eq. (3), with the qubit's basis (g, e)."""
    turn = np.exp(2j * t / RATIO)
    half = np.kron(ladder.lowering, UP) + turn * np.kron(ladder.lowering.T, UP)
    return half + half.conj().T


def after(ladder, rho, start):
    numbers = (THETA, GROUND, X.real, X.imag, start)
    collision = channels.Collision(*map(jnp.asarray, numbers))
    spectrum = counter_rotating.sectors(ladder.couplings, jnp.asarray(RATIO))
    r, _ = counter_rotating.collide(
        spectrum, jnp.asarray(pack(channels.real_gauge(rho))), collision
    )
    return channels.from_real_gauge(unpack(r, real=False))


def traced(ladder, whole):
    return np.einsum("aibi->ab", whole.reshape(ladder.size, 2, ladder.size, 2))


@pytest.mark.parametrize("ladder", LADDERS, ids=lambda ladder: f"{ladder.kind}-{ladder.size}")
@pytest.mark.parametrize("start", [0.0, START])
def test_collision_is_the_time_ordered_product(ladder, start):
    # Fourth-order Magnus steps: two Gauss points and their commutator.
    rho, steps = random_state(1, ladder.size), 400
    h, U = THETA / steps, np.eye(2 * ladder.size)
    for k in range(steps):
        middle = start + (k + 0.5) * h
        first, last = (interaction(ladder, middle + s * h * np.sqrt(3) / 6) for s in (-1, 1))
        commutator = last @ first - first @ last
        U = sl.expm(-1j * h * (first + last) / 2 - np.sqrt(3) / 12 * h**2 * commutator) @ U
    qubit = np.array([[GROUND, X], [np.conj(X), 1 - GROUND]])
    exact = traced(ladder, U @ np.kron(rho, qubit) @ U.conj().T)
    np.testing.assert_allclose(after(ladder, rho, start), exact, atol=1e-9)


def test_qutip_agrees():
    ladder = ladders.oscillator(4)
    rho, dims = random_state(2, 4), [[4, 2], [4, 2]]
    static = np.kron(ladder.lowering, UP)
    turning = qutip.Qobj(np.kron(ladder.lowering.T, UP), dims=dims)
    hamiltonian = [
        qutip.Qobj(static + static.T, dims=dims),
        [turning, lambda t: np.exp(2j * t / RATIO)],
        [turning.dag(), lambda t: np.exp(-2j * t / RATIO)],
    ]
    qubit = np.array([[GROUND, X], [np.conj(X), 1 - GROUND]])
    whole = qutip.Qobj(np.kron(rho, qubit), dims=dims)
    options = {"atol": 1e-13, "rtol": 1e-11, "nsteps": 100_000}
    out = qutip.mesolve(hamiltonian, whole, [START, START + THETA], options=options)
    exact = out.states[-1].ptrace(0).full()
    np.testing.assert_allclose(after(ladder, rho, START), exact, atol=1e-9)


def test_derivatives_by_every_number():
    ladder = ladders.oscillator(6)
    r = jnp.asarray(random_state(3, 6, real=True))

    @jax.jit
    def energy(x):
        spectrum = counter_rotating.sectors(ladder.couplings, x[5])
        collision = channels.Collision(*(x[i] for i in range(5)))
        return ladder.levels @ jnp.diagonal(counter_rotating.collide(spectrum, r, collision)[0])

    x = jnp.array([THETA, GROUND, X.real, X.imag, START, RATIO])
    forward = jax.jit(jax.jacfwd(energy))(x)
    assert tree_allclose(jax.jit(jax.grad(energy))(x), forward, rtol=1e-12)
    numerical = [central_difference(energy, x, e) for e in np.eye(6)]
    np.testing.assert_allclose(forward, numerical, rtol=1e-7, atol=1e-9)


@pytest.mark.slow
def test_many_ratios_at_once():
    def energy(ratio):
        ladder = ladders.uniform(4)
        spectrum = counter_rotating.sectors(ladder.couplings, ratio)
        collision = channels.Collision(jnp.array(THETA), jnp.array(GROUND))
        r, _ = counter_rotating.collide(spectrum, jnp.eye(4) / 4, collision)
        return ladder.levels @ jnp.diagonal(r)

    ratios = jnp.array([0.1, 0.5, 1.0])
    one_by_one = jnp.stack([energy(ratio) for ratio in ratios])
    assert tree_allclose(jax.vmap(energy)(ratios), one_by_one, rtol=1e-13)
