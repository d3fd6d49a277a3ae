"""Collisions against the unitary of battery and qubit, traced by brute force."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg as sl

from qbjax.algebra import ladders
from qbjax.algebra.packing import pack, unpack
from qbjax.batteries.collisional import _channels as channels
from tests.helpers import EXACT, random_state, tree_allclose
from tests.kraus import kraus

LADDERS = [
    ladders.oscillator(1),
    ladders.oscillator(2),
    ladders.oscillator(7),
    ladders.spin(2.5),
    ladders.uniform(5),
]
THETA, GROUND, COHERENCE, PHASE = 1.3, 0.3, 0.7, 0.4
AMPLITUDE = COHERENCE * np.sqrt(GROUND * (1 - GROUND))


def by_brute_force(ladder, rho, theta, q, x):
    """Tr_Q of exp(−iθ(A⊗|e><g| + h.c.)) ρ⊗ρ_Q (…)†, with the qubit's basis (g, e)."""
    raising = np.array([[0.0, 0.0], [1.0, 0.0]])
    exchange = np.kron(ladder.lowering, raising)
    U = sl.expm(-1j * theta * (exchange + exchange.T))
    qubit = np.array([[q, x], [np.conj(x), 1 - q]])
    whole = U @ np.kron(rho, qubit) @ U.conj().T
    return np.einsum("aibi->ab", whole.reshape(ladder.size, 2, ladder.size, 2))


def kinds(values):
    return [f"{ladder.kind}-{ladder.size}" for ladder in values]


# One program per ladder; without `jit` each operation is one.
collide = jax.jit(channels.collide)
collide_populations = jax.jit(channels.collide_populations)


@pytest.mark.parametrize("ladder", LADDERS, ids=kinds(LADDERS))
@pytest.mark.parametrize("phase", [0.0, PHASE])
def test_collision_is_the_traced_unitary(ladder, phase):
    rho = random_state(1, ladder.size)
    x = AMPLITUDE * np.exp(-1j * phase)
    exact = by_brute_force(ladder, rho, THETA, GROUND, x)
    collision = channels.Collision(*map(jnp.asarray, (THETA, GROUND, x.real, x.imag)))
    r = collide(ladder.couplings, jnp.asarray(pack(channels.real_gauge(rho))), collision)
    found = channels.from_real_gauge(unpack(r, real=False))
    np.testing.assert_allclose(found, exact, atol=1e-14)
    # A common phase is a gauge: there the same qubit has a real x.
    collision = channels.Collision(*map(jnp.asarray, (THETA, GROUND, AMPLITUDE)))
    r = collide(ladder.couplings, jnp.asarray(pack(channels.real_gauge(rho, phase))), collision)
    found = channels.from_real_gauge(unpack(r, real=False), phase)
    np.testing.assert_allclose(found, exact, atol=1e-14)


@pytest.mark.parametrize("ladder", LADDERS, ids=kinds(LADDERS))
def test_kraus_operators_are_complete_and_do_the_same(ladder):
    numbers = [jnp.asarray(x) for x in (THETA, GROUND, AMPLITUDE)]
    operators = np.asarray(kraus(ladder.couplings, *numbers))
    complete = sum(k.T @ k for k in operators)
    np.testing.assert_allclose(complete, np.eye(ladder.size), atol=1e-14)
    r = random_state(2, ladder.size, real=True)
    found = collide(ladder.couplings, jnp.asarray(r), channels.Collision(*numbers))
    np.testing.assert_allclose(found, sum(k @ r @ k.T for k in operators), atol=1e-14)


@pytest.mark.parametrize("ladder", LADDERS, ids=kinds(LADDERS))
def test_populations_move_by_themselves(ladder):
    p = jnp.diagonal(jnp.asarray(random_state(3, ladder.size, real=True)))
    collision = channels.Collision(jnp.asarray(THETA), jnp.asarray(GROUND))
    alone = collide_populations(ladder.couplings, p, collision)
    whole = collide(ladder.couplings, jnp.diag(p), collision)
    assert tree_allclose(jnp.diag(alone), whole, rtol=EXACT)


def test_partial_coherence_is_a_convex_sum():
    ladder = LADDERS[2]
    r = jnp.asarray(random_state(4, ladder.size, real=True))

    def after(c):
        x = channels.overlap(jnp.asarray(GROUND), c)
        collision = channels.Collision(jnp.asarray(THETA), jnp.asarray(GROUND), x)
        return collide(ladder.couplings, r, collision)

    mixture = COHERENCE * after(1.0) + (1 - COHERENCE) * after(0.0)
    assert tree_allclose(after(COHERENCE), mixture, rtol=EXACT)


@pytest.mark.parametrize("ladder", LADDERS, ids=kinds(LADDERS))
def test_the_dual_gives_the_derivatives_of_the_channel(ladder):
    rng = np.random.default_rng(5)
    r, weights = (jnp.asarray(rng.normal(size=(ladder.size,) * 2)) for _ in range(2))
    collision = channels.Collision(*map(jnp.asarray, (THETA, GROUND, 0.2, -0.1)))

    def seen(collide):
        return lambda r, collision: jnp.sum(weights * collide(ladder.couplings, r, collision))

    by_hand = jax.jit(jax.grad(seen(channels.collide_with_dual), (0, 1)))(r, collision)
    by_jax = jax.jit(jax.grad(seen(channels.collide), (0, 1)))(r, collision)
    assert tree_allclose(by_hand, by_jax, rtol=1e-13)


def test_slope_of_the_overlap_is_finite_where_the_root_is_not():
    slopes = jax.jit(jax.vmap(jax.grad(lambda q: channels.overlap(q, 1.0))))(
        jnp.array([0.0, 0.5, 1.0])
    )
    assert tree_allclose(slopes, jnp.zeros(3), rtol=EXACT)
