"""One diffusive step: its mean over all noise, by Gauss–Hermite quadrature, is the channel's."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from scipy.linalg import expm

from qbjax.dynamics.unravelling.detection import Heterodyne, Homodyne
from qbjax.dynamics.unravelling.diffusive_step import (
    Equation,
    Noise,
    drawn,
    exponential,
    joined,
    stepped,
)

RNG = np.random.default_rng(3)


def some(scale):
    return scale * (RNG.normal(size=(2, 2)) + 1j * RNG.normal(size=(2, 2)))


ENERGY = some(0.5)
ENERGY = ENERGY + ENERGY.conj().T
JUMPS = np.stack([some(0.4), some(0.4)])  # they do not commute
KET = some(1.0)[0]
KET = KET / np.linalg.norm(KET)


def rows(z):
    return jnp.stack([z.real, z.imag], axis=-2)


def on(matrices):
    """Matrices (J, d, d), each applied to a ket of its own."""

    def applied(many):
        return rows(jnp.einsum("jab,jb->ja", matrices, lax.complex(many[:, 0], many[:, 1])))

    return applied


def equation(efficiency):
    drift = jnp.asarray(-1j * ENERGY - 0.5 * np.einsum("jba,jbc->ac", JUMPS.conj(), JUMPS))
    watched = Homodyne([0.3, 1.1]).channels(2).watched(on(JUMPS), efficiency)
    lost = on(JUMPS * np.sqrt(1 - efficiency)) if efficiency < 1 else None

    def moved(psi, h):
        return exponential(lambda x: on(drift[None])(x[None])[0], psi, h)

    return Equation(moved, watched, lost, 2, 2)


def after(h):
    """The density matrix that the master equation leads to."""
    one, H = np.eye(2), ENERGY
    total = -1j * (np.kron(H, one) - np.kron(one, H.T))
    for L in JUMPS:
        decay = L.conj().T @ L / 2
        total = total + np.kron(L, L.conj()) - np.kron(decay, one) - np.kron(one, decay.T)
    return (expm(total * h) @ np.outer(KET, KET.conj()).ravel()).reshape(2, 2)


NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(10)
ALL = [
    (z, w, s, wz * ww * 0.5)
    for (z, wz), (w, ww) in itertools.product(zip(NODES, WEIGHTS / WEIGHTS.sum()), repeat=2)
    for s in (-1.0, 1.0)
]
NOISE = Noise(
    jnp.array([[z, w] for z, w, _, _ in ALL]), jnp.array([[[0, s], [-s, 0]] for *_, s, _ in ALL])
)
CHANCES = np.array([p for *_, p in ALL])


@pytest.mark.parametrize("efficiency", [1.0, 0.6])
def test_a_step_is_off_by_its_cube_in_the_mean(efficiency):
    """Second weak order, with channels that do not commute; without their areas it is less."""
    known = equation(efficiency)
    x = rows(jnp.asarray(KET))[None]
    if efficiency < 1:
        x = rows(jnp.asarray(np.outer(KET, KET.conj()).T))

    @jax.jit
    def stepped_all(h, noise):
        return jax.vmap(lambda n: stepped(known, x, h, n)[0])(noise)

    def errors(noise):
        found = []
        for h in (0.02, 0.01):
            states = np.asarray(stepped_all(h, noise))
            states = states[:, :, 0] + 1j * states[:, :, 1]  # columns
            if efficiency < 1:
                mean = np.einsum("n,nki->ik", CHANCES, states)
            else:
                mean = np.einsum("n,nki,nkj->ij", CHANCES, states, states.conj())
            found.append(np.abs(mean - after(h)).max())
        return found

    coarse, fine = errors(NOISE)
    assert coarse < 2e-4
    assert 6.5 < coarse / fine < 9.5
    coarse, fine = errors(Noise(NOISE.increments, 0 * NOISE.areas))
    assert coarse / fine < 6.5


def test_joined_noise_is_that_of_one_step():
    """Unit variances, areas antisymmetric and uncorrelated with increments."""
    one, two = (
        jax.vmap(lambda k: drawn(k, 2))(jax.random.split(jax.random.key(i), 4000)) for i in (0, 1)
    )
    both = jax.vmap(joined)(one, two)
    areas = both.areas[:, 0, 1]
    assert np.array_equal(areas, -both.areas[:, 1, 0])
    seen = np.stack([both.increments[:, 0], both.increments[:, 1], areas])
    np.testing.assert_allclose(np.cov(seen), np.eye(3), atol=0.1)  # four deviations of 1/√4000


def test_quadratures_share_what_is_emitted():
    many = jnp.asarray(RNG.normal(size=(4, 2, 2)))
    found = Heterodyne().channels(2).watched(on(JUMPS), 0.5)(many)
    plain = np.sqrt(0.25) * np.asarray(jnp.concatenate([on(JUMPS)(many[:2]), on(JUMPS)(many[2:])]))
    np.testing.assert_allclose(found[:2], plain[:2], atol=1e-15)
    # −i turns (real, imaginary) into (imaginary, −real).
    turned = np.stack([plain[2:, 1], -plain[2:, 0]], axis=1)
    np.testing.assert_allclose(found[2:], turned, atol=1e-15)
